"""Versions in a folder, a git repository and a bucket: whole or not at all, never changed, and read like the Hub's."""

import json
import os
import shutil
import subprocess

import datasets
import pytest
from home_fixtures import needs_git

from synth_datasets.errors import PublishError
from synth_datasets.publishing import home_git
from synth_datasets.publishing.diff import compare
from synth_datasets.publishing.home_bucket import BucketHome
from synth_datasets.publishing.home_folder import FolderHome
from synth_datasets.publishing.homes import home_at
from synth_datasets.publishing.opened import open_release
from synth_datasets.publishing.pull import pull, verify_at
from synth_datasets.publishing.push import push
from synth_datasets.publishing.verify import verify


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_versions_come_out_as_they_went_in(address, first, second, tmp_path):
    result = push(first.folder, address)
    assert (result.status, result.tag, result.creates, result.private) == ("published", "v1.0.0", True, None)
    again = push(first.folder, address)
    assert (again.status, again.commit) == ("already_published", result.commit)
    assert push(second.folder, address, dry_run=True).status == "dry_run"
    assert push(second.folder, address).creates is False
    assert set(home_at(address)[0].versions()) == {"v1.0.0", "v2.0.0"}
    pulled = pull(f"{address}@v1.0.0", tmp_path / "pulled")
    assert pulled.fetched
    held = files_of(pulled.folder)
    assert {path: held[path] for path in files_of(first.folder) if path != "synth.sha256"} == {
        path: content for path, content in files_of(first.folder).items() if path != "synth.sha256"
    }
    assert set(held) == {path for path, _ in result.files}
    assert datasets.load_dataset(str(pulled.folder))["train"]["text"][5] == "Review number 5."
    assert pull(f"{address}@1.0.0", tmp_path / "pulled").fetched is False
    newest = pull(address, tmp_path / "newest")
    assert newest.verified.release.version == "2.0.0"
    assert b"A major change since 1.0.0." in files_of(newest.folder)["CHANGELOG.md"]
    assert not [path for path in files_of(newest.folder) if path.startswith("data/test")]
    assert verify_at(f"{address}@v1.0.0").release.digest == first.digest
    diff = compare(open_release(f"{address}@v1.0.0"), open_release(f"{address}@v2.0.0"))
    assert [(split.split, split.added) for split in diff.splits if split.after and split.before] == [
        ("train", 3)
    ]


def test_a_version_is_never_changed_and_never_too_small(address, first, second, release_of, other_rows):
    push(second.folder, address)
    push(first.folder, address)
    before = home_at(address)[0].versions()
    other = release_of("other", dataset=other_rows)
    with pytest.raises(PublishError, match=r"has a v1\.0\.0 already, with other content.*raise `version`"):
        push(other.folder, address)
    small = release_of("small", version="1.0.1", dataset=other_rows)
    with pytest.raises(PublishError, match=r"1\.0\.1 is too small a step from v1\.0\.0.*Nothing was"):
        push(small.folder, address)
    assert home_at(address)[0].versions() == before
    assert verify_at(f"{address}@v1.0.0").release.digest == first.digest


def test_what_is_not_there_is_told_with_what_is(address, first, tmp_path):
    with pytest.raises(PublishError, match="no version"):
        open_release(address)
    with pytest.raises(PublishError, match="has no version yet; nothing has been pushed there"):
        pull(address, tmp_path / "mine")
    push(first.folder, address)
    with pytest.raises(PublishError, match=r"has no v3\.0\.0; it has v1\.0\.0"):
        open_release(f"{address}@3.0.0")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")
    with pytest.raises(PublishError, match="name another folder"):
        pull(f"{address}@v1.0.0", tmp_path / "mine")
    assert (tmp_path / "mine" / "README.md").read_text() == "mine"


