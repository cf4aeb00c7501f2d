"""The engine: durable before used, asked once, ends when told."""

import asyncio
import gc
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Message, Request


class Scripted:
    """A backend that answers by `reply`, which may wait, raise, or answer."""

    identity = "scripted"

    def __init__(self, reply: Callable[[Request], object] | None = None, concurrency: int = 4) -> None:
        self.reply = reply or (lambda asked: f"to {asked.seed}")
        self.concurrency = concurrency
        self.asked: list[int] = []
        self.running = self.most_running = 0
        self.threads: set[str] = set()
        self.cancelled = 0
        self.closed = 0

    async def ask(self, request: Request) -> Answer:
        self.asked.append(request.seed)
        self.threads.add(threading.current_thread().name)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(0)
            text = self.reply(request)
            if asyncio.isfuture(text) or asyncio.iscoroutine(text):
                text = await text
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        return Answer(key=request.key, text=str(text))

    async def close(self) -> None:
        self.closed += 1


def request(number: int) -> Request:
    return Request(endpoint="scripted", model="m", messages=(Message("user", "x"),), seed=number)


def drain(engine: Engine) -> dict[int, object]:
    """Seed to outcome of everything that is in flight."""
    results: dict[int, object] = {}
    while engine.in_flight:
        batch = engine.wait()
        assert batch
        for asked, outcome in batch:
            assert asked.seed not in results
            results[asked.seed] = outcome
    return results


def gather(engine: Engine, seeds: list[int]) -> None:
    """Add the seed of each result as it comes, so that they are there when an error ends it."""
    while engine.in_flight:
        seeds.extend(asked.seed for asked, _ in engine.wait())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AnswerStore]:
    with AnswerStore(tmp_path / "answers.sqlite") as opened:
        yield opened


def engine_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("synth-")]


def never() -> "asyncio.Future[object]":
    return asyncio.get_running_loop().create_future()


def test_every_request_comes_out_once_and_is_stored(store):
    backend = Scripted()
    with Engine(lambda: backend, store) as engine:
        for number in range(300):
            engine.submit(request(number))
        results = drain(engine)
    assert {seed: outcome.text for seed, outcome in results.items()} == {n: f"to {n}" for n in range(300)}
    assert len(store) == 300
    assert backend.most_running == 4
    assert backend.threads == {"synth-ask"}
    assert backend.closed == 1


def test_an_answer_is_on_disk_before_it_is_given_out(store):
    """Seen through another connection, as another process would."""
    with Engine(Scripted, store) as engine:
        for number in range(60):
            engine.submit(request(number))
        while engine.in_flight:
            for asked, _ in engine.wait():
                other = sqlite3.connect(store.path)
                found = other.execute("SELECT 1 FROM answers WHERE key = ?", (bytes.fromhex(asked.key),))
                assert found.fetchone()
                other.close()


def test_no_more_requests_than_places_are_asked_and_not_yet_on_disk(store):
    """So many answers, and no more, can a kill cost; each ask looks through another connection."""
    beyond: list[int] = []

    def reply(asked: Request) -> str:
        other = sqlite3.connect(store.path)
        beyond.append(len(backend.asked) - other.execute("SELECT count(*) FROM answers").fetchone()[0])
        other.close()
        return "ok"

    backend = Scripted(reply, concurrency=4)
    with Engine(lambda: backend, store) as engine:
        for number in range(200):
            engine.submit(request(number))
        assert len(drain(engine)) == 200
    assert max(beyond) == 4


def test_failed_requests_give_their_places_back(store):
    def reply(asked: Request) -> str:
        raise RequestFailedError("bad_request", "no")

    with Engine(lambda: Scripted(reply, concurrency=2), store) as engine:
        for number in range(50):
            engine.submit(request(number))
        assert len(drain(engine)) == 50


def test_a_request_is_asked_once_while_in_flight_and_afterwards(store):
    backend = Scripted()
    with Engine(lambda: backend, store) as engine:
        for _ in range(5):
            engine.submit(request(1))
        assert engine.in_flight == 1
        assert list(drain(engine)) == [1]
        assert backend.asked == [1]
        engine.submit(request(1))
        assert drain(engine)[1].text == "to 1"
    assert backend.asked == [1]


def test_the_stores_answer_is_the_one_that_comes_out(store):
    store.put_many([(request(1), Answer(key=request(1).key, text="the first"))])
    with Engine(Scripted, store) as engine:
        engine.submit(request(1))
        assert drain(engine)[1].text == "the first"


def test_nothing_starts_before_the_first_request(store):
    with Engine(lambda: pytest.fail("a backend was made"), store) as engine:
        assert engine.wait() == []
        assert engine.in_flight == 0
        assert engine_threads() == []


