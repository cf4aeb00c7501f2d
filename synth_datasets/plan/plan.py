"""From a spec to the rows it asks for, what each row samples, and the requests that fill it."""

from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field

from synth_datasets.errors import Problem, SpecError
from synth_datasets.plan import identity
from synth_datasets.plan.blame import writer_of
from synth_datasets.plan.derive import Unfit
from synth_datasets.plan.draws import Draw, Draws
from synth_datasets.plan.order import (
    OrderedRows,
    Strata,
    decision_order,
    ordered_blocks,
    ordered_rows,
    quotas,
    split_order,
    strata_in,
    strata_of,
)
from synth_datasets.plan.question import Question
from synth_datasets.plan.redraw import Redraw
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.plan.sampling import Choice
from synth_datasets.spec.graph import column_order, inputs, outputs
from synth_datasets.spec.model import (
    Column,
    DatasetSpec,
    DerivedColumn,
    FieldsColumn,
    PerValue,
    PromptColumn,
    Split,
    TextColumn,
)
from synth_datasets.spec.rules_seeds import SeedRowsRule

__all__ = ["Plan"]

_FEW = 8
"""Rows up to which one after the other is quicker."""


@dataclass(frozen=True, slots=True)
class _Late:
    """A column that waits for what a model says, and is computed from it."""

    name: str
    draw: Draw
    reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before a model is asked: a pure function of the spec.

    `endpoints` names who will be asked, by model id; a model without an entry cannot be asked, only planned for.
    Picklable; a copy in another process plans the same. Raises `SpecError` for a value that is sampled by what a
    model says.
    """

    spec: DatasetSpec
    endpoints: Mapping[str, str]
    order: tuple[Column, ...] = field(init=False, repr=False, compare=False)
    """All columns, each after those it reads."""
    model_columns: tuple[PromptColumn | FieldsColumn, ...] = field(init=False, repr=False, compare=False)
    """The columns that a model answers, in the same order."""
    replaced: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """By name of a column, the one that is stored in its place."""
    _strata: Strata = field(init=False, repr=False, compare=False)
    _splits: Mapping[str, Split] = field(init=False, repr=False, compare=False)
    _draws: tuple[tuple[str, Draw], ...] = field(init=False, repr=False, compare=False)
    _choices: Mapping[str, PerValue[Choice]] = field(init=False, repr=False, compare=False)
    _late: tuple[_Late, ...] = field(init=False, repr=False, compare=False)
    _redraw: Redraw = field(init=False, repr=False, compare=False)
    _questions: Mapping[str, Question] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        order = column_order(self.spec.columns)
        asked = tuple(column for column in order if isinstance(column, PromptColumn | FieldsColumn))
        late = {name for column in asked for name in outputs(column)}
        draws = Draws(self.spec, order, self.rows)
        computed: list[_Late] = []
        for column in order:
            waits = inputs(column) & late
            if waits & _labels_of_seeds(column):
                raise SpecError(self.spec.origin, [_sampled_too_early(column.name, waits)])
            if isinstance(column, TextColumn | DerivedColumn) and waits:
                computed.append(_Late(column.name, draws.draw_of(column), inputs(column)))
                late.add(column.name)
            elif not isinstance(column, PromptColumn | FieldsColumn):
                if waits:
                    raise SpecError(self.spec.origin, [_sampled_too_early(column.name, waits)])
                draws.add(column)
        parts = {
            "order": order,
            "model_columns": asked,
            "replaced": {c.replaces: c.name for c in order if isinstance(c, DerivedColumn) and c.replaces},
            "_strata": strata_of(self.spec),
            "_splits": {split.name: split for split in self.spec.splits},
            "_draws": tuple(draws.made),
            "_choices": draws.choices,
            "_late": tuple(computed),
            "_redraw": Redraw.of(self.spec.never, order, self.spec.origin),
            "_questions": {column.name: Question.of(column, self.spec, self.endpoints) for column in asked},
        }
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    def __reduce__(self) -> tuple[type["Plan"], tuple[DatasetSpec, dict[str, str]]]:
        return Plan, (self.spec, dict(self.endpoints))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns and fields of a row, in the order of the spec."""
        return tuple(name for column in self.spec.columns for name in outputs(column))

    def rows(self, split: str) -> Iterator[RowKey]:
        """Yield the rows of a split in the order of the dataset; a longer split begins with the same rows."""
        return split_order(self._splits[split], self._strata)

    def decision_rows(
        self, upto: str | None = None, splits: Collection[str] | None = None
    ) -> Iterator[RowKey]:
        """Yield the rows of all (or the given) splits in the order in which duplicates are decided.

        Ends after the last row of split `upto`: what comes later cannot change that split.
        """
        for name in (*(splits or ()), *(() if upto is None else (upto,))):
            if name not in self._splits:
                raise KeyError(name)
        return decision_order(self.spec.splits, self._strata, upto=upto, among=splits)

    def ordered_blocks(self) -> Iterator[OrderedRows]:
        """Yield what `decision_rows` yields for all splits, as columns: for who goes past most rows."""
        return ordered_blocks(self.spec.splits, self._strata)

    def ordered_rows(self) -> OrderedRows:
        """Return what `decision_rows` yields for all splits, as columns: for who needs all rows at once."""
        return ordered_rows(self.spec.splits, self._strata)

    def quotas(self, split: str) -> dict[str, int]:
        """Return how many rows of the split each stratum holds, without going through them."""
        names, weights = strata_in(self._splits[split], self._strata)
        counts = dict(zip(names, quotas(weights, self._splits[split].num_examples), strict=True))
        return {name: counts.get(name, 0) for name in self._strata[0]}

    def values(self, key: RowKey) -> dict[str, object]:
        """Return what the row holds before any model is asked: sampled values and the texts made of them."""
        row = identity.row_bytes(key)
        values = self._drawn(key, row)
        if not self._redraw.rules:
            return values
        return self._redraw.settle(
            values, row, str(key), lambda moved, other: self._drawn(key, row, moved, other)
        )

    def values_with(self, key: RowKey, given: Mapping[str, object]) -> dict[str, object]:
        """Return what the row would hold if these columns had the given values: the others are drawn beside them.

        Rows that `never` rules out are not drawn again.
        """
        row = identity.row_bytes(key)
        values = dict(given)
        for name, draw in self._draws:
            if name not in given:
                values[name] = draw(key, row, values)
        return values

    def values_of_many(self, keys: Sequence[RowKey]) -> list[dict[str, object]]:
        """Return `values` of each row; for hundreds of rows half the cost."""
        if self._redraw.rules or len(keys) <= _FEW:
            return [self.values(key) for key in keys]
        rows = [identity.row_bytes(key) for key in keys]
        drawn: list[dict[str, object]] = [{} for _ in keys]
        try:
            for name, draw in self._draws:
                given = self._choices.get(name)
                if given is not None and given.by is None and given.default is not None:
                    stream = identity.stream(self.spec.seed, "value", name)
                    column = given.default.draw_many(identity.bits_of_many(stream, rows))
                    for values, value in zip(drawn, column, strict=True):
                        values[name] = value
                else:
                    for key, row, values in zip(keys, rows, drawn, strict=True):
                        values[name] = draw(key, row, values)
        except Unfit:
            return [self.values(key) for key in keys]  # the first row that has none says why
        return drawn

    def _drawn(
        self, key: RowKey, row: bytes, moved: Collection[str] = (), other: bytes = b""
    ) -> dict[str, object]:
        """Draw the row, the `moved` columns as if it were the `other` one."""
        values: dict[str, object] = {}
        for name, draw in self._draws:
            try:
                values[name] = draw(key, other if name in moved else row, values)
            except Unfit as unfit:
                raise SpecError(self.spec.origin, [_unfit_by_itself(name, key, unfit)]) from unfit
        return values

    def derive(self, key: RowKey, values: MutableMapping[str, object]) -> None:
        """Fill in the columns that are computed from others and whose inputs are there by now.

        To be called whenever a model has answered. Raises `TemplateError` when a text cannot be made, such as one
        that would grow beyond its bounds, and `Unfit` when an answer does not give what a rule needs.
        """
        for column in self._late:
            if column.name not in values and column.reads <= values.keys():
                try:
                    values[column.name] = column.draw(key, identity.row_bytes(key), values)
                except Unfit as unfit:
                    raise self._refused(unfit, column.name) from unfit

    def asks(self, column: PromptColumn | FieldsColumn, values: Mapping[str, object]) -> bool:
        """Whether the model is asked for this column in a row with these values; raises `TemplateError`."""
        return self._questions[column.name].asked(values)

    def request(
        self, column: PromptColumn | FieldsColumn, key: RowKey, values: Mapping[str, object], attempt: int
    ) -> Request:
        """Return what is asked for one column of one row; attempts differ in seed and number only.

        `values` holds every column that this one reads. Raises `TemplateError` when no prompt can be made of
        them.
        """
        return self._questions[column.name].request(key, values, attempt)

    def _refused(self, unfit: Unfit, name: str) -> Unfit:
        """Return the verdict as one on a model column: the last that is part of what is at fault, or of the value."""
        writer = writer_of(unfit.column, self.order) or writer_of(name, self.order)
        return Unfit(unfit.reason, unfit.detail, writer, name)


def _labels_of_seeds(column: Column) -> frozenset[str]:
    """Return the column whose value the seeds of this one are labelled with."""
    rule = column.rule if isinstance(column, DerivedColumn) else None
    return frozenset([rule.same] if isinstance(rule, SeedRowsRule) and rule.same is not None else ())


def _sampled_too_early(name: str, waits: Collection[str]) -> Problem:
    return Problem(
        line=0,
        where=f"columns.{name}.sample",
        message=f"it is drawn before a model is asked, and {', '.join(sorted(waits))} comes from the model",
        hint="make it a `text` column, or let it depend on a `classes` or `sample` column",
    )


def _unfit_by_itself(name: str, key: RowKey, unfit: Unfit) -> Problem:
    return Problem(
        line=0,
        where=f"columns.{name}",
        message=f"row {key}: {unfit.detail}",
        hint="no model wrote what it is made of, so nobody can be asked again: change the values",
    )
