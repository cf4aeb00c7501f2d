"""Keys of vectors, of which those of vectors that point the same way are often the same: cross-polytope hashing.

Of random axes, the one that a vector lies closest to, and on which side (Andoni et al. 2015, "Practical and Optimal LSH
for Angular Distance", arXiv:1509.02897). Axes are fixed numbers of 1 and -1, and a product of vectors of 256 int8 is a
whole number below 2**24, which 32-bit floats hold: no order of summing, and no machine, gives another key.
"""

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from synth_datasets.minhash import BANDS, constants
from synth_datasets.semantic import WIDTH

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CHAINS", "keys_of", "likely_keys", "numbers"]

CHAINS = 6
"""Keys of a band that a vector is looked for by."""
_FUNCTIONS, _AXES = 3, 64
"""A key is the closest of 64 axes, three times: 21 bits."""
_AT_ONCE = 256
"""Vectors that are hashed at once: 3 MB."""


def keys_of(marks: "np.ndarray") -> "np.ndarray":
    """Return the keys of vectors in each of 16 bands, uint32; 15 µs a vector, given as 64 uint32 that hold 256 int8."""
    import numpy as np

    found = np.empty((len(marks), BANDS), np.uint32)
    for start in range(0, len(marks), _AT_ONCE):
        [closest], _ = _closest(marks[start : start + _AT_ONCE], 1)
        found[start : start + _AT_ONCE] = _key(closest)
    return found


def likely_keys(marks: "np.ndarray") -> "np.ndarray":
    """Return by vector six keys in each of 16 bands that vectors which point the same way may have; first its own.

    The others have the second closest axis in some places, those where it is hardly less close (Lv et al. 2007,
    "Multi-Probe LSH"). Of pairs with a cosine of 0.85 to 0.9, 96 of 100 have one of the keys in common, from 0.9 on all
    but 1 in 1,000, between 0.8 and 0.85 84, and between 0.7 and 0.75 47.
    """
    import numpy as np

    found = np.empty((len(marks), CHAINS, BANDS), np.uint32)
    for start in range(0, len(marks), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        (closest, second), (near, less_near) = _closest(marks[rows], 2)
        swapped = (second - closest)[:, None] * _swaps()[..., None]
        keys = _key(closest)[:, None] + np.add.reduce(swapped * _factors(), axis=2, dtype=np.uint32)
        lost = np.add.reduce((near - less_near)[:, None] ** 2 * _swaps()[..., None], axis=2)
        likely = np.argsort(lost, axis=1, kind="stable")[:, :CHAINS]
        found[rows] = np.take_along_axis(keys, likely, axis=1)
    return found


def numbers(marks: "np.ndarray") -> "np.ndarray":
    """Return the int8 of the marks, as floats that can be multiplied quickly."""
    import numpy as np

    return marks.view(np.int8).astype(np.float32)


def _closest(marks: "np.ndarray", count: int) -> "tuple[list[np.ndarray], list[np.ndarray]]":
    """Return the closest axes, then the second closest, by vector, place and band; and how close they are.

    An axis is twice its number, and 1 more where the vector points against it. Closeness is a whole number.
    """
    import numpy as np

    turned = (numbers(marks) @ _axes()).reshape(len(marks), _FUNCTIONS, BANDS, _AXES)
    sizes = np.abs(turned)
    found: list[np.ndarray] = []
    close: list[np.ndarray] = []
    for again in range(count):
        axis = sizes.argmax(axis=3)[..., None]  # the first of equals
        value = np.take_along_axis(turned, axis, axis=3)
        found.append((2 * axis + (value < 0))[..., 0].astype(np.uint32))
        close.append(np.abs(value[..., 0]).astype(np.float64))
        if again + 1 < count:
            np.put_along_axis(sizes, axis, -1, axis=3)
    return found, close


def _key(axes: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return np.add.reduce(axes * _factors(), axis=1, dtype=np.uint32)


@cache
def _factors() -> "np.ndarray":
    """Return an odd number for each place of a key, which spreads it over 32 bits."""
    import numpy as np

    return (constants(_FUNCTIONS) >> np.uint64(32)).astype(np.uint32)[:, None] | np.uint32(1)


@cache
def _swaps() -> "np.ndarray":
    """Return which places take the second closest axis, a row a choice: none, each one, each two, all."""
    import numpy as np

    choices = np.array([*product((0, 1), repeat=_FUNCTIONS)], np.uint32)
    return choices[np.argsort(choices.sum(axis=1), kind="stable")]


@cache
def _axes() -> "np.ndarray":
    """Return the axes as columns of 1 and -1, bits of fixed numbers without a pattern."""
    import numpy as np

    count = WIDTH * _FUNCTIONS * BANDS * _AXES
    bits = np.unpackbits(constants(count // 64).astype("<u8").view(np.uint8))
    return bits.reshape(WIDTH, -1).astype(np.float32) * 2 - 1
