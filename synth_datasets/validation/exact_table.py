"""A compact table of texts already seen, in which equal ones are found."""

import hashlib
from typing import TYPE_CHECKING

from synth_datasets.minhash import normalised
from synth_datasets.validation.tables import lengthen

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ExactTable", "hash_of"]

_FIRST_ROWS = 1024


def hash_of(text: str) -> int:
    """Return the 64 bits by which texts are compared that are equal but for case, white space and punctuation."""
    data = normalised(text).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


class ExactTable:
    """Finds an equal text among those added, normalised; at most 22 bytes a row.

    Texts are kept as 64-bit hashes: at a million rows the chance that any two different texts are taken for
    equal is 3 in 100 million. Linear probing, at most two thirds full.
    """

    def __init__(self) -> None:
        import numpy as np

        self._count = 0
        self._hashes = np.zeros(_FIRST_ROWS, np.uint64)
        self._slots = np.zeros(2 * _FIRST_ROWS, np.uint32)
        self._last = ("", 0)

    def find(self, text: str) -> tuple[int, float] | None:
        """Return the number of the row that holds the text, and 1.0."""
        return self.find_hash(self._hash(text))

    def find_hash(self, number: int) -> tuple[int, float] | None:
        """Return what `find` does for the text with this `hash_of`."""
        slots, hashes = self._slots.data, self._hashes.data
        mask = len(slots) - 1
        slot = number & mask
        while row := slots[slot]:
            if hashes[row - 1] == number:
                return row - 1, 1.0
            slot = (slot + 1) & mask
        return None

    def add(self, text: str) -> None:
        """Add the text of the next row."""
        self.add_hash(self._hash(text))

    def add_hash(self, number: int) -> None:
        """Do what `add` does with the text that has this `hash_of`."""
        if self._count == len(self._hashes):
            lengthen(self._hashes)
        if 3 * self._count >= 2 * len(self._slots):
            self._rebuild()
        self._hashes[self._count] = number
        self._count += 1
        self._put(number, self._count)

    def marks_of(self, rows: "np.ndarray") -> "np.ndarray":
        """Return the hashes of these rows, one each."""
        return self._hashes[rows].reshape(-1, 1)

    def _put(self, number: int, row: int) -> None:
        slots = self._slots.data
        mask = len(slots) - 1
        slot = number & mask
        while slots[slot]:
            slot = (slot + 1) & mask
        slots[slot] = row

    def _rebuild(self) -> None:
        """Double the slots. Sorted by slot, each row lies where the one before ends, or at its own slot."""
        import numpy as np

        size = 2 * len(self._slots)
        homes = self._hashes[: self._count] & np.uint64(size - 1)
        order = np.argsort(homes, kind="stable")
        steps = np.arange(self._count, dtype=np.int64)
        places = np.maximum.accumulate(homes[order].astype(np.int64) - steps) + steps
        inside = places < size
        self._slots = np.zeros(size, np.uint32)
        self._slots[places[inside]] = order[inside] + 1
        for row in order[~inside].tolist():  # those that run over the end go round to the beginning
            self._put(int(self._hashes[row]), row + 1)

    def _hash(self, text: str) -> int:
        if self._last[0] != text:
            self._last = (text, hash_of(text))
        return self._last[1]
