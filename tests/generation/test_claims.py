"""Claims: what one process asks no other asks, and a dead process claims nothing."""

import hashlib
import multiprocessing
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.claims import Claims
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Message, Request

KEYS = [f"{number:064x}" for number in (1 << 200, 2 << 240, 3 << 250)]
HOLD = """
import pathlib, sys
from synth_datasets.generation.claims import Claims
claims = Claims(pathlib.Path(sys.argv[1]))
print(len(claims.take(sys.argv[2:])), flush=True)
sys.stdin.read()
"""


def request(number: int) -> Request:
    return Request(endpoint="e", model="m", messages=(Message("user", "x"),), seed=number)


class Counting:
    """A backend that notes in a file what it is asked, so that processes can be counted together."""

    identity = "e"
    concurrency = 4

    def __init__(self, notes: Path) -> None:
        self.notes = notes

    async def ask(self, asked: Request) -> Answer:
        with self.notes.open("a") as file:
            file.write(f"{asked.seed}\n")
        if asked.seed == 999:
            raise RequestFailedError("bad_request", "no")
        return Answer(key=asked.key, text=f"to {asked.seed}")

    async def close(self) -> None:
        pass


def hold(store: Path, *keys: str) -> subprocess.Popen:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store), *keys],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == f"{len(keys)}\n"
    return child


def end(child: subprocess.Popen) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "answers.sqlite"


def test_a_claim_is_given_once_until_it_is_released(store):
    one, two = Claims(store), Claims(store)
    assert one.take(KEYS[:2]) == set(KEYS[:2])
    assert two.take(KEYS) == {KEYS[2]}
    two.release(KEYS[:1])
    assert two.take(KEYS[:1]) == set(), "it is not the other's to release"
    one.release(KEYS[:1])
    assert two.take(KEYS[:2]) == {KEYS[0]}
    two.release()
    one.release()
    assert one.take(KEYS) == set(KEYS)
    one.release()


def test_a_process_that_is_killed_claims_nothing_any_more(store):
    child = hold(store, *KEYS[:2])
    claims = Claims(store)
    assert claims.take(KEYS) == {KEYS[2]}
    end(child)
    assert claims.take(KEYS[:2]) == set(KEYS[:2])
    claims.release()


def test_a_claim_is_seen_through_a_link(store, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    child = hold(store, KEYS[0])
    assert Claims(tmp_path / "link" / "answers.sqlite").take(KEYS[:1]) == set()
    end(child)


def test_no_descriptor_is_left_open(store):
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    claims = Claims(store)
    claims.take(KEYS)
    claims.release(KEYS)
    child = hold(store, *KEYS)
    assert claims.take(KEYS) == set()
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before + 2, "only the child's pipes"
    end(child)


def test_many_claims_at_once_cost_hardly_more_each_than_few(store):
    """As a batch has them; ten times as many cost twenty times as much each where all lie in one file."""
    costs = []
    for count in (2_000, 20_000):
        keys = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(count)]
        claims = Claims(store)
        began = time.thread_time()
        assert claims.take(keys) == set(keys)
        for start in range(0, count, 100):
            claims.release(keys[start : start + 100])
        costs.append((time.thread_time() - began) / count)
    assert costs[1] < 6 * costs[0]


def test_without_a_place_for_the_locks_every_claim_is_granted(tmp_path):
    claims = Claims(tmp_path / "nowhere" / "answers.sqlite")
    assert claims.take(KEYS) == set(KEYS)
    claims.release()


def _take_in_child(claims: Claims, store: Path) -> None:
    claims.release()
    assert Claims(store).take(KEYS[:2]) == {KEYS[1]}


