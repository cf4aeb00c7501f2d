"""Which training sets are compared, and which rows each of them holds under each seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MIXES", "SIZES", "Part", "drawn", "parts"]

SIZES = (50, 200, 1_000)
"""Real rows of the learning curve, beside all of them."""
MIXES = (0.5, 1.0, 2.0, 4.0)
"""Synthetic rows for each real one, beside all there are."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """How many rows of each kind a training set holds."""

    real: int
    synthetic: int


def parts(real: int, synthetic: int, sizes: Sequence[int], mixes: Sequence[float]) -> list[Part]:
    """Return real rows alone, synthetic rows alone, and mixes, each once, by number of rows."""
    curve = sorted({size for size in sizes if size < real} | {real})
    amounts = sorted({size for size in (*sizes, real) if size < synthetic} | {synthetic})
    mixed = [
        Part(size, amount)
        for size in curve
        for amount in sorted({min(synthetic, max(1, round(size * mix))) for mix in mixes} | {synthetic})
    ]
    return [*(Part(size, 0) for size in curve), *(Part(0, size) for size in amounts), *mixed]


def drawn(labels: Sequence[str], count: int, seed: int) -> "np.ndarray":
    """Return the places of so many rows, the classes in proportion; more rows of a seed hold those of fewer.

    All rows come in their order, whatever the seed.
    """
    import numpy as np

    if count >= len(labels):
        return np.arange(len(labels))
    draw = np.random.RandomState(seed)
    keys = np.empty(len(labels))
    ties = draw.permutation(len(labels))
    places: dict[str, list[int]] = {}
    for at, label in enumerate(labels):
        places.setdefault(label, []).append(at)
    for own in places.values():
        # The divisor sequence: the first n of all hold each class in its share.
        keys[np.array(own)[draw.permutation(len(own))]] = (np.arange(len(own)) + 0.5) / len(own)
    return np.sort(np.lexsort((ties, keys))[:count])
