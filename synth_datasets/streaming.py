"""A split as `datasets` streams it: dealt to shards like cards, read in the split's order, resumed at a position."""

import atexit
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

from datasets.iterable_dataset import ExamplesIterable

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SHARDS", "RowsIterable"]

SHARDS = 48
"""What a stream can be split into at first: it shares evenly among 2, 3, 4, 6, 8, 12, 16, 24 or 48 readers."""


ReadRows = Callable[..., Generator[tuple[int, dict[str, Any]]]]


class RowsIterable(ExamplesIterable):
    """The rows of some shards of a split (see `Part`), merged in the split's order.

    So the shards cost nothing: one reader gets the split in its order, whatever their number, and several go through
    it side by side, the first rows of each after the first answers. The state is the position after the last row,
    and a resumed stream begins there. `kwargs` are `split`, the list `shards` and `of`, the number of all shards;
    the function takes them and `start`, and yields (position, row).
    """

    def __iter__(self) -> Generator[tuple[Any, dict[str, Any]]]:
        state = cast("dict[str, Any]", self._state_dict or {"position": 0})
        read = cast("ReadRows", self.generate_examples_fn)
        with closing(read(**self.kwargs, start=state["position"])) as rows:
            _being_read.add(rows)
            for position, row in rows:
                state["position"] = position + 1
                yield position, row

    def _init_state_dict(self) -> dict[str, Any]:
        self._state_dict = {"position": 0, "type": type(self).__name__}
        return self._state_dict

    def shuffle_data_sources(self, generator: "np.random.Generator") -> "RowsIterable":  # noqa: ARG002 - datasets' own signature
        """Return the same: the order of decision is fixed, and mixes the classes as it is."""
        return self._of(self.kwargs["shards"], self.kwargs["of"])

    def shard_data_sources(self, num_shards: int, index: int, contiguous: bool = True) -> "RowsIterable":  # noqa: ARG002 - datasets' own signature
        """Keep every so manyth shard, never neighbours: so readers share every stretch of the split evenly."""
        chosen = self.split_shard_indices_by_worker(num_shards, index, contiguous=False)
        return self._of([self.kwargs["shards"][at] for at in chosen], self.kwargs["of"])

    def reshard_data_sources(self) -> "RowsIterable":
        """Part every shard in two."""
        shards, of = self.kwargs["shards"], self.kwargs["of"]
        return self._of([*shards, *(shard + of for shard in shards)], 2 * of)

    def _of(self, shards: list[int], of: int) -> "RowsIterable":
        return RowsIterable(self.generate_examples_fn, {**self.kwargs, "shards": shards, "of": of})


_being_read: WeakSet[Generator[Any]] = WeakSet()


@atexit.register
def _end_all() -> None:
    """End streams whose reader is left behind, as a script does that ends within a pass, while Python still works."""
    for rows in list(_being_read):
        with suppress(ValueError):  # a thread is at it
            rows.close()