def test_a_forked_child_has_none_of_its_parents_claims(store):
    claims = Claims(store)
    claims.take(KEYS[:1])
    child = multiprocessing.get_context("fork").Process(target=_take_in_child, args=(claims, store))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    other = hold(store, KEYS[1])
    assert claims.take(KEYS[1:2]) == set(), "the child's end let go of what it held, not of the parent's"
    end(other)
    other = subprocess.run(
        [sys.executable, "-c", HOLD, str(store), KEYS[0]],
        input="",
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout == "0\n"
    claims.release()


def test_an_engine_waits_for_what_another_process_asks_and_takes_its_answer(store, tmp_path):
    notes = tmp_path / "notes"
    child = hold(store, request(1).key)
    with AnswerStore(store) as answers, Engine(lambda: Counting(notes), answers) as engine:
        engine.submit(request(1))
        engine.submit(request(2))
        assert [asked.seed for asked, _ in engine.wait()] == [2]
        answers.put_many([(request(1), Answer(key=request(1).key, text="theirs"))])
        end(child)
        assert [outcome.text for _, outcome in engine.wait()] == ["theirs"]
    assert notes.read_text() == "2\n"


def test_an_engine_asks_what_a_dead_process_left(store, tmp_path):
    notes = tmp_path / "notes"
    child = hold(store, request(1).key)
    with AnswerStore(store) as answers, Engine(lambda: Counting(notes), answers) as engine:
        engine.submit(request(1))
        engine.submit(request(2))
        engine.wait()
        end(child)
        assert [outcome.text for _, outcome in engine.wait()] == ["to 1"]
    assert notes.read_text() == "2\n1\n"


def test_an_engine_does_not_wait_for_ever_for_a_suspended_process(store, tmp_path, monkeypatch):
    monkeypatch.setattr("synth_datasets.generation.turns._PATIENCE_S", 0.1)
    child = hold(store, request(1).key)
    with AnswerStore(store) as answers, Engine(lambda: Counting(tmp_path / "notes"), answers) as engine:
        engine.submit(request(1))
        assert [outcome.text for _, outcome in engine.wait()] == ["to 1"]
    end(child)


def test_claims_end_with_their_answers_their_failures_and_their_engine(store, tmp_path):
    with AnswerStore(store) as answers:
        engine = Engine(lambda: Counting(tmp_path / "notes"), answers)
        for number in (1, 999):
            engine.submit(request(number))
        while engine.in_flight:
            engine.wait()
        claims = Claims(store)
        keys = {request(1).key, request(999).key}
        assert claims.take(keys) == keys
        claims.release()
        engine.submit(request(3))
        engine.close()
        assert claims.take({request(3).key})
        claims.release()


def _ask_all(store: Path, notes: Path, start, seeds: list[int]) -> None:
    start.wait(60)
    with AnswerStore(store) as answers, Engine(lambda: Counting(notes), answers) as engine:
        for seed in seeds:
            engine.submit(request(seed))
        texts = {}
        while engine.in_flight:
            texts.update((asked.seed, outcome.text) for asked, outcome in engine.wait())
    assert texts == {seed: f"to {seed}" for seed in seeds}


def test_many_processes_ask_each_request_once(store, tmp_path):
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(4)
    orders = [list(range(200)), list(range(199, -1, -1)), list(range(0, 200, 2)), list(range(200))]
    children = [
        fork.Process(target=_ask_all, args=(store, tmp_path / "notes", start, order)) for order in orders
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0] * 4
    asked = [int(line) for line in (tmp_path / "notes").read_text().split()]
    assert sorted(asked) == list(range(200))


def test_two_engines_of_one_process_ask_each_request_once(store, tmp_path):
    notes = tmp_path / "notes"
    with (
        AnswerStore(store) as answers,
        Engine(lambda: Counting(notes), answers) as one,
        Engine(lambda: Counting(notes), answers) as two,
    ):
        for seed in range(50):
            one.submit(request(seed))
            two.submit(request(49 - seed))
        for engine in (one, two):
            while engine.in_flight:
                engine.wait()
    assert sorted(int(line) for line in notes.read_text().split()) == list(range(50))
