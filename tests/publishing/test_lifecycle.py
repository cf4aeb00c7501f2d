"""Versions end to end: real builds, real clients, the stand-in Hub, and the command line."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import huggingface_hub
import pyarrow.parquet as pq
import pytest
from fake_endpoint import text
from hub_standin import READ, Blob
from huggingface_hub import constants
from specs import review_spec, write_spec

from synth_datasets.build import build
from synth_datasets.publishing.pull import pull
from synth_datasets.publishing.push import push
from synth_datasets.publishing.verify import find_damage, verify

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

REPO = "org/reviews"
GROWN = {"version": "1.1.0", "splits": {"train": 9, "test": 2}}


def answer(body):
    """Return another text for another seed or prompt, and a fifth of them too short."""
    letters = len(body["messages"][-1]["content"])
    seed = body["seed"]
    return text("Meh." if seed % 5 == 0 else f"An answer to {seed} and to {letters} letters.")


@pytest.fixture
def make(endpoint, tmp_path, monkeypatch):
    """Build `reviews` in a folder beside others of its name; changes are those of `write_spec`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNTH_API_KEY", "sk-test")
    endpoint.rule = answer
    options = {"base_url": endpoint.base_url, "store": str(tmp_path / "answers.sqlite")}

    def made(name: str, *, with_answers: bool = False, **changes) -> Path:
        given = {"checks": {"text": {"unique": "off", "length": [20, 900]}}, "attempts": 9, **changes}
        spec = write_spec(tmp_path / "specs" / name, **given)
        folder = tmp_path / name / "reviews"
        build(spec, folder, cache_dir=tmp_path / "cache", options=options, with_answers=with_answers)
        return folder

    return made


@pytest.fixture
def synth(run):
    """Run a verb in this process; returns its exit code, what it printed and what it said on stderr."""
    return run


def test_a_version_that_is_too_small_is_told_and_refused_and_the_right_one_gets_a_changelog(
    make, synth, hub, endpoint
):
    first = make("first")
    asked = endpoint.count
    assert "--against owner/name, or a folder" in synth("version", first)[1]
    hub.create("org/empty")
    assert (
        "org/empty has no older version, so any fits" in synth("version", first, "--against", "org/empty")[1]
    )
    assert synth("push", first, REPO)[0] == 0
    small = make("small", **{**GROWN, "version": "1.0.1"})
    assert endpoint.count - asked < asked, "only the new rows are asked"
    code, told, _ = synth("version", small, "--against", REPO)
    assert code == 5
    assert (
        f"reviews 1.0.1, 11 rows, against {REPO}@v1.0.0: a minor change\n  minor  train: 3 rows added" in told
    )
    assert "1.0.1 is too small a step. The least version that fits is 1.1.0" in told
    hub.calls.clear()
    code, _, error = synth("push", small, REPO)
    assert code == 5
    assert "1.0.1 is too small a step from v1.0.0: this is a minor change (train: 3 rows added)" in error
    assert "The least version that fits is 1.1.0" in error
    assert not [call for call in hub.calls if call.startswith(("POST", "PUT"))]

    grown = make("grown", **GROWN)
    code, told, _ = synth("version", grown, "--against", first)
    assert (code, "1.1.0 fits" in told) == (0, True)
    assert synth("push", grown, REPO)[0] == 0
    repo = hub.repos[REPO]
    assert repo.messages == ["initial commit", "reviews 1.0.0", "reviews 1.1.0"]
    changelog = repo.at("v1.1.0")["CHANGELOG.md"].decode()
    before = repo.at("v1.0.0")["CHANGELOG.md"].decode()
    assert changelog.index("## 1.1.0") < changelog.index("## 1.0.0")
    assert changelog.endswith(before[before.index("## 1.0.0") :])
    assert "- `train`: 6 → 9 rows; 3 added, 0 removed, 0 changed" in changelog
    assert "- `test`: 2 rows, the same as before" in changelog
    assert "- Changed in the spec: `splits.train`" in changelog
    code, told, _ = synth("version", grown, "--against", REPO)
    assert code == 5
    assert "1.1.0 is published already. The least version that fits is 1.1.1" in told
    del repo.tags["v1.0.0"]
    code, _, error = synth("version", first, "--against", REPO)
    assert (code, f"name what to compare with: {REPO}@v1.1.0" in error) == (5, True)


