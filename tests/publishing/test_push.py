"""One commit, one tag, nothing moved; and every refusal says what to do."""

import json
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import datasets
import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_standin import READ, WRITE, Blob
from huggingface_hub import constants
from specs import write_spec

from synth_datasets.errors import PublishError
from synth_datasets.publishing.push import push
from synth_datasets.publishing.remote import newest_version, version_order
from synth_datasets.spec import fingerprint, load_spec
from synth_datasets.spec.model import Split

ROOT = Path(__file__).parents[2]

# The client's own call, on the way that large files take without Xet.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

REPO = "org/reviews"
WROTE = ("POST /api/repos/create", "/preupload/", "/commit/", "/tag/", "PUT ")


@pytest.fixture
def release(release_of):
    return release_of()


@pytest.fixture
def second(release_of, spec, make_rows):
    """Version 2.0.0: a longer train split in place of train and test, and a file less."""
    rows = datasets.DatasetDict(train=make_rows(spec, 9))
    files = {"prompt.txt": "Write a review.\n"}
    longer = replace(spec, version="2.0.0", files=files, splits=(Split("train", 9),))
    return release_of("second", version="2.0.0", spec=longer, dataset=rows, quality=None)


def writes(hub):
    return [call for call in hub.calls if any(part in call for part in WROTE)]


def test_a_new_dataset_is_one_commit_and_one_tag(hub, release):
    result = push(release.folder, REPO)
    repo = hub.repos[REPO]
    assert (result.status, result.tag, result.creates, result.private) == ("published", "v1.0.0", True, True)
    assert repo.private
    assert len(repo.commits) == 2
    assert repo.tags == {"v1.0.0": repo.head}
    assert result.commit == repo.head
    held = repo.at("main")
    assert sorted(held) == sorted([".gitattributes", *(path for path, _ in result.files)])
    for path in release.lock.files:
        if path != "README.md":
            assert held[path] == (release.folder / path).read_bytes()
    assert b'load_dataset("org/reviews", revision="v1.0.0")' in held["README.md"]
    assert {change.action for change in result.changes} == {"add"}
    assert result.size == sum(len(content) for path, content in held.items() if path != ".gitattributes")
    assert WRITE not in repr(result)


def test_it_may_be_created_public(hub, release):
    assert push(release.folder, REPO, private=False).private is False
    assert hub.repos[REPO].private is False


def test_the_same_version_again_changes_nothing(hub, release):
    push(release.folder, REPO)
    hub.calls.clear()
    result = push(release.folder, REPO)
    assert (result.status, result.changes) == ("already_published", ())
    assert writes(hub) == []


def test_other_content_under_a_published_version_is_refused_before_anything_is_sent(
    hub, release, release_of, spec, make_rows
):
    push(release.folder, REPO)
    head = hub.repos[REPO].head
    other = release_of(
        "other", dataset=datasets.DatasetDict(train=make_rows(spec, 6, first=50), test=make_rows(spec, 3))
    )
    hub.calls.clear()
    with pytest.raises(PublishError, match=r"has a v1\.0\.0 already, with other content.*raise `version`"):
        push(other.folder, REPO)
    assert writes(hub) == []
    assert hub.repos[REPO].tags == {"v1.0.0": head}


def test_a_newer_version_removes_what_the_older_brought_and_nothing_else(hub, release, second):
    push(release.folder, REPO)
    repo = hub.repos[REPO]
    foreign = {"LICENSE": b"theirs", "data/notes.txt": b"theirs", "prompts/old.txt": b"theirs"}
    repo.commit(
        {**repo.commits[repo.head], **{path: Blob(text, large=False) for path, text in foreign.items()}}, "x"
    )
    result = push(second.folder, REPO)
    deleted = [change.path for change in result.changes if change.action == "delete"]
    assert deleted == ["data/test-00000.parquet", "lists/products.txt", "quality.json"]
    held = repo.at("main")
    assert {path: held[path] for path in foreign} == foreign
    assert not set(deleted) & held.keys()
    assert repo.messages == ["initial commit", "customer_feedback 1.0.0", "x", "customer_feedback 2.0.0"]
    assert repo.tags["v2.0.0"] == repo.head
    assert "data/test-00000.parquet" in repo.at("v1.0.0")


