"""A part of a split: its first rows, or those dealt to some of its readers, who go through it side by side."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Part", "shards_of"]

_HAND = 12


@dataclass(frozen=True, slots=True)
class Part:
    """The rows from position `start` to before `stop` that lie in `shards`, when the split is dealt to `of` shards.

    Of each twelve rows in a row, each twelve shards get one: so whoever reads every second, third, fourth, sixth or
    twelfth shard has the same share of every stretch of the split. Which gets which differs from one twelve to the
    next, as classes take turns in a split: were they dealt in turn, too, each of two readers would get one class.
    """

    shards: frozenset[int] = frozenset({0})
    of: int = 1
    start: int = 0
    stop: int | None = None

    def __contains__(self, position: int) -> bool:
        within = self.start <= position and (self.stop is None or position < self.stop)
        return within and (self._undivided() or self._shard(position) in self.shards)

    def positions(self, total: int) -> Iterator[int]:
        """Yield the positions in a split of `total` rows, ascending."""
        every = range(self.start, self._stop(total))
        return iter(every) if self._undivided() else (position for position in every if position in self)

    def size(self, total: int) -> int:
        """Return how many positions there are in a split of `total` rows."""
        return (
            sum(1 for _ in self.positions(total)) if self.of > 1 else max(0, self._stop(total) - self.start)
        )

    def end(self, total: int) -> int:
        """Return the position after the last one in a split of `total` rows; 0 when there is none."""
        backwards = range(self._stop(total) - 1, self.start - 1, -1)
        return next((position + 1 for position in backwards if position in self), 0)

    def _undivided(self) -> bool:
        return len(self.shards) == self.of

    def _shard(self, position: int) -> int:
        hand, place = divmod(position, _HAND)
        return (hand * _HAND + _dealt(hand)[place]) % self.of

    def _stop(self, total: int) -> int:
        return total if self.stop is None else min(total, self.stop)


@lru_cache(maxsize=16)
def shards_of(total: int, of: int) -> "np.ndarray":
    """Return by position in a split of `total` rows the shard that a position belongs to; some 0.5 µs each.

    The array is shared by all who ask for it, and cannot be written to.
    """
    import numpy as np

    hands = -(-total // _HAND)
    order = np.array([_dealt(hand) for hand in range(hands)], np.int64).reshape(hands, _HAND)
    shards = ((np.arange(hands, dtype=np.int64)[:, None] * _HAND + order) % of).reshape(-1)[:total]
    shards.setflags(write=False)
    return shards


@lru_cache(maxsize=16)
def _dealt(hand: int) -> tuple[int, ...]:
    """Return an order of twelve that looks random, and is the same wherever the split is read."""
    digest = hashlib.sha256(b"%d" % hand).digest()
    return tuple(sorted(range(_HAND), key=digest.__getitem__))
