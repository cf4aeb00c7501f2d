"""One of several endpoints that serve the same model: how fast it answers, and whether it is there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer
from synth_datasets.generation.openai_backend import OpenAIBackend, Outcome
from synth_datasets.generation.replies import Trouble
from synth_datasets.plan.request import Request

__all__ = ["Load", "Replica", "least_loaded"]

_WEIGHT = 1 / 8
"""Of the newest answer in the moving average of latencies."""
_ALIKE = 2.0
"""Up to so many times the latency of the fastest counts as fast: answers differ in length."""
_STEEPNESS, _STEEPEST = 4, 1000.0
"""The share of a slower one falls with this power of its latency, up to so many times the fastest's."""
_FORGOTTEN = 10.0
"""A replica that nobody asks is tried again after so many times its latency."""
_SEVERAL = 4
"""With so many on their way, nothing for a while means that all are slow, not that one answer is long."""
_FAILURES = 3
"""So many in a row, without an answer between them, and a replica is set aside."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the choice among replicas knows of one."""

    free: int
    """Requests that it may get now; below 1: none."""
    running: int
    slots: float
    """How many it takes at once without complaint."""
    latency_s: float | None
    """Of its answers lately; None: nobody knows."""
    silent_s: float = 0.0
    """For how long nothing has come back while something should."""
    failed: int = 0
    """How often the request that is due has failed there."""


def least_loaded(loads: Sequence[Load]) -> int | None:
    """Return which of the replicas gets the next request; None when none has a place.

    First those where the request has failed least; among them the one with the fewest requests on their way, for the
    slots that its pace allows and the latency that it shows. So one that is ten times slower than the fastest
    gets one request now and then, which shows its recovery, and the end of a run hardly waits for it. Where replicas
    slow down under load, this finds the shares at which all are busy.
    """
    fast = _ALIKE * min((load.latency_s for load in loads if load.latency_s is not None), default=0.0)
    best, least = None, (0, 0.0)
    for index, load in enumerate(loads):
        if load.free < 1:
            continue
        latency_s = max(load.latency_s or 0.0, load.silent_s)
        slower = min(latency_s / fast, _STEEPEST) if latency_s > fast > 0 else 1.0
        # Of the fast ones, one that is idle is wanted however few slots its pace allows; a slow one is not.
        score = (load.failed, ((load.running + 1) * slower**_STEEPNESS - 1) / load.slots)
        if best is None or score < least:
            best, least = index, score
    return best


class Replica:
    """An endpoint with its own pace, wording, limits and record; used inside one event loop."""

    def __init__(self, url: str, backend: OpenAIBackend) -> None:
        self.url = url
        self.backend = backend
        self.name = backend.identity
        self.aside = False
        """Whether it gets no requests until a probe is answered."""
        self.trouble: Trouble | EndpointError | None = None
        """The last failure; None since it answered."""
        self.lives = 0
        """Signs of life: with more of them than at a failure, that one was not its fault."""
        self.unreached = 0
        """Failures to connect while it was never reached."""
        self.outages = 0
        """In a row, without an answer to anything but a probe."""
        self._failures = 0
        self._latency_s: float | None = None
        self._stale = False
        self._news_at = 0.0

    def load(self, now: float, failed: int = 0) -> Load:
        """Return what the choice needs."""
        pace, latency_s = self.backend.pace, self._latency_s
        if pace.running:
            return Load(pace.free, pace.running, pace.slots, latency_s, now - self._news_at, failed)
        if latency_s is not None and now - self._news_at > _FORGOTTEN * latency_s:
            self._stale = True  # the next answer tells all
            latency_s = None
        return Load(pace.free, 0, pace.slots, latency_s, 0.0, failed)

    async def attempt(self, request: Request) -> tuple[Outcome, float]:
        """Send the request once; see `OpenAIBackend.attempt`."""
        loop = asyncio.get_running_loop()
        if not self.backend.pace.running:
            self._news_at = loop.time()
        outcome, sent_at = await self.backend.attempt(request)
        now = loop.time()
        if isinstance(outcome, Answer) or (isinstance(outcome, Trouble) and outcome.timed_out):
            self._learn(now - sent_at, now - self._news_at)
            self._news_at = now
        return outcome, sent_at

    def _learn(self, latency_s: float, silence_s: float) -> None:
        if self._latency_s is None or self._stale:
            self._latency_s, self._stale = latency_s, False
            return
        self._latency_s += _WEIGHT * (latency_s - self._latency_s)
        if self.backend.pace.running >= _SEVERAL:
            self._latency_s = max(self._latency_s, silence_s)

    def answered(self) -> None:
        """Note an answer to a request of the run."""
        self.outages = 0
        self.lived()

    def lived(self) -> None:
        """Note that it answered, if only a probe."""
        self.lives += 1
        self._failures = self.unreached = 0
        self.trouble = None

    def failed(self, trouble: Trouble | EndpointError, *, probing: bool = False) -> bool:
        """Note a failure of a request, or of a probe; whether it is time to set it aside."""
        self.trouble = trouble
        if isinstance(trouble, EndpointError):
            return True
        if trouble.connecting:
            self.unreached += not self.lives and (probing or not self.aside)
            return True
        self._failures += 1
        return self._failures >= _FAILURES

    def forget(self) -> None:
        """Begin anew with it, slowly: nothing that was measured need hold."""
        self.aside = self._stale = False
        self._failures = 0
        self._latency_s = None
        self.backend.pace.begin_anew()
