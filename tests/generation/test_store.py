"""The answer store: durable, shared, and hard to break."""

import logging
import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from synth_datasets.errors import SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Message, Request


def request(number: int, prompt: str = "Write a review.") -> Request:
    return Request(endpoint="http://x/v1", model="m", messages=(Message("user", prompt),), seed=number)


def pair(number: int, text: str | None = None, prompt: str = "Write a review.") -> tuple[Request, Answer]:
    asked = request(number, prompt)
    return asked, Answer(
        key=asked.key, text=f"answer {number} " + "word " * 40 if text is None else text, prompt_tokens=number
    )


def fill(path: Path, count: int) -> list[tuple[Request, Answer]]:
    pairs = [pair(number) for number in range(count)]
    with AnswerStore(path) as store:
        store.put_many(pairs)
    return pairs


def keys(pairs: list[tuple[Request, Answer]]) -> list[str]:
    return [answer.key for _, answer in pairs]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "answers.sqlite"


def test_what_was_put_is_there_for_another_store_and_nothing_else(path):
    pairs = fill(path, 700)
    with AnswerStore(path) as store:
        assert store.get_many([*keys(pairs), "00" * 32]) == {answer.key: answer for _, answer in pairs}
        assert len(store) == 700


def test_the_first_answer_stays_and_is_what_later_writers_get(path):
    asked, first = pair(1)
    late = Answer(key=first.key, text="another")
    with AnswerStore(path) as store:
        assert store.put_many([(asked, first)]) == {first.key: first}
        assert store.put_many([(asked, late), pair(2)]) == {first.key: first, **dict([tuple_of(pair(2))])}
        assert store.get_many([first.key]) == {first.key: first}


def tuple_of(given_pair: tuple[Request, Answer]) -> tuple[str, Answer]:
    return given_pair[1].key, given_pair[1]


def test_the_same_request_twice_in_one_batch_is_one_answer(path):
    asked, first = pair(1)
    with AnswerStore(path) as store:
        assert store.put_many([(asked, first), (asked, Answer(key=first.key, text="b"))]) == {
            first.key: first
        }
        assert len(store) == 1


@pytest.mark.parametrize("prompt", ["short", "a long prompt " * 200, "lone \ud800 surrogate"])
def test_what_was_asked_can_be_read_back(path, prompt):
    asked, answer = pair(3, prompt=prompt)
    with AnswerStore(path) as store:
        store.put_many([(asked, answer)])
        assert store.get_requests([answer.key]) == {answer.key: asked.canonical()}


anything = st.text(st.characters(exclude_categories=()))  # lone surrogates and NUL included


@given(text=anything, reasoning=anything, model=anything, tokens=st.integers(0, 2**40))
@example(text="\ud800 half", reasoning="\x00\udfff", model="\ud800", tokens=1)
@example(text="", reasoning="", model="", tokens=0)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_any_text_comes_back_as_it_was(tmp_path, text, reasoning, model, tokens):
    asked = request(tokens, text)
    answer = Answer(
        key=asked.key,
        text=text,
        reasoning=reasoning,
        model=model,
        finish_reason="length",
        prompt_tokens=tokens,
        completion_tokens=tokens // 2,
    )
    file = tmp_path / f"{asked.key}-{hash(answer)}.sqlite"
    with AnswerStore(file) as store:
        assert store.put_many([(asked, answer)]) == {answer.key: answer}
        assert store.get_many([answer.key]) == {answer.key: answer}
        assert store.get_requests([answer.key]) == {answer.key: asked.canonical()}


def test_only_its_owner_may_read_the_folder_and_the_files(path):
    with AnswerStore(path) as store:
        store.put_many([pair(1)])
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(modes) == {"answers.sqlite", "answers.sqlite-wal", "answers.sqlite-shm"}
    assert set(modes.values()) == {0o600}


def test_a_closed_store_says_so_and_closes_twice(path):
    store = AnswerStore(path)
    store.close()
    store.close()
    with pytest.raises(ValueError, match="closed"):
        store.get_many(["00" * 32])


