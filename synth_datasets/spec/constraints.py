"""`never`: the combinations that a spec rules out, read and proved to leave something."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import cast

from synth_datasets.spec.graph import column_order, find_cycle, inputs, outputs
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DerivedColumn,
    FieldsColumn,
    NumberColumn,
    PromptColumn,
    SampleColumn,
    Scalar,
    TextColumn,
)
from synth_datasets.spec.never import Never
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import dotted, shown
from synth_datasets.spec.rules import LabelsRule
from synth_datasets.spec.score import note_use, written_by
from synth_datasets.spec.templates import TemplateError

__all__ = ["build_never", "check_never"]

_MOST_ROWS = 20_000
"""Combinations that are tried to see whether a rule leaves any."""
_MOST_NUMBERS = 100


def build_never(given: Sequence[str | Mapping[str, object]], parts: Parts) -> dict[int, Never]:
    """Return the rules that can be read, by their place in the list; for the others a problem is noted."""
    rules: dict[int, Never] = {}
    for at, item in enumerate(given):
        path = ("never", at)
        if isinstance(item, str):
            template = parts.template(path, item)
            if template is not None and not template.names:
                parts.problem(path, "the template names no column", "write it with braces: `{{ stars > 3 }}`")
            elif template is not None:
                rules[at] = Never(template=template)
            continue
        cases = [(name, _texts((*path, name), name, value, parts)) for name, value in item.items()]
        if all(texts for _, texts in cases):
            rules[at] = Never(tuple(cases))
    return rules


def check_never(rules: Mapping[int, Never], columns: Sequence[Column], parts: Parts) -> None:
    """Note every rule that reads what is not drawn, or that leaves no row to some class."""
    givers = {name: column for column in columns for name in outputs(column)}
    if find_cycle(columns):
        return
    good: list[Never] = []
    for at, rule in rules.items():
        if not rule.reads <= givers.keys():
            continue  # noted already
        if words := _unfit(rule, givers, columns):
            parts.problem(("never", at), *words)
        elif (stuck := _stuck([rule], columns)) is not None:
            parts.problem(
                ("never", at), f"it rules out every row{stuck}", "rows are drawn again, not left out"
            )
        else:
            good.append(rule)
    if len(good) == len(rules) > 1 and (stuck := _stuck(good, columns)) is not None:
        parts.problem(("never",), f"together they rule out every row{stuck}")


def _texts(path: Path, name: str, value: object, parts: Parts) -> tuple[str, ...]:
    """Return the values as rows print them; empty when a problem was noted."""
    note_use(parts, path, name, "never")
    given = cast("list[Scalar]", value if isinstance(value, list) else [value])
    domain = parts.domains.get(name)
    if domain is None:
        return tuple(str(each) for each in given)
    found: list[str] = []
    for each in given:
        same = [known for known in domain if str(known) == str(each) or _equal(known, each)]
        found += [str(known) for known in same]
        if not same:
            message = f"'{shown(each)}' is not a value of {shown(name)}"
            known = [str(known) for known in domain]
            parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, str(each), known)
    return tuple(found) if len(found) >= len(given) else ()


def _equal(known: Scalar, given: Scalar) -> bool:
    return known == given and isinstance(known, bool) == isinstance(given, bool)


def _unfit(rule: Never, givers: Mapping[str, Column], columns: Sequence[Column]) -> tuple[str, str] | None:
    """Return message and hint where the rule cannot be kept by drawing again."""
    for name in sorted(rule.reads):
        if isinstance(givers[name], PromptColumn | FieldsColumn) or written_by(name, columns):
            return f"{shown(name)} comes from the model, and rules are for what is drawn", "write a check"
    around = _around(rule.reads, columns)
    if not any(_is_drawn(column) for column in around):
        return (
            f"nothing can be drawn again: {', '.join(sorted(map(shown, rule.reads)))} are balanced or fixed",
            "make one of them a `sample` column",
        )
    return None


def _is_drawn(column: Column) -> bool:
    if isinstance(column, DerivedColumn):
        return isinstance(column.rule, LabelsRule)
    return isinstance(column, SampleColumn | NumberColumn)


def _around(reads: frozenset[str], columns: Sequence[Column]) -> list[Column]:
    """Return the columns that these depend on, and themselves, each after those it reads."""
    wanted, order = set(reads), column_order(columns)
    for column in reversed(order):
        if column.name in wanted:
            wanted |= inputs(column)
    return [column for column in order if column.name in wanted]


def _stuck(rules: Sequence[Never], columns: Sequence[Column]) -> str | None:
    """Return for which values of `classes` nothing is left, as ` where label is good`; None when there are none.

    None as well where there are too many combinations to try, or some cannot be foreseen.
    """
    around = _around(frozenset().union(*(rule.reads for rule in rules)), columns)
    fixed = [column.name for column in around if isinstance(column, ClassesColumn)]
    around.sort(key=lambda column: not isinstance(column, ClassesColumn))  # stable: the rest keeps its order
    left: dict[tuple[object, ...], bool] = {}
    try:
        rows = list(islice(_rows(around, {}), _MOST_ROWS + 1))
        if len(rows) > _MOST_ROWS:
            return None
        for row in rows:
            place = tuple(row[name] for name in fixed)
            left[place] = left.get(place, False) or not any(rule.holds(row) for rule in rules)
    except (TemplateError, _UnforeseenError):
        return None
    place = next((place for place, some in left.items() if not some), None)
    if place is None:
        return None
    where = " and ".join(f"{name} is {shown(value)}" for name, value in zip(fixed, place, strict=True))
    return f" where {where}" if where else ""


class _UnforeseenError(Exception):
    """A column's values cannot be listed."""


def _rows(columns: Sequence[Column], row: dict[str, object]) -> Iterator[dict[str, object]]:
    if not columns:
        yield dict(row)
        return
    first, *rest = columns
    for value in _values(first, row):
        yield from _rows(rest, {**row, first.name: value})


def _values(column: Column, row: Mapping[str, object]) -> Sequence[object]:
    match column:
        case ClassesColumn():
            return column.names
        case SampleColumn():
            return column.choices.pick(row).values
        case TextColumn():
            return [column.template.pick(row).render(row)]
        case NumberColumn() if column.integer and column.high - column.low <= _MOST_NUMBERS * (
            column.step or 1
        ):
            step = int(column.step or 1)
            return range(int(column.low), int(column.high) + 1, step)
        case _:
            raise _UnforeseenError
