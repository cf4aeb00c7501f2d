"""The file that remembers which request lies in which batch."""

import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.generation.batch_state import BatchRecord, BatchState

KEYS = [f"{number:064x}" for number in range(1000)]


def record(token: str = "t1", **more) -> BatchRecord:
    return BatchRecord(token=token, model="m", dialect="[]", submitted_at=1.5, **more)


@pytest.fixture
def state(tmp_path: Path):
    found = BatchState(tmp_path / "answers.sqlite")
    yield found
    found.close()


def test_what_is_noted_is_there_for_the_next_run(state, tmp_path):
    state.begin(record(), KEYS[:600])
    noted = state.note(state.note(record(), file_id="file-1", file_at=7), batch_id="batch_1")
    assert noted == replace(record(), file_id="file-1", file_at=7, batch_id="batch_1")
    state.close()
    other = BatchState(tmp_path / "answers.sqlite")
    assert other.records() == {"t1": noted}
    assert other.tokens(KEYS) == dict.fromkeys(KEYS[:600], "t1")
    assert sorted(other.keys("t1")) == KEYS[:600]
    other.close()


def test_a_request_lies_in_the_batch_it_was_submitted_with_last(state):
    state.begin(record("t1"), KEYS[:4])
    state.begin(record("t2"), KEYS[2:6])
    assert state.tokens(KEYS[:6]) == {KEYS[0]: "t1", KEYS[1]: "t1", **dict.fromkeys(KEYS[2:6], "t2")}
    state.release("t1", KEYS[2:4])
    assert len(state.keys("t2")) == 4, "a release of the first batch leaves the second alone"


def test_a_batch_is_forgotten_with_its_last_request(state):
    state.begin(record(), KEYS[:3])
    state.release("t1", KEYS[:2])
    assert list(state.records()) == ["t1"]
    state.release("t1", KEYS[2:3])
    assert state.records() == {}
    state.begin(record(), KEYS[:3])
    state.release("t1")
    assert (state.records(), state.tokens(KEYS)) == ({}, {})


def test_a_note_that_cannot_be_kept_changes_nothing(state):
    state.begin(record("t1"), KEYS[:2])
    with pytest.raises(SettingsError, match="remembers the submitted batches"):
        state.begin(record("t1"), KEYS[2:4])
    assert state.tokens(KEYS[:4]) == dict.fromkeys(KEYS[:2], "t1")


def test_one_at_a_time_has_the_turn(state, tmp_path):
    other = BatchState(tmp_path / "answers.sqlite")
    with state.turn() as ours:
        assert ours
        with other.turn() as theirs:
            assert not theirs
        other.begin(record(), KEYS[:1])  # the turn does not lock the records
    with other.turn() as theirs:
        assert theirs
    other.close()


def test_nobody_else_may_read_the_file(state):
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o600


def test_a_file_that_is_no_such_file_is_named(tmp_path):
    (tmp_path / "a.sqlite.batches").write_bytes(b"not a database, but long enough to be looked at " * 40)
    with pytest.raises(SettingsError, match=r"a\.sqlite\.batches.*--store"):
        BatchState(tmp_path / "a.sqlite")


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.sqlite.batches")
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(SettingsError, match="newer"):
        BatchState(tmp_path / "a.sqlite")
