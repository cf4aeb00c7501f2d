"""Draws for one cell of a row: as many as a rule needs, each a hash of the cell's 64 bits and what it is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from synth_datasets.plan.identity import bits, pack

__all__ = ["Dice"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dice:
    """Draws that are the same for the same bits and purpose, in whatever order they are made."""

    number: int
    """The 64 bits of the row and the column."""
    purpose: str = ""

    def of(self, purpose: str | int) -> "Dice":
        """Return other dice, for one purpose within this one."""
        return Dice(bits(pack(self.purpose, purpose), self.number.to_bytes(8, "big")), str(purpose))

    def below(self, count: int) -> int:
        """Return a whole number from 0 to `count` - 1."""
        return self.number * count >> 64

    def order(self, items: Sequence[T]) -> list[T]:
        """Return the items shuffled; each has a place of its own, whichever others there are."""
        ranked = sorted(range(len(items)), key=lambda at: (self.of(f"order {items[at]}").number, at))
        return [items[at] for at in ranked]

    def some(self, count: int, among: int) -> list[int]:
        """Return `count` different numbers below `among`, ascending."""
        return sorted(sorted(range(among), key=lambda at: (self.of(at).number, at))[:count])
