"""Rows that a spec rules out, drawn again: which columns move, and how often."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from synth_datasets.errors import Problem, SpecError
from synth_datasets.plan import identity
from synth_datasets.spec.graph import inputs
from synth_datasets.spec.model import Column, DerivedColumn, NumberColumn, SampleColumn
from synth_datasets.spec.never import Never
from synth_datasets.spec.rules import LabelsRule

__all__ = ["TRIES", "Redraw"]

TRIES = 1000
"""How often a row is drawn again: enough where one draw in a hundred is allowed."""

Drawn = Callable[[frozenset[str], bytes], dict[str, object]]
"""Gives the row's values, these columns drawn for another row."""


@dataclass(frozen=True, slots=True)
class Redraw:
    """What the rules of one spec ask for: each with the drawn columns that it depends on.

    A draw that breaks a rule is thrown away with all that this rule reads, directly or not, so what is kept has the
    spec's own weights among what is allowed (rejection sampling, von Neumann 1951); a row that breaks none is as it
    would be without rules. What is balanced, `classes`, never moves.
    """

    rules: tuple[tuple[Never, frozenset[str]], ...]
    origin: str
    """Of the spec."""

    @classmethod
    def of(cls, rules: Sequence[Never], order: Sequence[Column], origin: str) -> "Redraw":
        """Find what each rule depends on; `order` has each column after those it reads."""
        return cls(tuple((rule, _moves(rule, order)) for rule in rules), origin)

    def settle(self, values: dict[str, object], row: bytes, name: str, drawn: Drawn) -> dict[str, object]:
        """Return the values, or those of the first draw that no rule forbids.

        `row` is the row's identity, `name` what it is called. Raises `SpecError` when there is none among `TRIES`.
        """
        moved: frozenset[str] = frozenset()
        broken = self._broken(values)
        for number in range(1, TRIES + 1):
            if not broken:
                return values
            moved = moved.union(*(moves for _, moves in broken))
            values = drawn(moved, row + identity.pack("again", number))
            broken = self._broken(values)
        if not broken:
            return values
        found = "; ".join(str(rule) for rule, _ in broken)
        message = f"no row like {name} is allowed: of {TRIES} draws each was ruled out, the last by: {found}"
        hint = "give the columns values that go together, or sample one by the other (`by:`)"
        raise SpecError(self.origin, [Problem(0, "never", message, hint)])

    def _broken(self, values: Mapping[str, object]) -> list[tuple[Never, frozenset[str]]]:
        return [pair for pair in self.rules if pair[0].holds(values)]


def _moves(rule: Never, order: Sequence[Column]) -> frozenset[str]:
    reads = set(rule.reads)
    for column in reversed(order):
        if column.name in reads:
            reads |= inputs(column)
    return frozenset(column.name for column in order if column.name in reads and _is_drawn(column))


def _is_drawn(column: Column) -> bool:
    if isinstance(column, DerivedColumn):
        return isinstance(column.rule, LabelsRule)
    return isinstance(column, SampleColumn | NumberColumn)
