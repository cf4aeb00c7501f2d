"""What a part keeps of each of its rows: enough to merge it with the others, without judging an answer again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, BinaryIO, Self

from synth_datasets.features import MOST_ROWS, features_of, tables_of, visible_columns
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.trace_writer import SIDES, TraceWriter, side_lines
from synth_datasets.validation.duplicates import Duplicates, Imprint
from synth_datasets.validation.outcome import Example, Missing, Tally
from synth_datasets.validation.reasons import Reason

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["CONTESTED", "EXAMPLE", "MISSING", "KeptRows", "RowKeeper"]

EXAMPLE, MISSING, CONTESTED = 0, 1, 2
"""States of a row: accepted whatever the other rows are, short of repeating one; missing; rejected for repeating one,
so that the rows of the other parts decide on it."""
_CROSSING = frozenset([Reason.DUPLICATE, Reason.NEAR_DUPLICATE])


class RowKeeper(AbstractContextManager["RowKeeper"]):
    """Writes one split of a part: `<split>.rows.arrow`, `.index.arrow`, `.check<n>.bin`, and the trace.

    The index has a record for each row of the part, in the split's order; rows, checks and trace those that stand as
    they are.
    """

    def __init__(self, folder: Path, split: str, spec: DatasetSpec, replaced: Mapping[str, str]) -> None:
        self.tally = Tally()
        """Of the rows that are not contested."""
        self._folder, self._split = folder, split
        self._features = features_of(spec)
        self._columns = visible_columns(spec)
        self._replaced = replaced
        self._duplicates = Duplicates(spec)
        self._batch: list[Example] = []
        self._index: dict[str, list[int]] = {name: [] for name in ("state", "sources", *SIDES)}
        self._empty: list[list[np.ndarray]] = []
        self._checks: list[BinaryIO] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        import pyarrow as pa

        self._trace = self._stack.enter_context(TraceWriter(self._folder / "trace", self._split))
        path = self._folder / f"{self._split}.rows.arrow"
        self._rows = self._stack.enter_context(pa.ipc.new_file(path, self._features.arrow_schema))
        return self

    def add(self, outcome: Example | Missing) -> None:
        """Keep what became of the next row of the split."""
        contested = any(rejection.reason in _CROSSING for rejection in outcome.rejections)
        example = isinstance(outcome, Example) and not contested
        lines = {} if contested else side_lines(outcome)
        self._index["state"].append(CONTESTED if contested else EXAMPLE if example else MISSING)
        self._index["sources"].append(len(outcome.sources) if isinstance(outcome, Example) and example else 0)
        for side in SIDES:
            self._index[side].append(len(lines.get(side, ())))
        if contested:
            return
        self._trace.add(outcome)
        self.tally.add(outcome)
        if isinstance(outcome, Example):
            self._batch.append(outcome)
            if len(self._batch) >= MOST_ROWS:
                self._flush()

    def _flush(self) -> None:
        values = [_as_decided(each.values, self._replaced) for each in self._batch]
        imprints = self._duplicates.imprints(values)
        if not self._checks:
            for at in range(len(imprints)):
                path = self._folder / f"{self._split}.check{at}.bin"
                self._checks.append(self._stack.enter_context(path.open("wb")))
                self._empty.append([])
        for file, empty, imprint in zip(self._checks, self._empty, imprints, strict=True):
            file.write(imprint.marks.tobytes())
            empty.append(imprint.empty)
        for table in tables_of(
            self._features, [{n: e.values[n] for n in self._columns} for e in self._batch]
        ):
            self._rows.write_table(table)
        self._batch = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
            self._write_index()
            self._trace.finish(self.tally)
        self._stack.__exit__(kind, error, traceback)

    def _write_index(self) -> None:
        import numpy as np
        import pyarrow as pa

        columns: dict[str, object] = {
            name: np.array(values, np.uint8 if name == "state" else np.uint32)
            for name, values in self._index.items()
        }
        at = np.flatnonzero(columns["state"] == np.uint8(EXAMPLE))
        for number, parts in enumerate(self._empty):
            empty = np.zeros(len(self._index["state"]), bool)
            empty[at] = np.concatenate(parts)
            columns[f"empty{number}"] = empty
        table = pa.table(columns)
        with pa.ipc.new_file(self._folder / f"{self._split}.index.arrow", table.schema) as writer:
            writer.write_table(table)


@dataclass(slots=True)
class KeptRows:
    """One split of a part, read back; rows and trace are read in order, as they are taken."""

    index: "Mapping[str, np.ndarray]"
    """Columns of the index: state, numbers of sources and lines, whether texts are empty."""
    marks: "Sequence[np.ndarray]"
    """What each check compares of the rows that stand."""
    _rows: "Iterator[pa.RecordBatch]"
    _sources: "Iterator[pa.RecordBatch]"
    _lines: Mapping[str, IO[str]]
    _left: "dict[str, list[pa.RecordBatch]]" = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, split: str, spec: DatasetSpec, stack: ExitStack) -> "KeptRows":
        """Open the split of the part in that folder; `stack` closes what is open."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        index = pa.ipc.open_file(pa.memory_map(str(folder / f"{split}.index.arrow"))).read_all()
        standing = int(np.count_nonzero(index["state"].to_numpy() == EXAMPLE))
        marks = [
            np.fromfile(folder / f"{split}.check{at}.bin", imprint.marks.dtype).reshape(
                standing, imprint.marks.shape[1]
            )
            for at, imprint in enumerate(_patterns(spec) if standing else ())
        ]
        rows = pa.ipc.open_file(pa.memory_map(str(folder / f"{split}.rows.arrow")))
        trace = stack.enter_context(pq.ParquetFile(folder / "trace" / f"{split}.parquet"))
        lines = {
            side: stack.enter_context(path.open(encoding="utf-8", newline="\n"))
            for side, ending in SIDES.items()
            if (path := folder / "trace" / f"{split}{ending}").is_file()
        }
        return cls(
            index={name: index[name].to_numpy() for name in index.column_names},
            marks=marks,
            _rows=(rows.get_batch(at) for at in range(rows.num_record_batches)),
            _sources=trace.iter_batches(MOST_ROWS),
            _lines=lines,
        )

    def take_rows(self, count: int) -> "list[pa.RecordBatch]":
        """Return the next so many rows that stand."""
        return self._take("rows", self._rows, count)

    def take_sources(self, count: int) -> "list[pa.RecordBatch]":
        """Return the next so many records of the trace."""
        return self._take("sources", self._sources, count)

    def take_lines(self, side: str, count: int) -> list[str]:
        """Return the next so many lines of a file beside the trace."""
        return list(islice(self._lines[side], count)) if count else []

    def _take(self, name: str, batches: "Iterator[pa.RecordBatch]", count: int) -> "list[pa.RecordBatch]":
        found: list[pa.RecordBatch] = []
        left = self._left.setdefault(name, [])
        while count:
            batch = left.pop() if left else next(batches)
            if batch.num_rows > count:
                left.append(batch.slice(count))
                batch = batch.slice(0, count)
            count -= batch.num_rows
            found.append(batch)
        return found


def _patterns(spec: DatasetSpec) -> list[Imprint]:
    """Return imprints of no rows, which tell what those of the checks look like."""
    return Duplicates(spec).imprints([])


def _as_decided(values: Mapping[str, object], replaced: Mapping[str, str]) -> dict[str, object]:
    """Return the values as the checks saw them: before what is stored took the place of what was asked."""
    found = dict(values)
    for name, by in replaced.items():
        found[name], found[by] = found[by], found[name]
    return found
