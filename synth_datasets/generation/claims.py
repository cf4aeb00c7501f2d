"""Which requests some process is asking just now, so that no other pays for the same answer."""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["Claims"]

logger = logging.getLogger(__name__)

_OFFSET_DIGITS = 15
"""Hex digits of a key that say which byte stands for it: 60 bits, as many as a file offset holds in whole digits."""


class Claims:
    """The requests that one engine is asking; what other engines and processes on the same store ask can be told.

    A claim is the kernel's lock on one byte of an empty file beside the store, at the place that the key says. So
    it ends with its process, however that ends; a forked child does not inherit it; it writes nothing and takes
    some microseconds. Where a file system knows no locks, every claim is granted.
    """

    def __init__(self, store: Path) -> None:
        resolved = store.resolve()
        self._path = resolved.with_name(f"{resolved.name}.claims")
        self._held: set[str] = set()

    def take(self, keys: Collection[str]) -> set[str]:
        """Claim those of the keys that nobody else has claimed, and return them; never waits."""
        if sys.platform == "win32" or not keys:  # two processes there may pay for the same answer
            return set(keys)
        with _guard:
            file = _files.get(self._path) or _open(self._path)
            if file is None:
                return set(keys)
            taken = {key for key in keys if key not in file.held and _lock(file.descriptor, key)}
            file.held |= taken
            self._held |= taken
            _close_unused(self._path, file)
        return taken

    def release(self, keys: Collection[str] | None = None) -> None:
        """Let others ask those of the keys that this object claimed; None: all of them."""
        with _guard:
            gone = self._held if keys is None else self._held.intersection(keys)
            file = _files.get(self._path)
            if file is not None:  # after a fork it is: the claims are the parent's
                for key in gone:
                    file.held.discard(key)
                    _unlock(file.descriptor, key)
                _close_unused(self._path, file)
            self._held = self._held - gone


@dataclass(slots=True)
class _File:
    """One process's descriptor: closing any descriptor of the file would let go of all the process's locks."""

    descriptor: int
    held: set[str] = field(default_factory=set)
    """By all engines of this process: to the kernel they are one owner, who may take a lock again and again."""


_guard = threading.Lock()
_files: dict[Path, _File] = {}


def _open(path: Path) -> _File | None:
    try:
        file = _File(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        logger.debug("%s cannot be opened: requests are not claimed", path, exc_info=True)
        return None
    _files[path] = file
    return file


def _close_unused(path: Path, file: _File) -> None:
    if not file.held:
        del _files[path]
        os.close(file.descriptor)


def _lock(descriptor: int, key: str) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(key))
    except (BlockingIOError, PermissionError):  # POSIX allows either for "another process has it"
        return False
    except OSError:
        logger.debug("no locks on this file system: requests are not claimed", exc_info=True)
    return True


def _unlock(descriptor: int, key: str) -> None:
    with contextlib.suppress(OSError):
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, _offset(key))


def _offset(key: str) -> int:
    return int(key[:_OFFSET_DIGITS], 16)


def _begin_anew() -> None:
    """In a forked child: the locks stayed with the parent, and another thread may have held the guard."""
    global _guard  # noqa: PLW0603 - the one moment when no other thread is there
    _guard = threading.Lock()
    for file in _files.values():
        os.close(file.descriptor)
    _files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
