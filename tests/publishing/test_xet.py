"""Large files by Xet, the Hub's own storage: the real client cuts, deduplicates and puts together, in a folder here."""

import random
from dataclasses import replace
from pathlib import Path

import datasets
import pytest
from hub_standin import READ, WRITE
from xet_standin import stored_bytes, xet_hashes

from synth_datasets.spec.model import Split

pytest.importorskip("hf_xet", reason="hf_xet is not installed")

ROOT = Path(__file__).parents[2]
REPO = "org/reviews"
PUSH = """
import pathlib, sys
from synth_datasets.publishing.push import push
for folder in sys.argv[2:]:
    print(push(pathlib.Path(folder), sys.argv[1]).status)
"""
PULL = """
import pathlib, sys, datasets
from synth_datasets.publishing.pull import pull
for version in sys.argv[2:]:
    folder = pull(f"{sys.argv[1]}@{version}", pathlib.Path(version)).folder
    whole = datasets.load_dataset(str(folder))
    online = datasets.load_dataset(sys.argv[1], revision=version)
    assert whole["train"].to_list() == online["train"].to_list()
    print(len(whole["train"]))
"""


@pytest.fixture
def xet(hub, tmp_path):
    """A store that `hf_xet` writes and the stand-in gives the address of."""
    hub.xet = tmp_path / "cas"
    hub.xet.mkdir()
    return hub


@pytest.fixture
def run(python, xet):
    """Run a program with Xet as it is by default."""

    def run(code, *arguments, token=WRITE):
        given = {"HF_HUB_DISABLE_XET": "0", "HF_TOKEN": token, "PYTHONPATH": str(ROOT)}
        done = python(code, *arguments, hub=xet, **given)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


@pytest.fixture
def versions(release_of, spec, make_rows):
    """1.0.0, and 1.1.0 with 300 rows more; texts that no compression shortens much."""
    draw = random.Random(5)
    texts = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz ", k=400)) for _ in range(3_300)]

    def release(version, number):
        rows = make_rows(spec, number).remove_columns("text").add_column("text", texts[:number])
        rows = datasets.DatasetDict(train=rows.cast(make_rows(spec, 1).features))
        longer = replace(spec, splits=(Split("train", number),))
        return release_of(version, version=version, spec=longer, dataset=rows).folder

    return release("1.0.0", 3_000), release("1.1.0", 3_300)


def test_versions_go_by_xet_and_come_back_byte_for_byte(xet, run, versions):
    first, second = versions
    assert run(PUSH, REPO, str(first)) == ["published"]
    repo = xet.repos[REPO]
    held = {path: blob for path, blob in repo.commits[repo.tags["v1.0.0"]].items() if blob.large}
    assert set(held) == {f"data/train-{index:05d}.parquet" for index in range(3)}
    assert set(xet_hashes(xet.xet)) == {blob.sha256 for blob in held.values()}
    assert {path: (first / path).read_bytes() for path in held} == {p: b.content for p, b in held.items()}
    assert xet.uploaded == {}, "nothing went the other way"
    before = stored_bytes(xet.xet)
    assert run(PUSH, REPO, str(second), str(second)) == ["published", "already_published"]
    assert 0 < stored_bytes(xet.xet) - before < 0.2 * before
    assert run(PULL, REPO, "v1.0.0", "v1.1.0", token=READ) == ["3000", "3300"]
    assert any("xet-read-token" in call for call in xet.calls)


def test_a_push_that_ends_after_the_upload_is_finished_by_pushing_again(xet, run, versions):
    xet.fail["POST", "/commit/"] = [503] * 9
    with pytest.raises(AssertionError, match="status 503: push again"):
        run(PUSH, REPO, str(versions[0]))
    xet.fail.clear()
    stored = stored_bytes(xet.xet)
    assert stored > 0
    assert run(PUSH, REPO, str(versions[0])) == ["published"]
    assert stored_bytes(xet.xet) == stored, "what arrived is not sent twice"
    assert list(xet.repos[REPO].tags) == ["v1.0.0"]
