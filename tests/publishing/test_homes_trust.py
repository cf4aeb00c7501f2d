"""A version that was forged, moved, tagged by hand or changed under a push is never taken for the one that was made."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from home_fixtures import needs_git
from huggingface_hub import constants

from synth_datasets.errors import PublishError
from synth_datasets.publishing import push_home
from synth_datasets.publishing.advice import advise
from synth_datasets.publishing.diff import compare
from synth_datasets.publishing.home_folder import FolderHome
from synth_datasets.publishing.home_git import GitHome
from synth_datasets.publishing.homes import home_at
from synth_datasets.publishing.lock import lies_inside, parse_lock
from synth_datasets.publishing.manifest import write_manifest
from synth_datasets.publishing.opened import open_release
from synth_datasets.publishing.pull import pull, verify_at
from synth_datasets.publishing.push import push

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")


@pytest.fixture
def forged(first, release_of, other_rows, tmp_path):
    """A folder home whose 1.0.0 was replaced by another build that is right in itself."""
    home = tmp_path / "home"
    push(first.folder, str(home))
    shutil.rmtree(home / "v1.0.0")
    shutil.copytree(release_of("forged", dataset=other_rows).folder, home / "v1.0.0")
    write_manifest(home / "v1.0.0", {})
    return home


@pytest.mark.parametrize("place", ["{}@v1.0.0", "{}/v1.0.0"])
def test_a_version_that_was_replaced_by_another_whole_one_is_found_by_the_index(forged, place):
    with pytest.raises(
        PublishError, match=r"@v1\.0\.0 is not what it was when it was published.*put it back"
    ):
        verify_at(place.format(forged))


def test_a_push_never_makes_a_forged_version_the_right_one(forged, first, second, tmp_path):
    named = FolderHome(forged).versions()["v1.0.0"]
    result = push(second.folder, str(forged))
    assert "not compared with v1.0.0, so that any version fits" in result.warnings[0]
    assert FolderHome(forged).versions()["v1.0.0"] == named
    with pytest.raises(PublishError, match="not what it was"):
        push(first.folder, str(forged))
    shutil.rmtree(forged / "v1.0.0")
    with pytest.raises(PublishError, match=r"@v1\.0\.0 is gone.*put it back from a copy"):
        pull(f"{forged}@v1.0.0", tmp_path / "x")
    assert FolderHome(forged).versions()["v1.0.0"] == named
    assert not (tmp_path / "x").exists()


def test_a_folder_that_only_has_a_versions_name_is_none(first, second, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(first.folder, home / "v1.4.0")
    push(second.folder, str(home))
    assert list(FolderHome(home).versions()) == ["v2.0.0"]


@pytest.fixture
def small(release_of, other_rows):
    """Other rows under a version that says that there are only more of them."""
    return release_of("small", version="1.6.0", dataset=other_rows)


@needs_git
def test_tags_set_by_hand_are_no_versions_and_hide_none(git, first, second, small, tmp_path):
    push(first.folder, git)
    for tag in ("v1.5.0", "v01.9.0", "v\uff11.9.0", "latest"):
        subprocess.run(["git", f"--git-dir={git.removeprefix('file://')}", "tag", tag, "v1.0.0"], check=True)
    assert set(home_at(git)[0].versions()) == {"v1.0.0", "v1.5.0"}
    for call in (lambda: pull(f"{git}@v1.5.0", tmp_path / "x"), lambda: open_release(git)):
        with pytest.raises(
            PublishError, match=r"v1\.5\.0 holds version 1\.0\.0: the tag was set by something"
        ):
            call()
    with pytest.raises(PublishError, match=r"1\.6\.0 is too small a step from v1\.0\.0"):
        push(small.folder, git)
    told = push(second.folder, git).warnings
    assert told[0].startswith("not compared with v1.5.0, but with 1.0.0: ")
    changelog = pull(git, tmp_path / "y").folder / "CHANGELOG.md"
    assert [line for line in changelog.read_text().splitlines() if line.startswith("## ")] == [
        "## 2.0.0",
        "## 1.0.0",
    ]


@needs_git
def test_a_tag_that_moves_between_two_looks_is_not_kept_under_its_old_commit(git, first, monkeypatch):
    push(first.folder, git)
    home, _ = home_at(git)
    (tag, commit), *_ = home.versions().items()
    path = git.removeprefix("file://")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    command = ["git", *identity, f"--git-dir={path}", "commit-tree", "-m", "x", f"{tag}^{{tree}}"]
    other = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run(["git", f"--git-dir={path}", "tag", "-f", tag, other], check=True, capture_output=True)
    with pytest.raises(PublishError, match=r"somebody moved v1\.0\.0 meanwhile; try again"):
        push_home.open_version(home, tag, commit)
    assert open_release(f"{git}@v1.0.0").release.version == "1.0.0"


def test_the_version_before_is_found_in_every_home(address, first, second):
    push(first.folder, address)
    for against in (address, f"{address}@v1.0.0"):
        advice = advise(second.folder, against)
        assert (advice.fits, "a major change" in advice.lines[0]) == (True, True)
    assert "1.0.0 is published already" in advise(first.folder, address).lines[-1]
    assert "has no older version, so any fits" in advise(first.folder, f"{address}-new").lines[0]


def test_a_build_that_is_replaced_while_it_is_pushed_makes_no_version(
    address, first, release_of, other_rows, monkeypatch
):
    """What was read before the other build came and what was read after it would not belong together."""
    with_changelog = push_home.with_changelog

    def replacing(*arguments):
        uploads = with_changelog(*arguments)
        release_of("one", dataset=other_rows)
        return uploads

    monkeypatch.setattr(push_home, "with_changelog", replacing)
    with pytest.raises(PublishError, match="was changed while it was pushed, so no version was made"):
        push(first.folder, address)
    assert home_at(address)[0].versions() == {}


@pytest.mark.parametrize("path", [".git/config", "a/.GIT/hooks/x", ".git ./config", "git~1/config"])
def test_no_release_brings_settings_of_git(path, release_of, spec):
    assert not lies_inside(path)
    with pytest.raises(PublishError, match="does not lie inside"):
        release_of(spec=replace(spec, files={path: "[core]\n\tfsmonitor = touch x\n"}))


def test_files_of_any_name_go_everywhere_and_come_back(address, release_of, spec):
    names = (" first.txt", "last ", "a*b[1]?.txt", "a#b%41.txt", "-x", "a'b\".txt", "ü\t.txt", "x" * 200)
    release = release_of(spec=replace(spec, files={name: f"{name}\n" for name in names}))
    push(release.folder, address)
    assert {*names} <= verify_at(address).release.lock.files.keys()


@needs_git
def test_a_repository_cannot_have_git_run_filters_or_store_elsewhere(git, first, second, tmp_path):
    """Its attributes and LFS settings do not count, even where the user's own git knows the filter."""
    push(first.folder, git)
    ran, work = tmp_path / "ran", tmp_path / "work"

    def run(*arguments, at=tmp_path):
        environment = {**os.environ, "GIT_LFS_SKIP_SMUDGE": "1"}
        subprocess.run(["git", *arguments], cwd=at, check=True, capture_output=True, env=environment)

    run("clone", "-q", git, "work")
    (work / ".gitattributes").write_text("* filter=evil\n")
    (work / ".lfsconfig").write_text(f"[lfs]\n\turl = file://{tmp_path}/elsewhere\n")
    run("add", ".", at=work)
    run("commit", "-qm", "theirs", at=work)
    run("push", "-q", at=work)
    for way in ("clean", "smudge"):
        run("config", "--global", f"filter.evil.{way}", f"touch {ran}; cat")
    push(second.folder, git)
    assert verify_at(f"{git}@v2.0.0").release.digest == second.digest
    assert not (tmp_path / "elsewhere").exists()
    assert not ran.exists()


