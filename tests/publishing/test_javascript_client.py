"""What was pushed, read by a client that shares no code with ours: `@huggingface/hub` of npm.

Runs where `node` is and the package can be had: from `SYNTH_NODE_MODULES` if that names a `node_modules` that has it,
otherwise by `npm` at a pinned version, once, into the user's cache. Elsewhere it is skipped and says why.
"""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import datasets
import pytest
from hub_standin import READ

from synth_datasets.publishing.push import push
from synth_datasets.spec.model import Split

PACKAGE = "@huggingface/hub"
VERSION = "2.17.5"
CACHE = Path(
    os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
)  # read before a test has a home of its own
pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
]

LIST = """
import { downloadFile, listFiles } from "@huggingface/hub";
import { createHash } from "node:crypto";
const [hubUrl, name, accessToken, ...revisions] = process.argv.slice(2);
for (const revision of revisions) {
  const given = { repo: { type: "dataset", name }, revision, hubUrl, accessToken };
  for await (const file of listFiles({ ...given, recursive: true })) {
    if (file.type !== "file") continue;
    const bytes = Buffer.from(await (await downloadFile({ ...given, path: file.path })).arrayBuffer());
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    console.log(JSON.stringify([revision, file.path, file.size, sha256, file.lfs?.oid ?? null]));
  }
}
"""


@pytest.fixture(scope="module")
def modules():
    """A `node_modules` with the package, fetched when it is not there yet."""
    given = os.environ.get("SYNTH_NODE_MODULES")
    folder = Path(given) if given else CACHE / "synth_datasets_tests" / f"npm-{VERSION}" / "node_modules"
    package = folder / PACKAGE / "package.json"
    if not package.is_file() and not given:
        _fetch(folder.parent)
    if not package.is_file():
        pytest.skip(f"SYNTH_NODE_MODULES has no {PACKAGE}")
    return folder.resolve()


def _fetch(place):
    """Install the pinned version, without running its scripts, in a folder that appears whole."""
    if shutil.which("npm") is None:
        pytest.skip(f"npm is not installed, and SYNTH_NODE_MODULES names no folder with {PACKAGE}")
    part = place.with_name(f"{place.name}-{os.getpid()}")
    part.mkdir(parents=True, exist_ok=True)
    quiet = (
        "--no-save",
        "--no-package-lock",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=0",
    )
    command = ["npm", "install", *quiet, "--prefix", str(part), f"{PACKAGE}@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        failed = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except subprocess.TimeoutExpired:
        failed = ["no answer within a minute"]
    if failed:
        shutil.rmtree(part, ignore_errors=True)
        pytest.skip(f"npm cannot fetch {PACKAGE}@{VERSION} here: {failed[0]}")
    if not place.exists():
        part.rename(place)


@pytest.fixture
def pushed(hub, release_of, spec, make_rows):
    """Three versions: the first, one with more rows, and one with other rows and a split less."""
    more = datasets.DatasetDict(train=make_rows(spec, 9), test=make_rows(spec, 3, first=100))
    other = datasets.DatasetDict(train=make_rows(spec, 4, first=50))
    short = replace(spec, splits=(Split("train", 4),))
    for release in (
        release_of("one"),
        release_of("two", version="1.1.0", dataset=more),
        release_of("three", version="2.0.0", spec=short, dataset=other),
    ):
        push(release.folder, "org/reviews")
    return hub.repos["org/reviews"]


def test_each_version_is_listed_and_downloaded_by_its_tag(hub, pushed, modules, tmp_path):
    (tmp_path / "list.mjs").write_text(LIST)
    (tmp_path / "node_modules").symlink_to(modules)
    tags = ("v1.0.0", "v1.1.0", "v2.0.0")
    done = subprocess.run(
        ["node", "list.mjs", hub.url, "org/reviews", READ, *tags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for tag in tags:
        told = {path: rest for revision, path, *rest in lines if revision == tag}
        held = pushed.at(tag)
        large = {path for path in held if path.endswith(".parquet")}
        sums = {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in held.items()}
        assert told == {path: [*sums[path], sums[path][1] if path in large else None] for path in held}
        assert held["synth.lock"].count(f'"version": "{tag[1:]}"'.encode()) == 1
    assert (
        len({path for revision, path, *_ in lines if revision == "v2.0.0" and path.startswith("data/")}) == 1
    )
