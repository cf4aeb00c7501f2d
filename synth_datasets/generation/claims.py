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
_FILES = 64
"""To lock one byte the kernel walks over all locks on that file; in batches a hundred thousand are held."""


class Claims:
    """The requests that one engine is asking; what other engines and processes on the same store ask can be told.

    A claim is the kernel's lock on one byte of an empty file in a folder beside the store, at the place that the key
    says. So it ends with its process, however that ends; a forked child does not inherit it; it writes nothing and
    takes some microseconds. Where a file system knows no locks, every claim is granted.
    """

    def __init__(self, store: Path) -> None:
        resolved = store.resolve()
        self._folder = resolved.with_name(f"{resolved.name}.claimed")
        self._held: set[str] = set()

    def take(self, keys: Collection[str]) -> set[str]:
        """Claim those of the keys that nobody else has claimed, and return them; never waits."""
        if sys.platform == "win32" or not keys:  # two processes there may pay for the same answer
            return set(keys)
        with _guard:
            ours = _folders.setdefault(self._folder, _Folder(self._folder))
            taken = {key for key in keys if key not in ours.held and ours.lock(key)}
            ours.held |= taken
            self._held |= taken
            _close_unused(ours)
        return taken

    def release(self, keys: Collection[str] | None = None) -> None:
        """Let others ask those of the keys that this object claimed; None: all of them."""
        with _guard:
            gone = self._held if keys is None else self._held.intersection(keys)
            ours = _folders.get(self._folder)
            if ours is not None:  # after a fork it is: the claims are the parent's
                for key in gone:
                    ours.held.discard(key)
                    ours.unlock(key)
                _close_unused(ours)
            if keys is None:
                self._held = set()
            else:
                self._held -= gone


@dataclass(slots=True)
class _Folder:
    """One process's descriptors: closing any descriptor of a file would let go of all the process's locks on it."""

    path: Path
    held: set[str] = field(default_factory=set)
    """By all engines of this process: to the kernel they are one owner, who may take a lock again and again."""
    descriptors: dict[int, int] = field(default_factory=dict)
    """By number of the file; those that were needed so far."""

    def lock(self, key: str) -> bool:
        """Claim the key unless another process has; never waits."""
        try:
            descriptor = self._descriptor(key)
        except OSError:
            logger.debug("%s cannot be used: requests are not claimed", self.path, exc_info=True)
            return True
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(key))
        except (BlockingIOError, PermissionError):  # POSIX allows either for "another process has it"
            return False
        except OSError:
            logger.debug("no locks on this file system: requests are not claimed", exc_info=True)
        return True

    def unlock(self, key: str) -> None:
        """Let go of the key."""
        with contextlib.suppress(OSError):
            fcntl.lockf(self._descriptor(key), fcntl.LOCK_UN, 1, _offset(key))

    def _descriptor(self, key: str) -> int:
        number = int(key[-2:], 16) % _FILES
        if number not in self.descriptors:
            with contextlib.suppress(FileExistsError):
                self.path.mkdir(mode=0o700)
            self.descriptors[number] = os.open(
                self.path / f"{number:02x}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        return self.descriptors[number]


_guard = threading.Lock()
_folders: dict[Path, _Folder] = {}


def _close_unused(folder: _Folder) -> None:
    if not folder.held:
        del _folders[folder.path]
        for descriptor in folder.descriptors.values():
            os.close(descriptor)


def _offset(key: str) -> int:
    return int(key[:_OFFSET_DIGITS], 16)


def _begin_anew() -> None:
    """In a forked child: the locks stayed with the parent, and another thread may have held the guard."""
    global _guard  # noqa: PLW0603 - the one moment when no other thread is there
    _guard = threading.Lock()
    for folder in _folders.values():
        for descriptor in folder.descriptors.values():
            os.close(descriptor)
    _folders.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
