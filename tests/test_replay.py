"""Replay: the same bytes from stored answers, asking nobody, or one message that says what is missing."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
from fake_endpoint import FakeEndpoint, context_too_long, text, unsupported
from specs import write_spec

from synth_datasets.cli import main
from synth_datasets.generation.offline import AnswerMissingError

SYNTH = [sys.executable, "-m", "synth_datasets.cli"]
CHECKS = {"text": {"length": [20, 900]}}


class Machine:
    """Somebody's computer: a home of its own, the spec, and `synth` in a process of its own."""

    def __init__(self, home: Path, url: str, *, key: str | None, **spec) -> None:
        self.home = home
        self.store = home / "answers.sqlite"
        self.spec = write_spec(home, **spec)
        self.environment = {
            **os.environ,
            "OPENAI_BASE_URL": url,
            "SYNTH_STORE": str(self.store),
            "HF_DATASETS_CACHE": str(home / "cache"),
            **({"OPENAI_API_KEY": key} if key else {}),
        }

    def synth(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [*SYNTH, *map(str, arguments)],
            cwd=self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, done.stderr + done.stdout
        return done

    def forget(self, where: str) -> int:
        """Delete answers from the store; `where` is SQL."""
        with sqlite3.connect(self.store) as connection:
            count = connection.execute(f"DELETE FROM answers WHERE {where}").rowcount
        connection.close()
        return count


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sometimes_short(body) -> object:
    return text("Meh.") if body["seed"] % 4 == 0 else None


@pytest.fixture
def machine(endpoint: FakeEndpoint, tmp_path: Path):
    """Make a machine in a fresh home; `key=None` is one that cannot ask."""

    def make(name: str = "mine", *, key: str | None = "sk-test", **spec) -> Machine:
        given = {"splits": {"train": 16, "test": 6}, "attempts": 9, "checks": CHECKS, **spec}
        return Machine(tmp_path / name, endpoint.base_url, key=key, **given)

    return make


def test_an_offline_rebuild_asks_nobody_and_gives_the_same_bytes(machine, endpoint):
    """Rows, trace, report, card and lock; with rejected answers, and with requests that failed for good."""
    endpoint.rule = lambda body: context_too_long() if body["seed"] % 8 == 1 else sometimes_short(body)
    mine = machine()
    mine.synth("build", mine.spec)
    online = files_of(mine.home / "build" / "reviews")
    assert b"too_short" in online["trace/train.rejections.jsonl"]
    assert b"context_too_long" in b"".join(online.values()), "this test needs a failed request"
    asked = endpoint.count
    endpoint.stop()
    mine.synth("build", mine.spec, "--offline", "--cache-dir", "fresh", "-o", "offline")
    assert files_of(mine.home / "offline") == online
    assert endpoint.count == asked


def test_offline_is_no_part_of_the_cache_address(machine, endpoint, monkeypatch):
    mine = machine()
    for name, value in mine.environment.items():
        monkeypatch.setenv(name, value)
    cache = str(mine.home / "cache")
    made = datasets.load_dataset("synth", data_files=str(mine.spec), cache_dir=cache)
    mine.store.unlink()
    again = datasets.load_dataset("synth", data_files=str(mine.spec), cache_dir=cache, offline=True)
    assert again["train"].to_list() == made["train"].to_list()
    with pytest.raises(AnswerMissingError, match="22 of 22 rows"):
        datasets.load_dataset("synth", data_files=str(mine.spec), cache_dir=f"{cache}2", offline=True)
    assert not mine.store.exists(), "asking nobody makes no store"
    streamed = datasets.load_dataset(
        "synth", data_files=str(mine.spec), cache_dir=cache, offline=True, split="test", streaming=True
    )
    with pytest.raises(AnswerMissingError):
        next(iter(streamed))


def test_every_missing_answer_is_counted_in_one_message(machine, endpoint):
    endpoint.rule = sometimes_short
    mine = machine(checks={"text": {"length": [20, 900], "unique": "off"}})
    mine.synth("build", mine.spec)
    trace = datasets.Dataset.from_parquet(
        [str(mine.home / f"build/reviews/trace/{split}.parquet") for split in ("train", "test")],
        cache_dir=str(mine.home / "c"),
    )
    gone = {row["row_id"]: row["key"] for at, row in enumerate(trace) if at % 3 == 0}
    keys = ", ".join(f"x'{key}'" for key in gone.values())
    assert mine.forget(f"key IN ({keys})") == len(gone) == 8
    asked = endpoint.count
    said = mine.synth("build", mine.spec, "--offline", "--cache-dir", "fresh", "-o", "offline", code=4).stderr
    assert f"lacks the answers for {len(gone)} of 22 rows" in said
    counted = {}
    for row in gone:
        split, stratum, _ = row.split("/")
        counted[split, stratum] = counted.get((split, stratum), 0) + 1
    for (split, stratum), count in counted.items():
        assert f"{split}, {stratum}, column text: {count}" in said
    named = [row for row, key in gone.items() if f"{row} text" in said and key[:16] in said]
    assert len(named) == min(5, len(gone))
    assert "'Write a" in said
    assert "synth answers import" in said
    assert not (mine.home / "offline").exists()
    assert endpoint.count == asked
    mine.synth("build", mine.spec, "--again", "--cache-dir", "fresh")
    assert endpoint.count == asked + len(gone), "online, exactly those are asked again"


# --- under a lock


@pytest.fixture
def locked(machine, endpoint):
    """A machine with a release, its lock copied beside the spec; a counter that has seen the build's requests."""
    endpoint.rule = sometimes_short
    mine = machine()
    mine.synth("build", mine.spec)
    (mine.home / "synth.lock").write_bytes((mine.home / "build/reviews/synth.lock").read_bytes())
    return mine


def test_a_locked_rebuild_is_the_same_and_edits_that_change_no_row_are_fine(locked, endpoint):
    asked = endpoint.count
    release = files_of(locked.home / "build" / "reviews")
    locked.synth("build", locked.spec, "--locked", "--offline", "-o", "again")
    assert files_of(locked.home / "again") == release
    again = locked.synth(
        "build", "build/reviews", "--locked", "--offline", "-o", "third", "--cache-dir", "fresh"
    )
    assert "every split is what the lock pins" in again.stdout
    assert files_of(locked.home / "third") == release
    locked.spec.write_text("# a comment\n" + locked.spec.read_text().replace("Reviews for tests.", "Better."))
    locked.synth("build", locked.spec, "--locked", "-o", "edited")
    for path in ("data/train-00000.parquet", "trace/train.parquet"):
        assert (locked.home / "edited" / path).read_bytes() == release[path]
    assert endpoint.count == asked


MISMATCHES = {
    "seed": ({"seed": 18}, (), "seed: 17 → 18"),
    "attempts": ({"attempts": 8}, (), "attempts: 9 → 8"),
    "a split": ({"splits": {"train": 17, "test": 6}}, (), "splits.train: 16 → 17"),
    "another split": ({"splits": {"train": 16}}, (), 'splits: ["train", "test"] → ["train"]'),
    "a check": ({"checks": {"text": {"length": [21, 900]}}}, (), "checks.text.length: [20, 900] → [21, 900]"),
    "the model": ({"model": {"id": "other"}}, (), 'columns.text.model.id: "some-model" → "other"'),
    "a parameter": (
        {"model": {"id": "some-model", "temperature": 0.7}},
        (),
        "columns.text.model.max_tokens: 100 → not there",
    ),
    "a prompt": (
        {
            "columns": {
                "label": {"classes": ["negative", "positive"]},
                "product": {"sample": {"phone": 2, "laptop": 1}},
                "tone": {"sample": ["plain", "ironic"], "hidden": True},
                "text": {"prompt": "Write a {{ label }} review."},
            }
        },
        (),
        'columns.text.prompt: "',
    ),
    "an option": ({}, ("--num-examples", "4"), "option num_examples: not there → 4"),
    "an option for the model": ({}, ("--model", "x"), 'option model: not there → "x"'),
    "another address": (
        {},
        ("--base-url", "http://127.0.0.1:9/v1"),
        "at another address (a lock names none) → http://127.0.0.1:9/v1",
    ),
    "another kind of endpoint": (
        {},
        ("--backend", "transformers"),
        "endpoint: an OpenAI-compatible endpoint → ",
    ),
}


def test_what_a_lock_pins_otherwise_is_named_before_anything_is_asked(locked, endpoint, monkeypatch, capsys):
    asked = endpoint.count
    for name, value in locked.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(locked.home)
    for kind, (spec, options, expected) in MISMATCHES.items():
        given = {"splits": {"train": 16, "test": 6}, "attempts": 9, "checks": CHECKS, **spec}
        write_spec(locked.home, **given)
        with pytest.raises(SystemExit) as end:
            main(["build", str(locked.spec), "--locked", *options, "-o", "again"])
        said = capsys.readouterr().err
        assert end.value.code == 2, (kind, said)
        assert expected in said, kind
        assert "nothing was asked" in said
    assert endpoint.count == asked
    assert not (locked.home / "again").exists()


def test_options_that_are_not_given_are_the_locks(machine, endpoint):
    mine = machine()
    mine.synth("build", mine.spec, "--num-examples", "5", "--model", "other-model", "--seed", "3")
    release = files_of(mine.home / "build" / "reviews")
    asked = endpoint.count
    lock = mine.home / "build/reviews/synth.lock"
    mine.synth("build", mine.spec, "--locked", lock, "--offline", "-o", "again")
    assert files_of(mine.home / "again") == release
    said = mine.synth("build", mine.spec, "--locked", lock.parent, "--seed", "4", "-o", "b", code=2).stderr
    assert "option seed: 3 → 4" in said
    assert endpoint.count == asked


def test_a_short_split_is_kept_again_under_its_lock(machine, endpoint):
    endpoint.rule = lambda body: text("No.") if "negative" in str(body["messages"]) else None
    mine = machine(attempts=2)
    mine.synth("build", mine.spec, "--keep-short")
    release = files_of(mine.home / "build" / "reviews")
    mine.synth("build", "build/reviews", "--locked", "--offline", "-o", "again")
    assert files_of(mine.home / "again") == release


def test_a_lock_cannot_say_where_to_ask(locked, endpoint):
    path = locked.home / "synth.lock"
    pinned = json.loads(path.read_text())
    pinned["overrides"] = {"base_url": "http://127.0.0.1:9/v1", "backend": "openai"}
    path.write_text(json.dumps(pinned))
    said = locked.synth("build", locked.spec, "--locked", "-o", "again", "--cache-dir", "c2", code=2).stderr
    assert 'option base_url: "http://127.0.0.1:9/v1" → not there' in said


def test_other_answers_fail_and_name_the_splits(locked, endpoint):
    """The store is emptied and the endpoint now answers otherwise to the test split's requests."""
    release = files_of(locked.home / "build" / "reviews")
    locked.store.unlink()
    train = {
        row["seed"]
        for row in datasets.Dataset.from_parquet(
            str(locked.home / "build/reviews/trace/train.parquet"), cache_dir=str(locked.home / "c")
        )
    }
    endpoint.rule = lambda body: (
        sometimes_short(body)
        or (None if body["seed"] in train else text(f"Quite another text, number {body['seed']}."))
    )
    said = locked.synth("build", locked.spec, "--locked", "--cache-dir", "fresh", code=5).stderr
    assert "test: 6 rows, digest" in said
    assert "  train: " not in said
    assert files_of(locked.home / "build" / "reviews") == release, "the release stays as it was"


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "there is none beside the spec"), ("{", "not readable"), ('{"format": 99}', "another version")],
)
def test_a_lock_that_is_none_is_refused(machine, endpoint, content, expected):
    mine = machine()
    if content is not None:
        (mine.home / "synth.lock").write_text(content)
    assert expected in mine.synth("build", mine.spec, "--locked", code=2).stderr
    assert endpoint.count == 0


