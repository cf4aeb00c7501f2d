"""Requests in from any thread, answers out once they are on disk; the asking happens in the background."""

import os
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Self

from synth_datasets.generation.answer import Backend
from synth_datasets.generation.crew import Crew, Result
from synth_datasets.generation.keeper import AnswerKeeper
from synth_datasets.plan.request import Request

__all__ = ["Engine", "Result"]


class Engine:
    """Asks a backend in a background thread, as many requests at once as it takes.

    A request takes one of the backend's places until its answer is on disk, so that a kill at any instant loses
    no more answers than the backend has places. Answers that arrive while others are written share the next commit.
    Nothing is started before the first `submit`, so a run that needs no answer needs no endpoint and no key.
    An answer comes out of `wait` only when the store has it on disk; when the store held another answer to
    the same request, that one comes out. What another process on the same store is asking is not asked here as
    well, but waited for; when that process ends without an answer, it is asked. After a fork the child begins
    anew, with nothing in flight.
    """

    def __init__(self, make_backend: Callable[[], Backend], store: AnswerKeeper) -> None:
        """`make_backend` is called in the background thread; what it raises comes out of `wait`."""
        self._make_backend = make_backend
        self._store = store
        self._closed = False
        self._begin()

    @property
    def in_flight(self) -> int:
        """Requests submitted whose result `wait` has not given out."""
        return len(self._crew().open)

    @property
    def exhausted(self) -> bool:
        """Whether every result that there is so far was given out, so that `wait` would wait for the backend."""
        return self._crew().exhausted

    def submit(self, request: Request) -> None:
        """Ask; returns at once. A request that is in flight already is not asked a second time."""
        if self._closed:
            raise RuntimeError("the engine is closed")
        self._crew().submit(request)

    def wait(self) -> list[Result]:
        """Return the results that are there: at least one, unless nothing is in flight. Ctrl-C interrupts it.

        In order of completion; each request that is in flight comes out once. What would stop every request
        (`EndpointError`, `SettingsError`, any unexpected exception) is raised here, once, after the answers
        that had arrived are on disk and were given out; the rest is no longer in flight then.
        """
        return self._crew().wait()

    def close(self, *, patience_s: float = 0.0) -> None:
        """Abandon what is in flight, keep what has arrived, end the threads; a second call does nothing.

        With patience, requests that have been sent may be answered until then, so that they are not paid for twice;
        none is begun any more.
        """
        self._closed = True
        self._members.patience_s = patience_s
        self._ender()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _crew(self) -> Crew:
        if self._members.pid != os.getpid():
            self._ender.detach()  # the threads live on in the parent only
            self._begin()
        return self._members

    def _begin(self) -> None:
        self._members = Crew(self._make_backend, self._store)
        # The threads hold the crew but never the engine: one that is dropped unclosed ends its threads.
        self._ender = weakref.finalize(self, self._members.close)
