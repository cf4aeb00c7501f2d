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
    rules: dict[str, list[VotesRule]] = {}
    for column in spec.columns:
        if isinstance(column, DerivedColumn) and isinstance(column.rule, VotesRule):
            rules.setdefault(column.rule.label, []).append(column.rule)
    return tuple(_sentence(label, votes) for label, votes in rules.items())


def _sentence(label: str, rules: list[VotesRule]) -> str:
    rule = rules[0]
    head = f"{label}: {len(rule.votes)} answers of models that were shown the text alone; "
    match next((each.gives for each in rules if each.gives in ("check", "relabel")), ""):
        case "check":
            return f"{head}rows with fewer than {rule.agree} votes for their label were rejected"
        case "relabel":
            return (
                f"{head}rows with fewer than {rule.agree} votes for any label were rejected, and the label that is "
                "stored is the one with the most votes"
            )
        case _:
            return f"{head}rows were kept whatever the votes say"


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
        f"mean share of the {total} votes on each row, of accepted rows alone; higher is better",
    )
    yield Figure(
        f"{rule.label}: all votes for the row's label",
        sum(number == total for number in votes) / len(votes),
        f"share of accepted rows on which all {total} votes name it; higher is better",
    )
