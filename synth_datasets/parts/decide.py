"""Decide on all rows of all parts in the plan's order: those that stand by what was kept, the others from answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from synth_datasets.asking import Asking
from synth_datasets.parts.kept import CONTESTED, EXAMPLE, MISSING
from synth_datasets.parts.read import KeptRows
from synth_datasets.pending import PendingRow
from synth_datasets.plan.order import OrderedRows
from synth_datasets.plan.part import shards_of
from synth_datasets.plan.row import RowKey
from synth_datasets.validation.duplicates import Duplicates, Imprint, LookedUp
from synth_datasets.validation.outcome import Example, Missing, Unanswered

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Decided", "SplitParts", "decide"]


@dataclass(frozen=True, slots=True)
class SplitParts:
    """One split, dealt to parts."""

    parts: Sequence[KeptRows]
    part: "np.ndarray"
    """By position in the split, the part that has the row."""
    state: "np.ndarray"
    """By position, what the part says of it."""
    place: "np.ndarray"
    """By position, its number among the rows of the part that stand; anything where it does not."""

    @classmethod
    def of(cls, parts: Sequence[KeptRows], total: int, *, trusted: bool = True) -> "SplitParts":
        """Put the parts' rows side by side in the order of the split; of parts not `trusted`, none stands."""
        import numpy as np

        dealt = shards_of(total, len(parts))
        state = np.full(total, CONTESTED, np.uint8)
        place = np.zeros(total, np.int64)
        for number, kept in enumerate(parts if trusted else ()):
            own = np.flatnonzero(dealt == number)
            state[own] = kept.index["state"]
            place[own] = np.cumsum(kept.index["state"] == EXAMPLE) - 1
        return cls(parts, dealt, state, place)

    def imprint(self, check: int, positions: "np.ndarray") -> Imprint:
        """Return what a check compares of the rows there, which stand."""
        import numpy as np

        marks: np.ndarray | None = None
        empty = np.ones(len(positions), bool)
        for number, kept in enumerate(self.parts):
            at = np.flatnonzero(self.part[positions] == number)
            if not len(at):
                continue
            if marks is None:
                marks = np.zeros((len(positions), *kept.marks[check].shape[1:]), kept.marks[check].dtype)
            places = self.place[positions[at]]
            marks[at] = kept.marks[check][places]
            empty[at] = kept.index[f"empty{check}"][kept.standing[places]]
        assert marks is not None  # noqa: S101 - every row is in some part
        return Imprint(marks, empty)


@dataclass(slots=True)
class Decided:
    """What a pass over all rows came to."""

    changed: dict[str, dict[int, Example | Missing]] = field(default_factory=dict)
    """By split and position, rows that came out otherwise than their part says, or on which it said nothing."""
    waiting: list[PendingRow] = field(default_factory=list)
    """Rows whose next answer nobody has asked for yet."""


