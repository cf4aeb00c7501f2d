"""What was pushed, read by a client that shares no code with ours: `@huggingface/hub` of npm.

Runs where `node` is and `SYNTH_NODE_MODULES` names a `node_modules` with the package (npm install @huggingface/hub).
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hub_standin import READ

from synth_datasets.publishing.push import push

MODULES = Path(os.environ.get("SYNTH_NODE_MODULES", "node_modules"))
pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (MODULES / "@huggingface" / "hub").is_dir(),
        reason="@huggingface/hub is not installed (npm install @huggingface/hub, then set SYNTH_NODE_MODULES)",
    ),
]

LIST = """
import { downloadFile, listFiles } from "@huggingface/hub";
import { createHash } from "node:crypto";
const [hubUrl, name, revision, accessToken] = process.argv.slice(2);
const given = { repo: { type: "dataset", name }, revision, hubUrl, accessToken };
for await (const file of listFiles({ ...given, recursive: true })) {
  if (file.type !== "file") continue;
  const bytes = Buffer.from(await (await downloadFile({ ...given, path: file.path })).arrayBuffer());
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  console.log(JSON.stringify([file.path, file.size, sha256, file.lfs?.oid ?? null]));
}
"""


def test_each_version_is_listed_and_downloaded_by_its_tag(hub, release_of, tmp_path):
    push(release_of("one").folder, "org/reviews")
    push(release_of("two", version="1.0.1").folder, "org/reviews")
    (tmp_path / "list.mjs").write_text(LIST)
    (tmp_path / "node_modules").symlink_to(MODULES.resolve())
    for tag in ("v1.0.0", "v1.0.1"):
        done = subprocess.run(
            ["node", "list.mjs", hub.url, "org/reviews", tag, READ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        told = {path: tuple(rest) for path, *rest in map(json.loads, done.stdout.splitlines())}
        held = hub.repos["org/reviews"].at(tag)
        sums = {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in held.items()}
        assert {path: figures[:2] for path, figures in told.items()} == sums
        large = {path for path, (_, _, oid) in told.items() if oid is not None}
        assert large == {path for path in held if path.endswith(".parquet")}
        assert all(told[path][2] == told[path][1] for path in large)
        assert held["synth.lock"].count(f'"version": "{tag[1:]}"'.encode()) == 1