def test_threads_read_while_another_writes(path):
    batches = [[pair(i * 50 + j) for j in range(50)] for i in range(20)]
    wrong: list[str] = []
    done = threading.Event()
    with AnswerStore(path) as store:

        def read() -> None:
            seen = [0] * len(batches)
            while not done.is_set():
                for number, batch in enumerate(batches):
                    found = len(store.get_many(keys(batch)))
                    if found not in (0, 50) or found < seen[number]:
                        wrong.append(f"{found} after {seen[number]}")
                    seen[number] = found

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for batch in batches:
            store.put_many(batch)
        done.set()
        for reader in readers:
            reader.join()
        assert len(store) == 1000
    assert wrong == []


# --- other processes

_WRITER = """
import sys
from pathlib import Path
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Message, Request

store = AnswerStore(Path(sys.argv[1]))
start = int(sys.argv[2])
for batch in range(start, start + 100_000):
    pairs = []
    for i in range(20):
        r = Request(endpoint="e", model="m", messages=(Message("user", "x" * 300),), seed=batch * 20 + i)
        pairs.append((r, Answer(key=r.key, text=f"{batch} {i} " + "word " * 50)))
    store.put_many(pairs)
    print(batch, flush=True)
"""


def test_a_kill_at_any_instant_loses_nothing_that_put_many_returned_for(path):
    draw = random.Random(5)
    promised: list[int] = []
    for turn in range(12):
        child = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), str(turn * 100_000)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert child.stdout is not None
        lines = [child.stdout.readline()]  # it has begun
        timer = threading.Timer(draw.uniform(0, 0.05), lambda pid=child.pid: os.kill(pid, signal.SIGKILL))
        timer.start()
        lines += child.stdout.readlines()
        child.wait()
        timer.join()
        child.stdout.close()
        promised += [int(line) for line in lines if line.endswith("\n")]
    assert len(promised) > 24
    asked = [
        Request(endpoint="e", model="m", messages=(Message("user", "x" * 300),), seed=batch * 20 + i)
        for batch in promised
        for i in range(20)
    ]
    with AnswerStore(path) as store:
        assert len(store.get_many([one.key for one in asked])) == len(asked)


def _write_same(path: Path, name: str, results: "multiprocessing.Queue[dict[str, str]]") -> None:
    with AnswerStore(path) as store:
        got: dict[str, Answer] = {}
        for start in range(0, 400, 20):
            got |= store.put_many([pair(n, text=f"{name} {n}") for n in range(start, start + 20)])
        results.put({key: answer.text for key, answer in got.items()})


def test_two_processes_that_ask_the_same_end_with_the_same_answers(path):
    spawn = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[dict[str, str]] = spawn.Queue()
    writers = [spawn.Process(target=_write_same, args=(path, name, results)) for name in "ab"]
    for writer in writers:
        writer.start()
    one, other = (results.get(timeout=60) for _ in writers)
    for writer in writers:
        writer.join()
    results.close()
    results.join_thread()
    assert one == other
    assert len(one) == 400
    with AnswerStore(path) as store:
        assert {key: answer.text for key, answer in store.get_many(one.keys()).items()} == one


def _put_in_child(store: AnswerStore) -> None:
    store.put_many([pair(2)])
    assert len(store) == 2
    store.close()


def test_a_store_goes_on_in_a_forked_child_and_in_its_parent(path):
    with AnswerStore(path) as store:
        store.put_many([pair(1)])
        child = multiprocessing.get_context("fork").Process(target=_put_in_child, args=(store,))
        child.start()
        child.join(60)
        assert child.exitcode == 0
        store.put_many([pair(3)])
        assert len(store) == 3


def test_a_child_may_close_the_store_unused(path):
    with AnswerStore(path) as store:
        child = multiprocessing.get_context("fork").Process(target=store.close)
        child.start()
        child.join(60)
        assert child.exitcode == 0
        assert store.put_many([pair(1)])


# --- damage


def _checkpointed(path: Path, count: int = 600) -> list[tuple[Request, Answer]]:
    pairs = fill(path, count)
    assert not path.with_name(path.name + "-wal").exists()
    return pairs