def test_files_that_did_not_change_are_not_sent_again(hub, release, release_of):
    push(release.folder, REPO)
    hub.calls.clear()
    result = push(release_of("patch", version="1.0.1").folder, REPO)
    assert [change.path for change in result.changes] == [
        "CHANGELOG.md",
        "README.md",
        "croissant.json",
        "synth.lock",
        "synth.sha256",
    ]
    assert not [call for call in hub.calls if call.startswith("PUT ") or "data/" in call]


def test_data_of_an_unknown_origin_makes_way_too(hub, release):
    """A repository that was filled by other means has shards that the card would load with ours."""
    hub.create(REPO, files={"data/train-00000-of-00002.parquet": b"PAR1", "README.md": b"# old\n"})
    result = push(release.folder, REPO)
    assert [change.path for change in result.changes if change.action == "delete"] == [
        "data/train-00000-of-00002.parquet"
    ]
    assert hub.repos[REPO].at("main")["README.md"].startswith(b"---\n")


def test_a_foreign_lock_gives_no_right_to_delete(hub, release):
    hub.create(REPO, files={"synth.lock": b"not ours", "keep.txt": b"x"})
    push(release.folder, REPO)
    assert hub.repos[REPO].at("main")["keep.txt"] == b"x"


def test_the_trace_stays_at_home_unless_asked_for(hub, release_of, tmp_path):
    trace = tmp_path / "made"
    trace.mkdir()
    (trace / "train.rejections.jsonl").write_text("{}\n")
    push(release_of("one", trace=trace).folder, REPO)
    assert not [path for path in hub.repos[REPO].at("main") if path.startswith("trace/")]
    push(release_of("two", trace=trace, version="1.1.0").folder, REPO, include_trace=True)
    assert hub.repos[REPO].at("main")["trace/train.rejections.jsonl"] == b"{}\n"
    # The trace of 1.1.0 would belie the data of 1.2.0.
    result = push(release_of("three", trace=trace, version="1.2.0").folder, REPO)
    assert "trace/train.rejections.jsonl" in [
        change.path for change in result.changes if change.action == "delete"
    ]


def test_a_push_that_lost_its_tag_is_finished_by_pushing_again(hub, release):
    hub.fail["POST", "/tag/"] = [503]
    with pytest.raises(PublishError, match="push again"):
        push(release.folder, REPO)
    repo = hub.repos[REPO]
    assert (len(repo.commits), repo.tags) == (2, {})
    hub.calls.clear()
    result = push(release.folder, REPO)
    assert (result.status, result.changes) == ("published", ())
    assert len(repo.commits) == 2
    assert repo.tags == {"v1.0.0": repo.head}
    assert writes(hub) == [f"POST /api/datasets/{REPO}/tag/{repo.head}"]


def test_a_push_killed_between_commit_and_tag_is_finished_by_pushing_again(
    hub, release, tmp_path, child_environment
):
    code = "import sys, pathlib; from synth_datasets.publishing.push import push; "
    code += "push(pathlib.Path(sys.argv[1]), sys.argv[2])"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(release.folder), REPO],
        env=child_environment(tmp_path, hub) | {"HF_TOKEN": WRITE, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    ) as child:
        hub.before["POST", "/tag/"] = lambda: (
            child.send_signal(signal.SIGKILL),
            hub.fail["POST", "/tag/"].append(500),
        )
        _, errors = child.communicate(timeout=120)
    assert child.returncode == -signal.SIGKILL, errors
    repo = hub.repos[REPO]
    assert (len(repo.commits), repo.tags) == (2, {})
    assert push(release.folder, REPO).status == "published"
    assert len(repo.commits) == 2
    assert repo.tags == {"v1.0.0": repo.head}


def test_a_repository_that_moved_meanwhile_is_left_alone(hub, release):
    repo = hub.create(REPO)
    moved = {**repo.commits[repo.head], "LICENSE": Blob(b"new", large=False)}
    hub.before["POST", "/commit/"] = lambda: repo.commit(moved, "meanwhile")
    with pytest.raises(PublishError, match=r"somebody else changed the repository meanwhile.*push again"):
        push(release.folder, REPO)
    assert repo.messages == ["initial commit", "meanwhile"]
    assert repo.tags == {}
    assert push(release.folder, REPO).status == "published"
    assert repo.at("main")["LICENSE"] == b"new"


