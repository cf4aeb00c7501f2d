"""Compact tables of texts already seen: exact ones, and near ones by bands of MinHash."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, repeat
from typing import TYPE_CHECKING

from synth_datasets.minhash import BANDS, PERMUTATIONS, constants, normalised, signatures

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ExactTable", "NearTable"]

_FIRST_ROWS = 1024
_SLICE = 65_536
_MOST_ALIKE = 16
"""Rows that are compared in one band: texts that all begin alike must not make every search slow."""
_TOGETHER = 2_048
"""Texts of a whole table that are looked up at a time."""
_MOST_READY = 4096
"""Texts that are looked up in advance and not asked for yet."""


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
        number = self._hash(text)
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
        if self._count == len(self._hashes):
            _lengthen(self._hashes)
        if 3 * self._count >= 2 * len(self._slots):
            self._rebuild()
        number = self._hash(text)
        self._hashes[self._count] = number
        self._count += 1
        self._put(number, self._count)

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
            data = normalised(text).encode("utf-8", "surrogatepass")
            self._last = (text, int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big"))
        return self._last[1]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Where texts belong that were looked up together, one row or item a text."""

    own: "np.ndarray"
    """Their signatures."""
    slots: "np.ndarray"
    """Their chains in each band."""
    clear: list[int]
    """So many first rows hold none that the text repeats; 0: unknown."""
    alone: list[bool]
    """Whether that stays all there is to know while only texts of the batch are added: it is compared with none."""