def test_a_lock_of_the_first_format_still_counts(locked, endpoint):
    path = locked.home / "synth.lock"
    pinned = json.loads(path.read_text())
    for name in ("ingredients", "endpoint_check", "keep_short", "notes"):
        del pinned[name]
    path.write_text(json.dumps({**pinned, "format": 1}))
    locked.synth("build", locked.spec, "--locked", "--offline", "-o", "again")
    write_spec(
        locked.home, seed=18, splits={"train": 16, "test": 6}, attempts=9, checks={"text": {"length": [5, 9]}}
    )
    said = locked.synth("build", locked.spec, "--locked", code=2).stderr
    assert "seed: 17 → 18" in said
    assert "fingerprint: " in said


def test_a_lock_says_what_the_endpoint_did_not_take(machine, endpoint):
    """Known from the answers alone: a replay, which asks nobody, writes the same lock."""

    def rule(body):
        if "temperature" in body:
            return unsupported("temperature")
        return unsupported("max_tokens") if "max_tokens" in body else None

    endpoint.rule = rule
    mine = machine(splits={"train": 4})
    mine.synth("build", mine.spec)
    lock = (mine.home / "build/reviews/synth.lock").read_text()
    assert json.loads(lock)["notes"] == {
        "max_tokens sent as max_completion_tokens": 4,
        "temperature left out": 4,
    }
    card = (mine.home / "build/reviews/README.md").read_text()
    assert "**Asked otherwise:** temperature left out, as the endpoint does not take it; 4 answers" in card
    endpoint.stop()
    mine.synth("build", "build/reviews", "--locked", "--offline", "--cache-dir", "fresh", "-o", "again")
    assert (mine.home / "again/synth.lock").read_text() == lock


