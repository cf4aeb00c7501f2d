"""Parts of a release that fit their digests and not each other; and what is missing, too many, or no release."""

import json

import datasets
import pytest

from synth_datasets.errors import PublishError
from synth_datasets.publishing.lock import parse_lock
from synth_datasets.publishing.manifest import read_manifest, write_manifest
from synth_datasets.publishing.verify import differing_files, find_damage, verify


@pytest.fixture
def folder(release_of):
    return release_of().folder


def relock(folder, **changes):
    """Change the lock as a careless tool would: all digests are made anew."""
    path = folder / "synth.lock"
    data = json.loads(path.read_text())
    for name, value in changes.items():
        data[name] = {**data[name], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(data))
    write_manifest(folder, {})


def test_an_untouched_release_is_verified_and_what_lies_beside_is_told(folder):
    (folder / "notes.txt").write_text("mine")
    (folder / ".DS_Store").write_bytes(b"\0")
    found = verify(folder)
    assert found.beside == ("notes.txt",)
    assert found.release.splits == {"train": 6, "test": 3}
    assert found.files == len(read_manifest(folder)) + 1


def test_counts_of_lock_data_and_card_are_compared(folder):
    digest = json.loads((folder / "synth.lock").read_text())["splits"]["train"]["digest"]
    relock(folder, splits={"train": {"num_examples": 7, "digest": digest}})
    assert list(find_damage(folder)) == [
        "synth.lock: train has 6 rows, not 7",
        "README.md: its header counts other rows",
    ]


def test_digests_of_splits_and_of_the_whole_are_made_again(folder):
    relock(folder, splits={"test": {"num_examples": 3, "digest": "0" * 64}}, digest="1" * 64)
    assert list(find_damage(folder)) == [
        "synth.lock: the digest of test is not that of its files",
        "synth.lock: the digest of the data is not that of its splits",
        "README.md: its header names another version or other data",
    ]


def test_a_file_that_the_lock_pins_otherwise_is_named(folder):
    (folder / "prompt.txt").write_text("Write a bad review.\n")
    write_manifest(folder, {})
    assert list(find_damage(folder)) == ["prompt.txt: not the file that synth.lock pins"]
    (folder / "prompt.txt").unlink()
    write_manifest(folder, {})
    assert list(find_damage(folder)) == ["prompt.txt: missing"]


def test_without_the_manifest_the_lock_still_names_what_changed(folder):
    (folder / "synth.sha256").unlink()
    (folder / "quality.json").write_text("{}")
    assert list(find_damage(folder)) == ["synth.sha256: missing", "quality.json: changed"]


def test_a_lock_that_is_gone_and_a_card_without_header_are_named(folder):
    (folder / "README.md").write_text("# Mine\n")
    write_manifest(folder, {})
    assert list(find_damage(folder)) == [
        "README.md: its header names another version or other data",
        "README.md: its header counts other rows",
    ]
    (folder / "README.md").write_text("---\na: [\n---\n")
    write_manifest(folder, {})
    assert list(find_damage(folder)) == ["README.md: its header cannot be read"]
    (folder / "synth.lock").unlink()
    assert "synth.lock: missing" in list(find_damage(folder))


def test_what_is_no_release_is_told(tmp_path):
    with pytest.raises(PublishError, match=r"is not a release: it has no synth\.lock"):
        verify(tmp_path)
    (tmp_path / "synth.lock").write_text("{}")
    with pytest.raises(PublishError, match=r"synth\.sha256: missing\n  synth\.lock: not readable"):
        verify(tmp_path)


@pytest.mark.parametrize("line", ["../x", "/etc/passwd", "a/./b"])
def test_a_manifest_cannot_name_files_outside_its_release(line, folder):
    from synth_datasets.publishing.manifest import manifest_text

    (folder / "synth.sha256").write_text(manifest_text({line: "0" * 64}))
    with pytest.raises(PublishError, match=r"synth\.sha256: changed"):
        read_manifest(folder)


def test_files_beside_the_data_that_came_out_otherwise_are_listed(release_of, rows):
    old = release_of("old").lock
    train = datasets.DatasetDict(train=rows["train"])
    new = release_of("new", dataset=train, report="<html>").lock
    assert set(differing_files(old, new)) == {"README.md", "croissant.json", "report.html"}
    assert list(differing_files(old, parse_lock(old.to_json()))) == []
