"""A new store in the place of a damaged one, with every answer that can still be read."""

import contextlib
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.generation.store_file import (
    COLUMNS,
    ELSEWHERE,
    PAGE,
    FileId,
    Row,
    checksum,
    connect,
    create_table,
    file_id,
)
from synth_datasets.generation.store_remarks import copy_remarks

__all__ = ["rescue"]

logger = logging.getLogger(__name__)

_MAGIC = b"SQLite format 3\x00"


def rescue(path: Path, home: FileId | None, damage: sqlite3.Error) -> None:
    """Put a new file with every readable answer in the place of the damaged one, which is kept beside it.

    Does nothing when the file is no longer `home`: another process was faster. Nothing that another process
    commits meanwhile is lost, as its commits wait here and are repeated there (`AnswerStore.put_many`).
    """
    if path.suffix != ".sqlite" and not _begins_with_magic(path):
        raise SettingsError(f"{path} is not an answer store; {ELSEWHERE}")
    try:
        with _alone(path):
            if home is not None and file_id(path) == home:
                _replace(path, damage)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(
            f"the answer store {path} is damaged ({damage}) and could not be mended ({error}); "
            f"move it away, or {ELSEWHERE}"
        ) from error


def _begins_with_magic(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from mending the same file at the same time."""
    lock = connect(_beside(path, ".lock"))
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        lock.close()


def _replace(path: Path, damage: sqlite3.Error) -> None:
    new = Path(tempfile.mkdtemp(prefix=".synth-", dir=path.parent)) / path.name
    try:
        with _frozen(path):
            kept = _salvage(path, new)
            aside = _free_name(path)
            # Side files first: a new file beside an old log would be mixed up with it.
            for ending in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    _beside(path, ending).rename(_beside(aside, ending))
            try:
                os.link(path, aside)  # never a moment without a file of this name
            except OSError:  # the disk has no links
                path.rename(aside)
            new.replace(path)
    finally:
        shutil.rmtree(new.parent, ignore_errors=True)
    logger.warning(
        "The answer store %s was damaged (%s). %d answers could be read and are kept, any others will be "
        "asked again. The damaged file is now %s",
        path,
        damage,
        kept,
        aside,
    )


@contextlib.contextmanager
def _frozen(path: Path) -> Iterator[None]:
    """Make other writers of the damaged file wait, as far as it still can be locked."""
    connection = connect(path)
    try:
        with contextlib.suppress(sqlite3.DatabaseError):
            connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


def _salvage(damaged: Path, new: Path) -> int:
    """Write every sound row of `damaged` to `new`; return how many."""
    target = connect(new)
    try:
        target.execute(f"PRAGMA page_size = {PAGE}")
        create_table(target)
        if kept := _copy_rows(damaged, target):
            return kept
        mended = new.with_suffix(".copy")
        _with_fresh_first_page(damaged, new, mended)
        return _copy_rows(mended, target)
    finally:
        target.close()
        new.chmod(0o600)


def _with_fresh_first_page(damaged: Path, model: Path, mended: Path) -> None:
    """Copy the file with a new one's first page: it says where the tables begin, which is always the same."""
    shutil.copy(damaged, mended)
    with contextlib.suppress(FileNotFoundError):
        shutil.copy(_beside(damaged, "-wal"), _beside(mended, "-wal"))
    with model.open("rb") as source, mended.open("r+b") as copy:
        page = bytearray(source.read(PAGE))
        page[92:96] = bytes(4)  # disowns the header's count of pages, so that SQLite goes by the size
        copy.write(page)


def _copy_rows(damaged: Path, target: sqlite3.Connection) -> int:
    kept = 0
    marks = ",".join("?" * len(COLUMNS.split(",")))
    source = connect(damaged)
    try:
        target.execute("BEGIN")
        for rows in _readable(source, 1, _most_rows(damaged)):
            sound = [row for row in rows if row[-1] == checksum(row[:7])]
            insert = f"INSERT OR IGNORE INTO answers ({COLUMNS}) VALUES ({marks})"  # noqa: S608 - constants
            kept += target.executemany(insert, sound).rowcount
        with contextlib.suppress(sqlite3.DatabaseError):
            copy_remarks(source, target)
        target.execute("COMMIT")
    finally:
        source.close()
    return kept


def _most_rows(damaged: Path) -> int:
    # Two copies of the key, the request and the answer take over 128 bytes; rows are numbered without gaps.
    log = _beside(damaged, "-wal")
    return (damaged.stat().st_size + (log.stat().st_size if log.exists() else 0)) // 128 + 1000


def _readable(source: sqlite3.Connection, first: int, last: int) -> Iterator[list[Row]]:
    """Yield the rows numbered `first` to `last`, halving around what cannot be read."""
    ranges = [(low, min(low + 1023, last)) for low in range(first, last + 1, 1024)][::-1]
    query = f"SELECT {COLUMNS} FROM answers NOT INDEXED WHERE rowid BETWEEN ? AND ?"  # noqa: S608 - constants
    while ranges:
        low, high = ranges.pop()
        try:
            yield source.execute(query, (low, high)).fetchall()
        except sqlite3.DatabaseError:
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]


def _free_name(path: Path) -> Path:
    for number in range(1, 10_000):
        if not (aside := _beside(path, f".damaged-{number}")).exists():
            return aside
    raise FileExistsError(f"there are too many files {path}.damaged-*")


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
