"""What gives the columns of a row their values, but for those that a model answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from synth_datasets.plan import identity
from synth_datasets.plan.cells import Cells
from synth_datasets.plan.derive import derive
from synth_datasets.plan.order import stratified
from synth_datasets.plan.prompts import Wording, each
from synth_datasets.plan.row import RowKey
from synth_datasets.plan.sampling import Choice, Number, Spread
from synth_datasets.plan.seeds import Turns, choose, value_of
from synth_datasets.spec.graph import inputs, outputs
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DatasetSpec,
    DerivedColumn,
    NumberColumn,
    PerValue,
    SampleColumn,
    TextColumn,
)
from synth_datasets.spec.rules_seeds import SeedRowsRule, SeedValueRule

__all__ = ["Draw", "Draws"]

Draw = Callable[[RowKey, bytes, Mapping[str, object]], object]
"""Gives a value: from the row's key, its bytes (those of another row where it is drawn again), and what it holds."""

_Drawn = ClassesColumn | SampleColumn | NumberColumn | TextColumn | DerivedColumn


class Draws:
    """The draws of one spec's columns, made one by one in the `order` in which a row gets them.

    `rows` yields the rows of a split, for seeds that rows take in turn.
    """

    def __init__(
        self, spec: DatasetSpec, order: Sequence[Column], rows: Callable[[str], Iterator[RowKey]]
    ) -> None:
        self.spec = spec
        self.order = order
        self.rows = rows
        self.choices: Mapping[str, PerValue[Choice]] = {
            column.name: each(column.choices, Choice) for column in order if isinstance(column, SampleColumn)
        }
        self.made: list[tuple[str, Draw]] = []
        """By column, those that need no answer of a model, in their order."""

    def add(self, column: _Drawn) -> None:
        """Make the draw of the next column that needs no answer of a model."""
        self.made.append((column.name, self.draw_of(column)))

    def draw_of(self, column: _Drawn) -> Draw:  # noqa: PLR0911 - one return a kind
        """Return what gives the column its value, in a row that holds by then what the column reads."""
        stream = identity.stream(self.spec.seed, "value", column.name)
        match column:
            case ClassesColumn() if column is stratified(self.spec):
                return lambda key, _row, _values: key.stratum
            case ClassesColumn():
                spread = _spread(Spread(column.names, column.weights), stream)
                cells = Cells(self.spec, column)
                if not cells or column is not self._second():
                    return spread
                return lambda key, row, values: cells.draw(key, lambda: str(spread(key, row, values)))
            case SampleColumn():
                choices = self.choices[column.name]
                return lambda _key, row, values: choices.pick(values).draw(identity.bits(stream, row))
            case NumberColumn():
                number = Number.of(column)
                return lambda _key, row, _values: number.draw(identity.bits(stream, row))
            case TextColumn():
                wording = each(column.template, Wording.of)
                return lambda _key, _row, values: wording.pick(values).render(values)
            case DerivedColumn() if isinstance(column.rule, SeedRowsRule | SeedValueRule):
                return self._seeds(column.rule, stream)
            case DerivedColumn():
                rule = column.rule
                return lambda _key, row, values: derive(rule, values, identity.bits(stream, row))

    def _second(self) -> ClassesColumn | None:
        """Return the column whose counts a split may give beside those of its classes."""
        found = [
            item for item in self.spec.columns if isinstance(item, ClassesColumn) and "." not in item.name
        ]
        return found[1] if found[1:] else None

    def _seeds(self, rule: SeedRowsRule | SeedValueRule, stream: bytes) -> Draw:
        seeds = self.spec.seeds
        assert seeds is not None  # noqa: S101 - no spec has such a column without them
        if isinstance(rule, SeedValueRule):
            return lambda _key, _row, values: value_of(rule, seeds, values)
        turn = self._turn(rule.same)
        return lambda key, row, values: choose(rule, seeds, (key, identity.bits(stream, row)), values, turn)

    def _turn(self, same: str | None) -> Callable[[RowKey], int]:
        """Return what tells how many rows of the split take from the same seeds before a row does."""
        first = stratified(self.spec)
        if (first is None and same is None) or (first is not None and same == first.name):
            return lambda key: key.index
        return Turns(self.rows, self._only(same) if same is not None else lambda _: "").of

    def _only(self, name: str) -> Callable[[RowKey], str]:
        """Return what gives one value of a row, made with no more than it takes."""
        needed: set[str] = set()

        def value(key: RowKey) -> str:
            if not needed:
                needed.add(name)
                for column in reversed(self.order):
                    needed.update(inputs(column) if needed & set(outputs(column)) else ())
            row = identity.row_bytes(key)
            values: dict[str, object] = {}
            for each_name, draw in self.made:
                if each_name in needed:
                    values[each_name] = draw(key, row, values)
            return str(values[name])

        return value


def _spread(spread: Spread, stream: bytes) -> Draw:
    def draw(key: RowKey, _row: bytes, _values: Mapping[str, object]) -> str:
        return spread.draw(
            key.index,
            lambda block: identity.bits(stream, identity.row_bytes(RowKey(key.split, key.stratum, block))),
        )

    return draw
