"""Where files may go: a folder that appears whole or not at all, and paths that stay inside it."""

import errno
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Collection, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from synth_datasets.disks import disk_advice
from synth_datasets.errors import PublishError
from synth_datasets.publishing.lock import lies_inside
from synth_datasets.publishing.row_ids import ROWS_FOLDER
from synth_datasets.trace import TRACE_FOLDER

__all__ = ["alone_in", "in_new", "in_place_of", "inside", "put_right"]

_NEW, _OLD = ".synth-new-", ".synth-old-"
"""In the names of the folders beside: one in the making, and one whose place is being taken."""
_OTHER_FOLDER = "--output or folder="
_OTHER_ADDRESS = "another address"
_TRIES = 20


@contextmanager
def in_place_of(folder: Path) -> Generator[Path]:
    """Give a fresh folder beside `folder` and, when all went well, let it take the place of `folder`.

    Several processes may do so at once: each replaces the other's folder whole, and the last one stays. What a killed
    process leaves beside `folder`, the next call takes away.
    """
    folder = folder.resolve()
    with disk_advice(folder.parent, _OTHER_FOLDER):
        folder.parent.mkdir(parents=True, exist_ok=True)
        put_right(folder)
        with _fresh(folder) as target:
            yield target
            target.chmod(0o755)  # mkdtemp makes a folder that only its owner can read
            _swap(target, folder)


@contextmanager
def in_new(folder: Path) -> Generator[Path]:
    """Give a fresh folder beside `folder` and, when all went well, rename it to `folder`, which must not be there.

    Raises `FileExistsError` when it is, whoever was faster; what is there stays as it is.
    """
    folder = folder.resolve()
    with disk_advice(folder.parent, _OTHER_ADDRESS):
        folder.parent.mkdir(parents=True, exist_ok=True)
        put_right(folder)
        with _fresh(folder) as target:
            yield target
            target.chmod(0o755)
            try:
                target.rename(folder)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder)) from error
                raise


@contextmanager
def alone_in(folder: Path) -> Generator[None]:
    """Wait until no other process works in the folder, which is there; where nothing can be locked, nobody waits."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(_claimed(folder, wait=True))
        yield


def put_right(folder: Path) -> None:
    """End what processes that were killed while they replaced `folder` have begun.

    A folder that was moved aside and whose successor never came is put back; what else they left is removed. Raises
    `OSError` where no folder can be made.
    """
    folder = folder.resolve()
    parent = next(each for each in folder.parents if each.exists())
    if not os.access(parent, os.W_OK):
        with disk_advice(parent, _OTHER_FOLDER):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(parent))
    if parent != folder.parent:
        return
    aside = _left(folder, _OLD)
    if aside and not folder.exists():
        with suppress(OSError):  # another process was faster
            aside.pop().rename(folder)
    for path in (*aside, *_left(folder, _NEW)):
        with suppress(OSError), _claimed(path):
            shutil.rmtree(path, ignore_errors=True)


def inside(path: str, *, taken: Collection[str]) -> str:
    """Return a spec's relative path, normalised; raises `PublishError` where a release has no room for it."""
    parts = PurePosixPath(path).parts
    clean = PurePosixPath(path).as_posix()
    if path.startswith("/") or not lies_inside(clean):
        raise PublishError(f"the spec names the file {path!r}, which does not lie inside its folder")
    if (
        clean in taken
        or parts[0] in (TRACE_FOLDER, ROWS_FOLDER)
        or (parts[0] == "data" and clean.endswith(".parquet"))
    ):
        raise PublishError(f"a release has its own {clean}; give the spec's file another name")
    return clean


def _swap(target: Path, folder: Path) -> None:
    """Rename `target` to `folder`; what was there before is removed afterwards, or put back."""
    for _ in range(_TRIES):
        old = folder.with_name(f".{folder.name}{_OLD}{secrets.token_hex(4)}")
        try:
            with suppress(FileNotFoundError):
                folder.rename(old)
            target.rename(folder)
        except BaseException as error:
            if not isinstance(error, OSError) or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                with suppress(OSError):
                    old.rename(folder)
                raise
            # Another process has put its folder there since: that one is the older now.
            shutil.rmtree(old, ignore_errors=True)
        else:
            shutil.rmtree(old, ignore_errors=True)
            return
    raise PublishError(f"{folder} is replaced again and again by another program; choose another folder")


@contextmanager
def _fresh(folder: Path) -> Generator[Path]:
    """Give an empty folder that no other process takes for a dead one's, and remove it if it is still there."""
    for _ in range(_TRIES):
        path = Path(tempfile.mkdtemp(prefix=f".{folder.name}{_NEW}", dir=folder.parent))
        with ExitStack() as stack:
            try:
                stack.enter_context(_claimed(path))
            except (FileNotFoundError, BlockingIOError):
                continue  # it was taken for a dead one's before it was claimed
            except OSError:
                pass  # nothing can be claimed here, so that nothing is taken for a dead one's either
            try:
                yield path
            finally:
                shutil.rmtree(path, ignore_errors=True)
            return
    raise PublishError(f"{folder.parent}: another program removes every new folder; choose another place")


@contextmanager
def _claimed(path: Path, *, wait: bool = False) -> Generator[None]:
    """Keep the folder for this process until the end, a kill included; raises `OSError` when that cannot be."""
    if sys.platform == "win32":
        raise OSError(errno.ENOTSUP, "a folder cannot be locked")
    import fcntl

    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        if os.fstat(descriptor).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "removed meanwhile", str(path))
        yield
    finally:
        os.close(descriptor)


def _left(folder: Path, mark: str) -> list[Path]:
    """Return the folders of this mark that were made for `folder`, in the order in which they were begun."""
    start = f".{folder.name}{mark}"
    found: list[tuple[float, Path]] = []
    for path in folder.parent.iterdir():
        if path.name.startswith(start):
            with suppress(FileNotFoundError):  # another process clears up, too
                found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found)]
