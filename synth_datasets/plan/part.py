"""A part of a split: its first rows, or every so manyth, so that several readers go through it side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows whose position in the split, from `start` to before `stop`, leaves one of `shards` modulo `of`."""

    shards: frozenset[int] = frozenset({0})
    of: int = 1
    start: int = 0
    stop: int | None = None

    def __contains__(self, position: int) -> bool:
        within = self.start <= position and (self.stop is None or position < self.stop)
        return within and position % self.of in self.shards

    def positions(self, total: int) -> Iterator[int]:
        """Yield the positions in a split of `total` rows, ascending."""
        return (position for position in range(self.start, self._stop(total)) if position in self)

    def end(self, total: int) -> int:
        """Return the position after the last one in a split of `total` rows; 0 when there is none."""
        stop = self._stop(total)
        backwards = range(stop - 1, max(self.start, stop - self.of) - 1, -1)
        return next((position + 1 for position in backwards if position in self), 0)

    def _stop(self, total: int) -> int:
        return total if self.stop is None else min(total, self.stop)
