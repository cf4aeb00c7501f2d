"""How a derived column is made of other columns: one frozen rule a derivation, computed in `plan.derive`."""

from dataclasses import dataclass

from synth_datasets.spec.rules_annotation import AnnotationRule
from synth_datasets.spec.rules_challenge import PartRule, PerturbRule
from synth_datasets.spec.rules_dialogue import DialogueRules
from synth_datasets.spec.rules_judging import VotesRule
from synth_datasets.spec.rules_seeds import SeedIdsRule, SeedRowsRule, SeedValueRule

__all__ = [
    "AnnotationRule",
    "DialogueRules",
    "LabelsRule",
    "PartRule",
    "PerturbRule",
    "Rule",
    "SeedIdsRule",
    "SeedRowsRule",
    "SeedValueRule",
    "VotesRule",
]


@dataclass(frozen=True, slots=True)
class LabelsRule:
    """Several labels at once: `least` to `most` of `names`, drawn by weight without replacement."""

    names: tuple[str, ...]
    weights: tuple[float, ...]
    least: int
    most: int

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset()


Rule = (
    DialogueRules
    | AnnotationRule
    | SeedIdsRule
    | SeedRowsRule
    | SeedValueRule
    | LabelsRule
    | PartRule
    | PerturbRule
    | VotesRule
)
