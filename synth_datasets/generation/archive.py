"""Answers as one Parquet file that travels: each with its request, so that whoever gets it can check every key."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from synth_datasets.errors import SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.archive_store import is_database, read_store
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Request

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["ArchiveWriter", "Imported", "Record", "import_answers", "read_archive"]

Record = tuple[Request, Answer | RequestFailedError]

BATCH_ROWS = 1000
SHOWN_CONFLICTS = 5
_FORMAT = "1"
_MARK = b"synth_answers"
_DIGEST = b"synth_answers_digest"
_MAX_TEXT = 16 << 20
"""Characters of a request or an outcome."""
_MAX_GROUP = 1 << 30
"""Bytes that the records of one batch may unfold to."""
_COLUMNS = ("key", "request", "outcome", "digest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import found and did."""

    total: int
    new: int
    conflicts: int
    """Requests whose stored answer is another one, which stays."""
    conflicting: tuple[str, ...]
    """The first few of their keys."""


class ArchiveWriter:
    """Writes an archive that appears whole or not at all; equal records in equal order give equal bytes.

    An archive may take the place of another one; any other file stays, and `SettingsError` says so.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        if path.exists() and not _is_archive(path):
            raise SettingsError(f"{path} is there and is no archive of answers; name another file")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        os.close(handle)
        self._path, self._temporary = path, Path(name)
        self._schema = _schema()
        self._digest = hashlib.sha256()
        self._file = pq.ParquetWriter(
            name,
            self._schema,
            compression="zstd",
            write_page_checksum=True,
            write_statistics=False,
            use_dictionary=False,
        )

    def add(self, records: Sequence[Record]) -> None:
        """Write a batch, which stays in memory only until then."""
        import pyarrow as pa

        rows = []
        for request, outcome in records:
            told = _told(outcome)
            digest = _digest(request.key, told)
            self._digest.update(digest.encode())
            rows.append((request.key, _text(json.loads(request.canonical())), told, digest))
        columns = [list(column) for column in zip(*rows, strict=True)]
        self._file.write_table(
            pa.Table.from_arrays([pa.array(c, pa.string()) for c in columns], self._schema.names)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.add_key_value_metadata({_MARK: _FORMAT, _DIGEST: self._digest.hexdigest()})
            self._file.close()
            if kind is None:
                self._temporary.chmod(0o644)
                self._temporary.replace(self._path)
        finally:
            self._temporary.unlink(missing_ok=True)


def import_answers(path: Path, store: AnswerStore) -> Imported:
    """Put the answers of an archive, or of another store, into the store: all, or none when one is not sound.

    A stored answer stays as it is. Memory is flat: the archive is read twice, a thousand answers at a time. Raises
    `SettingsError` for what is no archive, is damaged, or holds a record that was changed.
    """
    read = read_store if is_database(path) else read_archive
    total = sum(len(records) for records in read(path))
    new = conflicts = 0
    conflicting: list[str] = []
    for records in read(path):
        given = {request.key: (request, outcome) for request, outcome in records}
        there = store.get_many(given.keys())
        answers = [(r, o) for r, o in given.values() if isinstance(o, Answer) and r.key not in there]
        known = {**there, **(store.put_many(answers) if answers else {})}
        other = [
            key
            for key, (_, outcome) in given.items()
            if isinstance(outcome, Answer) and known[key] != outcome
        ]
        conflicts += len(other)
        conflicting += other[: SHOWN_CONFLICTS - len(conflicting)]
        failed = [
            (r, o) for r, o in given.values() if isinstance(o, RequestFailedError) and r.key not in there
        ]
        failing = store.get_failures([request.key for request, _ in failed])
        failed = [(request, error) for request, error in failed if request.key not in failing]
        if failed:
            store.put_failures(failed)
        new += len(answers) + len(failed)
    return Imported(total=total, new=new, conflicts=conflicts, conflicting=tuple(conflicting))


def read_archive(path: Path) -> Iterator[list[Record]]:
    """Yield the records in batches, each one checked; raises `SettingsError` for anything that is not sound.

    What holds of the file as a whole, that no record is gone, is known after the last batch.
    """
    import pyarrow.parquet as pq

    whole = hashlib.sha256()
    with _explained(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        metadata = file.metadata.metadata or {}
        _refuse_foreign(path, metadata, file.schema_arrow.names)
        _refuse_bombs(path, file.metadata)
        number = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            records = []
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                row = _texts(path, number, values)
                records.append(_checked(path, number, row))
                whole.update(row["digest"].encode())
            yield records
    if metadata.get(_DIGEST, b"").decode("ascii", "replace") != whole.hexdigest():
        raise SettingsError(f"{path}: records were taken out, added or put in another order; get it again")


def _texts(path: Path, number: int, values: Sequence[object]) -> dict[str, str]:
    """Return the values of a record by their columns."""
    found = {name: value for name, value in zip(_COLUMNS, values, strict=True) if isinstance(value, str)}
    if len(found) < len(_COLUMNS) or any(len(value) > _MAX_TEXT for value in found.values()):
        raise SettingsError(
            f"{path}: record {number} lacks a value, or has one of more than {_MAX_TEXT >> 20} Mi characters; nothing "
            "of the archive was imported; get it again from where it came"
        )
    return found


def _checked(path: Path, number: int, row: Mapping[str, str]) -> Record:
    key = row["key"]
    where = f"{path}: record {number}, key {str(key)[:64]}"
    again = "nothing of the archive was imported; get it again from where it came"
    try:
        request = Request.parse(row["request"])
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingsError(f"{where}: its request is none ({error}); {again}") from error
    if request.key != key:
        raise SettingsError(f"{where}: its request was changed, it is that of key {request.key}; {again}")
    if row["digest"] != _digest(key, str(row["outcome"])):
        raise SettingsError(f"{where}: its answer was changed; {again}")
    try:
        return request, _heard(key, row["outcome"])
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise SettingsError(f"{where}: its answer is none ({error}); {again}") from error


def _refuse_foreign(path: Path, metadata: dict[bytes, bytes], names: list[str]) -> None:
    if _MARK not in metadata:
        raise SettingsError(f"{path} is no archive of answers; make one with `synth answers export SPEC`")
    if metadata[_MARK] != _FORMAT.encode() or tuple(names) != _COLUMNS:
        raise SettingsError(
            f"{path} was written by another version of synth-datasets; upgrade with `pip install -U synth-datasets`"
        )


def _refuse_bombs(path: Path, metadata: "pq.FileMetaData") -> None:
    """Raise `SettingsError` for what no `ArchiveWriter` wrote, where a few bytes may repeat a text without end."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = [group.column(at) for at in range(group.num_columns)]
        if group.total_byte_size > _MAX_GROUP or any(
            chunk.has_dictionary_page or any("DICTIONARY" in encoding for encoding in chunk.encodings)
            for chunk in chunks
        ):
            raise SettingsError(
                f"{path} was written by another program, or unfolds to too much; nothing of it was imported; get it "
                "again from where it came"
            )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Tell a damaged file plainly: pyarrow raises a different exception for every byte."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        raise SettingsError(
            f"{path}: not readable as an archive of answers: it is cut short, damaged or something else ({error})"
        ) from error


