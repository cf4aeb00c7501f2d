"""Where files may go: a folder that appears whole or not at all, and paths that stay inside it."""

import shutil
import tempfile
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from synth_datasets.errors import PublishError
from synth_datasets.trace import TRACE_FOLDER

__all__ = ["in_place_of", "inside"]


@contextmanager
def in_place_of(folder: Path) -> Generator[Path]:
    """Give a fresh folder beside `folder` and, when all went well, let it take the place of `folder`."""
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix=f"{folder.name}.tmp-", dir=folder.parent))
    try:
        yield target
        target.chmod(0o755)  # mkdtemp makes a folder that only its owner can read
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f"{folder.name}.old-", dir=folder.parent))
            folder.replace(old)
            target.rename(folder)
            shutil.rmtree(old)
        else:
            target.rename(folder)
    finally:
        shutil.rmtree(target, ignore_errors=True)


def inside(path: str, *, taken: Collection[str]) -> str:
    """Return a spec's relative path, normalised; raises `PublishError` where a release has no room for it."""
    parts = PurePosixPath(path).parts
    within = parts and not path.startswith("/") and ".." not in parts and "\\" not in path and ":" not in path
    if not within:
        raise PublishError(f"the spec names the file {path!r}, which does not lie inside its folder")
    clean = PurePosixPath(path).as_posix()
    if clean in taken or parts[0] == TRACE_FOLDER or (parts[0] == "data" and clean.endswith(".parquet")):
        raise PublishError(f"a release has its own {clean}; give the spec's file another name")
    return clean