class NearTable:
    """Finds the most similar text among those added, if it is similar enough; at most 530 bytes a row.

    A row is looked up by 16 bands of 4 MinHash values, a chain of rows each, newest first, and compared by
    all 64: with similarity 0.7, 99 of 100 pairs meet in some band, with 0.5 two of three. In each band the 16
    newest rows are compared.
    """

    def __init__(self, threshold: float) -> None:
        import numpy as np

        self._threshold = threshold
        self._count = 0
        self._bits = _FIRST_ROWS.bit_length() - 1
        self._signatures = np.zeros((_FIRST_ROWS, PERMUTATIONS), np.uint32)
        self._next = np.zeros((_FIRST_ROWS, BANDS), np.uint32)
        self._heads = np.zeros(BANDS << self._bits, np.uint32)
        self._multipliers = (constants(PERMUTATIONS) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
        self._ready: dict[str, tuple[_Batch, int]] = {}
        """Where texts belong that were looked up: batch, and number in it."""
        self._latest: _Batch | None = None
        """The batch that was prepared last, while nothing but texts of it was added since."""
        self._waiting: list[int] = []
        """Those of it that were added, but are not yet in the table: they are written together."""

    @classmethod
    def holding(cls, texts: Sequence[str], threshold: float) -> "NearTable":
        """Return a table of all the texts, by their places."""
        table = cls(threshold)
        for start in range(0, len(texts), _TOGETHER):
            part = texts[start : start + _TOGETHER]
            table.prepare(part)
            for text in part:
                table.add(text)
        return table

    def prepare(self, texts: Sequence[str]) -> None:
        """Look up many texts at once, which costs a third of one by one; changes no result."""
        import numpy as np

        if not texts:
            return
        self._write()
        own = signatures([normalised(text) for text in texts])
        slots = self._slots(own)
        clear = np.where(self._clear(own, slots), self._count, 0)
        # What `_candidates` compares: the chain, and one of the band's values.
        alone = (clear > 0) & ~_shared(slots.astype(np.uint64) << np.uint64(32) | own[:, :BANDS])
        self._latest = _Batch(own, slots, clear.tolist(), alone.tolist())
        self._ready.update(zip(texts, zip(repeat(self._latest), count()), strict=False))

    def find(self, text: str) -> tuple[int, float] | None:
        """Return the number of the most similar row, the earliest of equals, and the estimated similarity."""
        import numpy as np

        if len(self._ready) > _MOST_READY:
            self._ready.clear()  # of what was not added in the end
        batch, at = self._place(text)
        if batch.alone[at] and batch is self._latest:
            return None
        self._write()
        own, slots, clear = batch.own[at], batch.slots[at], batch.clear[at]
        if clear and max(self._heads[slots].tolist()) <= clear:
            return None
        rows = self._candidates(slots.tolist(), own.tolist(), clear)
        if not rows:
            return None
        candidates = sorted(rows)
        agreeing = np.add.reduce(self._signatures[candidates] == own, axis=1)
        best = int(agreeing.argmax())
        similarity = int(agreeing[best]) / PERMUTATIONS
        return (candidates[best], similarity) if similarity >= self._threshold else None

    def add(self, text: str) -> None:
        """Add the text of the next row."""
        if self._count + len(self._waiting) == 1 << self._bits:
            self._write()
            self._rebuild()
        batch, at = self._place(text)
        del self._ready[text]
        if batch is not self._latest:
            self._write()
            self._latest = None
            self._put(batch.own[at : at + 1], batch.slots[at : at + 1])
            return
        self._waiting.append(at)

    def _write(self) -> None:
        """Put the texts in that wait."""
        if self._waiting and self._latest is not None:
            self._put(self._latest.own[self._waiting], self._latest.slots[self._waiting])
            self._waiting.clear()

    def _put(self, own: "np.ndarray", slots: "np.ndarray") -> None:
        """Make rows of the texts."""
        import numpy as np

        rows = np.arange(self._count, self._count + len(own), dtype=np.uint32)
        while self._count + len(own) > len(self._signatures):
            _lengthen(self._signatures)
            _lengthen(self._next)
        self._signatures[rows] = own
        self._count += len(own)
        # By chain, and within a chain from old to new: each row leads to the one before, the first to the chain.
        order = np.argsort(slots, axis=None, kind="stable")
        chains, rows = slots.ravel()[order], np.repeat(rows, BANDS)[order] + np.uint32(1)
        inside = chains[1:] == chains[:-1]
        following = self._heads[chains]
        following[1:][inside] = rows[:-1][inside]
        links = np.empty(len(order), np.uint32)
        links[order] = following
        self._next[self._count - len(own) : self._count] = links.reshape(slots.shape)
        newest = np.append(~inside, True)
        self._heads[chains[newest]] = rows[newest]

    def _candidates(self, slots: list[int], own: list[int], clear: int) -> set[int]:
        """Return the rows to compare a text with, but for the first `clear` ones."""
        heads, links = self._heads.data, self._next.reshape(-1).data
        values = self._signatures.reshape(-1).data
        rows: set[int] = set()
        for band, slot in enumerate(slots):
            row = heads[slot]
            left = _MOST_ALIKE
            while row > clear and left:
                # Chains hold what only shares the slot as well; one of the band's values tells most of that.
                if values[(row - 1) * PERMUTATIONS + band] == own[band]:
                    rows.add(row - 1)
                row = links[(row - 1) * BANDS + band]
                left -= 1
        return rows

    def _clear(self, own: "np.ndarray", slots: "np.ndarray") -> "np.ndarray":
        """Return for each text whether none of the rows that `_candidates` gives is similar enough."""
        import numpy as np

        clear = np.ones(len(own), bool)
        rows = self._heads[slots]
        texts, bands = np.nonzero(rows)
        rows = rows[texts, bands] - 1
        for _ in range(_MOST_ALIKE):
            if not len(rows):
                break
            same = np.flatnonzero(self._signatures[rows, bands] == own[texts, bands])
            agreeing = np.add.reduce(self._signatures[rows[same]] == own[texts[same]], axis=1)
            clear[texts[same[agreeing >= self._threshold * PERMUTATIONS]]] = False
            rows = self._next[rows, bands]
            more = np.flatnonzero(rows)
            texts, bands, rows = texts[more], bands[more], rows[more] - 1
        return clear

    def _place(self, text: str) -> tuple[_Batch, int]:
        """Return what `prepare` has found; a text that was not among them is looked up now."""
        if (place := self._ready.get(text)) is None:
            own = signatures([normalised(text)])
            place = self._ready[text] = (_Batch(own, self._slots(own), [0], [False]), 0)
        return place

    def _slots(self, signatures: "np.ndarray") -> "np.ndarray":
        """Return the places of the bands' chains, a row for each signature; band b has values b, b + 16, ..."""
        import numpy as np

        mixed = (signatures * self._multipliers).reshape(-1, PERMUTATIONS // BANDS, BANDS)
        keys = np.add.reduce(mixed, axis=1, dtype=np.uint32)  # it would widen
        keys >>= np.uint32(32 - self._bits)
        keys += np.arange(BANDS, dtype=np.uint32) << np.uint32(self._bits)
        return keys

    def _rebuild(self) -> None:
        """Double the places of chains and thread the rows through them again, oldest to newest."""
        import numpy as np

        self._bits += 1
        self._ready.clear()  # the chains have moved
        self._latest = None
        self._heads = np.zeros(BANDS << self._bits, np.uint32)
        places = np.empty((BANDS, self._count), np.uint32)
        for start in range(0, self._count, _SLICE):
            places[:, start : start + _SLICE] = self._slots(self._signatures[start : start + _SLICE]).T[
                :, : self._count - start
            ]
        for band, slots in enumerate(places):
            order = np.argsort(slots, kind="stable")
            ordered = slots[order]
            same = ordered[1:] == ordered[:-1]
            self._next[: self._count, band] = 0
            self._next[order[1:][same], band] = order[:-1][same] + 1
            newest = np.ones(self._count, bool)
            newest[:-1] = ~same
            self._heads[ordered[newest]] = order[newest] + 1


def _shared(slots: "np.ndarray") -> "np.ndarray":
    """Return for each row of the array whether another row holds one of its numbers."""
    import numpy as np

    order = np.argsort(slots, axis=None)
    ordered = slots.ravel()[order]
    same = ordered[1:] == ordered[:-1]
    twice = np.zeros(len(ordered), bool)
    twice[1:] = same
    twice[:-1] |= same
    found = np.empty(len(ordered), bool)
    found[order] = twice
    return np.logical_or.reduce(found.reshape(slots.shape), axis=1)


def _lengthen(rows: "np.ndarray") -> None:
    """Give the array a quarter more rows, where it lies if it can: a copy would hold it twice for a moment.

    Nothing else may refer to the array's memory.
    """
    rows.resize((len(rows) * 5 // 4, *rows.shape[1:]), refcheck=False)
