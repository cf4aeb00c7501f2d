"""What a part has kept of its rows, read back: a stretch at a time, with no file open in between."""

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError
from synth_datasets.features import types_of
from synth_datasets.parts.info import Part
from synth_datasets.parts.kept import CONTESTED, EXAMPLE, index_schema
from synth_datasets.plan.part import in_shard
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.trace import TRACE_FOLDER, read_tally
from synth_datasets.trace_writer import SIDES, trace_schema
from synth_datasets.validation.duplicates import Duplicates
from synth_datasets.validation.outcome import Tally
from synth_datasets.value_types import schema_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["KeptRows", "Stretch"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of a part that follow each other, as the part says they are."""

    standing: "np.ndarray"
    """By row, whether it stands."""
    sources: "np.ndarray"
    """Of each that stands, the number of records in the trace."""
    rows: "pa.Table"
    """Those that stand, as they are stored."""
    records: "pa.Table"
    """Of the trace."""
    lines: Mapping[int, Mapping[str, Sequence[str]]]
    """By row, of those that have any, the lines beside the trace."""


@dataclass
class KeptRows:
    """One split of a part."""

    part: Part
    split: str
    spec: DatasetSpec
    index: "Mapping[str, np.ndarray]"
    """Columns of the index: state, numbers of sources and lines, whether texts are empty."""
    standing: "np.ndarray"
    """Positions in the index of the rows that stand."""
    _at: int = 0
    _row: int = 0
    _record: int = 0
    _offsets: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, part: Part, split: str, spec: DatasetSpec) -> "KeptRows":
        """Read the index of the split; raises `SettingsError` for one that is not of this spec."""
        import numpy as np
        import pyarrow as pa

        [total] = [item.num_examples for item in spec.splits if item.name == split]
        with _explained(part, f"{split}.index.arrow"):
            path = part.folder / f"{split}.index.arrow"
            table = pa.ipc.open_file(pa.py_buffer(path.read_bytes())).read_all()
            _require(table.schema.equals(index_schema(len(Duplicates(spec).imprints([])))), "other columns")
            _require(not any(column.null_count for column in table.columns), "gaps")
            own = int(np.count_nonzero(in_shard(total, part.shard.of, part.shard.number - 1)))
            _require(len(table) == own, f"{len(table)} rows where the part has {own}")
            index = {name: table[name].to_numpy() for name in table.column_names}
            _require(not own or bool(index["state"].max() <= CONTESTED), "states that are none")
            standing = np.flatnonzero(index["state"] == EXAMPLE)
        return cls(part, split, spec, index, standing)

    @cached_property
    def marks(self) -> "Sequence[np.ndarray]":
        """What each check compares of the rows that stand."""
        import numpy as np

        found: list[np.ndarray] = []
        for at, pattern in enumerate(Duplicates(self.spec).imprints([]) if len(self.standing) else ()):
            name = f"{self.split}.check{at}.bin"
            with _explained(self.part, name):
                flat = np.fromfile(self.part.folder / name, pattern.marks.dtype)
                found.append(flat.reshape(len(self.standing), pattern.marks.shape[1]))
        return found

    def tally(self) -> Tally:
        """Return the counts of the rows that nobody contests."""
        with _explained(self.part, f"{TRACE_FOLDER}/{self.split}.tally.json"):
            return read_tally(self.part.folder / TRACE_FOLDER / f"{self.split}.tally.json")

    def take(self, count: int) -> Stretch:
        """Return the next so many rows."""
        import numpy as np

        part = slice(self._at, self._at + count)
        self._at += count
        index = {name: column[part] for name, column in self.index.items()}
        standing = index["state"] == EXAMPLE
        sources = index["sources"][standing].astype(np.int64)
        with _explained(self.part, f"{self.split}.rows.arrow"):
            rows = self._take_rows(len(sources))
        with _explained(self.part, f"{TRACE_FOLDER}/{self.split}.parquet"):
            records = self._take_records(int(sources.sum()))
        lines: dict[int, dict[str, Sequence[str]]] = {}
        for side in SIDES:
            with _explained(self.part, f"{TRACE_FOLDER}/{self.split}{SIDES[side]}"):
                self._take_lines(side, index[side], lines)
        return Stretch(standing, sources, rows, records, lines)

    def _take_rows(self, count: int) -> "pa.Table":
        import pyarrow as pa

        schema = schema_of(types_of(self.spec))
        reader = pa.ipc.open_file(pa.memory_map(str(self.part.folder / f"{self.split}.rows.arrow")))
        _require(reader.schema.equals(schema), "other columns")
        found: list[pa.RecordBatch] = []
        skipped, left = 0, count
        for at in range(reader.num_record_batches if count else 0):
            batch = reader.get_batch(at)
            start = max(0, self._row - skipped)
            skipped += batch.num_rows
            if start < batch.num_rows:
                found.append(batch.slice(start, left))
                found[-1].validate(full=True)
                left -= found[-1].num_rows
            if not left:
                break
        _require(not left, "too few rows")
        self._row += count
        return pa.Table.from_batches(found, schema)

    def _take_records(self, count: int) -> "pa.Table":
        import pyarrow.parquet as pq

        start, self._record = self._record, self._record + count
        if not count:
            return trace_schema().empty_table()
        with pq.ParquetFile(self.part.folder / TRACE_FOLDER / f"{self.split}.parquet") as file:
            _require(file.schema_arrow.equals(trace_schema()), "other columns")
            groups = range(file.num_row_groups)
            ends = [*accumulate((file.metadata.row_group(at).num_rows for at in groups), initial=0)]
            wanted = [at for at in groups if ends[at] < start + count and ends[at + 1] > start]
            _require(ends[-1] >= start + count, "too few records")
            return file.read_row_groups(wanted).slice(start - ends[wanted[0]], count)

    def _take_lines(
        self, side: str, counts: "np.ndarray", lines: dict[int, dict[str, Sequence[str]]]
    ) -> None:
        """Add the lines of one side of the next rows, of which each has so many."""
        import numpy as np

        total = int(counts.sum())
        if not total:
            return
        path = self.part.folder / TRACE_FOLDER / f"{self.split}{SIDES[side]}"
        with path.open("rb") as file:
            file.seek(self._offsets.get(side, 0))
            read = list(islice(file, total))
            self._offsets[side] = file.tell()
        _require(len(read) == total, "too few lines")
        texts = iter([line.decode("utf-8") for line in read])
        for at in np.flatnonzero(counts).tolist():
            lines.setdefault(at, {})[side] = list(islice(texts, int(counts[at])))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


@contextmanager
def _explained(part: Part, name: str) -> Iterator[None]:
    """Name the part that holds anything else than a part of this spec does: it may be a stranger's."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.ENOENT, errno.EINVAL):
            raise  # the disk's, or a limit of this machine
        raise SettingsError(
            f"{part.folder}: {name} holds something else than a part of this spec ({error}): make the part again"
        ) from error
