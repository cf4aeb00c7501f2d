"""A label whose counts within each class are given: rows take turns so that the counts are met exactly."""

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from synth_datasets.plan.order import divisor_sequence
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.model import ClassesColumn, DatasetSpec

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Cells"]


class Cells:
    """The second `classes` column of a spec, in the classes of the splits that say how many rows each cell has.

    The row at an index of its class has the label at that place of the divisor sequence over the counts, so that any
    first rows are in proportion and all of them are the counts.
    """

    def __init__(self, spec: DatasetSpec, column: ClassesColumn) -> None:
        self._names = column.names
        self._counts = {
            (split.name, name): dict(counts)
            for split in spec.splits
            for name, counts in split.cells
            if counts
        }
        self._labels: dict[tuple[str, str], np.ndarray] = {}

    def __bool__(self) -> bool:
        return bool(self._counts)

    def draw(self, key: RowKey, otherwise: Callable[[], str]) -> str:
        """Return the label of the row; where no cells are counted, what `otherwise` gives."""
        place = (key.split, key.stratum)
        counts = self._counts.get(place)
        if counts is None or not any(counts.values()):
            return otherwise()
        labels = self._labels.get(place)
        if labels is None:
            labels = self._labels[place] = self._sequence(counts)
        return self._names[labels[key.index % len(labels)]]

    def _sequence(self, counts: dict[str, int]) -> "np.ndarray":
        import numpy as np

        there = [(at, counts[name]) for at, name in enumerate(self._names) if counts.get(name)]
        total = sum(count for _, count in there)
        turns = islice(divisor_sequence([count for _, count in there]), total)
        return np.fromiter((there[at][0] for _, at, _ in turns), np.uint16, total)
