"""Ctrl-C and SIGTERM stop the command where Python can be stopped: not within an import or a lock, and not unheard."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Interrupts", "interruptible"]

_IMPORTING = "<frozen importlib._bootstrap>"
_MOST_S = 5.0
"""An import takes longer only where it runs a program of somebody's own."""
_AGAIN_S = 0.02


@contextmanager
def interruptible() -> "Iterator[Interrupts]":
    """Raise KeyboardInterrupt for SIGINT and SIGTERM, from within this block, and tell whether one came.

    What is broken off within an import or a lock may leave it taken, and other threads wait for it for ever: the
    first signal waits for its end, at most 5 s; a second one does not. One that met code whose exceptions Python drops
    (a finalizer) is raised again after it. Libraries may take the exception for a failure of their own and raise
    another: whatever ends the block once a signal was raised means that one.
    """
    interrupts = Interrupts(sys.unraisablehook)
    if threading.current_thread() is not threading.main_thread():  # only that one may say what a signal does
        yield interrupts
        return
    heard = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, interrupts.arrived) for each in heard}
    sys.unraisablehook = interrupts.dropped
    try:
        yield interrupts
    finally:
        interrupts.end()
        for each, handler in before.items():
            signal.signal(each, handler)


class Interrupts:
    """What has become of the signals that came."""

    def __init__(self, tell: "Callable[[sys.UnraisableHookArgs], object]") -> None:
        self._tell = tell
        self._alarm: Any = None
        self.number: int | None = None
        self._until = 0.0
        self.raised = False

    def arrived(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGINT or SIGTERM."""
        first, self.number = self.number is None, number
        if not (first and _unsafe(frame) and self._wait(_MOST_S)):
            self._raise()

    def dropped(self, told: "sys.UnraisableHookArgs") -> None:
        """Handle an exception that nobody can catch."""
        if isinstance(told.exc_value, KeyboardInterrupt):
            self._wait(0)
        elif not self.raised:  # else an object complains whose making was broken off
            self._tell(told)

    def end(self) -> None:
        """Leave signals and hooks as they were, but for complaints that are still to come from what was broken off."""
        if self._alarm is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._alarm)
        if not self.raised:
            sys.unraisablehook = self._tell

    def _again(self, _: int, frame: FrameType | None) -> None:
        if _unsafe(frame) and time.monotonic() < self._until:
            signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        else:
            self._raise()

    def _wait(self, most_s: float) -> bool:
        """Look again in a moment; False where the platform has no timers."""
        if sys.platform == "win32":
            return False
        if self._alarm is None:
            self._alarm = signal.signal(signal.SIGALRM, self._again)
        self._until = time.monotonic() + most_s
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        return True

    def _raise(self) -> None:
        self.raised = True
        raise KeyboardInterrupt


def _unsafe(frame: FrameType | None) -> bool:
    if frame is not None and frame.f_code.co_filename == threading.__file__:
        return frame.f_code.co_name != "wait"  # whatever else they do there takes or releases a lock
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False
