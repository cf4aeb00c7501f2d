"""Splits put together from parts: the tables and the trace that one process would have written."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import ShortfallError
from synth_datasets.features import MOST_ROWS, features_of, tables_of, visible_columns
from synth_datasets.lists import trace_lists
from synth_datasets.parts.decide import Decided, SplitParts
from synth_datasets.parts.kept import EXAMPLE, KeptRows
from synth_datasets.settings import Settings
from synth_datasets.shortfall import shortfall_message
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.trace import TRACE_FOLDER, read_tallies
from synth_datasets.trace_writer import SIDES, TraceWriter, side_lines, sources_table, trace_schema
from synth_datasets.validation.outcome import Example, Missing, Tally

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Merged"]

_WINDOW = 32 * MOST_ROWS
"""Rows of a split that are put together at a time."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Parts of one dataset that have been decided on."""

    spec: DatasetSpec
    settings: Settings
    folders: Sequence[Path]
    """Of the parts, in their order."""
    decided: Decided
    overruled: Mapping[str, Mapping[int, Example | Missing]]
    """What their parts say of rows that stood there and fell: it is taken from the counts."""
    trusted: bool = True
    """Whether what the parts say of their rows counts: it does not where the store holds other answers than they."""

    def tables(self, split: str, trace: Path, *, keep_short: bool) -> "Generator[pa.Table]":
        """Yield the stored rows of the split, as tables of `features.tables_of`, and write its trace on the way.

        Raises `ShortfallError` after the last row when rows are missing, unless `keep_short`.
        """
        total = next(item.num_examples for item in self.spec.splits if item.name == split)
        with ExitStack() as stack:
            kept = [KeptRows.open(folder, split, self.spec, stack) for folder in self.folders]
            writer = stack.enter_context(TraceWriter(trace, split))
            parts = SplitParts.of(kept, total, trusted=self.trusted)
            yield from _resized(self._windows(split, parts, writer))
            tally = self._tally(split)
            writer.finish(tally)
        trace_lists(self.spec, self.settings, trace)
        if tally.missing and not keep_short:
            raise ShortfallError(shortfall_message(self.spec, split, tally, asked=total))

    def _windows(self, split: str, parts: SplitParts, writer: TraceWriter) -> "Iterator[pa.Table]":
        window = _Window(self.spec, parts, self.decided.changed[split], self.trusted)
        for start in range(0, len(parts.state), _WINDOW):
            yield window.put_together(range(start, min(start + _WINDOW, len(parts.state))), writer)

    def _tally(self, split: str) -> Tally:
        tally = Tally()
        for folder in self.folders if self.trusted else ():
            tally.join(read_tallies(folder / TRACE_FOLDER)[split])
        fallen = Tally()
        for outcome in self.overruled[split].values():
            fallen.add(outcome)
        tally.join(fallen, sign=-1)
        for outcome in self.decided.changed[split].values():
            tally.add(outcome)
        return tally


@dataclass(frozen=True, slots=True)
class _Window:
    """Puts a stretch of a split together, from what stands in the parts and what came out otherwise."""

    spec: DatasetSpec
    parts: SplitParts
    changed: Mapping[int, Example | Missing]
    trusted: bool

    def put_together(self, positions: range, writer: TraceWriter) -> "pa.Table":
        """Return the stretch's stored rows, and write its trace."""
        import numpy as np
        import pyarrow as pa

        own = self.parts.part[positions.start : positions.stop]
        state = self.parts.state[positions.start : positions.stop]
        row_at = np.full(len(positions), -1, np.int64)
        source_at = np.zeros(len(positions), np.int64)
        sources = np.zeros(len(positions), np.int64)
        rows: list[pa.Table] = []
        records: list[pa.Table] = []
        lines: list[Mapping[str, Sequence[str]]] = [{}] * len(positions)
        schema = features_of(self.spec).arrow_schema
        row_count = record_count = 0
        for number, kept in enumerate(self.parts.parts):
            at = np.flatnonzero(own == number)
            if not len(at) or not self.trusted:
                continue
            index = _stretch(kept, self.parts, number, positions, at)
            standing = at[state[at] == EXAMPLE]
            counts = index["sources"][state[at] == EXAMPLE].astype(np.int64)
            row_at[standing] = row_count + np.arange(len(standing))
            sources[standing] = counts
            source_at[standing] = record_count + np.cumsum(counts) - counts
            rows.append(pa.Table.from_batches(kept.take_rows(len(standing)), schema))
            records.append(pa.Table.from_batches(kept.take_sources(int(counts.sum())), trace_schema()))
            row_count += len(standing)
            record_count += int(counts.sum())
            for side in SIDES:
                for place in np.flatnonzero(index[side]).tolist():
                    lines[at[place]] = {
                        **lines[at[place]],
                        side: kept.take_lines(side, int(index[side][place])),
                    }
        changed = [(p - positions.start, self.changed[p]) for p in sorted(self.changed) if p in positions]
        made = [(at, outcome) for at, outcome in changed if isinstance(outcome, Example)]
        for at, outcome in changed:
            lines[at] = side_lines(outcome)
            row_at[at], sources[at] = -1, 0
        new = [(str(outcome.row), source) for _, outcome in made for source in outcome.sources]
        for at, outcome in made:
            row_at[at], source_at[at], sources[at] = row_count, record_count, len(outcome.sources)
            row_count, record_count = row_count + 1, record_count + len(outcome.sources)
        columns = visible_columns(self.spec)
        stored = ({name: outcome.values[name] for name in columns} for _, outcome in made)
        rows += tables_of(features_of(self.spec), stored)
        records.append(sources_table(new))
        there = row_at >= 0
        _write(writer, pa.concat_tables(records), source_at[there], sources[there])
        for each in lines:
            if each:
                writer.add_lines(each)
        return pa.concat_tables(rows or [schema.empty_table()]).take(row_at[there])


def _stretch(
    kept: KeptRows, parts: SplitParts, number: int, positions: range, at: "np.ndarray"
) -> "dict[str, np.ndarray]":
    """Return the part's own index of the rows that it has among the positions."""
    import numpy as np

    before = int(np.count_nonzero(parts.part[: positions.start] == number))
    return {name: column[before : before + len(at)] for name, column in kept.index.items()}


def _write(writer: TraceWriter, records: "pa.Table", starts: "np.ndarray", counts: "np.ndarray") -> None:
    """Write the records of rows, each of which has so many from its start on."""
    import numpy as np

    before = np.cumsum(counts) - counts
    order = np.repeat(starts - before, counts) + np.arange(int(counts.sum()))
    writer.add_sources(records.take(order), counts.tolist())


def _resized(tables: "Iterator[pa.Table]") -> "Iterator[pa.Table]":
    """Yield the same rows in tables as `tables_of` makes them: two rows first, twice as many each time."""
    import pyarrow as pa

    size, left = 2, None
    for table in tables:
        left = table if left is None else pa.concat_tables([left, table])
        start = 0
        while len(left) - start >= size:
            yield left.slice(start, size).combine_chunks()
            start += size
            size = min(2 * size, MOST_ROWS)
        left = left.slice(start)
    if left is not None and len(left):
        yield left.combine_chunks()
