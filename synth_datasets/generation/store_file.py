"""The store's file: how it is laid out, opened and refused."""

import contextlib
import errno
import os
import sqlite3
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synth_datasets.errors import SettingsError

__all__ = [
    "COLUMNS",
    "ELSEWHERE",
    "PAGE",
    "FileId",
    "Row",
    "checksum",
    "connect",
    "create_table",
    "explained",
    "file_id",
    "is_answer_store",
    "is_damage",
    "lay_out_remarks",
    "open_store",
]

Row = tuple[Any, ...]
"""One record, in the order of `COLUMNS`."""
FileId = tuple[int, int]
"""Device and inode: tells a file from another one that took its name."""

SCHEMA_VERSION = 1
COLUMNS = "key, text, finish_reason, model, prompt_tokens, completion_tokens, reasoning, request, checksum"

_APPLICATION_ID = 0x53594E54  # "SYNT"
PAGE = 4096
_BUSY_S = 60.0
ELSEWHERE = "choose another place with --store or SYNTH_STORE"
# Rows in order of arrival and an index on the key: as keys are random, WITHOUT ROWID writes a third as fast.
_TABLE = """CREATE TABLE IF NOT EXISTS answers (
    key BLOB NOT NULL UNIQUE, text NOT NULL, finish_reason TEXT NOT NULL, model NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, reasoning NOT NULL,
    request BLOB NOT NULL, checksum INTEGER NOT NULL)"""

# Made after the answers, whose place in the file a rescue relies on.
_REMARKS = {
    "notes": "(key BLOB NOT NULL PRIMARY KEY, notes TEXT NOT NULL) WITHOUT ROWID",
    "failures": "(key BLOB NOT NULL PRIMARY KEY, reason TEXT NOT NULL, detail NOT NULL, request BLOB NOT NULL)",
}


def checksum(fields: Sequence[str | bytes | int]) -> int:
    """Return the CRC-32 of a row's key and answer, which finds what SQLite does not: altered bytes."""
    parts = [part if type(part) is bytes else str(part).encode("utf-8", "surrogatepass") for part in fields]
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
    connection = connect(path)
    try:
        _refuse_foreign(connection, path)
        _lay_out(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect(database: Path | str) -> sqlite3.Connection:
    """Connect to a path, or to a URI given as text, in the way that all connections to a store are made."""
    connection = sqlite3.connect(
        database,
        uri=isinstance(database, str),
        timeout=_BUSY_S,
        isolation_level=None,  # transactions are written out
        check_same_thread=False,  # the store has its own locks
    )
    connection.text_factory = bytes  # text that was altered may no longer be UTF-8: the checksum comes first
    return connection


def create_table(connection: sqlite3.Connection) -> None:
    """Lay out an empty file; does no harm to one that is laid out."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_TABLE)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
    lay_out_remarks(connection)


def lay_out_remarks(connection: sqlite3.Connection, kind: str = "TABLE") -> None:
    """Make the tables beside the answers where they are not, as in files of earlier versions."""
    names = "SELECT count(*) FROM sqlite_schema WHERE name IN ('notes', 'failures')"
    if connection.execute(names).fetchone()[0] < len(_REMARKS):
        for name, columns in _REMARKS.items():
            connection.execute(f"CREATE {kind} IF NOT EXISTS {name} {columns}")


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
    return SettingsError(f"the answer store {path}: {found}, or {ELSEWHERE}. Answers kept so far are safe.")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is at fault, not the disk or another program."""
    short = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHORT_READ
    # SQLITE_ERROR is what a wrong statement gives; ours are constant, so it is the table that is wrong.
    return short or _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def is_answer_store(connection: sqlite3.Connection, schema: str) -> bool:
    """Whether the database that is attached by that name is a store that this version can read."""
    kinds = "SELECT name, type FROM {}.sqlite_schema WHERE name IN ('answers', 'notes', 'failures')"
    tables = connection.execute(kinds.format(schema)).fetchall()
    version = connection.execute(f"PRAGMA {schema}.user_version").fetchone()[0]
    owner = connection.execute(f"PRAGMA {schema}.application_id").fetchone()[0]
    whole = len(tables) == 1 + len(_REMARKS) and all(kind == b"table" for _, kind in tables)
    return whole and owner == _APPLICATION_ID and version <= SCHEMA_VERSION


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
        found = (
            "the disk is full; free some space, or" if full else f"cannot be made there ({error.strerror});"
        )
        raise SettingsError(f"the answer store {path}: {found} {ELSEWHERE}") from error


def _open_for_reading(path: Path) -> sqlite3.Connection:
    if not path.exists():
        empty = connect(":memory:")
        empty.execute(_TABLE)
        lay_out_remarks(empty)
        return empty
    # A read-only folder has no place for WAL's shared memory: then it is read as a file that nobody changes.
    for options in ("mode=ro", "mode=ro&immutable=1"):
        uri = f"{path.absolute().as_uri()}?{options}"
        connection = connect(uri)
        try:
            _refuse_foreign(connection, path)
            if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
                connection.execute(_TABLE.replace("TABLE", "TEMP TABLE", 1))  # made, but nothing put yet
            lay_out_remarks(connection, "TEMP TABLE")
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
    # The tables first: another process may just be making the file, which gets its marks together with them.
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and owner != _APPLICATION_ID:
        raise SettingsError(f"{path} is another program's database, not an answer store; {ELSEWHERE}")
    if version > SCHEMA_VERSION:
        raise SettingsError(
            f"the answer store {path} was written by a newer synth-datasets (layout {version}, this is "
            f"{SCHEMA_VERSION}); upgrade with `pip install -U synth-datasets`, or {ELSEWHERE}"
        )


def _lay_out(connection: sqlite3.Connection) -> None:
    give_up = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute(f"PRAGMA page_size = {PAGE}")
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # While another process makes the same file, SQLite answers "locked" at once instead of waiting.
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous = FULL")  # each commit is on disk before it returns
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        create_table(connection)
    lay_out_remarks(connection)