def test_four_pulls_of_one_version_at_once_give_one_folder(hub, first, tmp_path):
    push(first.folder, "org/reviews")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: pull("org/reviews@v1.0.0", tmp_path / "here"), range(4)))
    assert sorted(each.fetched for each in done) == [False, False, False, True]
    assert {each.verified.release.digest for each in done} == {first.digest}
    assert [path.name for path in tmp_path.iterdir() if "here" in path.name] == ["here"]


def test_a_hub_that_fails_now_is_no_reason_to_compare_with_nothing(hub, first, second, tmp_path, monkeypatch):
    """A step that was not looked at must not pass for one that fits."""
    push(first.folder, "org/reviews")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "fresh"))
    hub.before["GET", "/refs"] = lambda: hub.fail["HEAD", "/resolve/"].extend([403] * 20)
    with pytest.raises(PublishError, match=r"may not .*while"):
        push(second.folder, "org/reviews")
    assert list(hub.repos["org/reviews"].tags) == ["v1.0.0"]


@pytest.mark.parametrize(
    "change", [{"ingredients": [1]}, {"models": [1]}, {"overrides": [1]}, {"packages": 5}]
)
def test_a_lock_whose_parts_are_of_another_kind_is_none(change, first):
    lock = json.loads((first.folder / "synth.lock").read_text())
    with pytest.raises(PublishError, match=r"synth\.lock: not readable"):
        parse_lock(json.dumps(lock | change))


def test_data_that_cannot_be_read_is_told_by_a_diff(first, second):
    shard = first.folder / "data" / "train-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-30])
    with pytest.raises(
        PublishError, match=r"one or .*two cannot be read .*`synth verify` says what is damaged"
    ):
        compare(open_release(str(first.folder)), open_release(str(second.folder)))


@needs_git
def test_a_repository_appears_whole(git, first, monkeypatch):
    """One that was begun and not finished could not be told from a folder of something else."""
    home, _ = home_at(git)

    def failing(self, *arguments, **environment):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(GitHome, "_git", failing)
        with pytest.raises(KeyboardInterrupt):
            push(first.folder, git)
    assert not Path(git.removeprefix("file://")).exists()
    assert push(first.folder, git).commit == home.versions()["v1.0.0"]
