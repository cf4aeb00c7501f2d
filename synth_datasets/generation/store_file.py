"""The store's file: how it is laid out, opened, refused and mended."""

import contextlib
import errno
import logging
import os
import shutil
import sqlite3
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from synth_datasets.errors import SettingsError

__all__ = [
    "COLUMNS",
    "FileId",
    "Row",
    "checksum",
    "explained",
    "file_id",
    "is_damage",
    "open_store",
    "rescue",
]

logger = logging.getLogger(__name__)

Row = tuple[Any, ...]
"""One record, in the order of `COLUMNS`."""
FileId = tuple[int, int]
"""Device and inode: tells a file from another one that took its name."""

SCHEMA_VERSION = 1
COLUMNS = "key, text, finish_reason, model, prompt_tokens, completion_tokens, reasoning, request, checksum"

_APPLICATION_ID = 0x53594E54  # "SYNT"
_MAGIC = b"SQLite format 3\x00"
_PAGE = 4096
_BUSY_S = 60.0
_ELSEWHERE = "choose another place with --store or SYNTH_STORE"
# Rows in order of arrival and an index on the key: as keys are random, WITHOUT ROWID writes a third as fast.
_TABLE = """CREATE TABLE IF NOT EXISTS answers (
    key BLOB NOT NULL UNIQUE, text NOT NULL, finish_reason TEXT NOT NULL, model NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, reasoning NOT NULL,
    request BLOB NOT NULL, checksum INTEGER NOT NULL)"""


def checksum(fields: Sequence[str | bytes | int]) -> int:
    """Return the CRC-32 of a row's key and answer, which finds what SQLite does not: altered bytes."""
    parts = [
        part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass") for part in fields
    ]
    return zlib.crc32(b"\x00".join(parts))


def file_id(path: Path) -> FileId | None:
    """Return which file has this name now; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_store(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the file, made and laid out if need be.

    Raises `sqlite3.Error`, and `SettingsError` for a file of another program or a newer version.
    """
    if read_only:
        return _open_for_reading(path)
    _make_file(path)
    connection = _connect(path)
    try:
        _refuse_foreign(connection, path)
        _lay_out(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def explained(error: sqlite3.Error, path: Path) -> SettingsError:
    """Return what to tell the person whose store cannot be used."""
    match _code(error):
        case sqlite3.SQLITE_FULL:
            found = "the disk is full; free some space"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            found = f"it cannot be written ({error}); change its permissions"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            found = f"another program keeps it locked ({error}); end that program, or leave network drives"
        case sqlite3.SQLITE_IOERR:
            found = f"reading or writing failed ({error}); is the disk full, limited or failing? Mend that"
        case _:
            found = str(error)
    return SettingsError(f"the answer store {path}: {found}, or {_ELSEWHERE}. Answers kept so far are safe.")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, not the disk or another program."""
    short = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHORT_READ
    # SQLITE_ERROR is what a wrong statement gives; ours are constant, so it is the table that is wrong.
    return short or _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def rescue(path: Path, home: FileId | None, damage: sqlite3.Error) -> None:
    """Put a new file with every readable answer in the place of the damaged one, which is kept beside it.

    Does nothing when the file is no longer `home`: another process was faster. Nothing that another process
    commits meanwhile is lost, as its commits wait here and are repeated there (`AnswerStore.put_many`).
    """
    if path.suffix != ".sqlite" and not _begins_with_magic(path):
        raise SettingsError(f"{path} is not an answer store; {_ELSEWHERE}")
    try:
        with _alone(path):
            if home is not None and file_id(path) == home:
                _replace(path, damage)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(
            f"the answer store {path} is damaged ({damage}) and could not be mended ({error}); "
            f"move it away, or {_ELSEWHERE}"
        ) from error


def _connect(database: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        database,
        uri=isinstance(database, str),
        timeout=_BUSY_S,
        isolation_level=None,  # transactions are written out
        check_same_thread=False,  # the store has its own locks
    )
    connection.text_factory = bytes  # text that was altered may no longer be UTF-8: the checksum comes first
    return connection


def _code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF  # the upper bits hold details


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its side files the permissions of this one.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        found = "the disk is full; free some space" if full else f"cannot be made there ({error.strerror})"
        raise SettingsError(f"the answer store {path}: {found}, or {_ELSEWHERE}") from error


def _open_for_reading(path: Path) -> sqlite3.Connection:
    if not path.exists():
        empty = _connect(":memory:")
        empty.execute(_TABLE)
        return empty
    # A read-only folder has no place for WAL's shared memory: then it is read as a file that nobody changes.
    for options in ("mode=ro", "mode=ro&immutable=1"):
        uri = f"{path.absolute().as_uri()}?{options}"
        connection = _connect(uri)
        try:
            _refuse_foreign(connection, path)
            if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                connection.execute(_TABLE.replace("TABLE", "TEMP TABLE", 1))  # made, but nothing put yet
        except sqlite3.OperationalError as error:
            connection.close()
            if "immutable" in options or _code(error) not in (
                sqlite3.SQLITE_CANTOPEN,
                sqlite3.SQLITE_READONLY,
            ):
                raise
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError("unreachable: the last way of opening returns or raises")


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and owner != _APPLICATION_ID:
        raise SettingsError(f"{path} is another program's database, not an answer store; {_ELSEWHERE}")
    if version > SCHEMA_VERSION:
        raise SettingsError(
            f"the answer store {path} was written by a newer synth-datasets (layout {version}, this is "
            f"{SCHEMA_VERSION}); upgrade with `pip install -U synth-datasets`, or {_ELSEWHERE}"
        )


def _lay_out(connection: sqlite3.Connection) -> None:
    give_up = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute(f"PRAGMA page_size = {_PAGE}")
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # While another process makes the same file, SQLite answers "locked" at once instead of waiting.
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous = FULL")  # each commit is on disk before it returns
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        _create(connection)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_TABLE)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _begins_with_magic(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from mending the same file at the same time."""
    lock = _connect(_beside(path, ".lock"))
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
            os.link(path, aside)  # never a moment without a file of this name
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
    connection = _connect(path)
    try:
        with contextlib.suppress(sqlite3.DatabaseError):
            connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


def _salvage(damaged: Path, new: Path) -> int:
    """Write every sound row of `damaged` to `new`; return how many."""
    target = _connect(new)
    try:
        target.execute(f"PRAGMA page_size = {_PAGE}")
        _create(target)
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
        page = bytearray(source.read(_PAGE))
        page[92:96] = bytes(4)  # disowns the header's count of pages, so that SQLite goes by the size
        copy.write(page)


def _copy_rows(damaged: Path, target: sqlite3.Connection) -> int:
    kept = 0
    marks = ",".join("?" * len(COLUMNS.split(",")))
    source = _connect(damaged)
    try:
        target.execute("BEGIN")
        for rows in _readable(source, 1, _most_rows(damaged)):
            sound = [row for row in rows if row[-1] == checksum(row[:7])]
            insert = f"INSERT OR IGNORE INTO answers ({COLUMNS}) VALUES ({marks})"  # noqa: S608 - constants
            kept += target.executemany(insert, sound).rowcount
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
