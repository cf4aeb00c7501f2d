"""What a split that completes real data does to their classes: before, made here, together."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from synth_datasets.spec.seed_data import Balance
from synth_datasets.validation.outcome import Tally

__all__ = ["CompletedCell", "CompletedFigures", "completed_figures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCell:
    """A class, or a cell of two columns' classes."""

    name: str
    before: int
    """Real rows."""
    made: int
    """Accepted rows of the split; of cells, rows that were asked for."""
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedFigures:
    """The real rows of `balance:` and the split that completes them."""

    split: str
    columns: tuple[str, ...]
    cells: tuple[CompletedCell, ...]


def completed_figures(balance: Balance | None, tallies: Mapping[str, Tally]) -> CompletedFigures | None:
    """Return the counts; None without a balance, or where its real rows were not counted or its split not made."""
    if balance is None or balance.before is None or balance.split not in tallies:
        return None
    after, several = dict(balance.after), len(balance.columns) > 1
    accepted = Counter(tallies[balance.split].accepted)
    cells: list[CompletedCell] = []
    for cell, before in balance.before:
        made = after[cell] - before if several else accepted[cell[0]]
        cells.append(CompletedCell(name=" / ".join(cell), before=before, made=made, after=before + made))
    return CompletedFigures(
        split=balance.split, columns=tuple(name for name, _ in balance.columns), cells=tuple(cells)
    )