def test_a_tag_that_somebody_set_meanwhile_on_other_content_is_not_moved(hub, release):
    repo = hub.create(REPO)
    first = repo.head
    hub.before["POST", "/tag/"] = lambda: repo.tags.update({"v1.0.0": first})
    with pytest.raises(PublishError, match="exists already"):
        push(release.folder, REPO)
    assert repo.tags == {"v1.0.0": first}


def test_a_tag_that_somebody_set_meanwhile_on_this_content_is_as_good(hub, release):
    repo = hub.create(REPO)
    hub.before["POST", "/tag/"] = lambda: repo.tags.update({"v1.0.0": repo.head})
    assert push(release.folder, REPO).status == "published"


def test_a_commit_that_lost_files_is_not_tagged(hub, release):
    hub.ignored.add("quality.json")
    with pytest.raises(PublishError, match=r"not tagged; see whether a \.gitignore"):
        push(release.folder, REPO)
    assert hub.repos[REPO].tags == {}


def test_a_dry_run_tells_all_and_changes_nothing(hub, release, second):
    result = push(release.folder, REPO, dry_run=True)
    assert (result.status, result.creates, result.commit, hub.repos) == ("dry_run", True, None, {})
    assert (result.repo_id, result.tag, result.private) == (REPO, "v1.0.0", True)
    assert dict(result.files)["data/train-00000.parquet"] > 0
    push(release.folder, REPO)
    hub.calls.clear()
    result = push(second.folder, REPO, dry_run=True)
    assert writes(hub) == []
    assert result.creates is False
    told = [str(change) for change in result.changes]
    assert "delete lists/products.txt" in told
    assert any(line.startswith("update README.md (") for line in told)


