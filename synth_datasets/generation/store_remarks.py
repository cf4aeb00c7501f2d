"""Two small tables beside the answers: how a request had to be worded, and which requests failed for good."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from synth_datasets.generation.store_file import Row

__all__ = ["copy_remarks", "failures_of", "keep_failures", "keep_notes", "notes_of"]

_TABLES = {"notes": 2, "failures": 4}
"""Columns by table; `store_file.lay_out_remarks` makes them."""


def notes_of(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[str, tuple[str, ...]]:
    """Return the notes on those answers that have any, by the key's hex digits."""
    if connection.execute("SELECT 1 FROM notes LIMIT 1").fetchone() is None:
        return {}  # as in most stores
    rows = _select(connection, "notes", keys)
    return {key.hex(): tuple(json.loads(notes)) for key, notes in rows}


def keep_notes(connection: sqlite3.Connection, rows: Iterable[tuple[Row, tuple[str, ...]]]) -> None:
    """Add the notes of those rows that are the answers kept; an older answer keeps its own."""
    connection.executemany(
        "INSERT OR IGNORE INTO notes SELECT key, ? FROM answers WHERE key = ? AND checksum = ?",
        [(json.dumps(notes), row[0], row[8]) for row, notes in rows],
    )


def failures_of(connection: sqlite3.Connection, keys: Sequence[bytes]) -> list[Row]:
    """Return key, reason, detail and request of those keys whose request failed."""
    return _select(connection, "failures", keys)


def keep_failures(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Keep the last failure of each request."""
    connection.executemany("INSERT OR REPLACE INTO failures VALUES (?,?,?,?)", rows)


def copy_remarks(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy what the source has; raises `sqlite3.DatabaseError` where it cannot be read."""
    for table, columns in _TABLES.items():
        rows = source.execute(f"SELECT * FROM {table}")  # noqa: S608 - a constant
        marks = ",".join("?" * columns)
        target.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)  # noqa: S608 - constants


def _select(connection: sqlite3.Connection, table: str, keys: Sequence[bytes]) -> list[Row]:
    marks = ",".join("?" * len(keys))
    return connection.execute(f"SELECT * FROM {table} WHERE key IN ({marks})", keys).fetchall()  # noqa: S608 - constants