def test_a_diff_of_versions_on_the_hub_shows_rows_figures_spec_and_cost(
    make, synth, hub, tmp_path, monkeypatch
):
    push(make("first"), REPO)
    columns = review_spec()["columns"]
    prompts = {**columns["text"]["prompt"], "positive": "Praise this {{ product }} in a {{ tone }} way."}
    other = make("other", version="2.0.0", columns={**columns, "text": {"prompt": prompts}})
    config = tmp_path / "config.toml"
    config.write_text('currency = "EUR"\n[prices.some-model]\ninput = 1000\noutput = 1000\n')
    monkeypatch.setenv("SYNTH_CONFIG", str(config))
    code, told, _ = synth("diff", f"{REPO}@v1.0.0", other)
    assert code == 0
    assert "A major change" in told
    lines = [line.split() for line in told.splitlines()]
    assert [
        "train",
        "6",
        "6",
        "0",
        "0",
        "3",
        "train/positive/0,",
        "train/positive/1,",
        "train/positive/2",
    ] in lines
    assert "-      positive: Write a {{ tone }} positive review of a {{ product }}." in told
    assert "+      positive: Praise this {{ product }} in a {{ tone }} way." in told
    assert "  columns.text.prompt: " in told
    assert "EUR at your prices" in told
    code, told, _ = synth("diff", f"{REPO}@1.0.0", other, "--json")
    found = json.loads(told)
    assert (found["format"], found["splits"][0]["changed"], found["splits"][0]["by"]) == (1, 3, "row_id")
    assert [label["distance"] for label in found["labels"]] == [0.0]
    assert {figure["name"] for figure in found["quality"]} > {"answers accepted"}
    assert found["cost_before"]["answers"] > 8
    assert synth("diff", "org/nothing@v1.0.0", other)[0] == 5
    code, _, error = synth("diff", f"{REPO}@v9.9.9", other)
    assert "org/reviews has no v9.9.9; it has v1.0.0" in error


OFFLINE = """
import os, sys, datasets
for path in sys.argv[1:]:
    loaded = datasets.load_dataset(path)
    stream = datasets.load_dataset(path, split="train", streaming=True)
    assert list(stream) == loaded["train"].to_list()
    print({name: len(rows) for name, rows in loaded.items()})
sys.stdout.flush()
os._exit(0)  # a stream of Parquet aborts the interpreter now and then as it exits
"""


def test_a_pulled_version_is_exactly_the_asked_one_and_loads_without_network(
    make, synth, hub, python, monkeypatch
):
    """Two versions in folders of one name, while `main` holds the newer one; the stock loader, offline."""
    push(make("first"), REPO)
    push(make("grown", **GROWN), REPO)
    monkeypatch.setenv("HF_TOKEN", READ)
    code, told, _ = synth("pull", f"{REPO}@v1.0.0", "-o", "a/reviews")
    assert code == 0
    assert "a/reviews: reviews 1.0.0, train 6, test 2 rows, fetched and verified" in told
    assert 'Load it  load_dataset("a/reviews")' in told
    assert pull(REPO, Path("b/reviews")).verified.release.version == "1.1.0"
    assert [path.name for path in Path("b").iterdir()] == ["reviews"], "nothing is left beside"
    assert pull(f"{REPO}@1.1.0").folder == Path("reviews-1.1.0")
    done = python(OFFLINE, *(str(Path(name).resolve()) for name in ("a/reviews", "b/reviews", "a/reviews")))
    assert done.returncode == 0, done.stderr
    six, nine = "{'train': 6, 'test': 2}", "{'train': 9, 'test': 2}"
    assert done.stdout.splitlines() == [six, nine, six]
    hub.calls.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    huggingface_hub.close_session()
    again = pull(f"{REPO}@v1.0.0", Path("a/reviews"))
    assert (again.fetched, hub.calls) == (False, [])
    assert synth("pull", f"{REPO}@v1.1.0", "-o", "a/reviews")[0] == 5
    code, _, error = synth("pull", f"{REPO}@v1.0.1", "-o", "c")
    assert (code, "HF_HUB_OFFLINE is set" in error) == (5, True)


def test_a_pull_takes_nothing_that_is_damaged_and_goes_on_after_an_interruption(make, synth, hub, tmp_path):
    push(make("first"), REPO)
    repo = hub.repos[REPO]
    hub.fail["GET", "synth.lock"] = [403]
    assert synth("pull", f"{REPO}@v1.0.0", "-o", "here")[0] == 5
    assert not Path("here").exists()
    assert synth("pull", f"{REPO}@v1.0.0", "-o", "here")[0] == 0
    assert [path for path in Path().iterdir() if path.name.startswith(".here")] == []
    held = dict(repo.commits[repo.head])
    shard = "data/train-00000.parquet"
    content = held[shard].content
    held[shard] = Blob(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:], large=True)
    repo.tags["v1.0.1"] = repo.commit(held, "by hand")
    code, _, error = synth("pull", f"{REPO}@v1.0.1", "-o", "there")
    assert (code, f"  {shard}: changed\n" in error) == (5, True)
    assert not Path("there").exists()
    repo.tags["v1.0.2"] = repo.tags["v1.0.0"]
    assert "holds version 1.0.0" in synth("pull", f"{REPO}@v1.0.2", "-o", "there")[2]


