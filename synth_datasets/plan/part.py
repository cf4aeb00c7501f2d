"""A part of a split: its first rows, or those dealt to some of its readers, who go through it side by side."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Part", "in_shard", "shards_of"]

_HAND = 12
_DIGEST_BYTES = 32
_TOGETHER = 1024


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
    """Return by position in a split of `total` rows the shard that a position belongs to; some 0.1 µs, 4 bytes each.

    The array is shared by all who ask for it, and cannot be written to.
    """
    import numpy as np

    shards = np.empty(total, np.int32)
    for at, stretch in _stretches(total, of):
        shards[at : at + len(stretch)] = stretch
    shards.setflags(write=False)
    return shards


def in_shard(total: int, of: int, shard: int) -> "np.ndarray":
    """Return by position in a split of `total` rows whether it belongs to the shard; as `shards_of`, a byte each."""
    import numpy as np

    own = np.empty(total, bool)
    for at, stretch in _stretches(total, of):
        own[at : at + len(stretch)] = stretch == shard
    return own


def _stretches(total: int, of: int) -> "Iterator[tuple[int, np.ndarray]]":
    """Yield the shards of the positions, some ten thousand at a time, and where each stretch begins."""
    import numpy as np

    for start in range(0, -(-total // _HAND), _TOGETHER):
        hands = range(start, start + _TOGETHER)
        digests = np.frombuffer(b"".join(map(_digest, hands)), np.uint8).reshape(-1, _DIGEST_BYTES)
        order = np.argsort(digests[:, :_HAND], axis=1, kind="stable")
        shards = (np.arange(start, start + _TOGETHER)[:, None] * _HAND + order) % of
        at = start * _HAND
        yield at, shards.reshape(-1)[: total - at]


@lru_cache(maxsize=16)
def _dealt(hand: int) -> tuple[int, ...]:
    """Return an order of twelve that looks random, and is the same wherever the split is read."""
    return tuple(sorted(range(_HAND), key=_digest(hand).__getitem__))


def _digest(hand: int) -> bytes:
    return hashlib.sha256(b"%d" % hand).digest()