# --- from one machine to another


def test_a_colleague_without_a_key_rebuilds_the_same_bytes_from_an_archive(machine, endpoint):
    """Rejected answers and failed requests travel too; so does what the endpoint did not take."""

    def rule(body):
        if "temperature" in body:
            return unsupported("temperature")
        return context_too_long() if body["seed"] % 8 == 1 else sometimes_short(body)

    endpoint.rule = rule
    mine = machine()
    mine.synth("build", mine.spec)
    release = files_of(mine.home / "build" / "reviews")
    judged = (
        json.loads(release["trace/train.tally.json"])["answers"]
        + json.loads(release["trace/test.tally.json"])["answers"]
    )
    endpoint.stop()
    said = mine.synth("answers", "export", mine.spec, "-o", "answers.parquet").stdout
    failed = b"".join(release.values()).count(b'"reason": "context_too_long", "detail"')
    assert failed
    assert f"{judged + failed} answers for 22 rows" in said
    archive = (mine.home / "answers.parquet").read_bytes()
    assert b"sk-test" not in archive

    theirs = machine("theirs", key=None)
    (theirs.home / "answers.parquet").write_bytes(archive)
    (theirs.home / "synth.lock").write_bytes(release["synth.lock"])
    done = theirs.synth("answers", "import", "answers.parquet").stdout
    assert f"{judged + failed} answers, {judged + failed} of them new" in done
    theirs.synth("build", theirs.spec, "--offline", "--locked")
    assert files_of(theirs.home / "build" / "reviews") == release
    theirs.synth("answers", "export", theirs.spec, "-o", "back.parquet")
    assert (theirs.home / "back.parquet").read_bytes() == archive
    assert "0 of them new" in theirs.synth("answers", "import", "answers.parquet").stdout
    stats = theirs.synth("answers", "stats").stdout
    assert f"{judged}  some-model at {endpoint.base_url}" in stats


