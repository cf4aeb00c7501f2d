"""A stretch of a split, put together from what stands in the parts and from rows that came out otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.features import types_of, visible_columns
from synth_datasets.parts.decide import SplitParts
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.trace_writer import TraceWriter, side_lines, sources_table, trace_schema
from synth_datasets.validation.outcome import Example, Missing
from synth_datasets.value_types import schema_of, tables_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["TracePiece", "Window"]


@dataclass(frozen=True, slots=True)
class TracePiece:
    """The trace of a stretch of a split, still in pieces."""

    records: "pa.Table"
    starts: "np.ndarray"
    """By row that is stored, where its records begin."""
    counts: "np.ndarray"
    lines: Sequence[Mapping[str, Sequence[str]]]
    """By row, missing ones included, what it has beside the table."""

    def write(self, writer: TraceWriter) -> None:
        """Write it, in the order of the rows."""
        import numpy as np

        before = np.cumsum(self.counts) - self.counts
        order = np.repeat(self.starts - before, self.counts) + np.arange(int(self.counts.sum()))
        writer.add_sources(self.records.take(order), self.counts.tolist())
        for each in self.lines:
            if each:
                writer.add_lines(each)


class Window:
    """Puts together the rows at these positions of a split; the next ones in order."""

    def __init__(self, spec: DatasetSpec, parts: SplitParts, positions: range) -> None:
        import numpy as np

        self._spec, self._parts, self._positions = spec, parts, positions
        self._rows: list[pa.Table] = []
        self._records: list[pa.Table] = []
        self._lines: list[Mapping[str, Sequence[str]]] = [{}] * len(positions)
        self._row_at = np.full(len(positions), -1, np.int64)
        """By position, where its row is among all that were found; -1: nowhere."""
        self._source_at = np.zeros(len(positions), np.int64)
        self._sources = np.zeros(len(positions), np.int64)

    def take_standing(self) -> None:
        """Take what the parts say."""
        import numpy as np

        own = self._parts.part[self._positions.start : self._positions.stop]
        for number, kept in enumerate(self._parts.parts):
            if not len(at := np.flatnonzero(own == number)):
                continue
            stretch = kept.take(len(at))
            self._add(at[stretch.standing], stretch.rows, stretch.records, stretch.sources)
            for row, lines in stretch.lines.items():
                self._lines[at[row]] = lines

    def put(self, changed: Mapping[int, Example | Missing]) -> None:
        """Put those rows, by position, in the place of what the parts say of them."""
        import numpy as np

        at = np.array([position - self._positions.start for position in changed], np.int64)
        self._row_at[at], self._sources[at] = -1, 0
        for position, outcome in changed.items():
            self._lines[position - self._positions.start] = side_lines(outcome)
        made = {at: each for at, each in changed.items() if isinstance(each, Example)}
        columns = visible_columns(self._spec)
        stored = ({name: each.values[name] for name in columns} for each in made.values())
        types = types_of(self._spec)
        records = sources_table(
            [(str(each.row), source) for each in made.values() for source in each.sources]
        )
        self._add(
            np.array([position - self._positions.start for position in made], np.int64),
            _one_table([*tables_of(types, stored)], schema_of(types)),
            records,
            np.array([len(each.sources) for each in made.values()], np.int64),
        )

    def rows(self) -> "pa.Table":
        """Return the stored rows, in order."""
        rows = _one_table(self._rows, schema_of(types_of(self._spec)))
        return rows.take(self._row_at[self._row_at >= 0])

    def trace(self) -> TracePiece:
        """Return what goes into the trace, in order."""
        there = self._row_at >= 0
        records = _one_table(self._records, trace_schema())
        return TracePiece(records, self._source_at[there], self._sources[there], self._lines)

    def _add(self, at: "np.ndarray", rows: "pa.Table", records: "pa.Table", sources: "np.ndarray") -> None:
        """Add rows, their records and how many each has, for those places of the stretch."""
        import numpy as np

        self._row_at[at] = sum(map(len, self._rows)) + np.arange(len(at))
        self._source_at[at] = sum(map(len, self._records)) + np.cumsum(sources) - sources
        self._sources[at] = sources
        self._rows.append(rows)
        self._records.append(records)


def _one_table(tables: "Sequence[pa.Table]", schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    return pa.concat_tables(tables) if tables else schema.empty_table()
