"""Decide on all rows of all parts in the plan's order: those that stand by what was kept, the others from answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from synth_datasets.asking import Asking
from synth_datasets.parts.kept import CONTESTED, EXAMPLE, MISSING, KeptRows
from synth_datasets.pending import PendingRow
from synth_datasets.plan.part import shards_of
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.graph import outputs
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

        dealt = shards_of(total, len(parts)) if total else np.zeros(0, np.int64)
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
            standing = np.flatnonzero(kept.index["state"] == EXAMPLE)
            empty[at] = kept.index[f"empty{check}"][standing[places]]
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
    found = Decided(changed={name: {} for name in splits})
    names = tuple(name for column in asking.plan.spec.columns for name in outputs(column))
    duplicates = Duplicates(asking.plan.spec)
    rows = _placed(asking.plan.decision_rows())
    while ahead := list(islice(rows, duplicates.room())):
        _Batch.of(ahead, splits, duplicates).decide(asking, duplicates, found, names)
    return found


def _placed(rows: Iterator[RowKey]) -> Iterator[tuple[RowKey, int]]:
    """Yield each row with its position in its split."""
    counts: dict[str, int] = {}
    for key in rows:
        position = counts.get(key.split, 0)
        counts[key.split] = position + 1
        yield key, position


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that are looked up together."""

    rows: Sequence[tuple[RowKey, int]]
    states: Sequence[int]
    standing: Sequence[int]
    """By row, its number among those looked up; those that do not stand have that of the next."""
    looked: LookedUp
    alone: Sequence[bool]

    @classmethod
    def of(
        cls, rows: Sequence[tuple[RowKey, int]], splits: Mapping[str, SplitParts], duplicates: Duplicates
    ) -> "_Batch":
        import numpy as np

        names = {name: number for number, name in enumerate(splits)}
        which = np.array([names[key.split] for key, _ in rows])
        positions = np.array([position for _, position in rows])
        states = np.zeros(len(rows), np.uint8)
        for number, split in enumerate(splits.values()):
            states[which == number] = split.state[positions[which == number]]
        stand = states == EXAMPLE
        count = int(np.count_nonzero(stand))
        imprints: list[Imprint] = []
        for check, pattern in enumerate(duplicates.imprints([]) if count else ()):
            marks = np.zeros((count, pattern.marks.shape[1]), pattern.marks.dtype)
            empty = np.ones(count, bool)
            for number, split in enumerate(splits.values()):
                at = np.flatnonzero(which[stand] == number)
                if len(at):
                    part = split.imprint(check, positions[stand][at])
                    marks[at], empty[at] = part.marks, part.empty
            imprints.append(Imprint(marks, empty))
        looked = duplicates.look_up(imprints or duplicates.imprints([]))
        alone = looked.alone(count).tolist() if imprints else [True] * count
        return cls(rows, states.tolist(), (np.cumsum(stand) - stand).tolist(), looked, alone)

    def decide(self, asking: Asking, duplicates: Duplicates, found: Decided, names: tuple[str, ...]) -> None:
        """Decide on the rows, in their order."""
        contested = [at for at, state in enumerate(self.states) if state == CONTESTED]
        pending = dict(zip(contested, _planned(asking, [self.rows[at][0] for at in contested]), strict=True))
        as_looked_up = True
        for at, ((key, position), state) in enumerate(zip(self.rows, self.states, strict=True)):
            if state == MISSING:
                continue
            place = self.standing[at]
            if state == EXAMPLE and ((as_looked_up and self.alone[place]) or self.looked.find(place) is None):
                self.looked.add(key, place)
                continue
            row = pending.get(at) or _planned(asking, [key])[0]
            if _decide(row, asking, duplicates):
                as_looked_up = False  # a text is there that none of the others was compared with
            outcome = row.outcome(names)
            if isinstance(outcome, Unanswered):
                found.waiting.append(row)
            else:
                found.changed[key.split][position] = outcome


def _planned(asking: Asking, keys: Sequence[RowKey]) -> list[PendingRow]:
    values = asking.plan.values_of_many(keys)
    rows = [PendingRow(asking.plan, key, each) for key, each in zip(keys, values, strict=True)]
    asking.settle(rows)
    return rows


def _decide(row: PendingRow, asking: Asking, duplicates: Duplicates) -> bool:
    """Take the row to its outcome, with stored answers; whether it was added to those that others must not repeat."""
    while not (row.missing or row.unanswered):
        verdict = duplicates.find(row.values)
        if verdict is None:
            duplicates.add(row.key, row.values)
            return True
        row.reject(*verdict)
        asking.settle([row])
    return False
