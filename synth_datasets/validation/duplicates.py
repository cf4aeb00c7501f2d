"""Rows that repeat an earlier row, decided in one order over all splits: the newcomer loses."""

import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from synth_datasets.plan.order import OrderedRows
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.graph import outputs
from synth_datasets.spec.model import Checks, DatasetSpec, DerivedColumn, FieldsColumn, PromptColumn
from synth_datasets.spec.rules_dialogue import DialogueRule, MessagesRule
from synth_datasets.validation.exact_table import ExactTable, hash_of
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.schemes import Cosine
from synth_datasets.validation.tables import Batch, NearTable

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Duplicates", "Imprint", "LookedUp"]

_TOGETHER = 2048
"""Rows that are looked up together at most."""

# A symbol, which normalising keeps: white space and punctuation would let fields run into each other.
_BETWEEN = " \u241e "
_REASONS = {"near": Reason.NEAR_DUPLICATE, "semantic": Reason.SEMANTIC_DUPLICATE}


@dataclass(frozen=True, slots=True)
class Imprint:
    """What one check compares of some rows."""

    marks: "np.ndarray"
    """A row each: the marks (64 uint32) of a near or semantic check, the hash (1 uint64) of an exact one."""
    empty: "np.ndarray"
    """Whether there is no text, which repeats none."""


