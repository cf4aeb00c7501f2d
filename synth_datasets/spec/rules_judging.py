"""Rules about votes: which label a text gets, and how far those who saw it agree."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["VotesRule"]


@dataclass(frozen=True, slots=True)
class VotesRule:
    """What the votes on one label come to."""

    label: str
    """The column of the label that the row was made for."""
    votes: tuple[str, ...]
    """The columns of the votes."""
    names: tuple[str, ...]
    """The labels."""
    agree: int
    """Votes that must name one label."""
    blames: str
    """The model column whose answer is refused when they do not."""
    gives: Literal["check", "relabel", "agreement", "ballots"]
    """Nothing but a refusal, the label that the votes name, how many named the row's own, or each of them."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset((self.label, *self.votes))
