"""What each rule makes of the columns it reads."""

from collections.abc import Mapping

from synth_datasets.plan.labels import draw_labels
from synth_datasets.plan.seeds import joined_ids
from synth_datasets.plan.votes import count_votes, disagreement
from synth_datasets.spec.rules import LabelsRule, Rule, VotesRule
from synth_datasets.spec.rules_seeds import SeedIdsRule, SeedRowsRule, SeedValueRule

__all__ = ["Unfit", "derive"]


class Unfit(Exception):  # noqa: N818 - no error: a verdict on an answer, on its way up
    """No value can be made of what a model column says: its answer is rejected and asked again."""

    def __init__(self, reason: str, detail: str, column: str) -> None:
        """`reason` is one of `validation.reasons`, `column` the model column at fault."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.column = column


def derive(rule: Rule, values: Mapping[str, object], number: int) -> object:
    """Return the value of a derived column; pure.

    `values` holds at least what the rule reads, `number` is 64 random bits that follow from the row and the column.
    Raises `Unfit` when an answer that it reads cannot be used.
    """
    match rule:
        case SeedIdsRule():
            return joined_ids(rule, values)
        case SeedRowsRule() | SeedValueRule():
            raise AssertionError("unreachable: the plan knows the seeds")
        case LabelsRule():
            return draw_labels(rule, number)
        case VotesRule():
            if why := disagreement(rule, values):
                raise Unfit("label_disagreement", why, rule.blames)
            return count_votes(rule, values)