def _is_archive(path: Path) -> bool:
    import pyarrow.parquet as pq

    with suppress(SettingsError), _explained(path), pq.ParquetFile(path) as file:
        return _MARK in (file.metadata.metadata or {})
    return False


def _told(outcome: Answer | RequestFailedError) -> str:
    if isinstance(outcome, RequestFailedError):
        return _text({"failed": {"reason": outcome.reason, "detail": outcome.detail}})
    return _text({name: value for name, value in asdict(outcome).items() if name != "key"})


def _heard(key: str, told: str) -> Answer | RequestFailedError:
    data = json.loads(told)
    if "failed" in data:
        failure = data["failed"]
        return RequestFailedError(_str(failure["reason"]), _str(failure["detail"]))
    return Answer(
        key=key,
        text=_str(data["text"]),
        finish_reason=_str(data["finish_reason"]),
        model=_str(data["model"]),
        prompt_tokens=int(data["prompt_tokens"]),
        completion_tokens=int(data["completion_tokens"]),
        reasoning=_str(data["reasoning"]),
        notes=tuple(_str(note) for note in data["notes"]),
    )


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text belongs")
    return value


def _text(value: object) -> str:
    """Return JSON that UTF-8 can hold: half a surrogate makes the whole text ASCII, with escapes."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    return text


def _digest(key: str, told: str) -> str:
    return hashlib.sha256(f"{key}\n{told}".encode()).hexdigest()


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in _COLUMNS])
