"""Which row is meant: the identity that everything random about a row follows from."""

from dataclasses import dataclass

__all__ = ["RowKey"]


@dataclass(frozen=True, slots=True, order=True)
class RowKey:
    """A row's identity: it keeps its meaning when splits grow, and classes, columns or splits are added."""

    split: str
    stratum: str
    """The class of the row's first `classes` column; empty when the spec has none."""
    index: int
    """Counts from 0 within the split and stratum."""

    def __str__(self) -> str:
        if self.split and self.stratum:
            return f"{self.split}/{self.stratum}/{self.index}"
        return "/".join(part for part in (self.split, self.stratum, str(self.index)) if part)
