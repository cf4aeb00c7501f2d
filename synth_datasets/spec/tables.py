"""Real data as a table of texts: CSV, TSV, JSON lines and Parquet, with the line of each fault."""

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from synth_datasets.spec.problems import shown, suggestion

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["MAX_BYTES", "MAX_CELL", "MAX_ROWS", "SUFFIXES", "Fault", "Table", "TableError", "read_table"]

MAX_BYTES = 256 << 20
"""The largest file of real data; of Parquet also what its wanted columns may unfold to."""
MAX_ROWS = 1_000_000
MAX_CELL = 100_000
"""Characters of one value."""
SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

_MOST_FAULTS = 5
_BATCH = 4_096
_NEITHER = "the value of '{}' is neither a text nor a number"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the data, and where: `line` counts lines, or rows of Parquet; 0 is the whole file."""

    message: str
    line: int = 0
    hint: str = ""


class TableError(Exception):
    """The data cannot be used; at most the first few faults are listed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in faults))


@dataclass(frozen=True, slots=True)
class Table:
    """The wanted columns, values as text: "" where there is none."""

    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]
    """Where each row stands: a line of a text, a row of Parquet, counted from 1."""


def read_table(name: str, data: bytes, wanted: Collection[str]) -> Table:
    """Read the wanted columns of a file, whose kind its name tells; numbers and truth values become their JSON text.

    Raises `TableError`. Nothing in the data is run, and no other file is read.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise TableError([Fault(f"'{shown(name)}' is none of {', '.join(SUFFIXES)}")])
    if len(data) > MAX_BYTES:
        raise TableError([Fault(f"'{shown(name)}' has more than {MAX_BYTES >> 20} MiB")])
    if suffix == ".parquet":
        return _collected(_parquet_rows(data, wanted), wanted)
    text = _decoded(data)
    rows = _csv_rows(text, "\t" if suffix == ".tsv" else ",", wanted) if suffix in (".csv", ".tsv") else None
    return _collected(_json_rows(text, wanted) if rows is None else rows, wanted)


_Row = tuple[int, Sequence[str] | Fault]


def _collected(rows: Iterator[_Row], wanted: Collection[str]) -> Table:
    columns: dict[str, list[str]] = {name: [] for name in wanted}
    lines: list[int] = []
    faults: list[Fault] = []
    size = 0
    for line, row in rows:
        fault = row if isinstance(row, Fault) else _too_much(row, line, len(lines))
        if fault is not None:
            faults.append(fault)
            if len(faults) >= _MOST_FAULTS:
                break
            continue
        assert not isinstance(row, Fault)  # noqa: S101 - a fault was noted above
        size += sum(map(len, row))
        if size > MAX_BYTES:
            faults.append(Fault(f"the columns hold more than {MAX_BYTES >> 20} Mi characters"))
            break
        lines.append(line)
        for values, value in zip(columns.values(), row, strict=True):
            values.append(value)
    if faults:
        raise TableError(faults)
    return Table({name: tuple(values) for name, values in columns.items()}, lines)


def _too_much(row: Sequence[str], line: int, count: int) -> Fault | None:
    if count >= MAX_ROWS:
        return Fault(f"more than {MAX_ROWS} rows", line)
    if any(len(value) > MAX_CELL for value in row):
        return Fault(f"a value has more than {MAX_CELL} characters", line)
    return None


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        fault = Fault("this is not UTF-8", line, "save the file as UTF-8")
        raise TableError([fault]) from error


def _csv_rows(text: str, delimiter: str, wanted: Collection[str]) -> Iterator[_Row]:
    if delimiter == "," and _semicolons(text, wanted):
        delimiter = ";"
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = next(reader, [])
        _need(wanted, names)
        places = [names.index(name) for name in wanted]
        start = reader.line_num + 1
        for row in reader:
            line, start = start, reader.line_num + 1
            if not row:
                continue
            if len(row) != len(names):
                yield line, Fault(f"{len(row)} values, the header names {len(names)}", line)
            else:
                yield line, [row[place] for place in places]
    except csv.Error as error:
        yield reader.line_num, Fault(f"cannot be read as CSV: {error}", reader.line_num)


def _semicolons(text: str, wanted: Collection[str]) -> bool:
    """Whether the header has what is wanted between semicolons, as spreadsheets write it where 1,5 is a number."""
    try:
        header = next(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True), list[str]())
    except csv.Error:
        return False
    return len(header) > 1 and all(name in header for name in wanted)


def _json_rows(text: str, wanted: Collection[str]) -> Iterator[_Row]:
    seen = faulty = False
    for line, source in enumerate(text.split("\n"), 1):
        if not source.strip():
            continue
        try:
            record = json.loads(source)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", None) or "nested too deeply, or a number too long"
            faulty = True
            yield line, Fault(f"this line is no JSON: {reason}", line)
            continue
        if not isinstance(record, dict):
            faulty = True
            yield line, Fault("this line is no JSON object", line)
            continue
        if not seen:
            _need(wanted, list(record))
        seen = True
        yield line, _values([record.get(name) for name in wanted], wanted, line)
    if not seen and not faulty:
        _need(wanted, [])


def _parquet_rows(data: bytes, wanted: Collection[str]) -> Iterator[_Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            _need(wanted, file.schema_arrow.names)
            texts = _texts_among(wanted, file)
        # A text that a column repeats stays one: else a few bytes that say how often would fill the memory.
        with pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts) as file:
            line, classes = 0, _class_names(file.schema_arrow.metadata)
            for batch in file.iter_batches(_BATCH, columns=list(wanted)):
                columns = [_named(_unfolded(batch.column(name)), classes.get(name)) for name in wanted]
                for row in zip(*columns, strict=True):
                    line += 1
                    yield line, _values(row, wanted, line)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError([Fault(f"cannot be read as Parquet: {shown(reason)}")]) from error


def _texts_among(wanted: Collection[str], file: "pq.ParquetFile") -> list[str]:
    """Return the columns that hold text; raises `TableError` for what is too much, or neither text nor number."""
    import pyarrow as pa

    if file.metadata.num_rows > MAX_ROWS:
        raise TableError([Fault(f"more than {MAX_ROWS} rows")])
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    if sum(each.total_uncompressed_size for each in chunks if each.path_in_schema in wanted) > MAX_BYTES:
        raise TableError([Fault(f"the columns unfold to more than {MAX_BYTES >> 20} MiB")])
    kinds = {name: file.schema_arrow.field(name).type for name in wanted}
    kinds = {name: kind.value_type if pa.types.is_dictionary(kind) else kind for name, kind in kinds.items()}
    written = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    texts = [name for name, kind in kinds.items() if any(fits(kind) for fits in written)]
    others = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_null)
    if unfit := [
        name for name in wanted if name not in texts and not any(fits(kinds[name]) for fits in others)
    ]:
        raise TableError([Fault(_NEITHER.format(shown(unfit[0])), 1)])
    return texts


def _unfolded(column: "pa.Array") -> list[object]:
    """Return the values of a column; those that repeat in it are one and the same."""
    import pyarrow as pa

    if not isinstance(column, pa.DictionaryArray):
        return column.to_pylist()
    used = column.indices.unique().drop_null()
    values = dict(zip(used.to_pylist(), column.dictionary.take(used).to_pylist(), strict=True))
    return [values.get(at) for at in column.indices.to_pylist()]


def _class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, list[str]]:
    """Return the names of the classes of each column that `datasets` keeps as numbers."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        found = {
            name: feature["names"] for name, feature in features.items() if feature["_type"] == "ClassLabel"
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
    return {name: names for name, names in found.items() if isinstance(names, list)}


def _named(values: list[object], names: list[str] | None) -> list[object]:
    if names is None:
        return values
    known = dict[object, str](enumerate(names))
    return [known.get(value, value) if isinstance(value, int) else value for value in values]


def _values(row: Sequence[object], wanted: Collection[str], line: int) -> Sequence[str] | Fault:
    values: list[str] = []
    for name, value in zip(wanted, row, strict=True):
        match value:
            case str():
                values.append(value)
            case None:
                values.append("")
            case bool() | int() | float():
                values.append(json.dumps(value))
            case _:
                return Fault(_NEITHER.format(shown(name)), line)
    return values


def _need(wanted: Collection[str], names: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in names]
    if missing:
        faults = [
            Fault(f"there is no column '{shown(name)}'", 0, suggestion(name, names)) for name in missing
        ]
        raise TableError(faults)
    twice = [name for name in wanted if list(names).count(name) > 1]
    if twice:
        raise TableError([Fault(f"the column '{shown(name)}' is there twice", 1) for name in twice])
