"""Splits put together from parts: the tables and the trace that one process would have written."""

from bisect import bisect_left
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import ShortfallError
from synth_datasets.lists import trace_lists
from synth_datasets.parts.decide import Decided, SplitParts
from synth_datasets.parts.info import Part
from synth_datasets.parts.read import KeptRows
from synth_datasets.parts.window import Window
from synth_datasets.settings import Settings
from synth_datasets.shortfall import shortfall_message
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.trace_writer import TraceWriter
from synth_datasets.validation.outcome import Example, Missing, Tally
from synth_datasets.value_types import MOST_ROWS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Merged"]

_WINDOW = 32 * MOST_ROWS
"""Rows of a split that are put together at a time."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Parts of one dataset that have been decided on."""

    spec: DatasetSpec
    settings: Settings
    parts: Sequence[Part]
    """In their order."""
    decided: Decided
    overruled: Mapping[str, Mapping[int, Example | Missing]]
    """What their parts say of rows that stood there and fell: it is taken from the counts."""
    trusted: bool = True
    """Whether what the parts say of their rows counts: it does not where the store holds other answers than they."""

    def tables(self, split: str, trace: Path, *, keep_short: bool) -> "Generator[pa.Table]":
        """Yield the stored rows of the split, as tables of `value_types.tables_of`, and write its trace on the way.

        Raises `ShortfallError` after the last row when rows are missing, unless `keep_short`.
        """
        total = next(item.num_examples for item in self.spec.splits if item.name == split)
        kept = [KeptRows.open(part, split, self.spec) for part in self.parts]
        with ExitStack() as stack:
            writer = stack.enter_context(TraceWriter(trace, split))
            parts = SplitParts.of(kept, total, trusted=self.trusted)
            windows = stack.enter_context(closing(self._windows(split, parts, writer)))
            yield from _resized(windows)
            tally = self._tally(split, kept)
            writer.finish(tally)
        trace_lists(self.spec, self.settings, trace)
        if tally.missing and not keep_short:
            raise ShortfallError(shortfall_message(self.spec, split, tally, asked=total))

    def _windows(self, split: str, parts: SplitParts, writer: TraceWriter) -> "Generator[pa.Table]":
        changed = self.decided.changed[split]
        positions = sorted(changed)
        written: Future[None] | None = None
        with ThreadPoolExecutor(1, "synth-trace") as beside:  # Arrow lets go of the interpreter
            for start in range(0, len(parts.state), _WINDOW):
                stop = min(start + _WINDOW, len(parts.state))
                window = Window(self.spec, parts, range(start, stop))
                if self.trusted:
                    window.take_standing()
                own = positions[bisect_left(positions, start) : bisect_left(positions, stop)]
                window.put({position: changed[position] for position in own})
                if written is not None:
                    written.result()
                written = beside.submit(window.trace().write, writer)
                yield window.rows()
            if written is not None:
                written.result()

    def _tally(self, split: str, kept: Sequence[KeptRows]) -> Tally:
        tally = Tally()
        for each in kept if self.trusted else ():
            tally.join(each.tally())
        fallen = Tally()
        for outcome in self.overruled[split].values():
            fallen.add(outcome)
        tally.join(fallen, sign=-1)
        for outcome in self.decided.changed[split].values():
            tally.add(outcome)
        return tally


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