class Duplicates:
    """Remembers the rows added and finds those that repeat one, by each column's `unique` check.

    Exact: equal apart from case, white space, punctuation and compatibility forms. Near: the estimated
    Jaccard similarity of character 5-grams is at least the threshold (Broder 1997; Lee et al. 2021, see
    `minhash`), which also finds what is equal. Semantic: the cosine of the sums of their words' vectors is (see
    `semantic`).
    Keeps no text: about 40 bytes a row for an exact and 500 for another check.
    """

    def __init__(self, spec: DatasetSpec) -> None:
        self._checked = tuple(_Checked(name, names, _table(checks)) for name, names, checks in _unique(spec))
        self._rows = _Rows()

    def prepare(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Say which rows `find` and `add` are about to be called for: together they cost less. Changes no result."""
        for checked in self._checked:
            if isinstance(checked.table, NearTable):
                checked.table.prepare([checked.text(values) for values in rows])

    def find(self, values: Mapping[str, object]) -> tuple[str, Verdict] | None:
        """Return the first column, field or `fields` group that repeats an added row, and which row."""
        for checked in self._checked:
            text = checked.text(values)  # empty where the model was not asked
            if text and (found := checked.table.find(text)):
                return checked.name, checked.verdict(*found, self._rows)
        return None

    def add(self, key: RowKey, values: Mapping[str, object]) -> None:
        """Remember an accepted row; rows are added in decision order."""
        if self._checked:
            self._rows.add(key)
        for checked in self._checked:
            checked.table.add(checked.text(values))

    def imprints(self, rows: Sequence[Mapping[str, object]]) -> list[Imprint]:
        """Return what the checks compare of the rows, one imprint a check, in the checks' order."""
        return [checked.imprint(rows) for checked in self._checked]

    def __len__(self) -> int:
        """Count the rows added, where anything is checked."""
        return len(self._rows.indexes)

    def imprints_of(self, numbers: Sequence[int], rows: Sequence[Mapping[str, object]]) -> list[Imprint]:
        """Return what `imprints` does, for rows that were added under these numbers: nothing is hashed again."""
        return [checked.imprint_of(numbers, rows) for checked in self._checked]

    def room(self) -> int:
        """Return how many rows `look_up` may be given."""
        tables = (checked.table for checked in self._checked)
        return min([_TOGETHER, *(table.room() for table in tables if isinstance(table, NearTable))])

    def look_up(self, imprints: Sequence[Imprint]) -> "LookedUp":
        """Look up rows by their imprints, no more than there is `room` for."""
        return LookedUp(self._rows, [*zip(self._checked, imprints, strict=True)])


class LookedUp:
    """Rows that were looked up together; to be decided in their order, before rows of others are added."""

    def __init__(self, rows: "_Rows", checked: "Sequence[tuple[_Checked, Imprint]]") -> None:
        self._rows = rows
        self._checked = [
            (each, imprint, each.table.look_up(imprint.marks) if isinstance(each.table, NearTable) else None)
            for each, imprint in checked
        ]

    def alone(self, count: int) -> "np.ndarray":
        """Return for each of the `count` rows whether it surely repeats none, whichever of the others are added."""
        import numpy as np

        alone = np.ones(count, bool)
        for checked, imprint, batch in self._checked:
            if batch is not None:
                alone &= np.array(batch.alone, bool) | imprint.empty
                continue
            hashes = imprint.marks[:, 0]
            _, which, times = np.unique(hashes, return_inverse=True, return_counts=True)
            new = [checked.find(imprint, at) is None for at in range(count)]
            alone &= ((times[which] == 1) & np.array(new, bool)) | imprint.empty
        return alone

    def find(self, at: int) -> tuple[str, Verdict] | None:
        """Return what `Duplicates.find` does for the row at this place."""
        for checked, imprint, batch in self._checked:
            if not imprint.empty[at] and (found := checked.find(imprint, at, batch)) is not None:
                return checked.name, checked.verdict(*found, self._rows)
        return None

    def add(self, key: RowKey, at: int) -> None:
        """Do what `Duplicates.add` does for the row at this place."""
        if self._checked:
            self._rows.add(key)
        for checked, imprint, batch in self._checked:
            if isinstance(checked.table, ExactTable):
                checked.table.add_hash(int(imprint.marks[at, 0]))
            elif batch is not None:
                checked.table.add_from(batch, at)

    def add_alone(self, rows: OrderedRows, start: int, stop: int) -> None:
        """Do what `add` does for rows side by side that are `alone`, while none but rows of these were added.

        They are those looked up at the places from `start` to before `stop`.
        """
        if self._checked:
            self._rows.extend(rows)
        for checked, imprint, batch in self._checked:
            if isinstance(checked.table, ExactTable):
                for number in imprint.marks[start:stop, 0].tolist():
                    checked.table.add_hash(number)
            elif batch is not None:
                checked.table.add_alone(batch, start, stop)


@dataclass(frozen=True, slots=True)
class _Checked:
    name: str
    reads: tuple[str, ...]
    table: ExactTable | NearTable

    def text(self, values: Mapping[str, object]) -> str:
        """Return what is compared: a column's text, or all fields of an answer."""
        if len(self.reads) == 1:
            return _text(values[self.reads[0]])
        return _BETWEEN.join(_text(values[name]) for name in self.reads)

    def find(self, imprint: Imprint, at: int, batch: Batch | None = None) -> tuple[int, float] | None:
        """Return the number of the row that this one of the imprint repeats, and how similar they are."""
        if isinstance(self.table, ExactTable):
            return self.table.find_hash(int(imprint.marks[at, 0]))
        return None if batch is None else self.table.find_in(batch, at)

    def verdict(self, row: int, similarity: float, rows: "_Rows") -> Verdict:
        """Return the verdict on a row that is so similar to that one."""
        if isinstance(self.table, ExactTable):
            return Verdict(Reason.DUPLICATE, f"same text as {rows.key(row)}")
        reason = _REASONS[self.table.scheme.check]
        return Verdict(reason, f"similarity {similarity:.2f} to {rows.key(row)}")

    def imprint(self, rows: Sequence[Mapping[str, object]]) -> Imprint:
        """Return what is compared of the rows."""
        import numpy as np

        texts = [self.text(values) for values in rows]
        if isinstance(self.table, NearTable):
            marks = self.table.scheme.marks(texts)
        else:
            marks = np.array([[hash_of(text)] for text in texts], np.uint64).reshape(-1, 1)
        return Imprint(marks, np.array([not text for text in texts], bool))

    def imprint_of(self, numbers: Sequence[int], rows: Sequence[Mapping[str, object]]) -> Imprint:
        """Return what is compared of rows that are in the table."""
        import numpy as np

        marks = self.table.marks_of(np.array(numbers, np.int64))
        return Imprint(marks, np.array([not self.text(values) for values in rows], bool))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Keys by row number, 16 bytes each."""

    names: dict[str, int] = field(default_factory=dict)
    splits: "array.array[int]" = field(default_factory=lambda: array.array("I"))
    strata: "array.array[int]" = field(default_factory=lambda: array.array("I"))
    indexes: "array.array[int]" = field(default_factory=lambda: array.array("Q"))

    def add(self, key: RowKey) -> None:
        self.splits.append(self.names.setdefault(key.split, len(self.names)))
        self.strata.append(self.names.setdefault(key.stratum, len(self.names)))
        self.indexes.append(key.index)

    def extend(self, rows: OrderedRows) -> None:
        import numpy as np

        numbers = np.array([self.names.setdefault(name, len(self.names)) for name in rows.names], np.uint32)
        self.splits.frombytes(numbers[rows.split].tobytes())
        self.strata.frombytes(numbers[rows.stratum].tobytes())
        self.indexes.frombytes(rows.index.astype(np.uint64).tobytes())

    def key(self, row: int) -> RowKey:
        names = tuple(self.names)
        return RowKey(names[self.splits[row]], names[self.strata[row]], self.indexes[row])


def _table(checks: Checks) -> ExactTable | NearTable:
    if checks.unique == "near":
        return NearTable(checks.near_threshold)
    if checks.unique == "semantic" and checks.semantic_threshold is not None:
        return NearTable(checks.semantic_threshold, Cosine())
    return ExactTable()


def _unique(spec: DatasetSpec) -> list[tuple[str, tuple[str, ...], Checks]]:
    """Return name, columns and checks of all that must be unique, groups before their fields.

    The name is that of what is asked again.
    """
    found: list[tuple[str, tuple[str, ...], Checks]] = []
    for column in spec.columns:
        if isinstance(column, DerivedColumn) and isinstance(column.rule, DialogueRule | MessagesRule):
            checks = spec.checks.get(column.name)
            if checks is not None and checks.unique is not None:
                found.append((column.rule.asked, (column.name,), checks))
        if not isinstance(column, PromptColumn | FieldsColumn):
            continue
        for name in dict.fromkeys((column.name, *outputs(column))):
            checks = spec.checks.get(name)
            if checks is not None and checks.unique is not None:
                found.append((name, outputs(column) if name == column.name else (name,), checks))
    return found


def _text(value: object) -> str:
    if not isinstance(value, list):
        return str(value)
    return _BETWEEN.join(
        str(item.get("content", item)) if isinstance(item, dict) else str(item) for item in value
    )