def _damage_and_use(path: Path, pairs: list[tuple[Request, Answer]]) -> tuple[dict[str, Answer], AnswerStore]:
    """Open, read all, and put all again: what a build does."""
    store = AnswerStore(path)
    found = store.get_many(keys(pairs))
    assert found.items() <= {a.key: a for _, a in pairs}.items()  # never a wrong answer
    store.put_many(pairs)
    assert store.get_many(keys(pairs)) == {a.key: a for _, a in pairs}
    return found, store


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_cut_file_keeps_what_is_readable(path, caplog, share):
    pairs = _checkpointed(path)
    size = path.stat().st_size
    os.truncate(path, int(size * share))
    found, store = _damage_and_use(path, pairs)
    store.close()
    assert 0.3 * share < len(found) / len(pairs) < 1
    assert "was damaged" in caplog.text
    aside = path.with_name("answers.sqlite.damaged-1")
    assert aside.stat().st_size == int(size * share)
    assert str(aside) in caplog.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_flipped_bytes_anywhere_never_give_a_wrong_answer_and_never_a_crash(path, tmp_path, caplog):
    pairs = _checkpointed(path, 300)
    original = path.read_bytes()
    draw = random.Random(11)
    recovered = []
    for turn in range(25):
        spoilt = bytearray(original)
        for _ in range(draw.choice([1, 3, 200])):
            spoilt[draw.randrange(len(spoilt))] ^= 1 << draw.randrange(8)
        copy = tmp_path / f"{turn}.sqlite"
        copy.write_bytes(spoilt)
        found, store = _damage_and_use(copy, pairs)
        store.close()
        recovered.append(len(found))
    assert max(recovered) > 290  # one bit costs one page at most, mostly


def test_a_destroyed_first_page_keeps_the_answers(path, caplog):
    pairs = _checkpointed(path)
    with path.open("r+b") as file:
        file.write(os.urandom(4096))
    found, store = _damage_and_use(path, pairs)
    store.close()
    assert len(found) == len(pairs)


def test_an_altered_answer_counts_as_absent_and_is_replaced(path, caplog):
    pairs = _checkpointed(path, 3)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET text = 'forged' WHERE rowid = 2")
    connection.close()
    with AnswerStore(path) as store:
        assert len(store.get_many(keys(pairs))) == 2
        assert "will be asked again" in caplog.text
        store.put_many(pairs)
        assert store.get_many(keys(pairs)) == {a.key: a for _, a in pairs}


def test_a_file_of_garbage_is_moved_aside(path, caplog):
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 1000)
    with AnswerStore(path) as store:
        store.put_many([pair(1)])
        assert len(store) == 1
    assert path.with_name("answers.sqlite.damaged-1").read_bytes().startswith(b"not a database")


def test_an_empty_file_is_a_new_store(path, caplog):
    path.parent.mkdir()
    path.touch()
    with AnswerStore(path) as store:
        assert store.put_many([pair(1)]).keys() == {pair(1)[1].key}
    assert caplog.text == ""


def _put_some(path: Path, first: int, start: "multiprocessing.synchronize.Barrier") -> None:
    start.wait(60)
    with AnswerStore(path) as store:
        for number in range(first, first + 100, 10):
            store.put_many([pair(n) for n in range(number, number + 10)])


