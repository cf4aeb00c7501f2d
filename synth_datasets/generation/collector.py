"""The garbage collector kept from walking, again and again, over what was there before the asking began."""

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["older_objects_spared"]

_lock = threading.Lock()
_users = 0


@contextmanager
def older_objects_spared() -> Iterator[None]:
    """Hide every object that lives now from the collector, until all who wanted that are done.

    A full collection stops all threads while it visits half a million objects of `datasets`, `openai` and `pyarrow`:
    a tenth of a second, about once in a thousand rows, in which no answer is read and nothing is asked. Garbage in
    cycles that is there before is collected after. Where the program has frozen objects itself, nothing is done.
    """
    ours = _change(1)
    try:
        yield
    finally:
        if ours:
            _change(-1)


def _change(by: int) -> bool:
    """Count one user more or fewer; whether it counts."""
    global _users  # noqa: PLW0603 - there is one collector in a process
    with _lock:
        if not _users and gc.get_freeze_count():
            return False
        _users += by
        if by > 0:
            gc.freeze()
        elif not _users:
            gc.unfreeze()
        return True


def _begin_anew() -> None:
    """In a forked child: its parent's users are not its own, and another thread may have held the lock."""
    global _lock, _users
    _lock, _users = threading.Lock(), 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
