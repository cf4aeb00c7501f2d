"""Replay: the same bytes from stored answers, asking nobody, or one message that says what is missing."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
from fake_endpoint import FakeEndpoint, context_too_long, text
from specs import write_spec

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
    gone = {row["row_id"]: row["key"] for row in trace if int(row["key"], 16) % 3 == 0}
    keys = ", ".join(f"x'{key}'" for key in gone.values())
    assert mine.forget(f"key IN ({keys})") == len(gone) >= 4
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
