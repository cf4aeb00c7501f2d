"""What to tell a person whose disk is full or cannot be written."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["disk_advice"]


@contextmanager
def disk_advice(place: Path | str, option: str) -> Generator[None]:
    """Add to an `OSError` that the disk of `place` is at fault for what can be done; `option` names another place."""
    try:
        yield
    except OSError as error:
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                found = f"the disk of {place} is full: free some space"
            case errno.EROFS | errno.EACCES | errno.EPERM:
                found = f"{place} cannot be written: change its permissions"
            case _:
                raise
        error.add_note(
            f"{found}, or choose another place with {option}. Every answer that arrived is kept; run again to go on"
        )
        raise