def test_a_dry_run_needs_neither_the_hub_nor_a_token(hub, release, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    huggingface_hub.close_session()
    result = push(release.folder, REPO, dry_run=True)
    assert "not compared with the Hub: HF_HUB_OFFLINE is set" in result.warnings[0]
    assert {change.action for change in result.changes} == {"add"}


def test_an_older_version_and_a_public_repository_are_warned_about(hub, release, second):
    push(second.folder, REPO, private=False)
    result = push(release.folder, REPO)
    assert result.status == "published"
    assert result.warnings == (
        "v1.0.0 is older than v2.0.0; `main` will hold the older version",
        "org/reviews is public already, so this version is public too",
    )


@pytest.mark.parametrize(
    ("token", "repo_id", "message"),
    [
        ("hf_" + "notAValidToken" * 3, REPO, "does not accept this token"),
        (READ, REPO, "may not write there"),
        (WRITE, "strangers/reviews", "may not write there"),
        (WRITE, "reviews", "owner/name"),
        (WRITE, "org/reviews/v1", "owner/name"),
        (WRITE, "org/..reviews", "owner/name"),
    ],
)
def test_a_refusal_says_what_to_do_and_not_the_token(hub, release, token, repo_id, message):
    with pytest.raises(PublishError, match=message) as refused:
        push(release.folder, repo_id, token=token)
    assert hub.repos == {}
    assert token not in "".join(str(error) + repr(error) for error in _chain(refused.value))


def test_a_token_that_reads_only_is_refused_at_the_commit_of_an_existing_dataset(hub, release):
    repo = hub.create(REPO)
    with pytest.raises(PublishError, match="may not write there"):
        push(release.folder, REPO, token=READ)
    assert len(repo.commits) == 1


def test_no_token_says_how_to_get_one(hub, release, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PublishError, match="hf auth login"):
        push(release.folder, REPO)
    assert hub.calls == []


def test_offline_and_out_of_reach_are_told_apart(hub, release, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(PublishError, match="cannot be reached"):
        push(release.folder, REPO)
    huggingface_hub.close_session()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(PublishError, match="HF_HUB_OFFLINE is set"):
        push(release.folder, REPO)


@pytest.mark.parametrize(
    ("status", "message"), [(429, "slow down"), (500, "status 500: push again"), (418, "status 418")]
)
def test_other_answers_of_the_hub_are_told_plainly(status, message, hub, release):
    hub.create(REPO)
    hub.fail["GET", "/refs"] = [status] * 10
    with pytest.raises(PublishError, match=message):
        push(release.folder, REPO)


def test_an_upload_that_the_storage_refuses_is_told_plainly(hub, release):
    hub.fail["PUT", "/lfs/"] = [403, 403]
    with pytest.raises(PublishError, match=r"may not write there.*while committing to org/reviews"):
        push(release.folder, REPO)
    assert len(hub.repos[REPO].commits) == 1


def test_an_answer_that_makes_no_sense_is_raised_as_it_is_with_the_place(hub, release):
    hub.before["POST", "/preupload/"] = lambda: hub.fail["POST", "/preupload/"].append(200)
    with pytest.raises(ValueError, match="improperly formatted") as raised:
        push(release.folder, REPO)
    assert raised.value.__notes__ == [f"while committing to {REPO}"]


def test_a_header_that_the_hub_refuses_is_told_before_anything_is_sent(hub, release_of):
    release = release_of()
    card = release.folder / "README.md"
    card.write_text(card.read_text().replace("license: cc0-1.0", "license: refuse-me"))
    with pytest.raises(PublishError, match="header"):
        push(release.folder, REPO)
    assert len(hub.repos[REPO].commits) == 1


def test_what_looks_like_a_secret_never_leaves(hub, release_of, spec):
    secret = "sk-" + "proj-" + "Ab1" * 12
    release = release_of(spec=replace(spec, files={"prompt.txt": f"Hello\n{secret}\n"}))
    with pytest.raises(PublishError, match=r"prompt\.txt:2: looks like an OpenAI-style key") as refused:
        push(release.folder, REPO)
    assert secret not in str(refused.value)
    assert hub.calls == []


def test_a_folder_that_was_edited_or_is_none_is_refused_without_a_call(hub, release, tmp_path):
    (release.folder / "quality.json").write_text('{"rows": 9000}')
    with pytest.raises(PublishError, match=r"changed since it was built: quality\.json"):
        push(release.folder, REPO)
    with pytest.raises(PublishError, match="not a release"):
        push(tmp_path, REPO)
    assert hub.calls == []


def test_a_version_that_is_none_is_refused(hub, release_of):
    with pytest.raises(PublishError, match="'one' is not a semantic version"):
        push(release_of(version="one").folder, REPO)


def test_versions_sort_as_semver_says():
    ordered = [
        "v0.9.0",
        "v1.0.0-alpha",
        "v1.0.0-alpha.1",
        "v1.0.0-alpha.beta",
        "v1.0.0-rc.2",
        "v1.0.0-rc.11",
        "v1.0.0",
        "v1.9.0",
        "v1.10.0",
    ]
    assert sorted(["v1.0.0", *ordered[:-3], *ordered[-2:]], key=version_order) == ordered
    assert newest_version(["main", *ordered, "v2"]) == "v1.10.0"
    assert newest_version(["latest"]) is None


def test_a_partial_build_is_refused_unless_it_is_meant(hub, release_of, rows):
    short = release_of(dataset=datasets.DatasetDict(train=rows["train"].select(range(4))))
    with pytest.raises(
        PublishError, match=r"partial build \(train 4 of 6, test 0 of 3 rows\).*--allow-short"
    ):
        push(short.folder, REPO)
    assert hub.calls == []
    assert push(short.folder, REPO, allow_short=True).status == "published"


def test_a_build_whose_spec_has_changed_since_is_refused_unless_it_is_meant(
    hub, release_of, tmp_path, monkeypatch
):
    """A comment does not count, nor does another dataset's spec; a spec that is being written does."""
    monkeypatch.chdir(tmp_path)
    write_spec(tmp_path / "work")
    text = (tmp_path / "work/reviews.synth.yaml").read_text()
    loaded = load_spec(tmp_path / "work/reviews.synth.yaml")
    folder = release_of("work/build/reviews", spec=loaded, fingerprint=fingerprint(loaded)).folder
    write_spec(tmp_path, "other.synth.yaml", name="other")
    (tmp_path / "work/reviews.synth.yaml").write_text("# a comment\n" + text)
    assert push(folder, REPO, dry_run=True).status == "dry_run"
    for changed in (text.replace("negative review", "bad review"), "name: ["):
        (tmp_path / "work/reviews.synth.yaml").write_text(changed)
        with pytest.raises(PublishError, match=r"work/reviews\.synth\.yaml has changed since.*--allow-dirty"):
            push(folder, REPO)
    # One of several variants is the one that was built.
    (tmp_path / "work/variant.synth.yaml").write_text(text)
    assert push(folder, REPO).status == "published"
    (tmp_path / "work/variant.synth.yaml").unlink()
    assert push(folder, "org/meant", allow_dirty=True).status == "published"


def test_a_version_before_that_is_none_of_ours_is_not_compared_with(hub, release_of):
    repo = hub.create(REPO)
    repo.tags["v1.0.0"] = repo.head
    result = push(release_of(version="1.0.1").folder, REPO)
    assert result.status == "published"
    assert (
        "not compared with v1.0.0, so that any version fits: org/reviews@v1.0.0 has no synth.lock"
        in (result.warnings[0])
    )


def test_the_answers_are_published_when_asked_for_and_do_not_outlive_their_version(hub, release_of, tmp_path):
    with pytest.raises(PublishError, match=r"has no answers\.parquet: build it with --with-answers"):
        push(release_of("none").folder, REPO, include_answers=True)
    first = release_of("first", answers=lambda path: pq.write_table(pa.table({"answer": ["Yes."]}), path))
    push(first.folder, REPO, include_answers=True)
    assert hub.repos[REPO].at("v1.0.0")["answers.parquet"].startswith(b"PAR1")
    push(release_of("second", version="1.0.1").folder, REPO)
    assert "answers.parquet" not in hub.repos[REPO].at("main")
    (first.folder / "answers.parquet").write_bytes(b"PAR2")
    with pytest.raises(PublishError, match=r"changed since it was built: answers\.parquet"):
        push(first.folder, REPO, include_answers=True)


def test_importing_the_stage_costs_no_heavy_library(python):
    heavy = "{'datasets', 'huggingface_hub', 'jinja2', 'numpy', 'pyarrow', 'yaml'}"
    code = "import sys, synth_datasets.publishing.push; "
    done = python(f"{code}print(sorted({heavy} & sys.modules.keys()))", PYTHONPATH=str(ROOT))
    assert done.stdout == "[]\n", done.stderr


LOAD = """
import json, os, sys, datasets
name = sys.argv[1]
told = {}
for revision in (None, "v1.0.0", "v2.0.0"):
    loaded = datasets.load_dataset(name, revision=revision)
    told[str(revision)] = {split: loaded[split]["text"][-1] for split in loaded}
    stream = datasets.load_dataset(name, revision=revision, split="train", streaming=True)
    assert list(stream) == loaded["train"].to_list(), revision
assert loaded["train"].features["label"].names == ["negative", "neutral", "positive"]
for name, revision in ((name, "v9.9.9"), ("org/nothing", None)):
    try:
        datasets.load_dataset(name, revision=revision)
    except datasets.exceptions.DatasetNotFoundError as error:
        told.setdefault("missing", []).append(str(error))
print(json.dumps(told))
sys.stdout.flush()
os._exit(0)  # a stream of Parquet aborts the interpreter now and then as it exits
"""


def test_old_versions_load_forever_streaming_and_not(hub, release, second, python):
    """By the token of somebody who only reads, without this package, while `main` holds a newer version."""
    push(release.folder, REPO)
    push(second.folder, REPO)
    done = python(LOAD, REPO, hub=hub, HF_TOKEN=READ)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    first = {"train": "Review number 5.", "test": "Review number 102."}
    assert told["v1.0.0"] == first
    assert told["None"] == told["v2.0.0"] == {"train": "Review number 8."}
    assert len(told["missing"]) == 2


def _chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
