"""How a row comes to its seeds: which real rows it sees, and what of them goes into a column."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["SEEDS", "SeedIdsRule", "SeedRowsRule", "SeedValueRule"]

SEEDS = ".seeds"
"""What the name of a hidden column ends in that holds the ids of the seeds another column was made of."""


@dataclass(frozen=True, slots=True)
class SeedRowsRule:
    """The ids of the seeds that a row sees, of those that belong to its split."""

    way: Literal["any", "near", "vary"]
    """Drawn, the nearest to a text, or one after another so that each is used before one is used twice."""
    count: int
    same: str | None = None
    """The column whose value the seeds' label must equal."""
    near: str | None = None
    """The column whose text they are nearest to."""
    apart: str | None = None
    """A column of ids that are left out."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset(name for name in (self.same, self.near, self.apart) if name is not None)


@dataclass(frozen=True, slots=True)
class SeedValueRule:
    """The values that those seeds have in one column of the real data."""

    column: str
    rows: str
    """The column of ids."""
    many: bool
    """Whether it is a list, and not the value of one seed."""
    classes: tuple[str, ...] = ()
    """What the values are stored as, when they are labels."""

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset([self.rows])


@dataclass(frozen=True, slots=True)
class SeedIdsRule:
    """Every seed that the row has seen, each once."""

    rows: tuple[str, ...]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that must be there first."""
        return frozenset(self.rows)