def test_an_archive_holds_what_the_dataset_used_and_nothing_else(machine, endpoint):
    endpoint.rule = sometimes_short
    mine = machine()
    mine.synth("build", mine.spec)
    exported = mine.synth("answers", "export", mine.spec).stdout
    more = machine("mine", seed=99)
    more.synth("build", more.spec, "-o", "other")
    again = machine("mine")
    assert again.synth("answers", "export", again.spec).stdout == exported
    assert (again.home / "reviews.answers.parquet").exists()


def test_what_is_missing_cannot_be_exported(machine, endpoint):
    mine = machine()
    said = mine.synth("answers", "export", mine.spec, "-o", "a.parquet", code=4).stderr
    assert "lacks the answers for 22 of 22 rows" in said
    assert not (mine.home / "a.parquet").exists()
    assert endpoint.count == 0


def test_a_conflict_on_import_is_said_and_the_stored_answer_stays(machine, endpoint):
    mine = machine(splits={"train": 4}, checks={"text": {"unique": "off"}})
    mine.synth("build", mine.spec)
    mine.synth("answers", "export", mine.spec, "-o", "a.parquet")
    theirs = machine("theirs", splits={"train": 4}, checks={"text": {"unique": "off"}})
    endpoint.rule = lambda body: text(f"Their own answer of some length, {body['seed']}.")
    theirs.synth("build", theirs.spec)
    parquet = files_of(theirs.home / "build" / "reviews")["data/train-00000.parquet"]
    done = theirs.synth("answers", "import", mine.home / "a.parquet")
    assert "4 answers, 0 of them new" in done.stdout
    assert "to 4 requests the store has another answer, which stays" in done.stderr
    theirs.synth("build", theirs.spec, "--again", "--offline")
    assert files_of(theirs.home / "build" / "reviews")["data/train-00000.parquet"] == parquet
