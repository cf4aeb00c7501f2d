"""A compact table of texts already seen, in which similar ones are found by bands of hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, repeat
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError
from synth_datasets.minhash import BANDS
from synth_datasets.validation.schemes import MARKS, MOST_ALIKE, Held, MinHash, Scheme

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Batch", "NearTable", "lengthen"]

_FIRST_ROWS = 1024
_SLICE = 65_536
_MOST_BITS = 28
"""Places of a band's chains, as a power of two: those of all 16 bands are told apart by 32 bits."""
_TOGETHER = 2_048
"""Texts of a whole table that are looked up at a time."""
_MOST_READY = 4096
"""Texts that are looked up in advance and not asked for yet."""
_MINHASH = MinHash()


@dataclass(frozen=True, slots=True)
class Batch:
    """Where texts belong that were looked up together, one row or item a text."""

    own: "np.ndarray"
    """Their marks."""
    chains: "np.ndarray"
    """Those to look in, of band 0 to 15 and again from 0; the first 16 are where they belong."""
    clear: list[int]
    """So many first rows hold none that the text repeats; 0: unknown."""
    alone: list[bool]
    """Whether that stays all there is to know while only texts of the batch are added: none of them is similar."""
    bits: int
    """How the table was laid out then."""


class NearTable:
    """Finds the most similar text among those added, if it is similar enough; at most 530 bytes a row.

    A row is looked up by 16 bands, a chain of rows for each key of a band, newest first, and compared by all of its
    marks; the scheme says what the keys are. With 4 MinHash values a band and similarity 0.7, 99 of 100 pairs meet in
    some band, with 0.5 two of three. In each chain the 16 newest rows are compared.
    """

    def __init__(self, threshold: float, scheme: Scheme = _MINHASH) -> None:
        import numpy as np

        self._threshold = threshold
        self._scheme = scheme
        self._count = 0
        self._bits = _FIRST_ROWS.bit_length() - 1
        self._marks = np.zeros((_FIRST_ROWS, MARKS), np.uint32)
        self._next = np.zeros((_FIRST_ROWS, BANDS), np.uint32)
        self._heads = np.zeros(BANDS << self._bits, np.uint32)
        self._held = Held(self._heads, self._next, self._marks)
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

    @property
    def scheme(self) -> Scheme:
        """How texts are compared."""
        return self._scheme

    def prepare(self, texts: Sequence[str]) -> None:
        """Look up many texts at once, which costs a third of one by one; changes no result."""
        if not texts:
            return
        batch = self.look_up(self._scheme.marks(texts))
        self._ready.update(zip(texts, zip(repeat(batch), count()), strict=False))

    def room(self) -> int:
        """Return how many texts may be looked up and added before the table is laid out anew; at least 1."""
        return max(1, (1 << self._bits) - self._count - len(self._waiting))

    def look_up(self, own: "np.ndarray") -> "Batch":
        """Return where texts with these marks belong, for `find_in` and `add_from`; no more than `room`."""
        import numpy as np

        self._write()
        chains = self._scheme.looked_in(own, self._bits)
        clear = np.where(self._clear(own, chains), self._count, 0)
        alone = (clear > 0) & ~self._scheme.alike(chains, own, self._threshold)
        self._latest = Batch(own, chains, clear.tolist(), alone.tolist(), self._bits)
        return self._latest

    def find(self, text: str) -> tuple[int, float] | None:
        """Return the number of the most similar row, the earliest of equals, and the estimated similarity."""
        if len(self._ready) > _MOST_READY:
            self._ready.clear()  # of what was not added in the end
        return self.find_in(*self._place(text))

    def find_in(self, batch: "Batch", at: int) -> tuple[int, float] | None:
        """Return what `find` does, for a text that was looked up."""
        batch, at = self._still(batch, at)
        if batch.alone[at] and batch is self._latest:
            return None
        self._write()
        own, chains, clear = batch.own[at], batch.chains[at], batch.clear[at]
        if clear and max(self._heads[chains].tolist()) <= clear:
            return None
        candidates = self._scheme.newest(self._held, chains, own, clear)
        if not candidates:
            return None
        likeness = self._scheme.likeness(self._marks[candidates], own)
        best = int(likeness.argmax())
        similarity = float(likeness[best])
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
        """Return the marks of these rows."""
        self._write()
        return self._marks[rows]

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
            self._put(batch.own[at : at + 1], batch.chains[at : at + 1, :BANDS])
            return
        self._waiting.append(at)

    def _write(self) -> None:
        """Put the texts in that wait."""
        if self._waiting and self._latest is not None:
            self._put(self._latest.own[self._waiting], self._latest.chains[self._waiting, :BANDS])
            self._waiting.clear()

    def _put(self, own: "np.ndarray", slots: "np.ndarray") -> None:
        """Make rows of the texts."""
        import numpy as np

        rows = np.arange(self._count, self._count + len(own), dtype=np.uint32)
        while self._count + len(own) > len(self._marks):
            lengthen(self._marks)
            lengthen(self._next)
        self._marks[rows] = own
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

    def _clear(self, own: "np.ndarray", chains: "np.ndarray") -> "np.ndarray":
        """Return for each text whether none of the rows that `newest` gives is similar enough."""
        import numpy as np

        clear = np.ones(len(own), bool)
        rows = self._heads[chains]
        texts, columns = np.nonzero(rows)
        rows = rows[texts, columns] - 1
        columns %= BANDS
        for _ in range(MOST_ALIKE):
            if not len(rows):
                break
            pairs = self._scheme.worth(self._marks, rows, columns, own, texts)
            likeness = self._scheme.likeness(self._marks[rows[pairs]], own[texts[pairs]])
            clear[texts[pairs[likeness >= self._threshold]]] = False
            rows = self._next[rows, columns]
            more = np.flatnonzero(rows)
            texts, columns, rows = texts[more], columns[more], rows[more] - 1
        return clear

    def _place(self, text: str) -> tuple[Batch, int]:
        """Return what `prepare` has found; a text that was not among them is looked up now."""
        if (place := self._ready.get(text)) is None:
            own = self._scheme.marks([text])
            chains = self._scheme.looked_in(own, self._bits)
            place = self._ready[text] = (Batch(own, chains, [0], [False], self._bits), 0)
        return place

    def _rebuild(self) -> None:
        """Double the places of chains and thread the rows through them again, oldest to newest."""
        import numpy as np

        if self._bits == _MOST_BITS:
            raise SettingsError(
                f"a check `unique: {self._scheme.check}` compares at most {1 << _MOST_BITS:,} rows: "
                "make several datasets, or choose `exact`"
            )
        self._bits += 1
        self._ready.clear()  # the chains have moved
        self._latest = None
        self._heads = np.zeros(BANDS << self._bits, np.uint32)
        places = np.empty((BANDS, self._count), np.uint32)
        for start in range(0, self._count, _SLICE):
            part = self._marks[start : min(start + _SLICE, self._count)]
            places[:, start : start + _SLICE] = self._scheme.places(part, self._bits).T
        for band, slots in enumerate(places):
            order = np.argsort(slots, kind="stable")
            ordered = slots[order]
            same = ordered[1:] == ordered[:-1]
            self._next[: self._count, band] = 0
            self._next[order[1:][same], band] = order[:-1][same] + 1
            newest = np.ones(self._count, bool)
            newest[:-1] = ~same
            self._heads[ordered[newest]] = order[newest] + 1
        self._held = Held(self._heads, self._next, self._marks)


def lengthen(rows: "np.ndarray") -> None:
    """Give the array a quarter more rows, where it lies if it can: a copy would hold it twice for a moment.

    Nothing else may refer to the array's memory.
    """
    rows.resize((len(rows) * 5 // 4, *rows.shape[1:]), refcheck=False)