@pytest.mark.parametrize("option", [{"create_pr": True}, {"private": False}])
def test_what_only_the_hub_knows_is_refused_elsewhere(option, first, tmp_path):
    with pytest.raises(PublishError, match="has no meaning"):
        push(first.folder, str(tmp_path / "home"), **option)
    with pytest.raises(PublishError, match="@version has no meaning"):
        push(first.folder, f"{tmp_path}/home@v1.0.0")
    with pytest.raises(PublishError, match=r"gs:// is no home of versions.*s3://bucket/prefix"):
        push(first.folder, "gs://bucket/prefix")
    assert not (tmp_path / "home").exists()


def test_a_bare_repository_that_is_written_as_a_folder_is_left_alone(git, first, tmp_path):
    place = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", place], check=True)
    before = sorted(path.name for path in place.iterdir())
    for act in (push, lambda _, address: pull(address, tmp_path / "out")):
        with pytest.raises(PublishError, match=f"is a bare git repository: write file://{place}"):
            act(first.folder, str(place))
    assert sorted(path.name for path in place.iterdir()) == before


# A folder.


def test_a_push_to_a_folder_that_was_killed_is_completed_by_pushing_again(first, tmp_path, monkeypatch):
    home = tmp_path / "home"
    monkeypatch.setattr(FolderHome, "_index", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        push(first.folder, str(home))
    monkeypatch.undo()
    assert FolderHome(home).versions() == {}
    kept = (home / "v1.0.0" / "synth.lock").stat().st_mtime_ns
    assert push(first.folder, str(home)).status == "published"
    assert (home / "v1.0.0" / "synth.lock").stat().st_mtime_ns == kept
    assert list(json.loads((home / "versions.json").read_text())["versions"]) == ["v1.0.0"]
    assert sorted(path.name for path in home.iterdir()) == ["v1.0.0", "versions.json"]
    assert verify(home / "v1.0.0").release.version == "1.0.0"


def test_other_content_that_is_in_the_way_is_left_alone(first, tmp_path):
    (tmp_path / "home" / "v1.0.0").mkdir(parents=True)
    (tmp_path / "home" / "v1.0.0" / "mine.txt").write_text("mine")
    with pytest.raises(PublishError, match="is there already, with other content"):
        push(first.folder, str(tmp_path / "home"))
    assert files_of(tmp_path / "home") == {"v1.0.0/mine.txt": b"mine"}


def test_an_index_that_is_none_of_ours_is_not_overwritten(first, tmp_path):
    (tmp_path / "versions.json").write_text('{"versions": {"v1.0.0": {"manifest": "../../x"}}, "format": 1}')
    with pytest.raises(PublishError, match="not an index of synth_datasets"):
        push(first.folder, str(tmp_path))


# A git repository.


@needs_git
def test_a_git_repository_holds_a_commit_and_a_tag_with_large_files_in_lfs(git, first, second, tmp_path):
    push(first.folder, git)
    push(second.folder, git)
    path = git.removeprefix("file://")

    def ask(*arguments):
        return subprocess.run(
            ["git", f"--git-dir={path}", *arguments], check=True, capture_output=True, text=True
        ).stdout

    assert ask("log", "--format=%s", "main").split() == ["v2.0.0", "v1.0.0"]
    assert ask("cat-file", "-t", "v1.0.0").strip() == "tag"
    shard = next(path for path in first.lock.files if path.startswith("data/train"))
    assert ask("show", f"v1.0.0:{shard}").startswith("version https://git-lfs")
    assert ask("rev-parse", "v2.0.0^{commit}") == ask("rev-parse", "main")
    assert "data/test" not in ask("ls-tree", "-r", "--name-only", "main")
    # With nothing of ours: an ordinary clone at the tag loads.
    subprocess.run(
        [
            "git",
            "-c",
            "filter.lfs.process=git-lfs filter-process",
            "clone",
            "-q",
            "--branch=v1.0.0",
            git,
            "clone",
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert datasets.load_dataset(str(tmp_path / "clone"), split="train").num_rows == 6


@needs_git
def test_somebody_elses_commit_stays_and_a_push_that_lost_the_race_changes_nothing(
    git, first, second, release_of, monkeypatch
):
    push(first.folder, git)
    lay_out = home_git._lay_out

    def slower(work, uploads):
        monkeypatch.setattr(home_git, "_lay_out", lay_out)
        push(second.folder, git)
        lay_out(work, uploads)

    third = release_of("three", version="3.0.0")
    monkeypatch.setattr(home_git, "_lay_out", slower)
    with pytest.raises(PublishError, match="somebody else pushed meanwhile; this push changed nothing"):
        push(third.folder, git)
    assert set(home_at(git)[0].versions()) == {"v1.0.0", "v2.0.0"}


@needs_git
def test_git_says_what_it_needs(git, first, tmp_path, monkeypatch):
    (tmp_path / "reviews.git").mkdir()
    with pytest.raises(PublishError, match="no git repository; a plain folder is written without file://"):
        push(first.folder, git)
    (tmp_path / "reviews.git").rmdir()
    (tmp_path / "gitconfig").write_text("[user]\nuseConfigOnly = true\n")
    with pytest.raises(PublishError, match="git does not know who you are"):
        push(first.folder, git)
    monkeypatch.setattr(home_git, "which", lambda _: None)
    with pytest.raises(PublishError, match="apt-get install git git-lfs"):
        open_release(f"{git}@v1.0.0")


# A bucket.


def test_a_push_to_a_bucket_goes_on_where_it_stopped(bucket, first, monkeypatch):
    put, done = BucketHome._put, []

    def stopping(self, tag, upload):
        if len(done) == 4:
            raise KeyboardInterrupt
        put(self, tag, upload)
        done.append(upload.path)

    monkeypatch.setattr(BucketHome, "_put", stopping)
    with pytest.raises(KeyboardInterrupt):
        push(first.folder, bucket)
    monkeypatch.setattr(BucketHome, "_put", put)
    assert BucketHome(bucket).versions() == {}
    assert push(first.folder, bucket).status == "published"
    assert verify_at(bucket).release.digest == first.digest


def test_what_another_build_left_in_a_bucket_is_not_overwritten(bucket, first, s3):
    key = f"{bucket.removeprefix('s3://bucket/')}/v1.0.0/README.md"
    s3.put_object(Bucket="bucket", Key=key, Body=b"theirs")
    with pytest.raises(PublishError, match=r"never became a version.*aws s3 rm --recursive"):
        push(first.folder, bucket)
    assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == b"theirs"
    assert BucketHome(bucket).versions() == {}


def test_an_index_that_others_change_meanwhile_keeps_their_versions(bucket, first, second, monkeypatch):
    write, raced = BucketHome._write_index, []

    def slower(self, versions, etag):
        if not raced:
            raced.append(True)
            push(first.folder, bucket)
        return write(self, versions, etag)

    monkeypatch.setattr(BucketHome, "_write_index", slower)
    push(second.folder, bucket)
    assert set(BucketHome(bucket).versions()) == {"v1.0.0", "v2.0.0"}


def test_a_file_that_was_changed_in_a_bucket_is_found(bucket, first, s3, tmp_path):
    push(first.folder, bucket)
    prefix = bucket.removeprefix("s3://bucket/")
    s3.put_object(Bucket="bucket", Key=f"{prefix}/v1.0.0/README.md", Body=b"theirs")
    with pytest.raises(PublishError, match=r"README\.md is not what synth\.sha256 names"):
        pull(bucket, tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists()
    s3.put_object(Bucket="bucket", Key=f"{prefix}/v1.0.0/synth.sha256", Body=b"theirs")
    shutil.rmtree(os.environ["XDG_CACHE_HOME"])
    with pytest.raises(PublishError, match=r"synth\.sha256 is not what the index names"):
        open_release(bucket)


def test_a_bucket_says_what_it_needs(bucket, first, monkeypatch, tmp_path):
    with pytest.raises(PublishError, match="no such bucket"):
        push(first.folder, "s3://elsewhere/x")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3fs = pytest.importorskip("s3fs")
    s3fs.S3FileSystem.clear_instance_cache()  # it keeps the key
    with pytest.raises(PublishError, match="set AWS_ACCESS_KEY_ID"):
        open_release(bucket)
