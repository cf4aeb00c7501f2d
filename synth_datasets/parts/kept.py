"""What a part keeps of each of its rows: enough to merge it with the others, without judging an answer again."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from synth_datasets.features import types_of, visible_columns
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.trace import TRACE_FOLDER
from synth_datasets.trace_writer import SIDES, TraceWriter, side_lines
from synth_datasets.validation.duplicates import Duplicates
from synth_datasets.validation.outcome import Example, Missing, Tally
from synth_datasets.validation.reasons import Reason
from synth_datasets.value_types import MOST_ROWS, schema_of, tables_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["CONTESTED", "EXAMPLE", "MISSING", "RowKeeper", "index_schema"]

EXAMPLE, MISSING, CONTESTED = 0, 1, 2
"""States of a row: accepted whatever the other rows are, short of repeating one; missing; rejected for repeating one,
so that the rows of the other parts decide on it."""
_CROSSING = frozenset([Reason.DUPLICATE, Reason.NEAR_DUPLICATE, Reason.SEMANTIC_DUPLICATE])


class RowKeeper(AbstractContextManager["RowKeeper"]):
    """Writes one split of a part: `<split>.rows.arrow`, `.index.arrow`, `.check<n>.bin`, and the trace.

    The index has a record for each row of the part, in the split's order; rows, checks and trace those that stand as
    they are.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        spec: DatasetSpec,
        replaced: Mapping[str, str],
        duplicates: Duplicates,
    ) -> None:
        self._tally, self._contested = Tally(), Tally()
        self._folder, self._split = folder, split
        self._types = types_of(spec)
        self._columns = visible_columns(spec)
        self._replaced = replaced
        self._duplicates = duplicates
        self._batch: list[Example] = []
        self._numbers: list[int] = []
        self._states = bytearray()
        self._sparse: dict[str, dict[int, int]] = {name: {} for name in ("sources", *SIDES)}
        """By row, what is not 0."""
        self._empty: list[list[np.ndarray]] = []
        self._checks: list[BinaryIO] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        import pyarrow as pa

        self._trace = self._stack.enter_context(TraceWriter(self._folder / TRACE_FOLDER, self._split))
        path = self._folder / f"{self._split}.rows.arrow"
        self._rows = self._stack.enter_context(pa.ipc.new_file(path, schema_of(self._types)))
        return self

    def add(self, outcome: Example | Missing) -> None:
        """Keep what became of the next row of the split; an example is the last one that `duplicates` were told."""
        at = len(self._states)
        rejections = outcome.rejections
        if rejections and any(rejection.reason in _CROSSING for rejection in rejections):
            self._states.append(CONTESTED)
            self._contested.add(outcome)
            return
        lines = side_lines(outcome)
        for side, texts in lines.items():
            if texts:
                self._sparse[side][at] = len(texts)
        self._trace.add(outcome, lines)
        self._tally.add(outcome)
        if not isinstance(outcome, Example):
            self._states.append(MISSING)
        else:
            self._states.append(EXAMPLE)
            self._sparse["sources"][at] = len(outcome.sources)
            self._batch.append(outcome)
            self._numbers.append(len(self._duplicates) - 1)
            if len(self._batch) >= MOST_ROWS:
                self._flush()

    def tally(self) -> Tally:
        """Return the counts over all rows so far, those that are contested among them."""
        tally = Tally()
        tally.join(self._tally)
        tally.join(self._contested)
        return tally

    def _flush(self) -> None:
        import pyarrow as pa

        values = [_as_decided(each.values, self._replaced) for each in self._batch]
        imprints = self._duplicates.imprints_of(self._numbers, values)
        if not self._checks:
            for at in range(len(imprints)):
                path = self._folder / f"{self._split}.check{at}.bin"
                self._checks.append(self._stack.enter_context(path.open("wb")))
                self._empty.append([])
        for file, empty, imprint in zip(self._checks, self._empty, imprints, strict=True):
            file.write(imprint.marks.tobytes())
            empty.append(imprint.empty)
        stored = [{name: each.values[name] for name in self._columns} for each in self._batch]
        if tables := [*tables_of(self._types, stored)]:
            self._rows.write_table(pa.concat_tables(tables).combine_chunks())
        self._batch.clear()
        self._numbers.clear()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
            self._write_index()
            self._trace.finish(self._tally)
        self._stack.__exit__(kind, error, traceback)

    def _write_index(self) -> None:
        import numpy as np
        import pyarrow as pa

        schema = index_schema(len(self._empty))
        states = np.frombuffer(self._states, np.uint8)
        columns: dict[str, object] = {"state": states}
        for name, counts in self._sparse.items():
            columns[name] = column = np.zeros(len(states), np.uint32)
            column[[*counts]] = [*counts.values()]
        at = np.flatnonzero(states == EXAMPLE)
        for number, parts in enumerate(self._empty):
            empty = np.zeros(len(states), bool)
            empty[at] = np.concatenate(parts)
            columns[f"empty{number}"] = empty
        table = pa.table(columns, schema)
        with pa.ipc.new_file(self._folder / f"{self._split}.index.arrow", table.schema) as writer:
            writer.write_table(table)


def index_schema(checks: int) -> "pa.Schema":
    """Return what the index holds of each row, where texts go through so many checks."""
    import pyarrow as pa

    numbers = [(name, pa.uint32()) for name in ("sources", *SIDES)]
    empty = [(f"empty{number}", pa.bool_()) for number in range(checks)]
    return pa.schema([("state", pa.uint8()), *numbers, *empty])


def _as_decided(values: Mapping[str, object], replaced: Mapping[str, str]) -> dict[str, object]:
    """Return the values as the checks saw them: before what is stored took the place of what was asked."""
    found = dict(values)
    for name, by in replaced.items():
        found[name], found[by] = found[by], found[name]
    return found