def test_a_request_that_fails_comes_out_and_its_neighbours_are_answered(store):
    def reply(asked: Request) -> str:
        if asked.seed == 3:
            raise RequestFailedError("context_too_long", "9000 tokens")
        return "ok"

    with Engine(lambda: Scripted(reply), store) as engine:
        for number in range(8):
            engine.submit(request(number))
        results = drain(engine)
    assert isinstance(results[3], RequestFailedError)
    assert results[3].reason == "context_too_long"
    assert sum(isinstance(outcome, Answer) for outcome in results.values()) == 7
    assert len(store) == 7


@pytest.mark.parametrize(
    "error", [EndpointError("the key is refused"), SettingsError("set a key"), ZeroDivisionError("a bug")]
)
def test_what_stops_every_request_is_raised_once_after_the_answers(store, error):
    def reply(asked: Request) -> object:
        if asked.seed == 2:
            return never()
        if asked.seed == 5:
            raise error
        return "ok"

    backend = Scripted(reply, concurrency=3)
    engine = Engine(lambda: backend, store)
    for number in range(3):
        engine.submit(request(number))
    results: list[int] = []
    while len(results) < 2:
        results += [asked.seed for asked, _ in engine.wait()]
    for number in range(3, 30):
        engine.submit(request(number))
    with pytest.raises(type(error)) as caught:
        gather(engine, results)
    assert caught.value is error
    assert any("run again to ask only for the rest" in note for note in error.__notes__)
    named = any(request(5).key in note for note in error.__notes__)
    assert named is not isinstance(error, SettingsError), "what is missing here was never sent"
    assert "in reply" in "".join(traceback.format_exception(error))  # where it began, in the other thread
    assert len(store) == len(results) < 30
    assert engine.in_flight == 0
    assert engine.wait() == []
    with pytest.raises(RuntimeError, match="has ended"):
        engine.submit(request(99))
    assert backend.closed == 1
    engine.close()


def test_a_backend_that_cannot_be_made_is_reported_by_wait(store):
    def make() -> Scripted:
        raise SettingsError("set OPENAI_API_KEY")

    with Engine(make, store) as engine:
        engine.submit(request(1))
        with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
            engine.wait()
    assert not getattr(caught.value, "__notes__", []), "nothing was asked, so nothing is kept"


@pytest.mark.parametrize("error", [EndpointError("the key is refused"), SettingsError("no weights")])
def test_no_answers_are_said_to_be_kept_where_none_arrived(store, error):
    def reply(_asked: Request) -> object:
        raise error

    with Engine(lambda: Scripted(reply), store) as engine:
        engine.submit(request(1))
        with pytest.raises(type(error)) as caught:
            engine.wait()

    assert not any("kept" in note for note in getattr(caught.value, "__notes__", []))


def test_a_store_that_fails_stops_the_asking(tmp_path):
    path = tmp_path / "answers.sqlite"
    with AnswerStore(path):
        pass
    with AnswerStore(path, read_only=True) as store:
        backend = Scripted()
        with Engine(lambda: backend, store) as engine:
            for number in range(5000):
                engine.submit(request(number))
            with pytest.raises(SettingsError, match="reading only"):
                drain(engine)
    assert backend.closed == 1


def test_closing_abandons_what_is_in_flight_and_keeps_what_arrived(store):
    hanging = threading.Semaphore(0)

    def reply(asked: Request):
        if asked.seed < 2:
            return "ok"
        hanging.release()
        return never()

    backend = Scripted(reply)
    engine = Engine(lambda: backend, store)
    for number in range(10):
        engine.submit(request(number))
    while len(store) < 2:
        engine.wait()
    assert all(hanging.acquire(timeout=10) for _ in range(4)), "every place is taken"
    engine.close()
    engine.close()
    assert backend.cancelled == 4
    assert backend.closed == 1
    assert len(store) == 2
    assert engine_threads() == []
    with pytest.raises(RuntimeError, match="closed"):
        engine.submit(request(1))


def test_answers_that_nobody_waited_for_are_kept(store):
    answered = threading.Event()

    def reply(asked: Request) -> str:
        if asked.seed == 9:
            answered.set()
        return "ok"

    with Engine(lambda: Scripted(reply, concurrency=1), store) as engine:
        for number in range(10):
            engine.submit(request(number))
        assert answered.wait(10)
    assert len(store) >= 9


def test_closing_wakes_a_thread_that_waits(store):
    engine = Engine(lambda: Scripted(lambda _: never()), store)
    engine.submit(request(1))
    results: list[object] = []
    waiter = threading.Thread(target=lambda: results.append(engine.wait()))
    waiter.start()
    engine.close()
    waiter.join(10)
    assert results == [[]]


