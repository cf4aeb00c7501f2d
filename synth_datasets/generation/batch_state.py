"""Which requests lie in which batch at the provider: a file beside the answer store that outlives every run."""

import contextlib
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from synth_datasets.errors import SettingsError

__all__ = ["BatchRecord", "BatchState"]

_CHUNK = 256
_BUSY_S = 60.0
_LAYOUT = 1
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS batches (
    token TEXT PRIMARY KEY, model TEXT NOT NULL, dialect TEXT NOT NULL, submitted_at REAL NOT NULL,
    file_id TEXT NOT NULL, file_at INTEGER NOT NULL, batch_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (key BLOB PRIMARY KEY, token TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS of_batch ON requests (token);
COMMIT;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """One batch, from the moment it is meant to be submitted; holds no prompt and no secret."""

    token: str
    """Random; goes into the batch's metadata, by which it is found when the provider's answer was lost."""
    model: str
    dialect: str
    """How its requests are worded, as `Dialect.saved` gives it."""
    submitted_at: float
    """Seconds since the epoch, by this machine's clock."""
    file_id: str = ""
    """The provider's id of the input file; empty until it is uploaded, and until then no batch was asked for."""
    file_at: int = 0
    """When it was made, by the provider's clock."""
    batch_id: str = ""
    """Empty as long as it is not known whether the provider has made the batch."""


_FIELDS = tuple(each.name for each in fields(BatchRecord))


class BatchState:
    """Records of batches and their requests by key; every change is on disk when the call returns.

    Any number of processes may share the file; `turn` keeps them from submitting at the same time. A request stays
    with its batch until the answer is seen in the store, so that a kill after the answer came loses nothing.
    Raises `SettingsError` when the file cannot be used.
    """

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(f"{store.name}.batches")
        with self._explained():
            self._connection = _connect(self.path)
            layout = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if layout > _LAYOUT:
                raise SettingsError(f"{self.path} was written by a newer synth-datasets; upgrade it")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_TABLES)
            self._connection.execute(f"PRAGMA user_version = {_LAYOUT}")

    def tokens(self, keys: Collection[str]) -> dict[str, str]:
        """Return the token of the batch that each of the keys lies in, for those that lie in one."""
        found: dict[str, str] = {}
        with self._explained():
            for chunk in _chunks([bytes.fromhex(key) for key in keys]):
                query = f"SELECT key, token FROM requests WHERE key IN ({_marks(chunk)})"  # noqa: S608 - marks only
                found.update((key.hex(), token) for key, token in self._connection.execute(query, chunk))
        return found

    def keys(self, token: str) -> list[str]:
        """Return the requests that lie in the batch."""
        with self._explained():
            rows = self._connection.execute("SELECT key FROM requests WHERE token = ?", (token,)).fetchall()
        return [key.hex() for (key,) in rows]

    def records(self) -> dict[str, BatchRecord]:
        """Return all batches that hold a request, by token, the oldest first."""
        query = f"SELECT {', '.join(_FIELDS)} FROM batches ORDER BY submitted_at"  # noqa: S608 - constants
        with self._explained():
            rows = self._connection.execute(query).fetchall()
        found = [BatchRecord(**dict(zip(_FIELDS, row, strict=True))) for row in rows]
        return {record.token: record for record in found}

    def begin(self, record: BatchRecord, keys: Collection[str]) -> None:
        """Note, before the provider hears of it, that these requests are about to be submitted together."""
        with self._explained(), self._transaction():
            self._connection.execute("INSERT INTO batches VALUES (?,?,?,?,?,?,?)", astuple(record))
            self._connection.executemany(
                "INSERT OR REPLACE INTO requests VALUES (?,?)",
                [(bytes.fromhex(key), record.token) for key in keys],
            )

    def note(self, record: BatchRecord, **found: str | int) -> BatchRecord:
        """Note what the provider has answered, and return the record with it."""
        with self._explained(), self._transaction():
            for name, value in found.items():
                update = f"UPDATE batches SET {name} = ? WHERE token = ?"  # noqa: S608 - a field of the record
                self._connection.execute(update, (value, record.token))
        return replace(record, **found)  # type: ignore[arg-type] - the fields' own types

    def release(self, token: str, keys: Collection[str] | None = None) -> None:
        """Forget that these requests (None: all) lie in the batch, and the batch when none does any more."""
        with self._explained(), self._transaction():
            if keys is None:
                self._connection.execute("DELETE FROM requests WHERE token = ?", (token,))
            else:
                self._connection.executemany(
                    "DELETE FROM requests WHERE key = ? AND token = ?",
                    [(bytes.fromhex(key), token) for key in keys],
                )
            self._connection.execute(
                "DELETE FROM batches WHERE token = ? AND token NOT IN (SELECT token FROM requests)", (token,)
            )

    @contextlib.contextmanager
    def turn(self) -> Iterator[bool]:
        """Whether this process may submit now, to the end of the block; the system ends the turn of a dead process."""
        with self._explained():
            lock = _connect(self.path.with_name(f"{self.path.name}-turn"), busy_s=0)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                yield False
            else:
                yield True
        finally:
            lock.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise SettingsError(
                f"{self.path}, which remembers the submitted batches, cannot be used: {error}. Mend that, or choose "
                "another place for the answers and it with --store or SYNTH_STORE"
            ) from error


def _connect(path: Path, busy_s: float = _BUSY_S) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)


def _chunks(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))


def _marks(chunk: Sequence[bytes]) -> str:
    return ",".join("?" * len(chunk))