def test_a_published_version_is_rebuilt_from_its_own_answers_in_a_clean_place(
    make, synth, hub, endpoint, monkeypatch
):
    first = make("first", with_answers=True)
    assert synth("push", first, REPO, "--with-answers", "--with-rejections")[0] == 0
    held = hub.repos[REPO].at("v1.0.0")
    assert "trace/train.rejections.jsonl" in held
    assert "trace/train.parquet" not in held
    monkeypatch.setenv("SYNTH_STORE", "/nowhere/answers.sqlite")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    asked = endpoint.count
    code, told, error = synth("rebuild", f"{REPO}@v1.0.0", "--check")
    assert code == 0, error
    assert "1.0.0 comes out as its lock pins it, byte for byte" in told
    assert [line.split()[:2] for line in told.splitlines()[1:]] == [["train", "6"], ["test", "2"]]
    assert endpoint.count == asked
    assert not Path("build").exists()
    assert synth("rebuild", first, "-o", "again")[0] == 0
    assert Path("again/synth.lock").read_bytes() == (first / "synth.lock").read_bytes()


def test_a_rebuild_says_what_is_missing_and_what_comes_out_otherwise(make, synth, hub, endpoint, tmp_path):
    grown = make("grown", **GROWN)
    push(grown, REPO)
    code, _, error = synth("rebuild", f"{REPO}@v1.1.0", "--check")
    assert code == 5
    for way in ("synth push --with-answers", "synth answers export", "--answers FILE", "--store FILE"):
        assert way in error
    store = tmp_path / "answers.sqlite"
    options = ("--check", "--store", store, "--base-url", endpoint.base_url)
    assert synth("rebuild", f"{REPO}@v1.1.0", *options)[0] == 0
    first = make("first", with_answers=True)
    archive = first / "answers.parquet"
    code, _, error = synth("rebuild", grown, "--check", "--answers", archive)
    assert (code, "lacks the answers for 3 of 11 rows" in error) == (4, True)
    lock = first / "synth.lock"
    pinned = json.loads(lock.read_text())
    pinned["splits"]["test"]["digest"] = "0" * 64
    lock.write_text(json.dumps(pinned))
    code, _, error = synth("rebuild", first, "--check")
    assert (code, "  test: 2 rows, digest 0000000000000000 → 2 rows" in error) == (5, True)
    assert "train:" not in error


def test_one_flipped_byte_anywhere_is_found_and_named(make, hub, synth, tmp_path):
    """In every file of a build and of a pulled version, at its beginning, in its middle and at its end."""
    built = make("first", with_answers=True)
    push(built, REPO, include_trace=True, include_answers=True)
    pulled = pull(REPO, tmp_path / "pulled").folder
    assert verify(built).files + 1 == verify(pulled).files == len([*pulled.rglob("*.*")]) - 1
    for folder in (built, pulled):
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        for name in set(names) - {".gitattributes"}:
            path = folder / name
            whole = path.read_bytes()
            for place in {0, len(whole) // 2, len(whole) - 1} if whole else {0}:
                flipped = bytes(byte ^ 1 for byte in whole[place : place + 1]) or b"\n"
                path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
                found = list(find_damage(folder))
                assert [line.partition(":")[0] for line in found] == [name], (name, place, found)
            path.write_bytes(whole)
        assert list(find_damage(folder)) == []
    (pulled / "data/train-00001.parquet").write_bytes(b"PAR1")
    (pulled / "quality.json").unlink()
    code, _, error = synth("verify", pulled)
    assert code == 5
    assert "  data/train-00001.parquet: no part of the release" in error
    assert "  quality.json: missing" in error


def test_the_readmes_block_on_versions_runs(make, synth, hub, endpoint, monkeypatch):
    """Each command as it stands there, in order, after a 1.0.0 was pushed and a 1.1.0 was built."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = [
        block for block in re.findall(r"```bash\n(.*?)```", readme, re.DOTALL) if "synth verify" in block
    ]
    push(make("first"), REPO)
    make("grown", **GROWN)
    shutil.copy("specs/grown/reviews.synth.yaml", "reviews.synth.yaml")
    monkeypatch.setenv("SYNTH_STORE", str(Path("answers.sqlite").resolve()))
    monkeypatch.setenv("SYNTH_BASE_URL", endpoint.base_url)
    assert synth("build", "reviews.synth.yaml", "--cache-dir", "cache")[0] == 0
    commands = [line.split("#")[0].split() for line in block.replace("your-name", "org").splitlines()]
    verbs = [command[1] for command in commands]
    assert verbs == ["version", "diff", "build", "push", "pull", "verify", "rebuild"]
    for command in commands:
        code, told, error = synth(*command[1:])
        assert code == 0, (command, error)
    assert "byte for byte" in told


def test_sha256sum_reads_the_manifest(make, tmp_path):
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum here")
    built = make("first")
    check = ["sha256sum", "-c", "--strict", "synth.sha256"]
    assert subprocess.run(check, cwd=built, check=False, capture_output=True).returncode == 0
    (built / "report.html").write_text("x")
    assert subprocess.run(check, cwd=built, check=False, capture_output=True).returncode == 1


def test_row_ids_are_those_of_the_trace(make):
    built = make("first")
    ids = pq.read_table(built / "rows/train-00000.parquet").column("row_id").to_pylist()
    assert ids == [f"train/{label}/{index}" for index in range(3) for label in ("negative", "positive")]