def test_a_backend_that_does_not_close_does_not_hide_the_answers(store, caplog):
    class Stubborn(Scripted):
        async def close(self) -> None:
            raise OSError("no")

    with Engine(Stubborn, store) as engine:
        engine.submit(request(1))
        assert drain(engine)[1].text == "to 1"
    assert "did not close cleanly" in caplog.text


def test_a_generator_that_is_dropped_ends_the_threads(store):
    backend = Scripted()

    def rows() -> Iterator[str]:
        engine = Engine(lambda: backend, store)
        try:
            for number in range(100):
                engine.submit(request(number))
            while engine.in_flight:
                yield from (str(outcome) for _, outcome in engine.wait())
        finally:
            engine.close()

    generator = rows()
    next(generator)
    del generator
    gc.collect()
    assert engine_threads() == []
    assert backend.closed == 1


def test_an_engine_that_is_dropped_unclosed_ends_its_threads(store):
    engine = Engine(lambda: Scripted(lambda _: never()), store)
    engine.submit(request(1))
    gone = weakref.ref(engine)
    del engine
    gc.collect()
    assert gone() is None
    assert engine_threads() == []


def test_control_c_interrupts_the_wait(tmp_path):
    """In a process of its own, with a real SIGINT, and the exit is clean."""
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_engine import Engine, AnswerStore, Scripted, never, request, engine_threads
import os, signal, threading

with AnswerStore(Path({str(tmp_path / "answers.sqlite")!r})) as store:
    try:
        with Engine(lambda: Scripted(lambda asked: "ok" if asked.seed == 0 else never()), store) as engine:
            engine.submit(request(0))
            engine.wait()
            engine.submit(request(1))
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
            engine.wait()
    except KeyboardInterrupt:
        print("interrupted", len(store), engine_threads())
"""
    child = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(),
    )
    assert child.stdout.strip() == "interrupted 1 []", child.stderr
    assert child.stderr == ""


def test_control_c_while_the_threads_start_is_raised_and_lets_others_ask(store, monkeypatch):
    start, asked = threading.Thread.start, threading.Event()
    backend = Scripted(lambda _: asked.set() or never())

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    engine = Engine(lambda: backend, store)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.submit(request(1))
    assert asked.wait(30)
    engine.close()
    assert store.claims().take([request(1).key]), "nobody holds it any more"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_an_interpreter_that_ends_with_requests_in_flight_exits(tmp_path):
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_engine import Engine, AnswerStore, Scripted, never, request
store = AnswerStore(Path({str(tmp_path / "answers.sqlite")!r}))
engine = Engine(lambda: Scripted(lambda asked: "ok" if asked.seed == 0 else never()), store)
engine.submit(request(0)); engine.submit(request(1))
engine.wait()
"""
    child = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(),
    )
    assert (child.returncode, child.stderr) == (0, "")


def _ask_in_child(engine: Engine) -> None:
    assert engine.in_flight == 0
    engine.submit(request(2))
    assert drain(engine)[2].text == str(os.getpid())
    engine.close()


def test_a_forked_child_begins_anew(store):
    """As a DataLoader's worker does; the parent's requests stay the parent's."""
    engine = Engine(lambda: Scripted(lambda asked: never() if asked.seed == 1 else os.getpid()), store)
    engine.submit(request(0))
    assert drain(engine)[0].text == str(os.getpid())
    engine.submit(request(1))
    child = multiprocessing.get_context("fork").Process(target=_ask_in_child, args=(engine,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert engine.in_flight == 1
    engine.submit(request(3))
    assert [asked.seed for asked, _ in engine.wait()] == [3]
    engine.close()
    assert len(store) == 3


def test_a_child_may_close_the_engine_unused(store):
    with Engine(Scripted, store) as engine:
        engine.submit(request(0))
        child = multiprocessing.get_context("fork").Process(target=engine.close)
        child.start()
        child.join(60)
        assert child.exitcode == 0
        assert drain(engine)[0].text == "to 0"


def test_a_backend_that_hangs_its_loop_is_left_to_itself(store, monkeypatch, caplog):
    """Closing takes a bounded time, whatever the backend does."""
    monkeypatch.setattr("synth_datasets.generation.crew._CLOSE_S", 0.05)
    blocked, release = threading.Event(), threading.Event()

    def reply(asked: Request) -> str:
        blocked.set()
        release.wait(20)  # in the event loop itself, as bad native code would
        return "late"

    engine = Engine(lambda: Scripted(reply), store)
    engine.submit(request(0))
    assert blocked.wait(10)
    engine.close()
    assert "synth-ask is still busy" in caplog.text
    release.set()
    for thread in threading.enumerate():
        if thread.name.startswith("synth-"):
            thread.join(10)
