"""The answers on disk: one SQLite file for all specs, in which nothing that was paid for is lost."""

import contextlib
import logging
import os
import sqlite3
import threading
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

from synth_datasets.errors import SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.claims import Claims
from synth_datasets.generation.store_copy import Absorbed, absorb, copy_records
from synth_datasets.generation.store_file import (
    COLUMNS,
    FileId,
    Row,
    checksum,
    explained,
    file_id,
    is_damage,
    open_store,
)
from synth_datasets.generation.store_remarks import failures_of, keep_failures, keep_notes, notes_of
from synth_datasets.generation.store_rescue import rescue
from synth_datasets.plan.request import Request

__all__ = ["AnswerStore"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_CHUNK = 256
_COMPRESS_FROM = 1024  # compressing takes 25 µs, more than all the rest of a put
_TOGETHER = (64, 32, 16, 8, 4, 2, 1)
"""Rows in one INSERT; a few sizes, because SQLite keeps what it has parsed."""
_ANSWER = COLUMNS.replace("request, ", "")
"""What makes an answer and tells whether it is sound; requests are the longest part of many rows."""
_REPLACE = f"INSERT OR REPLACE INTO answers ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"  # noqa: S608 - a constant


class AnswerStore:
    """Answers by request key; any number of threads and processes may share the file.

    The first answer to a request stays: whoever puts another one later is given the first. A row whose
    checksum fails counts as absent. A damaged file is moved aside, with a warning, and what is readable of it
    is kept. `read_only` writes nothing, works on read-only media, and takes a missing file for an empty one.
    Opening and every call raise `SettingsError` when the file cannot be used where it is.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._read_only = read_only
        self._closed = False
        self._rescuing = threading.Lock()
        self._session = self._open()

    def get_many(self, keys: Collection[str]) -> dict[str, Answer]:
        """Return the answers that are there, in any order; 5 µs each."""
        found: dict[str, Answer] = {}
        for row in self._rows(_ANSWER, keys):
            key = row[0].hex()
            if _sound(row):
                found[key] = _answer(key, row)
            else:
                logger.warning("%s: the answer %s is damaged and will be asked again", self.path, key)
        return _noted(found, dict(self._in_chunks(lambda c, keys: notes_of(c, keys).items(), found)))

    def get_requests(self, keys: Collection[str]) -> dict[str, str]:
        """Return what was asked, as `Request.canonical()` gives it, for those keys that are there."""
        return {row[0].hex(): _unpacked(row[1]) for row in self._rows("key, request", keys)}

    def get_failures(self, keys: Collection[str]) -> dict[str, tuple[RequestFailedError, str]]:
        """Return how those requests failed that did, with what was asked as `Request.canonical()` gives it.

        For replays only: a request that failed is worth asking again, and an answer counts for more.
        """
        return {
            key.hex(): (RequestFailedError(_text(reason), _text(detail)), _unpacked(request))
            for key, reason, detail, request in self._in_chunks(failures_of, keys)
        }

    def requests(self) -> Iterator[str]:
        """Yield what was asked for each answer, as `Request.canonical()` gives it, in order of arrival."""
        after = 0
        while rows := self._run("read", lambda c, after=after: _page(c, after))[0]:
            yield from (_unpacked(request) for _, request in rows)
            after = rows[-1][0]

    def put_many(self, pairs: Sequence[tuple[Request, Answer]]) -> dict[str, Answer]:
        """Keep the answers in one transaction that is on disk when this returns.

        Returns the answer that is kept for each of the keys: another one when a request already had it.
        """
        if self._read_only:
            raise SettingsError(f"the answer store {self.path} is open for reading only")
        rows = [_row(request, answer) for request, answer in pairs]
        notes = [(row, answer.notes) for row, (_, answer) in zip(rows, pairs, strict=True) if answer.notes]
        for _ in range(4):
            (kept, known), home = self._run("write", lambda connection: _put(connection, rows, notes))
            # A rescue, or somebody's `rm`, may have put another file in its place: then it goes there, too.
            if file_id(self.path) == home:
                if kept is rows and not known:
                    return {answer.key: answer for _, answer in pairs}
                return _noted({(key := row[0].hex()): _answer(key, row) for row in kept}, known)
            self._reopen(home)
        raise SettingsError(f"the answer store {self.path} is replaced again and again by another program")

    def put_failures(self, pairs: Sequence[tuple[Request, RequestFailedError]]) -> None:
        """Keep how requests failed, the last failure of each."""
        rows = [
            (bytes.fromhex(request.key), error.reason, _storable(error.detail), _packed(request.canonical()))
            for request, error in pairs
        ]
        self._run("write", lambda connection: keep_failures(connection, rows))

    def claims(self) -> Claims:
        """Return the claims of one more engine on these answers."""
        return Claims(Path(self.path))

    def absorb(self, path: Path) -> Absorbed:
        """Take over what the store at `path` holds; see `store_copy.absorb`."""
        return self._run("write", lambda connection: absorb(connection, path))[0]

    def copy_to(self, path: Path, keys: Collection[str]) -> int:
        """Add what is kept of these requests to the store at `path`, made if need be; return how many there were."""
        wanted = [bytes.fromhex(key) for key in keys]
        with AnswerStore(path) as target:
            return target._run("write", lambda connection: copy_records(connection, self.path, wanted))[0]

    def __len__(self) -> int:
        """Count the answers; reads an index whole, so 0.1 s for a million."""
        count, _ = self._run("read", lambda c: c.execute("SELECT count(*) FROM answers").fetchone()[0])
        return int(count)

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        self._closed = True
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, columns: str, keys: Collection[str]) -> Iterator[Row]:
        return self._in_chunks(lambda connection, chunk: _select(connection, columns, chunk), keys)

    def _in_chunks(
        self, select: Callable[[sqlite3.Connection, Sequence[bytes]], Iterable[T]], keys: Collection[str]
    ) -> Iterator[T]:
        blobs = [bytes.fromhex(key) for key in keys]
        for start in range(0, len(blobs), _CHUNK):
            chunk = blobs[start : start + _CHUNK]
            yield from self._run("read", lambda c, chunk=chunk: select(c, chunk))[0]

    def _run(
        self, role: Literal["read", "write"], work: Callable[[sqlite3.Connection], T]
    ) -> tuple[T, FileId | None]:
        """Return the result of `work`, and which file gave it."""
        for _ in range(3):
            session = self._current()
            try:
                with session.lend(role) as connection:
                    return work(connection), session.home
            except sqlite3.DatabaseError as error:
                if session is not self._session:
                    continue  # another thread has changed over to another file meanwhile
                if self._read_only or not is_damage(error):
                    raise explained(error, self.path) from error
                self._reopen(session.home, damage=error)
        raise SettingsError(
            f"the answer store {self.path} is damaged after each repair; is the disk failing?"
        )

    def _current(self) -> "_Session":
        if self._closed:
            raise ValueError(f"the answer store {self.path} is closed")
        if self._session.pid != os.getpid():
            # SQLite connections and locks do not survive a fork; the parent's are left alone, not closed.
            _INHERITED.append(self._session)
            self._rescuing = threading.Lock()
            self._session = self._open()
        return self._session

    def _reopen(self, home: FileId | None, damage: sqlite3.DatabaseError | None = None) -> None:
        """Change over to the file that lies at the path now, mended if need be, unless that was just done."""
        with self._rescuing:
            if self._session.home != home:
                return
            self._session.close()
            if damage is not None:
                rescue(self.path, home, damage)
            self._session = self._open()

    def _open(self) -> "_Session":
        for _ in range(3):
            home = file_id(self.path)
            try:
                return _Session(self.path, self._read_only)
            except sqlite3.DatabaseError as error:
                if self._read_only or not is_damage(error):
                    raise explained(error, self.path) from error
                rescue(self.path, home, error)
        raise SettingsError(
            f"the answer store {self.path} is damaged after each repair; is the disk failing?"
        )


class _Session:
    """The connections of one process: readers do not wait for the writer."""

    def __init__(self, path: Path, read_only: bool) -> None:
        self.pid = os.getpid()
        self._lock = {"read": threading.Lock(), "write": threading.Lock()}
        self._connection = {"read": open_store(path, read_only=read_only)}
        # Noted before the writer opens: what it puts into another file than this one is put again.
        self.home = file_id(path)
        if not read_only:
            self._connection["write"] = open_store(path, read_only=False)

    @contextlib.contextmanager
    def lend(self, role: Literal["read", "write"]) -> Iterator[sqlite3.Connection]:
        with self._lock[role]:
            yield self._connection[role]

    def close(self) -> None:
        if self.pid != os.getpid():
            return
        for role, connection in self._connection.items():
            with self._lock[role], contextlib.suppress(sqlite3.Error):
                connection.close()


_INHERITED: list[_Session] = []


def _select(connection: sqlite3.Connection, columns: str, keys: Sequence[bytes]) -> list[Row]:
    marks = ",".join("?" * len(keys))
    return connection.execute(f"SELECT {columns} FROM answers WHERE key IN ({marks})", keys).fetchall()  # noqa: S608 - marks only


def _page(connection: sqlite3.Connection, after: int) -> list[Row]:
    query = "SELECT rowid, request FROM answers WHERE rowid > ? ORDER BY rowid LIMIT 1000"
    return connection.execute(query, (after,)).fetchall()


def _put(
    connection: sqlite3.Connection, rows: list[Row], notes: Sequence[tuple[Row, tuple[str, ...]]]
) -> tuple[list[Row], dict[str, tuple[str, ...]]]:
    """Insert what is not there, and return what is there afterwards, with the notes on it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        new = _insert(connection, rows)
        kept = rows
        if new < len(rows):
            there: dict[bytes, Row] = {}
            for start in range(0, len(rows), _CHUNK):
                keys = [row[0] for row in rows[start : start + _CHUNK]]
                there.update((row[0], row) for row in _select(connection, COLUMNS, keys))
            spoilt = {key for key, row in there.items() if not _sound(row)}
            connection.executemany(_REPLACE, [row for row in rows if row[0] in spoilt])
            kept = [row if row[0] in spoilt else there[row[0]] for row in rows]
        if notes:
            keep_notes(connection, notes)
        known: dict[str, tuple[str, ...]] = {}
        for start in range(0, len(rows) if notes or new < len(rows) else 0, _CHUNK):
            known.update(notes_of(connection, [row[0] for row in rows[start : start + _CHUNK]]))
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


def _row(request: Request, answer: Answer) -> Row:
    text, reasoning = _storable(answer.text), _storable(answer.reasoning)
    finish, model = answer.finish_reason, _storable(answer.model)
    tokens = (answer.prompt_tokens, answer.completion_tokens)
    row = (bytes.fromhex(answer.key), text, finish, model, *tokens, reasoning)
    return (*row, _packed(request.canonical()), checksum(row))


def _sound(row: Row) -> bool:
    return row[-1] == checksum(row[:7])


def _answer(key: str, row: Row) -> Answer:
    _, text, finish_reason, model, prompt_tokens, completion_tokens, reasoning, *_ = row
    return Answer(
        key=key,
        text=_text(text),
        finish_reason=_same_text(finish_reason),
        model=_same_text(model),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        reasoning=_text(reasoning) if reasoning else "",
    )


def _noted(found: dict[str, Answer], notes: Mapping[str, tuple[str, ...]]) -> dict[str, Answer]:
    for key in notes:
        found[key] = replace(found[key], notes=notes[key])
    return found


def _storable(text: str) -> str | bytes:
    # SQLite's text is UTF-8, which has no lone surrogates; such a text is kept as a blob instead.
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def _text(stored: str | bytes) -> str:
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")


_same_text = lru_cache(maxsize=256)(_text)
"""`_text` of what most answers have in common."""


def _packed(canonical: str) -> bytes:
    plain = canonical.encode("utf-8", "surrogatepass")
    return zlib.compress(plain, 1) if len(plain) >= _COMPRESS_FROM else plain


def _unpacked(stored: bytes) -> str:
    plain = stored if stored[:1] == b"{" else zlib.decompress(stored)  # zlib never begins with a brace
    return plain.decode("utf-8", "surrogatepass")
