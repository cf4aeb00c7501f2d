"""The folder of a part while it is made: hidden, locked by its maker, and removed when its maker was killed."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

if sys.platform != "win32":
    import fcntl

__all__ = ["LOCK", "unfinished"]

LOCK = ".lock"
"""A file that its maker holds: the lock ends with the process, however that ends."""


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """Give a hidden folder beside `folder`, which is renamed to it by whoever has it; what is left at the end goes.

    Folders that were to become the same one and whose makers were killed are removed first, where the file system
    knows locks.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{folder.name}-"
    for left in folder.parent.glob(f"{prefix}*"):
        _remove_abandoned(left)
    while True:
        place = Path(mkdtemp(prefix=prefix, dir=folder.parent))
        handle = os.open(place / LOCK, os.O_CREAT | os.O_WRONLY, 0o600)
        _lock(handle, wait=True)
        if (place / LOCK).exists():  # nobody took it for abandoned, in the instant before it was locked
            break
        os.close(handle)
    try:
        yield place
    finally:
        os.close(handle)
        shutil.rmtree(place, ignore_errors=True)
        (folder / LOCK).unlink(missing_ok=True)


def _remove_abandoned(place: Path) -> None:
    with suppress(OSError):  # it is being finished, removed by another, or not ours
        handle = os.open(place / LOCK, os.O_WRONLY)
        try:
            if _lock(handle, wait=False):
                shutil.rmtree(place, ignore_errors=True)
        finally:
            os.close(handle)


def _lock(handle: int, *, wait: bool) -> bool:
    """Lock the file; whether it is locked now, which some file systems cannot do."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
