"""A build whose spec has changed since is no version, wherever the spec lies and wherever the build was moved to."""

import shutil

import pytest
from fake_endpoint import text
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.errors import PublishError
from synth_datasets.publishing.origins import origins_of
from synth_datasets.publishing.push import push

CHANGED = r"work/specs/reviews\.synth\.yaml has changed since .* was built: build it again.*--allow-dirty"


@pytest.fixture
def spec(tmp_path):
    """A spec in a folder that is neither the current one nor above the build."""
    return write_spec(tmp_path / "work" / "specs", checks={"text": {"unique": "off"}})


@pytest.fixture
def make(spec, endpoint, tmp_path, monkeypatch):
    """Build it, from anywhere."""
    monkeypatch.setenv("SYNTH_API_KEY", "sk-test")
    monkeypatch.chdir(tmp_path)
    endpoint.rule = lambda body: text(
        f"An answer to {body['seed']}, {len(body['messages'][-1]['content'])} letters."
    )

    def made(name="out/made", source=spec):
        options = {"base_url": endpoint.base_url, "store": str(tmp_path / "answers.sqlite")}
        return build(source, tmp_path / name, cache_dir=tmp_path / "cache", options=options).folder

    return made


def change(spec):
    spec.write_text(spec.read_text().replace("negative review", "bad review"))


def test_a_change_is_found_far_from_the_build(make, spec, tmp_path):
    folder, home = make(), str(tmp_path / "home")
    change(spec)
    with pytest.raises(PublishError, match=CHANGED):
        push(folder, home)
    moved = tmp_path / "moved" / "far"
    shutil.copytree(folder, moved)
    with pytest.raises(PublishError, match=CHANGED):
        push(moved, home)
    assert push(moved, home, allow_dirty=True).status == "published"


def test_what_cannot_change_a_row_and_a_spec_that_is_gone_are_no_reason(make, spec, tmp_path):
    folder = make()
    spec.write_text("# a comment\n" + spec.read_text())
    assert push(folder, str(tmp_path / "one")).status == "published"
    spec.unlink()
    assert push(folder, str(tmp_path / "two")).status == "published"


def test_the_spec_that_was_built_counts_and_no_old_copy_of_it(make, spec, tmp_path):
    """An old copy in the current folder is equal to what was built, and is not what its author goes on writing."""
    folder = make()
    shutil.copy(spec, tmp_path)
    change(spec)
    with pytest.raises(PublishError, match=CHANGED):
        push(folder, str(tmp_path / "home"))
    make(source=tmp_path / "reviews.synth.yaml")
    assert push(folder, str(tmp_path / "home")).status == "published", "it was built from the copy, too"


def test_no_release_and_no_home_names_a_folder_of_this_machine(make, spec, tmp_path):
    folder = make()
    assert origins_of(folder) == [spec.resolve()]
    push(folder, str(tmp_path / "home"))
    for place in (folder, tmp_path / "home"):
        for path in place.rglob("*"):
            assert not path.is_file() or str(tmp_path).encode() not in path.read_bytes(), path


def test_a_cache_that_cannot_be_written_is_no_hindrance(make, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = make()
    assert origins_of(folder) == []
    assert push(folder, str(tmp_path / "home")).status == "published"
