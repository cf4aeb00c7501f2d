"""The statements that read and write the store's answers."""

import contextlib
import sqlite3
from collections.abc import Sequence
from itertools import chain

from synth_datasets.generation.store_file import COLUMNS, Row
from synth_datasets.generation.store_remarks import keep_notes, notes_of
from synth_datasets.generation.store_rows import is_sound

__all__ = ["CHUNK", "page", "put", "select"]

CHUNK = 256
"""Keys in one SELECT."""
_TOGETHER = (64, 32, 16, 8, 4, 2, 1)
"""Rows in one INSERT; a few sizes, because SQLite keeps what it has parsed."""
_REPLACE = f"INSERT OR REPLACE INTO answers ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"  # noqa: S608 - a constant


def select(connection: sqlite3.Connection, columns: str, keys: Sequence[bytes]) -> list[Row]:
    """Return these columns of the rows that are there, in any order; at most `CHUNK` keys."""
    marks = ",".join("?" * len(keys))
    return connection.execute(f"SELECT {columns} FROM answers WHERE key IN ({marks})", keys).fetchall()  # noqa: S608 - marks only


def page(connection: sqlite3.Connection, after: int) -> list[Row]:
    """Return row number and packed request of the next thousand answers after that number, in order of arrival."""
    query = "SELECT rowid, request FROM answers WHERE rowid > ? ORDER BY rowid LIMIT 1000"
    return connection.execute(query, (after,)).fetchall()


def put(
    connection: sqlite3.Connection, rows: list[Row], notes: Sequence[tuple[Row, tuple[str, ...]]]
) -> tuple[list[Row], dict[str, tuple[str, ...]]]:
    """Insert what is not there or damaged, in one transaction; return what is there afterwards, and the notes on it.

    The very list `rows` comes back when all of them are new.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        new = _insert(connection, rows)
        kept = rows
        if new < len(rows):
            there: dict[bytes, Row] = {}
            for start in range(0, len(rows), CHUNK):
                keys = [row[0] for row in rows[start : start + CHUNK]]
                there.update((row[0], row) for row in select(connection, COLUMNS, keys))
            spoilt = {key for key, row in there.items() if not is_sound(row)}
            connection.executemany(_REPLACE, [row for row in rows if row[0] in spoilt])
            kept = [row if row[0] in spoilt else there[row[0]] for row in rows]
        if notes:
            keep_notes(connection, notes)
        known: dict[str, tuple[str, ...]] = {}
        for start in range(0, len(rows) if notes or new < len(rows) else 0, CHUNK):
            known.update(notes_of(connection, [row[0] for row in rows[start : start + CHUNK]]))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
    return kept, known


def _insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Insert the rows that are not there and return how many those were.

    Many rows a statement: at the end of each, other threads get the interpreter, and it comes back when they like.
    """
    new = start = 0
    for size in _TOGETHER:
        while len(rows) - start >= size:
            values = ",".join(["(?,?,?,?,?,?,?,?,?)"] * size)
            flat = list(chain.from_iterable(rows[start : start + size]))
            query = f"INSERT INTO answers ({COLUMNS}) VALUES {values} ON CONFLICT (key) DO NOTHING"  # noqa: S608 - marks only
            new += connection.execute(query, flat).rowcount
            start += size
    return new
