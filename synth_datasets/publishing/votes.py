"""How a card tells of votes on labels."""

from synth_datasets.spec.model import DatasetSpec, DerivedColumn
from synth_datasets.spec.rules_judging import VotesRule

__all__ = ["vote_lines"]


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
