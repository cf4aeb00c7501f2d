"""Rows that repeat an earlier row, decided in one order over all splits: the newcomer loses."""

import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from synth_datasets.minhash import signatures
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.graph import outputs
from synth_datasets.spec.model import Checks, DatasetSpec, DerivedColumn, FieldsColumn, PromptColumn
from synth_datasets.spec.rules_dialogue import DialogueRule, MessagesRule
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.tables import ExactTable, NearTable

__all__ = ["Duplicates", "signatures"]

# A symbol, which normalising keeps: white space and punctuation would let fields run into each other.
_BETWEEN = " \u241e "


class Duplicates:
    """Remembers the rows added and finds those that repeat one, by each column's `unique` check.

    Exact: equal apart from case, white space, punctuation and compatibility forms. Near: the estimated
    Jaccard similarity of character 5-grams is at least the threshold (Broder 1997; Lee et al. 2021, see
    `minhash`), which also finds what is equal.
    Keeps no text: about 40 bytes a row for an exact and 500 for a near check.
    """

    def __init__(self, spec: DatasetSpec) -> None:
        self._checked = tuple(
            _Checked(
                name, names, NearTable(checks.near_threshold) if checks.unique == "near" else ExactTable()
            )
            for name, names, checks in _unique(spec)
        )
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
                row, similarity = found
                if isinstance(checked.table, ExactTable):
                    return checked.name, Verdict(Reason.DUPLICATE, f"same text as {self._rows.key(row)}")
                detail = f"similarity {similarity:.2f} to {self._rows.key(row)}"
                return checked.name, Verdict(Reason.NEAR_DUPLICATE, detail)
        return None

    def add(self, key: RowKey, values: Mapping[str, object]) -> None:
        """Remember an accepted row; rows are added in decision order."""
        if self._checked:
            self._rows.add(key)
        for checked in self._checked:
            checked.table.add(checked.text(values))


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

    def key(self, row: int) -> RowKey:
        names = tuple(self.names)
        return RowKey(names[self.splits[row]], names[self.strata[row]], self.indexes[row])


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
