"""A release folder that is there: it is read, hashed against its lock, and nobody's files in it are lost."""

import shutil
from dataclasses import replace

import pytest

from synth_datasets.errors import PublishError
from synth_datasets.publishing.lock import parse_lock
from synth_datasets.publishing.release import check_target, read_release, verify_release


def test_a_folder_of_somebody_elses_is_refused(release_of, tmp_path):
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "thesis.tex").write_text("work")
    with pytest.raises(PublishError, match="not a release of ours"):
        release_of()
    assert (tmp_path / "release" / "thesis.tex").read_text() == "work"


def test_an_empty_folder_is_welcome(release_of, tmp_path):
    (tmp_path / "release").mkdir()
    assert release_of().splits["train"] == 6


@pytest.mark.parametrize("path", ["README.md", "notes.txt"])
def test_work_inside_an_older_release_is_not_lost(path, release_of):
    folder = release_of().folder
    (folder / path).write_text("hours of work")
    with pytest.raises(PublishError, match=f"would lose: {path}"):
        release_of(version="1.1.0")
    with pytest.raises(PublishError, match=path):
        check_target(folder)
    assert (folder / path).read_text() == "hours of work"


def test_reading_gives_what_writing_gave(release_of):
    written = release_of(overrides={"seed": 3}, endpoint="https://secret.internal/v1", answered_by=["m-2"])
    read = read_release(written.folder)
    assert read == replace(written, warnings=())
    assert read.fingerprint == "f" * 64
    assert read.lock.overrides == {"seed": 3}
    assert read.lock.models[0]["temperature"] == 0.6
    assert "secret.internal" not in "".join(
        path.read_text() for path in written.folder.rglob("*") if path.suffix in (".md", ".lock", ".json")
    )


def test_no_release_is_told_from_no_folder(tmp_path):
    with pytest.raises(PublishError, match=r"it has no synth\.lock"):
        read_release(tmp_path)
    with pytest.raises(PublishError, match="there is no such folder"):
        read_release(tmp_path / "nowhere")
    (tmp_path / "synth.lock").mkdir()
    with pytest.raises(PublishError, match="not readable"):
        read_release(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 99}', "null"])
def test_a_lock_that_is_none_is_refused(text):
    with pytest.raises(PublishError, match=r"synth\.lock"):
        parse_lock(text)


def test_an_untouched_release_is_verified_and_a_desktops_files_do_not_matter(release_of):
    release = release_of()
    (release.folder / ".DS_Store").write_bytes(b"\0")
    (release.folder / "notes.txt").write_text("not pushed")
    verify_release(release)


@pytest.mark.parametrize(
    "path",
    [
        "data/train-00000.parquet",
        "quality.json",
        "customer_feedback.synth.yaml",
        "lists/products.txt",
    ],
)
def test_a_changed_file_is_named(path, release_of):
    release = release_of()
    with (release.folder / path).open("ab") as file:
        file.write(b" ")
    with pytest.raises(PublishError, match=path):
        verify_release(release)


def test_a_removed_and_an_added_data_file_are_named(release_of):
    release = release_of()
    data = release.folder / "data"
    shutil.copy(data / "test-00000.parquet", data / "test-00001.parquet")
    (release.folder / "README.md").unlink()
    with pytest.raises(PublishError, match=r"README\.md, data/test-00001\.parquet"):
        verify_release(release)


def test_a_card_may_be_edited_but_must_name_its_data(release_of):
    release = release_of()
    card = release.folder / "README.md"
    card.write_text(card.read_text().replace("## Uses", "## Uses\n\nAsk Alice."))
    verify_release(release)
    card.write_text(card.read_text().replace(release.digest, "0" * 64))
    with pytest.raises(PublishError, match="put them back"):
        verify_release(release)
