"""Which rows a figure looks at when it does not look at all of them."""

import random

__all__ = ["SEED", "sample", "shuffled"]

SEED = 0
"""Fixed, so that equal data gives equal figures."""


def shuffled(count: int) -> list[int]:
    """Return 0 … count-1 in an order that depends on `count` alone, on every Python version."""
    # Of `random`, only the sequence of `random()` is promised to stay as it is; `shuffle` is not.
    draw = random.Random(SEED).random
    return [position for _, position in sorted((draw(), position) for position in range(count))]


def sample(count: int, at_most: int) -> list[int]:
    """Return the positions of `at_most` of `count` rows, ascending; all if there are no more."""
    return list(range(count)) if count <= at_most else sorted(shuffled(count)[:at_most])
