"""The answers on disk: one SQLite file for all specs, in which nothing that was paid for is lost."""

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
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
    explained,
    file_id,
    is_damage,
    open_store,
)
from synth_datasets.generation.store_remarks import failures_of, keep_failures, notes_of
from synth_datasets.generation.store_rescue import rescue
from synth_datasets.generation.store_rows import (
    answer_of,
    is_sound,
    packed,
    row_of,
    storable,
    text_of,
    unpacked,
)
from synth_datasets.generation.store_table import CHUNK, page, put, select
from synth_datasets.plan.request import Request

__all__ = ["AnswerStore"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_ANSWER = COLUMNS.replace("request, ", "")
"""What makes an answer and tells whether it is sound; requests are the longest part of many rows."""


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
            if is_sound(row):
                found[key] = answer_of(key, row)
            else:
                logger.warning("%s: the answer %s is damaged and will be asked again", self.path, key)
        return _noted(found, dict(self._in_chunks(lambda c, keys: notes_of(c, keys).items(), found)))

    def get_requests(self, keys: Collection[str]) -> dict[str, str]:
        """Return what was asked, as `Request.canonical()` gives it, for those keys that are there."""
        return {row[0].hex(): unpacked(row[1]) for row in self._rows("key, request", keys)}

    def get_failures(self, keys: Collection[str]) -> dict[str, tuple[RequestFailedError, str]]:
        """Return how those requests failed that did, with what was asked as `Request.canonical()` gives it.

        For replays only: a request that failed is worth asking again, and an answer counts for more.
        """
        return {
            key.hex(): (RequestFailedError(text_of(reason), text_of(detail)), unpacked(request))
            for key, reason, detail, request in self._in_chunks(failures_of, keys)
        }

    def requests(self) -> Iterator[str]:
        """Yield what was asked for each answer, as `Request.canonical()` gives it, in order of arrival."""
        after = 0
        while rows := self._run("read", lambda c, after=after: page(c, after))[0]:
            yield from (unpacked(request) for _, request in rows)
            after = rows[-1][0]

    def put_many(self, pairs: Sequence[tuple[Request, Answer]]) -> dict[str, Answer]:
        """Keep the answers in one transaction that is on disk when this returns.

        Returns the answer that is kept for each of the keys: another one when a request already had it.
        """
        if self._read_only:
            raise SettingsError(f"the answer store {self.path} is open for reading only")
        rows = [row_of(request, answer) for request, answer in pairs]
        notes = [(row, answer.notes) for row, (_, answer) in zip(rows, pairs, strict=True) if answer.notes]
        for _ in range(4):
            (kept, known), home = self._run("write", lambda connection: put(connection, rows, notes))
            # A rescue, or somebody's `rm`, may have put another file in its place: then it goes there, too.
            if file_id(self.path) == home:
                if kept is rows and not known:
                    return {answer.key: answer for _, answer in pairs}
                return _noted({(key := row[0].hex()): answer_of(key, row) for row in kept}, known)
            self._reopen(home)
        raise SettingsError(f"the answer store {self.path} is replaced again and again by another program")

    def put_failures(self, pairs: Sequence[tuple[Request, RequestFailedError]]) -> None:
        """Keep how requests failed, the last failure of each."""
        rows = [
            (bytes.fromhex(request.key), error.reason, storable(error.detail), packed(request.canonical()))
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
        return self._in_chunks(lambda connection, chunk: select(connection, columns, chunk), keys)

    def _in_chunks(
        self, select: Callable[[sqlite3.Connection, Sequence[bytes]], Iterable[T]], keys: Collection[str]
    ) -> Iterator[T]:
        blobs = [bytes.fromhex(key) for key in keys]
        for start in range(0, len(blobs), CHUNK):
            chunk = blobs[start : start + CHUNK]
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


def _noted(found: dict[str, Answer], notes: Mapping[str, tuple[str, ...]]) -> dict[str, Answer]:
    for key in notes:
        found[key] = replace(found[key], notes=notes[key])
    return found
