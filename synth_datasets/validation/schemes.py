"""How a table of texts tells which are alike: by MinHash values that agree, or by the angle between vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from synth_datasets.minhash import BANDS, PERMUTATIONS, constants, normalised, signatures
from synth_datasets.semantic import WIDTH, semantic_marks

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MARKS", "MOST_ALIKE", "Cosine", "Held", "MinHash", "Scheme"]

MARKS = PERMUTATIONS
"""Numbers of uint32 that stand for a text, in either scheme."""
MOST_ALIKE = 16
"""Rows that are compared in one chain: texts that all begin alike must not make every search slow."""
_FUNCTIONS, _AXES = 3, 64
"""Of a band of vectors: places on random axes that make its key, and axes for each."""
_CHAINS = 1 + _FUNCTIONS
"""Chains of a band that a vector is looked for in."""
_AT_ONCE = 256
"""Vectors that are turned at once: 3 MB."""
_BLOCK = 512
_SLACK = 1e-3
"""By how much a cosine in 32 bits may be wrong: a hundredth of it at most is."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a table holds."""

    heads: "np.ndarray"
    """By chain its newest row, counted from 1; 0: none."""
    links: "np.ndarray"
    """By row and band the next older row of the chain, likewise."""
    marks: "np.ndarray"


@dataclass(frozen=True, slots=True)
class MinHash:
    """Character 5-grams: band b has values b, b + 16, ... of the 64, and likeness is the share of equal values."""

    check: str = "near"

    def marks(self, texts: Sequence[str]) -> "np.ndarray":
        """Return a row of 64 uint32 a text."""
        return signatures([normalised(text) for text in texts])

    def places(self, marks: "np.ndarray", bits: int) -> "np.ndarray":
        """Return the bands' chains that the texts belong in, a row each, where each band has 2**bits."""
        mixed = (marks * _multipliers()).reshape(-1, PERMUTATIONS // BANDS, BANDS)
        return _spread(mixed, bits)

    def looked_in(self, marks: "np.ndarray", bits: int) -> "np.ndarray":
        """Return the chains in which texts that are alike may be; first those that the text belongs in."""
        return self.places(marks, bits)

    def likeness(self, marks: "np.ndarray", own: "np.ndarray") -> "np.ndarray":
        """Return the share of equal values, row by row."""
        import numpy as np

        return np.add.reduce(marks == own, axis=1) / PERMUTATIONS

    def worth(
        self,
        marks: "np.ndarray",
        rows: "np.ndarray",
        columns: "np.ndarray",
        own: "np.ndarray",
        texts: "np.ndarray",
    ) -> "np.ndarray":
        """Return the places of those pairs that must be compared, of rows met by texts in the chains of a column."""
        import numpy as np

        # Chains hold what only shares the slot as well; one of the band's values tells most of that.
        return np.flatnonzero(marks[rows, columns] == own[texts, columns])

    def newest(self, held: Held, chains: "np.ndarray", own: "np.ndarray", clear: int) -> list[int]:
        """Return the rows to compare a text with, but for the first `clear` ones, in their order."""
        first, following = held.heads.data, held.links.reshape(-1).data
        values = held.marks.reshape(-1).data
        wanted: list[int] = own.tolist()
        rows: set[int] = set()
        for band, slot in enumerate(chains.tolist()):
            row = first[slot]
            left = MOST_ALIKE
            while row > clear and left:
                if values[(row - 1) * PERMUTATIONS + band] == wanted[band]:
                    rows.add(row - 1)
                row = following[(row - 1) * BANDS + band]
                left -= 1
        return sorted(rows)

    def alike(self, chains: "np.ndarray", own: "np.ndarray", threshold: float) -> "np.ndarray":
        """Return for each text whether another one of them may be that similar; some are said to be that are not."""
        import numpy as np

        # What `newest` compares: the chain, and one of the band's values. Where many share it, all count as alike.
        keys = chains.astype(np.uint64) << np.uint64(32) | own[:, :BANDS]
        order = np.argsort(keys, axis=None)
        ordered = keys.ravel()[order]
        texts = order // keys.shape[1]
        alike = np.zeros(len(own), bool)
        for apart in range(1, MOST_ALIKE + 1):
            pairs = np.flatnonzero(ordered[apart:] == ordered[:-apart])
            if not len(pairs):
                return alike
            one, other = texts[pairs], texts[pairs + apart]
            if apart < MOST_ALIKE:
                agree = self.likeness(own[one], own[other]) >= threshold
                one, other = one[agree], other[agree]
            alike[one] = alike[other] = True
        return alike


@dataclass(frozen=True, slots=True)
class Cosine:
    """Vectors of 256 small whole numbers, and their cosine.

    Cross-polytope hashing (Andoni et al. 2015, "Practical and Optimal LSH for Angular Distance", arXiv:1509.02897): of
    random axes, the one that a vector lies closest to. A band's key is the closest of each of three sets of axes; a
    vector is looked for in its own chain and in those with the second closest of one set. Products of such vectors are
    whole numbers below 2**24, which 32-bit floats hold, so that no order of summing matters.
    """

    check: str = "semantic"

    def marks(self, texts: Sequence[str]) -> "np.ndarray":
        """Return a row of 64 uint32 a text, which hold 256 int8."""
        return semantic_marks(texts)

    def places(self, marks: "np.ndarray", bits: int) -> "np.ndarray":
        """Return the bands' chains that the texts belong in, a row each, where each band has 2**bits."""
        import numpy as np

        found = np.empty((len(marks), BANDS), np.uint32)
        for start in range(0, len(marks), _AT_ONCE):
            [closest] = _closest(marks[start : start + _AT_ONCE], 1)
            found[start : start + _AT_ONCE] = _spread(closest * _factors(), bits)
        return found

    def looked_in(self, marks: "np.ndarray", bits: int) -> "np.ndarray":
        """Return the chains in which texts that are alike may be; first those that the text belongs in."""
        import numpy as np

        found = np.empty((len(marks), _CHAINS, BANDS), np.uint32)
        for start in range(0, len(marks), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            closest, second = _closest(marks[rows], 2)
            found[rows, 0] = _spread(closest * _factors(), bits)
            for each in range(_FUNCTIONS):
                other = closest.copy()
                other[:, each] = second[:, each]
                found[rows, 1 + each] = _spread(other * _factors(), bits)
        return found.reshape(len(marks), -1)

    def likeness(self, marks: "np.ndarray", own: "np.ndarray") -> "np.ndarray":
        """Return the cosines, row by row: exact sums, then a root and a quotient that IEEE 754 rounds in one way."""
        import numpy as np

        own = np.broadcast_to(own, marks.shape)
        found = np.empty(len(marks))
        for start in range(0, len(marks), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            one, other = _numbers(marks[rows]), _numbers(own[rows])
            lengths = [np.einsum("ij,ij->i", each, each).astype(np.float64) for each in (one, other)]
            root = np.sqrt(np.maximum(lengths[0] * lengths[1], 1))
            found[rows] = np.einsum("ij,ij->i", one, other).astype(np.float64) / root
        return found

    def worth(
        self,
        marks: "np.ndarray",  # noqa: ARG002 - all of them are
        rows: "np.ndarray",
        columns: "np.ndarray",  # noqa: ARG002
        own: "np.ndarray",  # noqa: ARG002
        texts: "np.ndarray",
    ) -> "np.ndarray":
        """Return the places of those pairs that must be compared, each pair once."""
        import numpy as np

        return np.unique(texts.astype(np.uint64) << np.uint64(32) | rows, return_index=True)[1]

    def newest(
        self,
        held: Held,
        chains: "np.ndarray",
        own: "np.ndarray",  # noqa: ARG002 - chains tell enough
        clear: int,
    ) -> list[int]:
        """Return the rows to compare a text with, but for the first `clear` ones, in their order."""
        import numpy as np

        rows, bands = held.heads[chains], np.arange(len(chains)) % BANDS
        found: list[np.ndarray] = []
        for _ in range(MOST_ALIKE):
            left = np.flatnonzero(rows > clear)
            if not len(left):
                break
            rows, bands = rows[left] - 1, bands[left]
            found.append(rows)
            rows = held.links[rows, bands]
        return np.unique(np.concatenate(found)).tolist() if found else []

    def alike(self, chains: "np.ndarray", own: "np.ndarray", threshold: float) -> "np.ndarray":  # noqa: ARG002 - all pairs
        """Return for each text whether another one of them may be that similar; some are said to be that are not."""
        import numpy as np

        points = _numbers(own)
        points /= np.sqrt(np.maximum(np.einsum("ij,ij->i", points, points), 1))[:, None]
        alike = np.zeros(len(own), bool)
        for start in range(0, len(own), _BLOCK):
            close = points[start : start + _BLOCK] @ points[start:].T >= threshold - _SLACK
            np.fill_diagonal(close, val=False)
            alike[start : start + _BLOCK] |= close.any(axis=1)
            alike[start:] |= close.any(axis=0)
        return alike


Scheme = MinHash | Cosine


def _numbers(marks: "np.ndarray") -> "np.ndarray":
    """Return the int8 of the marks, as floats that can be multiplied quickly."""
    import numpy as np

    return marks.view(np.int8).astype(np.float32)


def _closest(marks: "np.ndarray", count: int) -> "list[np.ndarray]":
    """Return the closest axes, then the second closest: by row, function and band 2n, or 2n + 1 against."""
    import numpy as np

    turned = (_numbers(marks) @ _axes()).reshape(len(marks), _FUNCTIONS, BANDS, _AXES)
    sizes = np.abs(turned)
    found: list[np.ndarray] = []
    for again in range(count):
        axis = sizes.argmax(axis=3)[..., None]  # the first of equals
        against = np.take_along_axis(turned, axis, axis=3) < 0
        found.append((2 * axis + against)[..., 0].astype(np.uint32))
        if again + 1 < count:
            np.put_along_axis(sizes, axis, -1, axis=3)
    return found


def _spread(parts: "np.ndarray", bits: int) -> "np.ndarray":
    """Return the sum of the parts of each key, brought to `bits` bits, with the number of its band before them."""
    import numpy as np

    keys = np.add.reduce(parts, axis=1, dtype=np.uint32)  # it would widen
    keys >>= np.uint32(32 - bits)
    keys += np.arange(BANDS, dtype=np.uint32) << np.uint32(bits)
    return keys


@cache
def _multipliers() -> "np.ndarray":
    import numpy as np

    return (constants(PERMUTATIONS) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)


@cache
def _factors() -> "np.ndarray":
    """Return an odd number for each function of a band."""
    return _multipliers()[:_FUNCTIONS, None]


@cache
def _axes() -> "np.ndarray":
    """Return the axes as columns of 1 and -1, bits of fixed numbers without a pattern."""
    import numpy as np

    count = WIDTH * _FUNCTIONS * BANDS * _AXES
    bits = np.unpackbits(constants(count // 64).astype("<u8").view(np.uint8))
    return bits.reshape(WIDTH, -1).astype(np.float32) * 2 - 1
