"""The rules of columns that test a model: a text perturbed, and its parts."""

from dataclasses import dataclass

__all__ = ["PartRule", "PerturbRule"]


@dataclass(frozen=True, slots=True)
class PerturbRule:
    """The text of `column` changed by the perturbation that `wanted` names, or by the next one that changes it."""

    column: str
    wanted: str
    names: tuple[str, ...]
    """Of `spec.perturbations`."""
    strength: float
    """The share of words that is changed, at least one; by perturbations that change single words."""
    distractors: tuple[str, ...]
    """What the perturbation `distractor` appends; empty: sentences of its own."""
    asked: str
    """The model column that is asked again where nothing changes; empty: the text stays, and the row says so."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.column, self.wanted])


@dataclass(frozen=True, slots=True)
class PartRule:
    """One part of what another rule made."""

    column: str
    part: str
    classes: tuple[str, ...] = ()
    """The names it may have, when it is a class; a `datasets.ClassLabel`."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.column])
