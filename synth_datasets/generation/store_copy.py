"""Answers carried from one store's file to another's."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.generation.store_file import COLUMNS, connect, is_answer_store, is_damage

__all__ = ["Absorbed", "absorb", "copy_records", "open_unchanging"]

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What became of the records of another store."""

    conflicts: tuple[str, ...]
    """Keys to which both had different answers, or the other one a failure where here is an answer: ours stay."""
    failed: tuple[str, ...]
    """Keys of the requests that failed there; their failures take the place of ours."""


def absorb(connection: sqlite3.Connection, path: Path) -> Absorbed:
    """Take over all that the store at `path` holds and this one does not; some 8 µs an answer.

    The file at `path` must be whole, and nobody may write to it. Raises `SettingsError` for one that cannot be read
    as a store, which leaves this one as it was.
    """
    try:
        connection.execute("ATTACH ? AS part", (_unchanging(path),))
        with contextlib.ExitStack() as stack:
            stack.callback(connection.execute, "DETACH part")
            with _one_transaction(connection):
                return _take_over(connection, path)
    except sqlite3.DatabaseError as error:
        if is_damage(error) and not _readable(path):
            raise SettingsError(f"{path} is damaged, or holds no answers ({error})") from error
        raise  # it is our own file or disk


def open_unchanging(path: Path) -> sqlite3.Connection:
    """Open a store that nobody writes to, and leave no file beside it; raises `SettingsError` for anything else."""
    connection = connect(_unchanging(path))
    try:
        _require_store(connection, "main", path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise SettingsError(f"{path} cannot be read as a store of answers ({error})") from error
    except SettingsError:
        connection.close()
        raise
    return connection


def copy_records(target: sqlite3.Connection, source: Path, keys: Sequence[bytes]) -> int:
    """Add to a store what the one at `source`, which may be in use, holds about these requests; return how many.

    Some 12 µs a request.
    """
    target.execute("ATTACH ? AS origin", (f"{source.absolute().as_uri()}?mode=ro",))
    with contextlib.ExitStack() as stack:
        stack.callback(target.execute, "DETACH origin")
        target.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (key BLOB PRIMARY KEY) WITHOUT ROWID")
        with _one_transaction(target):
            target.execute("DELETE FROM wanted")
            target.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((key,) for key in keys))
            columns = ", ".join(f"told.{name}" for name in COLUMNS.split(", "))
            count = target.execute(
                f"INSERT OR IGNORE INTO main.answers ({COLUMNS}) SELECT {columns} "  # noqa: S608 - constants
                "FROM wanted JOIN origin.answers AS told ON told.key = wanted.key"
            ).rowcount
            target.execute(
                "INSERT OR IGNORE INTO main.notes SELECT noted.* "
                "FROM wanted JOIN origin.notes AS noted ON noted.key = wanted.key"
            )
            count += target.execute(
                "INSERT OR IGNORE INTO main.failures SELECT failed.* "
                "FROM wanted JOIN origin.failures AS failed ON failed.key = wanted.key "
                "WHERE wanted.key NOT IN (SELECT key FROM origin.answers)"
            ).rowcount
    return count


@contextlib.contextmanager
def _one_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def _unchanging(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"


def _take_over(connection: sqlite3.Connection, path: Path) -> Absorbed:
    _require_store(connection, "part", path)
    there = connection.execute("SELECT count(*) FROM part.answers").fetchone()[0]
    query = f"INSERT OR IGNORE INTO main.answers ({COLUMNS}) SELECT {COLUMNS} FROM part.answers"  # noqa: S608 - constants
    new = connection.execute(query).rowcount
    conflicts: list[bytes] = []
    if new < there:
        conflicts += _keys(
            connection,
            "SELECT theirs.key FROM part.answers AS theirs JOIN main.answers AS ours ON ours.key = theirs.key "
            "WHERE ours.checksum <> theirs.checksum",
        )
    conflicts += _keys(
        connection, "SELECT key FROM part.failures WHERE key IN (SELECT key FROM main.answers)"
    )
    connection.execute(
        "INSERT OR IGNORE INTO main.notes SELECT theirs.key, theirs.notes FROM part.notes AS theirs "
        "JOIN part.answers AS told ON told.key = theirs.key JOIN main.answers AS ours "
        "ON ours.key = theirs.key AND ours.checksum = told.checksum"
    )
    connection.execute("INSERT OR REPLACE INTO main.failures SELECT * FROM part.failures")
    failed = _keys(connection, "SELECT key FROM part.failures")
    return Absorbed(tuple(key.hex() for key in conflicts), tuple(key.hex() for key in failed))


def _keys(connection: sqlite3.Connection, query: str) -> list[bytes]:
    return [key for (key,) in connection.execute(query)]


def _require_store(connection: sqlite3.Connection, schema: str, path: Path) -> None:
    """Raise `SettingsError` unless it is a store of this version whose keys can be keys."""
    if not is_answer_store(connection, schema):
        raise SettingsError(f"{path} is no store of answers of this version of synth-datasets")
    for table in ("answers", "failures"):
        query = f"SELECT 1 FROM {schema}.{table} WHERE typeof(key) <> 'blob' OR length(key) <> ? LIMIT 1"  # noqa: S608 - constants
        if connection.execute(query, (_KEY_BYTES,)).fetchone() is not None:
            raise SettingsError(f"{path} holds answers under names that are no keys")


def _readable(path: Path) -> bool:
    """Whether every record of the store can be read."""
    try:
        connection = connect(_unchanging(path))
        try:
            _require_store(connection, "main", path)
            for table in ("answers", "notes", "failures"):
                for _ in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - constants
                    pass
        finally:
            connection.close()
    except (sqlite3.DatabaseError, SettingsError):
        return False
    return True
