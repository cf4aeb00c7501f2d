"""Folders that last as long as their process: whoever comes next removes those of processes that were killed."""

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["scratch"]


@contextmanager
def scratch(base: Path, name: str) -> Iterator[Path]:
    """Give a new folder in `base`, which exists; its name begins with `name`, and it is removed at the end."""
    own = f"{name}-{re.sub(r'[^A-Za-z0-9]', '', socket.gethostname())[:4]}"
    for folder in base.glob(f"{own}-*-*"):
        process = folder.name.removeprefix(f"{own}-").partition("-")[0]
        if process.isdecimal() and not _lives(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"{own}-{os.getpid()}-", dir=base))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
