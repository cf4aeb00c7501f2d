"""A compact table of texts already seen, in which similar ones are found by bands of MinHash."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, repeat
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError
from synth_datasets.minhash import BANDS, PERMUTATIONS, constants, normalised, signatures

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Batch", "NearTable", "lengthen"]

_FIRST_ROWS = 1024
_SLICE = 65_536
_MOST_BITS = 28
"""Places of a band's chains, as a power of two: those of all 16 bands are told apart by 32 bits."""
_MOST_ALIKE = 16
"""Rows that are compared in one band: texts that all begin alike must not make every search slow."""
_TOGETHER = 2_048
"""Texts of a whole table that are looked up at a time."""
_MOST_READY = 4096
"""Texts that are looked up in advance and not asked for yet."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Where texts belong that were looked up together, one row or item a text."""

    own: "np.ndarray"
    """Their signatures."""
    slots: "np.ndarray"
    """Their chains in each band."""
    clear: list[int]
    """So many first rows hold none that the text repeats; 0: unknown."""
    alone: list[bool]
    """Whether that stays all there is to know while only texts of the batch are added: none of them is similar."""
    bits: int
    """How the table was laid out then."""


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
        self._ready: dict[str, tuple[Batch, int]] = {}
        """Where texts belong that were looked up: batch, and number in it."""
        self._latest: Batch | None = None
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
        if not texts:
            return
        batch = self.look_up(signatures([normalised(text) for text in texts]))
        self._ready.update(zip(texts, zip(repeat(batch), count()), strict=False))

    def room(self) -> int:
        """Return how many texts may be looked up and added before the table is laid out anew; at least 1."""
        return max(1, (1 << self._bits) - self._count - len(self._waiting))

    def look_up(self, own: "np.ndarray") -> "Batch":
        """Return where texts with these signatures belong, for `find_in` and `add_from`; no more than `room`."""
        import numpy as np

        self._write()
        slots = self._slots(own)
        clear = np.where(self._clear(own, slots), self._count, 0)
        # What `_candidates` compares: the chain, and one of the band's values.
        keys = slots.astype(np.uint64) << np.uint64(32) | own[:, :BANDS]
        alone = (clear > 0) & ~_alike(keys, own, self._threshold * PERMUTATIONS)
        self._latest = Batch(own, slots, clear.tolist(), alone.tolist(), self._bits)
        return self._latest

    def find(self, text: str) -> tuple[int, float] | None:
        """Return the number of the most similar row, the earliest of equals, and the estimated similarity."""
        if len(self._ready) > _MOST_READY:
            self._ready.clear()  # of what was not added in the end
        return self.find_in(*self._place(text))

    def find_in(self, batch: "Batch", at: int) -> tuple[int, float] | None:
        """Return what `find` does, for a text that was looked up."""
        import numpy as np

        batch, at = self._still(batch, at)
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
        self._widen()
        batch, at = self._place(text)
        del self._ready[text]
        self._add(batch, at)

    def add_from(self, batch: "Batch", at: int) -> None:
        """Do what `add` does, for a text that was looked up."""
        self._widen()
        self._add(*self._still(batch, at))

    def marks_of(self, rows: "np.ndarray") -> "np.ndarray":
        """Return the signatures of these rows."""
        self._write()
        return self._signatures[rows]

    def _still(self, batch: "Batch", at: int) -> tuple["Batch", int]:
        """Return the text's place, looked up again if the table has been laid out anew since."""
        return (batch, at) if batch.bits == self._bits else (self.look_up(batch.own[at : at + 1]), 0)

    def add_alone(self, batch: "Batch", start: int, stop: int) -> None:
        """Add texts of the latest batch, from one place to before the other, for which there must have been room."""
        if stop - start == 1:  # a full table has room for one, and is laid out anew for it
            self.add_from(batch, start)
            return
        assert batch is self._latest  # noqa: S101 - else the rows that wait would be others
        self._waiting.extend(range(start, stop))

    def _widen(self) -> None:
        """Lay the table out anew if it is full."""
        if self._count + len(self._waiting) == 1 << self._bits:
            self._write()
            self._rebuild()

    def _add(self, batch: "Batch", at: int) -> None:
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
            lengthen(self._signatures)
            lengthen(self._next)
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

    def _place(self, text: str) -> tuple[Batch, int]:
        """Return what `prepare` has found; a text that was not among them is looked up now."""
        if (place := self._ready.get(text)) is None:
            own = signatures([normalised(text)])
            place = self._ready[text] = (Batch(own, self._slots(own), [0], [False], self._bits), 0)
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

        if self._bits == _MOST_BITS:
            raise SettingsError(
                f"a check `unique: near` compares at most {1 << _MOST_BITS:,} rows: "
                "make several datasets, or choose `exact`"
            )
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


def _alike(keys: "np.ndarray", own: "np.ndarray", least: float) -> "np.ndarray":
    """Return for each text whether another one shares a key with it and agrees with it in so many numbers.

    Where many share a key, all of them count as alike.
    """
    import numpy as np

    order = np.argsort(keys, axis=None)
    ordered = keys.ravel()[order]
    texts = order // keys.shape[1]
    alike = np.zeros(len(own), bool)
    for apart in range(1, _MOST_ALIKE + 1):
        pairs = np.flatnonzero(ordered[apart:] == ordered[:-apart])
        if not len(pairs):
            return alike
        one, other = texts[pairs], texts[pairs + apart]
        if apart < _MOST_ALIKE:
            agree = np.add.reduce(own[one] == own[other], axis=1) >= least
            one, other = one[agree], other[agree]
        alike[one] = alike[other] = True
    return alike


def lengthen(rows: "np.ndarray") -> None:
    """Give the array a quarter more rows, where it lies if it can: a copy would hold it twice for a moment.

    Nothing else may refer to the array's memory.
    """
    rows.resize((len(rows) * 5 // 4, *rows.shape[1:]), refcheck=False)