@pytest.mark.parametrize("state", ["missing", "damaged"])
def test_processes_that_open_it_at_the_same_time_lose_nothing(path, state):
    """Each would make the file, or mend it; what any of them put is there in the end."""
    if state == "damaged":
        _checkpointed(path)
        with path.open("r+b") as file:
            file.seek(3 * 4096)
            file.write(os.urandom(20 * 4096))
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(5)
    writers = [fork.Process(target=_put_some, args=(path, 1000 + 100 * n, start)) for n in range(5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * 5
    with AnswerStore(path) as store:
        assert len(store.get_many(keys([pair(n) for n in range(1000, 1500)]))) == 500


def test_damage_that_appears_while_the_store_is_open_is_mended(path, caplog):
    pairs = _checkpointed(path)
    with AnswerStore(path) as store:
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(path.stat().st_size - 3 * 4096))
        found = store.get_many(keys(pairs))
        assert len(found) < len(pairs)
        store.put_many(pairs)
        assert store.get_many(keys(pairs)) == {a.key: a for _, a in pairs}
    assert "was damaged" in caplog.text


def test_a_store_that_is_removed_while_in_use_is_made_again(path):
    with AnswerStore(path) as store:
        store.put_many([pair(1)])
        path.unlink()
        store.put_many([pair(2)])
    with AnswerStore(path) as store:
        assert store.get_many([pair(2)[1].key]).keys() == {pair(2)[1].key}


def test_another_file_is_never_moved_aside(tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("my notes\n" * 1000)
    with pytest.raises(SettingsError, match=r"not an answer store.*--store"):
        AnswerStore(notes)
    assert notes.read_text().startswith("my notes")


def test_another_programs_database_is_refused(tmp_path):
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mail (text)")
    connection.close()
    with pytest.raises(SettingsError, match="another program's database"):
        AnswerStore(other)
    with pytest.raises(SettingsError, match="another program's database"):
        AnswerStore(other, read_only=True)


def test_a_newer_layout_is_refused_with_what_to_do(path):
    fill(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(SettingsError, match=r"newer synth-datasets.*pip install -U"):
        AnswerStore(path)


# --- places that cannot be written


def test_reading_only_changes_nothing_and_refuses_to_write(path):
    pairs = fill(path, 5)
    before = path.read_bytes()
    with AnswerStore(path, read_only=True) as store:
        assert len(store.get_many(keys(pairs))) == 5
        with pytest.raises(SettingsError, match="reading only"):
            store.put_many(pairs)
    assert path.read_bytes() == before


def test_reading_only_takes_a_missing_file_for_an_empty_one(path):
    with AnswerStore(path, read_only=True) as store:
        assert store.get_many([pair(1)[1].key]) == {}
    assert not path.parent.exists()


def test_reading_only_takes_a_file_that_was_just_made_for_an_empty_one(tmp_path):
    (tmp_path / "a.sqlite").touch()
    with AnswerStore(tmp_path / "a.sqlite", read_only=True) as store:
        assert store.get_many([pair(1)[1].key]) == {}


def test_reading_only_says_that_a_file_is_damaged(path):
    path.parent.mkdir()
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(SettingsError, match="not a database"):
        AnswerStore(path, read_only=True)


@pytest.fixture
def small_disk(tmp_path: Path):
    """A tmpfs of 512 KB; skipped where mounting is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user cannot mount a tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill_up(store: AnswerStore, kept: list[str]) -> None:
    for start in range(0, 100_000, 20):
        kept += store.put_many([pair(n) for n in range(start, start + 20)])


def test_a_full_disk_is_explained_and_what_was_kept_stays(small_disk):
    path = small_disk / "answers.sqlite"
    kept: list[str] = []
    with AnswerStore(path) as store:
        with pytest.raises(SettingsError, match=r"full.*SYNTH_STORE.*safe"):
            fill_up(store, kept)
        assert len(kept) > 100
        assert len(store.get_many(kept)) == len(kept)
    with AnswerStore(path, read_only=True) as store:
        assert len(store.get_many(kept)) == len(kept)


def test_a_read_only_disk_can_be_read_and_says_why_it_cannot_be_written(small_disk):
    path = small_disk / "answers.sqlite"
    pairs = fill(path, 50)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with AnswerStore(path, read_only=True) as store:
        assert len(store.get_many(keys(pairs))) == 50
    with pytest.raises(SettingsError, match=r"--store or SYNTH_STORE"):
        AnswerStore(path)
    with pytest.raises(SettingsError, match=r"--store or SYNTH_STORE"):
        AnswerStore(small_disk / "other" / "answers.sqlite")


def test_a_limit_on_file_sizes_is_explained(path):
    """Without any right to mount: the write fails in the child with EFBIG."""
    code = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
exec({_WRITER!r})
"""
    child = subprocess.run(
        [sys.executable, "-c", code, str(path), "0"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    last = child.stderr.strip().splitlines()[-1]
    assert "SettingsError: the answer store" in last
    assert "SYNTH_STORE" in last
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 200_000
    with AnswerStore(path) as store:
        assert len(store) >= 20 * len(child.stdout.splitlines()) > 0


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match=r"cannot be made there.*--store or SYNTH_STORE"):
        AnswerStore(tmp_path / "file" / "answers.sqlite")


def test_no_warning_is_logged_in_an_ordinary_life(path, caplog):
    with caplog.at_level(logging.INFO):
        fill(path, 10)
        fill(path, 20)
    assert caplog.records == []


# --- notes and failures


def test_notes_stay_with_the_answer_that_is_kept(path):
    asked, first = pair(1)
    noted = replace(first, notes=("seed left out", "\ud800"))
    with AnswerStore(path) as store:
        assert store.put_many([(asked, noted), pair(2)])[first.key] == noted
        late = replace(noted, text="another", notes=("stop left out",))
        assert store.put_many([(asked, late)]) == {first.key: noted}
        plain, unnoted = pair(3)
        store.put_many([(plain, unnoted)])
        assert store.put_many([(plain, replace(late, key=unnoted.key))]) == {unnoted.key: unnoted}
    with AnswerStore(path, read_only=True) as store:
        assert store.get_many(keys([pair(n) for n in range(5)])) == {
            first.key: noted,
            **dict([tuple_of(pair(2)), tuple_of(pair(3))]),
        }


def test_the_last_failure_of_a_request_is_kept_beside_the_answers(path):
    asked, answer = pair(1)
    with AnswerStore(path) as store:
        store.put_failures([(asked, RequestFailedError("endpoint_error", "first"))])
        store.put_failures([(asked, RequestFailedError("context_too_long", "half \ud800"))])
        failure, canonical = store.get_failures([asked.key, "00" * 32])[asked.key]
        assert (failure.reason, failure.detail) == ("context_too_long", "half \ud800")
        assert canonical == asked.canonical()
        assert (store.get_many([asked.key]), len(store)) == ({}, 0)
        store.put_many([(asked, answer)])
        assert store.get_many([asked.key]) == {asked.key: answer}


def _as_before(path: Path, count: int) -> list[tuple[Request, Answer]]:
    """A store of the first layout, which had answers only."""
    pairs = fill(path, count)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE notes")
        connection.execute("DROP TABLE failures")
    connection.close()
    return pairs


def test_a_store_from_before_there_were_notes_is_read_and_written(path):
    pairs = _as_before(path, 5)
    with AnswerStore(path, read_only=True) as store:
        assert store.get_many(keys(pairs)) == {answer.key: answer for _, answer in pairs}
        assert store.get_failures(keys(pairs)) == {}
    asked, answer = pair(9)
    with AnswerStore(path) as store:
        store.put_many([(asked, replace(answer, notes=("seed left out",)))])
        store.put_failures([(pair(10)[0], RequestFailedError("endpoint_error", ""))])
        assert store.get_many([answer.key])[answer.key].notes == ("seed left out",)
        assert len(store) == 6


def test_notes_and_failures_survive_a_rescue(path, caplog):
    pairs = [
        (asked, replace(answer, notes=(f"note {n}",)))
        for n, (asked, answer) in enumerate(map(pair, range(400)))
    ]
    with AnswerStore(path) as store:
        store.put_failures([(pair(999)[0], RequestFailedError("endpoint_error", "tried"))])
        store.put_many(pairs)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name LIKE 'sqlite_autoindex_answers%'"
        )
        page = root.fetchone()[0]
    connection.close()
    with path.open("r+b") as file:  # the index of the answers' keys
        file.seek((page - 1) * 4096)
        file.write(os.urandom(4096))
    with AnswerStore(path) as store:
        assert store.get_many(keys(pairs)) == {answer.key: answer for _, answer in pairs}
        assert store.get_failures([pair(999)[0].key])
    assert "was damaged" in caplog.text


def test_requests_come_in_order_of_arrival(path):
    pairs = fill(path, 2500)
    with AnswerStore(path, read_only=True) as store:
        assert list(store.requests()) == [asked.canonical() for asked, _ in pairs]
