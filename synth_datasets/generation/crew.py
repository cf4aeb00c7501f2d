"""The threads behind an engine: one asks, one writes, and what they share."""

import asyncio
import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from synth_datasets.errors import SettingsError
from synth_datasets.generation.answer import Answer, Backend, Gathering, RequestFailedError
from synth_datasets.generation.collector import older_objects_spared
from synth_datasets.generation.keeper import AnswerKeeper
from synth_datasets.generation.turns import LOOK_S, Turns
from synth_datasets.plan.request import Request

__all__ = ["Crew", "Result"]

logger = logging.getLogger(__name__)

Result = tuple[Request, Answer | RequestFailedError]

_CLOSE_S = 10.0
"""How long a backend may take to end, and how long its thread is waited for."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    key: str
    request: Request
    outcome: Answer | RequestFailedError
    ours: bool = True
    """Asked here; otherwise another process has put the answer into the store."""


@dataclass(frozen=True, slots=True)
class _End:
    """The last thing on the writer's queue, with what ended the asking."""

    error: BaseException | None


class Crew:
    """The two threads of one process, one that asks and one that writes, and what they share."""

    def __init__(self, make_backend: Callable[[], Backend], store: AnswerKeeper) -> None:
        self.pid = os.getpid()
        self.open: dict[str, Request] = {}
        self.patience_s = 0.0
        self._make_backend = make_backend
        self._store = store
        self._turns = Turns(store)
        self._changed = threading.Condition()  # reentrant: a garbage collection may close us while we hold it
        self._results: list[_Arrival] = []
        self._error: BaseException | None = None
        self._ended = False
        self._stopping = False
        self._inbox: deque[tuple[str, Request]] = deque()
        self._arrived: queue.SimpleQueue[_Arrival | _End] = queue.SimpleQueue()
        self._threads: tuple[threading.Thread, ...] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._rung = False
        self._begun = 0
        """Requests handed to the backend; counted by the asking thread alone."""
        self._settled = 0
        """Of these, the ones that ended and whose answers are on disk; counted by the writing thread alone."""

        self._put = 0
        """Outcomes on their way to the caller; counted by the asking thread alone."""
        self._given = 0
        """Of these, the ones that `wait` gave out; counted by the caller's thread alone."""
        self._caller_waits = False
        self._gathers = False

    # --- the caller's thread

    @property
    def exhausted(self) -> bool:
        """As in `Engine`."""
        return self._given == self._put

    def submit(self, request: Request) -> None:
        """Take a request, and start the threads with the first one."""
        key = request.key
        with self._changed:
            if self._ended and self._error is None:
                raise RuntimeError("the engine has ended after an error that `wait` raised")
            if key in self.open:
                return
            self.open[key] = request
            self._inbox.append((key, request))
            if not self._threads:
                self._start()
            self._ring()

    def wait(self) -> list[Result]:
        """As in `Engine`."""
        with self._changed:
            while self.open and not self._results and not self._ended:
                self._caller_waits = True
                if self._gathers:
                    self._ring()
                self._changed.wait()
            self._caller_waits = False
            if self._results:
                results = self._results.copy()
                self._results.clear()
                self._given += len(results)
                for arrival in results:
                    del self.open[arrival.key]
                return [(arrival.request, arrival.outcome) for arrival in results]
            error, self._error = self._error, None
            if self._ended:
                self.open.clear()
        if error is not None:
            raise error
        return []

    def close(self) -> None:
        """End the threads, and wait for them, in the process that started them."""
        if self.pid != os.getpid():
            return
        with self._changed:
            self._stopping = True
            self._ring()
            threads = self._threads
        for thread in threads:
            # A collection may close us from inside, and Ctrl-C may come before both have begun.
            if thread is not threading.current_thread() and thread.is_alive():
                thread.join(self.patience_s + 2 * _CLOSE_S)
                if thread.is_alive():
                    logger.warning("%s is still busy and was left to itself", thread.name)
        if not any(thread.is_alive() for thread in threads):
            self._turns.close()  # the writer does, if it ever began

    def _start(self) -> None:
        # Daemons: a backend that hangs must not keep the interpreter from ending.
        self._threads = (
            threading.Thread(target=self._ask_all, name="synth-ask", daemon=True),
            threading.Thread(target=self._write_all, name="synth-write", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def _ring(self) -> None:
        """Make the event loop look; rung once, it is not rung again until it does."""
        if self._loop is not None and not self._rung:
            self._rung = True
            self._loop.call_soon_threadsafe(self._wake.set)

    # --- the asking thread

    def _ask_all(self) -> None:
        error: BaseException | None = None
        try:
            asyncio.run(self._main())
        except BaseException as caught:  # noqa: BLE001 - whatever it is, `wait` raises it in the caller's thread
            error = caught
        self._arrived.put(_End(error))

    async def _main(self) -> None:
        backend = self._make_backend()
        with older_objects_spared():
            await self._serve(backend)

    async def _serve(self, backend: Backend) -> None:
        asking: set[asyncio.Task[None]] = set()
        finished: deque[asyncio.Task[None]] = deque()
        alarm: asyncio.TimerHandle | None = None

        def finish(task: asyncio.Task[None]) -> None:
            finished.append(task)
            self._wake.set()

        def look() -> None:
            nonlocal alarm
            alarm = None
            self._wake.set()

        with self._changed:
            self._gathers = isinstance(backend, Gathering)
            self._loop = asyncio.get_running_loop()
        try:
            while not self._stopping:
                self._rung = False
                self._wake.clear()
                while finished:
                    asking.discard(task := finished.popleft())
                    task.result()  # raises what would stop every request
                free = backend.concurrency - (self._begun - self._settled)
                for request, answer in self._turns.sort(self._inbox, free):
                    self._put += 1
                    self._arrived.put(_Arrival(answer.key, request, answer, ours=False))
                while self._turns.ready and self._begun - self._settled < backend.concurrency:
                    self._begun += 1
                    task = asyncio.create_task(self._ask(backend, *self._turns.ready.popleft()))
                    task.add_done_callback(finish)
                    asking.add(task)
                if isinstance(backend, Gathering):
                    await self._say_all_asked(backend)
                if self._turns.waits and alarm is None:
                    alarm = self._loop.call_later(LOOK_S, look)
                await self._wake.wait()
            await self._let_finish(asking)
        finally:
            with self._changed:
                self._loop = None
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            await _close(backend)

    async def _let_finish(self, asking: "set[asyncio.Task[None]]") -> None:
        if asking and self.patience_s:
            await asyncio.wait(asking, timeout=self.patience_s)

    async def _ask(self, backend: Backend, key: str, request: Request) -> None:
        try:
            outcome: Answer | RequestFailedError = await backend.ask(request)
        except RequestFailedError as error:
            outcome = error
        except SettingsError:  # what is missing here is not the request's fault, which was not even sent
            raise
        except Exception as error:
            error.add_note(f"while asking {request.model} at {request.endpoint} (request {key})")
            raise
        self._put += 1
        self._arrived.put(_Arrival(key, request, outcome))

    async def _say_all_asked(self, backend: Gathering) -> None:
        """Tell the backend when the caller waits with nothing on its way to it: it asks no more until then."""
        await asyncio.sleep(0)  # the new tasks come first
        with self._changed:
            all_asked = self._caller_waits and self.exhausted
            # What was submitted since this round of the loop began comes with the next; a full backend takes no more.
            full = self._begun - self._settled >= backend.concurrency
        if all_asked and (full or not self._inbox):
            backend.gathered()

    # --- the writing thread

    def _write_all(self) -> None:
        """Commit whatever has arrived since the last commit, until the asking has ended."""
        failure: BaseException | None = None
        end: _End | None = None
        while end is None:
            arrivals, end = self._take()
            if failure is None:
                try:
                    arrivals = self._keep(arrivals)
                except BaseException as caught:  # noqa: BLE001 - `wait` raises it in the caller's thread
                    failure = caught
            with self._changed:
                if failure is None:
                    self._results += arrivals
                    self._settled += sum(item.ours for item in arrivals)
                else:
                    self._stopping = True
                self._ring()
                self._changed.notify_all()
            # Each lets go of the interpreter for a moment: the next requests need not wait for that.
            self._turns.done([item.key for item in arrivals])
        with self._changed:
            self._turns.close()
            self._finish(failure or end.error)
            self._changed.notify_all()

    def _take(self) -> tuple[list[_Arrival], _End | None]:
        arrivals: list[_Arrival] = []
        while not (arrivals and self._arrived.empty()):
            item = self._arrived.get()
            if isinstance(item, _End):
                return arrivals, item
            arrivals.append(item)
        return arrivals, None

    def _keep(self, arrivals: list[_Arrival]) -> list[_Arrival]:
        pairs = [
            (item.request, item.outcome)
            for item in arrivals
            if item.ours and isinstance(item.outcome, Answer)
        ]
        kept = self._store.put_many(pairs) if pairs else {}
        failed = [
            (item.request, item.outcome) for item in arrivals if isinstance(item.outcome, RequestFailedError)
        ]
        if failed:
            self._store.put_failures(failed)
        return [
            replace(item, outcome=there)
            if (there := kept.get(item.key)) is not None and there is not item.outcome
            else item
            for item in arrivals
        ]

    def _finish(self, error: BaseException | None) -> None:
        self._ended = True
        self._error = error
        if error is not None and self._settled:
            error.add_note(
                f"answers that had arrived are kept in {self._store.path}; run again to ask only for the rest"
            )


async def _close(backend: Backend) -> None:
    try:
        await asyncio.wait_for(backend.close(), _CLOSE_S)
    except Exception:
        # The answers are in; an unclean end must not hide why it ends.
        logger.warning("the backend did not close cleanly", exc_info=True)