def decide(asking: Asking, splits: Mapping[str, SplitParts]) -> Decided:
    """Decide on every row of the plan, in its order, with the stored answers alone.

    Some 10 µs for a row that stands, some 500 µs for one that does not. What comes out is what `fill` would yield with
    the same store; rows whose answer is missing are passed over, as there.
    """
    import numpy as np

    found = Decided(changed={name: {} for name in splits})
    duplicates = Duplicates(asking.plan.spec)
    rows = asking.plan.ordered_rows()
    positions = np.zeros(len(rows), np.int64)
    for name in splits:
        own = np.flatnonzero(rows.split == rows.names.index(name))
        positions[own] = np.arange(len(own))
    start = 0
    while start < len(rows):
        stop = min(start + duplicates.room(), len(rows))
        batch = _Batch.of(rows.between(start, stop), positions[start:stop], splits, duplicates)
        batch.decide(asking, duplicates, found)
        start = stop
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that are looked up together."""

    rows: OrderedRows
    positions: "np.ndarray"
    """By row, where it stands in its split."""
    states: "np.ndarray"
    standing: "np.ndarray"
    """By row, its number among those looked up; those that do not stand have that of the next."""
    looked: LookedUp
    alone: "np.ndarray"
    """By row, whether it stands and repeats no other one, whatever becomes of these."""

    @classmethod
    def of(
        cls,
        rows: OrderedRows,
        positions: "np.ndarray",
        splits: Mapping[str, SplitParts],
        duplicates: Duplicates,
    ) -> "_Batch":
        import numpy as np

        numbers = {name: rows.names.index(name) for name in splits}
        states = np.zeros(len(rows), np.uint8)
        for name, split in splits.items():
            own = rows.split == numbers[name]
            states[own] = split.state[positions[own]]
        stand = states == EXAMPLE
        count = int(np.count_nonzero(stand))
        imprints: list[Imprint] = []
        for check, pattern in enumerate(duplicates.imprints([])):
            marks = np.zeros((count, pattern.marks.shape[1]), pattern.marks.dtype)
            empty = np.ones(count, bool)
            for name, split in splits.items():
                own = rows.split[stand] == numbers[name]
                if own.any():
                    part = split.imprint(check, positions[stand][own])
                    marks[own], empty[own] = part.marks, part.empty
            imprints.append(Imprint(marks, empty))
        looked = duplicates.look_up(imprints)
        alone = stand.copy()
        alone[stand] = looked.alone(count)
        return cls(rows, positions, states, np.cumsum(stand) - stand, looked, alone)

    def decide(self, asking: Asking, duplicates: Duplicates, found: Decided) -> None:
        """Decide on the rows, in their order."""
        import numpy as np

        contested = np.flatnonzero(self.states == CONTESTED).tolist()
        pending = dict(zip(contested, _planned(asking, [self.rows.key(at) for at in contested]), strict=True))
        at = 0
        for other in [*np.flatnonzero(~self.alone).tolist(), len(self.rows)]:
            if other > at:
                place = int(self.standing[at])
                self.looked.add_alone(self.rows.between(at, other), place, place + other - at)
            if other == len(self.rows):
                return
            at = other + 1
            if not self._decide(other, pending, asking, duplicates, found):
                continue
            # A text is there that none of the others was compared with: they are looked up one by one.
            for left in range(at, len(self.rows)):
                self._decide(left, pending, asking, duplicates, found)
            return

    def _decide(
        self,
        at: int,
        pending: Mapping[int, PendingRow],
        asking: Asking,
        duplicates: Duplicates,
        found: Decided,
    ) -> bool:
        """Decide on one row; whether another text was added for it than the one that was looked up."""
        state, place = self.states[at], int(self.standing[at])
        if state == MISSING:
            return False
        key = self.rows.key(at)
        if state == EXAMPLE and self.looked.find(place) is None:
            self.looked.add(key, place)
            return False
        row = pending.get(at) or _planned(asking, [key])[0]
        added = _settled(row, asking, duplicates)
        outcome = row.outcome(asking.plan.names)
        if isinstance(outcome, Unanswered):
            found.waiting.append(row)
        else:
            found.changed[key.split][int(self.positions[at])] = outcome
        return added


def _planned(asking: Asking, keys: Sequence[RowKey]) -> list[PendingRow]:
    values = asking.plan.values_of_many(keys)
    rows = [PendingRow(asking.plan, key, each) for key, each in zip(keys, values, strict=True)]
    asking.settle(rows)
    return rows


def _settled(row: PendingRow, asking: Asking, duplicates: Duplicates) -> bool:
    """Take the row to its outcome, with stored answers; whether it was added to those that others must not repeat."""
    while not (row.missing or row.unanswered):
        verdict = duplicates.find(row.values)
        if verdict is None:
            duplicates.add(row.key, row.values)
            return True
        row.reject(*verdict)
        asking.settle([row])
    return False
