"""How far models that voted on labels agree, from the votes that a dataset stores, and how a card tells of votes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from synth_datasets.publishing.facts import Figure
from synth_datasets.spec.model import DatasetSpec, DerivedColumn
from synth_datasets.spec.rules_judging import VotesRule

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["agreement_figures", "vote_lines"]


def agreement_figures(spec: DatasetSpec, splits: "Mapping[str, Dataset]") -> tuple[Figure, ...]:
    """Return figures over all rows of all splits; none where the number of votes for the label is not stored."""
    return tuple(figure for column, rule in _stored(spec) for figure in _figures(column, rule, splits))


def vote_lines(spec: DatasetSpec) -> tuple[str, ...]:
    """Return a sentence for each label that models have voted on; names are not yet safe for Markdown."""
    rules = [column.rule for column in spec.columns if isinstance(column, DerivedColumn)]
    lines = []
    for rule in rules:
        if isinstance(rule, VotesRule) and rule.gives in ("check", "relabel"):
            rows = f"rows with fewer than {rule.agree} votes for one label were rejected"
            what = (
                f"{rows}, and the label that is stored is the one that the votes name"
                if rule.gives == "relabel"
                else f"{rows}, and so were those whose votes name another label"
            )
            lines.append(f"{rule.label}: {len(rule.votes)} answers of models that saw the text alone; {what}")
    return tuple(lines)


def _stored(spec: DatasetSpec) -> Iterator[tuple[str, VotesRule]]:
    for column in spec.columns:
        rule = column.rule if isinstance(column, DerivedColumn) and not column.hidden else None
        if isinstance(rule, VotesRule) and rule.gives == "agreement":
            yield column.name, rule


def _figures(column: str, rule: VotesRule, splits: "Mapping[str, Dataset]") -> Iterator[Figure]:
    votes = [number for rows in splits.values() for number in rows.with_format(None)[column][:]]
    total = len(rule.votes)
    if not votes or not total:
        return
    yield Figure(
        f"{rule.label}: votes for the row's label",
        sum(votes) / (total * len(votes)),
        f"mean share of the {total} votes on each accepted row; the rejected ones are not in it, so it flatters",
    )
    yield Figure(
        f"{rule.label}: all votes for the row's label",
        sum(number == total for number in votes) / len(votes),
        f"share of accepted rows on which all {total} votes agree; higher is better",
    )
