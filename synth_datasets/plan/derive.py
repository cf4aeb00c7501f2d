"""What each rule makes of the columns it reads."""

from collections.abc import Mapping

from synth_datasets.plan.annotate import annotate
from synth_datasets.plan.conversations import converse
from synth_datasets.plan.labels import draw_labels
from synth_datasets.plan.mentions import Doubt
from synth_datasets.plan.perturb import derive_perturbed
from synth_datasets.plan.seeds import joined_ids
from synth_datasets.plan.unfit import Unfit
from synth_datasets.plan.votes import count_votes, disagreement
from synth_datasets.spec.rules import (
    AnnotationRule,
    DialogueRules,
    LabelsRule,
    PartRule,
    PerturbRule,
    Rule,
    VotesRule,
)
from synth_datasets.spec.rules_seeds import SeedIdsRule, SeedRowsRule, SeedValueRule

__all__ = ["Unfit", "derive"]


def derive(rule: Rule, values: Mapping[str, object], number: int) -> object:
    """Return the value of a derived column; pure.

    `values` holds at least what the rule reads, `number` is 64 random bits that follow from the row and the column.
    Raises `Unfit` when an answer that it reads cannot be used.
    """
    if isinstance(rule, DialogueRules):
        return converse(rule, values, number)
    if isinstance(rule, AnnotationRule):
        try:
            return annotate(rule, values, number)
        except Doubt as doubt:
            raise Unfit(doubt.reason, doubt.detail, rule.blamed) from doubt
    match rule:
        case SeedIdsRule():
            return joined_ids(rule, values)
        case SeedRowsRule() | SeedValueRule():
            raise AssertionError("unreachable: the plan knows the seeds")
        case LabelsRule():
            return draw_labels(rule, number)
        case PartRule() | PerturbRule():
            return derive_perturbed(rule, values, number)
        case VotesRule():
            if why := disagreement(rule, values):
                raise Unfit("label_disagreement", why, rule.blames)
            return count_votes(rule, values)
