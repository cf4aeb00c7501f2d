"""Answers carried from one store's file to another's."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from synth_datasets.generation.store_file import COLUMNS, Row

__all__ = ["absorb", "insert_records"]


def absorb(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Take over all that the store at `path` holds and this one does not; some 8 µs an answer.

    Returns the keys that both have with different answers: this one's stay. The file at `path` must be whole, and
    nobody may write to it.
    """
    connection.execute("ATTACH ? AS part", (f"{path.absolute().as_uri()}?mode=ro&immutable=1",))
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            conflicts = _take_over(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    finally:
        connection.execute("DETACH part")
    return conflicts


def insert_records(
    connection: sqlite3.Connection, answers: Sequence[Row], notes: Sequence[Row], failures: Sequence[Row]
) -> None:
    """Put records of another store in as they are."""
    marks = ",".join("?" * len(COLUMNS.split(", ")))
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(f"INSERT OR IGNORE INTO answers ({COLUMNS}) VALUES ({marks})", answers)  # noqa: S608 - marks
    connection.executemany("INSERT OR IGNORE INTO notes VALUES (?,?)", notes)
    connection.executemany("INSERT OR IGNORE INTO failures VALUES (?,?,?,?)", failures)
    connection.execute("COMMIT")


def _take_over(connection: sqlite3.Connection) -> list[str]:
    there = connection.execute("SELECT count(*) FROM part.answers").fetchone()[0]
    query = f"INSERT OR IGNORE INTO main.answers ({COLUMNS}) SELECT {COLUMNS} FROM part.answers"  # noqa: S608 - constants
    new = connection.execute(query).rowcount
    conflicts: list[str] = []
    if new < there:
        found = connection.execute(
            "SELECT theirs.key FROM part.answers AS theirs JOIN main.answers AS ours ON ours.key = theirs.key "
            "WHERE ours.checksum <> theirs.checksum"
        )
        conflicts = [key.hex() for (key,) in found]
    connection.execute(
        "INSERT OR IGNORE INTO main.notes SELECT theirs.key, theirs.notes FROM part.notes AS theirs "
        "JOIN part.answers AS told ON told.key = theirs.key JOIN main.answers AS ours "
        "ON ours.key = theirs.key AND ours.checksum = told.checksum"
    )
    connection.execute("INSERT OR IGNORE INTO main.failures SELECT * FROM part.failures")
    return conflicts
