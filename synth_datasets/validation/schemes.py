"""How a table of texts tells which are alike: by MinHash values that agree, or by the angle between vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from synth_datasets.minhash import BANDS, PERMUTATIONS, constants, normalised, signatures
from synth_datasets.polytopes import keys_of, likely_keys, numbers
from synth_datasets.semantic import semantic_marks

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MARKS", "MOST_ALIKE", "Cosine", "Held", "MinHash", "Scheme"]

MARKS = PERMUTATIONS
"""Numbers of uint32 that stand for a text, in either scheme."""
MOST_ALIKE = 16
"""Rows that are compared in one chain: texts that all begin alike must not make every search slow."""
_PAIRS = 256
"""Pairs that are compared at once: more would leave the processor's cache."""
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
        import numpy as np

        mixed = (marks * _multipliers()).reshape(-1, PERMUTATIONS // BANDS, BANDS)
        return _spread(np.add.reduce(mixed, axis=1, dtype=np.uint32), bits)  # it would widen

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

    A text belongs in the chain of its key in each band, and is looked for in those of the six that are likeliest (see
    `polytopes`).
    """

    check: str = "semantic"

    def marks(self, texts: Sequence[str]) -> "np.ndarray":
        """Return a row of 64 uint32 a text, which hold 256 int8."""
        return semantic_marks(texts)

    def places(self, marks: "np.ndarray", bits: int) -> "np.ndarray":
        """Return the bands' chains that the texts belong in, a row each, where each band has 2**bits."""
        return _spread(keys_of(marks), bits)

    def looked_in(self, marks: "np.ndarray", bits: int) -> "np.ndarray":
        """Return the chains in which texts that are alike may be; first those that the text belongs in."""
        return _spread(likely_keys(marks), bits).reshape(len(marks), -1)

    def likeness(self, marks: "np.ndarray", own: "np.ndarray") -> "np.ndarray":
        """Return the cosines, row by row: exact sums, then a root and a quotient that IEEE 754 rounds in one way."""
        import numpy as np

        own = np.broadcast_to(own, marks.shape)
        found = np.empty(len(marks))
        for start in range(0, len(marks), _PAIRS):
            rows = slice(start, start + _PAIRS)
            one, other = numbers(marks[rows]), numbers(own[rows])
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

        points = numbers(own)
        points /= np.sqrt(np.maximum(np.einsum("ij,ij->i", points, points), 1))[:, None]
        alike = np.zeros(len(own), bool)
        for start in range(0, len(own), _BLOCK):
            close = points[start : start + _BLOCK] @ points[start:].T >= threshold - _SLACK
            np.fill_diagonal(close, val=False)
            alike[start : start + _BLOCK] |= close.any(axis=1)
            alike[start:] |= close.any(axis=0)
        return alike


Scheme = MinHash | Cosine


def _spread(keys: "np.ndarray", bits: int) -> "np.ndarray":
    """Return the first `bits` bits of each key of 32, a column a band, with the number of the band before them."""
    import numpy as np

    keys = keys >> np.uint32(32 - bits)
    keys += np.arange(BANDS, dtype=np.uint32) << np.uint32(bits)
    return keys


@cache
def _multipliers() -> "np.ndarray":
    import numpy as np

    return (constants(PERMUTATIONS) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
