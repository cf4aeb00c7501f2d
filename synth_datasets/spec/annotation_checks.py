"""What only the whole spec can tell of annotated texts: their checks, and what must be there to compare with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from synth_datasets.spec.graph import inputs, outputs
from synth_datasets.spec.model import Checks, Column, DerivedColumn, FieldsColumn, PromptColumn
from synth_datasets.spec.parts import Parts
from synth_datasets.spec.problems import dotted, shown
from synth_datasets.spec.reader import Node
from synth_datasets.spec.rules_annotation import QuoteRule, UnmarkRule

__all__ = ["check_differs", "differs_of", "helper_checks", "marked_texts", "unprintable"]

_LIKE = 0.8
"""Likeness from which a text counts as a copy of the one that it must differ from, unless the spec says another."""


def marked_texts(columns: Sequence[Column]) -> dict[str, str]:
    """Return by each text without marks the column that holds it with them, whose checks are its own."""
    rules = {column.name: column.rule for column in columns if isinstance(column, DerivedColumn)}
    return {name: rule.marked for name, rule in rules.items() if isinstance(rule, UnmarkRule)}


def helper_checks(columns: Sequence[Column], checks: Mapping[str, Checks]) -> dict[str, Checks]:
    """Return the checks of the columns that annotated texts are made of: quotes may be alike in many rows."""
    own: dict[str, Checks] = {}
    for column in columns:
        rule = column.rule if isinstance(column, DerivedColumn) else None
        if isinstance(rule, UnmarkRule):
            own[rule.marked] = replace(checks[rule.marked], marks=rule.labels)
        elif isinstance(rule, QuoteRule):
            own[rule.quotes] = replace(checks[rule.quotes], unique=None)
    return own


def differs_of(given: str | Mapping[str, float] | None, base: Checks) -> tuple[str, float] | None:
    """Return the column that a text must differ from, and the likeness from which it does not."""
    if given is None:
        return base.differs
    return (
        (given, _LIKE)
        if isinstance(given, str)
        else next((name, float(limit)) for name, limit in given.items())
    )


def check_differs(columns: Sequence[Column], checks: Mapping[str, Checks], parts: Parts) -> None:
    """Note comparisons with what is no column, or is not there yet when the text is judged."""
    givers = {name: column for column in columns for name in outputs(column)}
    shown_as = {marked: name for name, marked in marked_texts(columns).items()}
    for name, own in checks.items():
        if own.differs is None:
            continue
        other, place = own.differs[0], ("checks", shown_as.get(name, name), "differs_from")
        if other not in givers:
            message = f"`differs_from` names '{shown(other)}', which is no column"
            parts.problems.unknown(
                parts.tree.line_of(place), dotted(place), message, other, set(givers) - {name}
            )
        elif name in givers and not _there(other, givers[name], givers):
            hint = f"let its prompt read {{{{ {other} }}}}"
            parts.problem(place, f"{shown(other)} may be written after {shown(name)}", hint)


def _there(other: str, column: Column, givers: Mapping[str, Column]) -> bool:
    """Whether the value `other` is known when an answer for the column is judged."""
    if givers[other] is column:
        return isinstance(column, FieldsColumn)
    if not _asked(givers[other], givers):
        return True
    left, seen = list(inputs(column)), set[str]()
    while left:
        name = left.pop()
        if name not in seen and name in givers:
            seen.add(name)
            left += inputs(givers[name])
    return any(givers.get(name) is givers[other] for name in seen)


def _asked(column: Column, givers: Mapping[str, Column]) -> bool:
    """Whether a model is asked for the column, or for what it is made of."""
    left, seen = [column], set[str]()
    while left:
        one = left.pop()
        if isinstance(one, PromptColumn | FieldsColumn):
            return True
        if one.name not in seen:
            seen.add(one.name)
            left += [givers[name] for name in inputs(one) if name in givers]
    return False


def unprintable(name: str, tree: Node) -> str:
    """Return the kind of a column that no template can print; empty for all others."""
    columns = tree.at(("columns",)).members or {}
    members = (columns[name].members if name in columns else None) or {}
    return next((kind for kind in ("spans", "answer") if kind in members and "fields" not in members), "")
