"""How many requests an endpoint gets at once: as many as it takes without complaint."""

import asyncio
from collections.abc import Callable
from types import TracebackType

from synth_datasets.generation.line import Line

__all__ = ["Pace"]

_STEPS_BACK = 16


class Pace:
    """Slots for requests; the number follows the endpoint's complaints, as TCP's window follows losses.

    Additive increase, multiplicative decrease (Chiu and Jain 1989), in proportion to the complaints (as DCTCP,
    Alizadeh et al. 2010): at most once a round trip the slots are cut by the share of complaints among what came
    back since the last cut, and by no more than half. So a few strays hardly slow the rest. A complaint also pauses
    everybody. Full again takes about eight round trips of answers. Made and used inside one event loop.
    """

    def __init__(self, most: int, *, freed: Callable[[], None] | None = None) -> None:
        """`freed` is called whenever slots may have come free."""
        self.slots = float(most)
        """How many requests may run at once now; at least 1."""
        self.running = 0
        """How many have a slot now."""
        self._most = most
        self._freed = freed
        self._waiting = Line()
        self._resume_at = 0.0
        self._last_cut = 0.0
        self._answers = self._complaints = 0
        """Since the last cut."""

    async def __aenter__(self) -> float:
        """Wait for a slot; gives the event loop's time."""
        while self.free < 1:
            await self._waiting.wait(self._wake)
        self.running += 1
        return asyncio.get_running_loop().time()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.running -= 1
        self._wake()

    def answered(self) -> None:
        """Count a success: a little more may run at once."""
        self._answers += 1
        self.slots = min(self._most, self.slots + max(1.0, self._most / _STEPS_BACK) / self.slots)

    def begin_anew(self) -> None:
        """Go back to few slots, for an endpoint that was not there for a while."""
        self.slots = max(1.0, self._most / _STEPS_BACK)

    def complained(self, *, sent_at: float, pause_s: float) -> bool:
        """Send nothing for `pause_s`, and fewer at once unless the request was sent before the last cut.

        Returns whether it was sent after it, so that its complaint is a new one.
        """
        loop = asyncio.get_running_loop()
        self._complaints += 1
        if new := sent_at >= self._last_cut:
            share = self._complaints / (self._complaints + self._answers)
            self.slots = max(1.0, self.slots * (1 - min(share, 0.5)))
            self._last_cut = loop.time()
            self._answers = self._complaints = 0
        if loop.time() + pause_s > self._resume_at:
            self._resume_at = loop.time() + pause_s
            loop.call_at(self._resume_at, self._wake)
        return new

    @property
    def free(self) -> int:
        """How many more may begin now; below 1 while everybody pauses."""
        # The loop's timers may fire early by its clock's resolution.
        paused = asyncio.get_running_loop().time() < self._resume_at - 0.001
        return 0 if paused else int(self.slots) - self.running

    def _wake(self) -> None:
        if self._freed is not None:
            self._freed()
        if self._waiting:
            self._waiting.let_go(self.free)
