"""What a row samples: weighted choices, numbers, and labels that stay balanced within a class."""

import json
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from synth_datasets.plan.identity import bits, pack, uniform
from synth_datasets.plan.order import divisor_sequence, quotas
from synth_datasets.spec.model import NumberColumn, Scalar, Weighted

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Choice", "Number", "Spread", "mix_vector"]

_MASK = (1 << 64) - 1
_LONG_LIST = 24
"""From so many values on, numpy's vectors cost less than a loop."""
_NEAR = 1e-9
"""Scores closer than this are compared once more without rounding, so that every machine chooses alike."""
_LONGEST_PERIOD = 4096
_TOGETHER = 1 << 16
"""Scores that are computed at once."""


class Choice:
    """A weighted choice by rendezvous hashing: each value draws a score, the least score wins.

    A score follows from the row and the value alone, so a new value moves only the rows that choose it, and
    the order of values means nothing (Thaler and Ravishankar 1998; weights as in Schindelhauer and Schomaker
    2005: exponentially distributed scores, -ln(u) / weight). Costs O(values) a draw.
    """

    __slots__ = ("_codes", "_equal", "_hashes", "_lanes", "_values", "_vectors", "_weights")

    def __init__(self, choices: Weighted) -> None:
        weights: dict[str, list[float]] = {}
        values: dict[str, Scalar] = {}
        for value, weight in zip(choices.values, choices.weights, strict=True):
            code = json.dumps(value)  # tells 1 from "1", 1.0 and true
            weights.setdefault(code, []).append(weight)
            values[code] = value
        self._codes = tuple(sorted(values))
        self._values = tuple(values[code] for code in self._codes)
        self._weights = tuple(math.fsum(weights[code]) for code in self._codes)
        self._hashes = tuple(bits(b"value", pack(code)) for code in self._codes)
        self._equal = len(set(self._weights)) == 1
        self._lanes = _Lanes(self._hashes)
        self._vectors: tuple[np.ndarray, np.ndarray] | None = None

    def draw(self, number: int) -> Scalar:
        """Return the value for a row whose 64 bits for this column are `number`."""
        return self._values[self._long(number) if len(self._values) >= _LONG_LIST else self._short(number)]

    def draw_many(self, bits: bytes) -> list[Scalar]:
        """Return what `draw` gives for each 8 bytes; a tenth of the cost for a short list."""
        import numpy as np

        numbers = np.frombuffer(bits, ">u8").astype(np.uint64)
        size = max(1, _TOGETHER // len(self._values))
        parts = [numbers[start : start + size] for start in range(0, len(numbers), size)]
        return [self._values[at] for part in parts for at in self._each(part)]

    def _each(self, numbers: "np.ndarray") -> list[int]:
        import numpy as np

        hashes, weights = self._arrays()
        scores = numbers[:, None] ^ hashes
        mix_vector(scores)
        if self._equal:
            return scores.argmax(axis=1).tolist()
        times = np.log(((scores >> np.uint64(12)) + 0.5) / (1 << 52)) / -weights
        chosen = times.argmin(axis=1)
        near = times <= times.min(axis=1, keepdims=True) * (1 + _NEAR)
        for at in np.flatnonzero(np.count_nonzero(near, axis=1) > 1).tolist():
            chosen[at] = self._long(int(numbers[at]))
        return chosen.tolist()

    def _short(self, number: int) -> int:
        scores = self._lanes.scores(number)
        if self._equal:  # the least -ln(u) is the greatest u: no rounding at all
            return scores.index(max(scores))
        times = [
            -math.log(((score >> 12) + 0.5) / (1 << 52)) / weight  # of `uniform`
            for score, weight in zip(scores, self._weights, strict=True)
        ]
        least, second, *_ = sorted(times)
        if second > least * (1 + _NEAR):
            return times.index(least)
        limit = least * (1 + _NEAR)
        return self._decide(scores, [at for at, time in enumerate(times) if time <= limit])

    def _long(self, number: int) -> int:
        import numpy as np

        hashes, weights = self._arrays()
        scores = hashes ^ np.uint64(number)
        mix_vector(scores)
        if self._equal:
            return int(scores.argmax())
        times = np.log(((scores >> np.uint64(12)) + 0.5) / (1 << 52)) / -weights
        near = np.flatnonzero(times <= times.min() * (1 + _NEAR))
        return self._decide([int(score) for score in scores[near]], near.tolist(), given=True)

    def _arrays(self) -> "tuple[np.ndarray, np.ndarray]":
        import numpy as np

        if self._vectors is None:
            self._vectors = (np.array(self._hashes, np.uint64), np.array(self._weights))
        return self._vectors

    def _decide(self, scores: Sequence[int], candidates: Sequence[int], *, given: bool = False) -> int:
        """Return the winner among the few that rounding could confuse; `given`: scores of candidates only."""
        if len(candidates) == 1:
            return candidates[0]
        own = scores if given else [scores[at] for at in candidates]
        return min(
            zip(own, candidates, strict=True),
            key=lambda pair: (-Decimal(uniform(pair[0])).ln() / Decimal(self._weights[pair[1]]), -pair[0]),
        )[1]


class _Lanes:
    """A few 64-bit numbers side by side in one whole number, 128 bits each: what is done to it is done to all."""

    __slots__ = ("_low", "_numbers", "_ones", "_unpack")

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = sum(number << 128 * at for at, number in enumerate(numbers))
        self._ones = sum(1 << 128 * at for at in range(len(numbers)))
        self._low = self._ones * _MASK
        self._unpack = struct.Struct("<" + "Q8x" * len(numbers))

    def scores(self, number: int) -> tuple[int, ...]:
        """Return what `_mix_vector` makes of the numbers, each combined with this one by exclusive or."""
        low = self._low
        mixed = self._numbers ^ number * self._ones
        mixed = (mixed ^ (mixed >> 30 & low)) * 0xBF58476D1CE4E5B9 & low
        mixed = (mixed ^ (mixed >> 27 & low)) * 0x94D049BB133111EB & low
        mixed ^= mixed >> 31 & low
        return self._unpack.unpack(mixed.to_bytes(self._unpack.size, "little"))


@dataclass(frozen=True, slots=True)
class Number:
    """A number drawn uniformly from a column's range, both ends included."""

    low: float
    high: float
    first: int
    stride: int
    scale: int
    """A value is (first + k * stride) / scale: whole numbers, so 0 + 3 * 0.1 is 0.3."""
    steps: int
    """How many values there are; 0: any float in the range."""
    integer: bool

    @classmethod
    def of(cls, column: NumberColumn) -> "Number":
        """Prepare the draws of a column."""
        if column.step is None:
            return cls(column.low, column.high, 0, 0, 1, steps=0, integer=False)
        # As decimals, the way the spec writes them, and not as the nearest floats.
        low, high, step = (Fraction(repr(x)) for x in (column.low, column.high, column.step))
        scale = math.lcm(low.denominator, step.denominator)
        steps = int((high - low) / step) + 1
        return cls(
            column.low, column.high, int(low * scale), int(step * scale), scale, steps, integer=column.integer
        )

    def draw(self, number: int) -> int | float:
        """Return the number for a row whose 64 bits for this column are `number`."""
        if not self.steps:
            share = (number >> 11) / ((1 << 53) - 1)
            return min(max(self.low * (1 - share) + self.high * share, self.low), self.high)
        value = self.first + (number * self.steps >> 64) * self.stride
        return value // self.scale if self.integer else value / self.scale


class Spread:
    """A label that is balanced within each class: rows take turns by the divisor sequence over the labels.

    The sequence is cut into blocks, which are whole periods where the weights have a short one; each block is
    read from a start that a hash of the row's split and class, the block and the column gives. So two labels
    of one row are independent, no label depends on which other classes or columns exist, and the counts over
    the first n rows of a class are within one row of their shares for equal weights, otherwise within two.
    """

    __slots__ = ("_block", "_length", "_names")

    def __init__(self, names: Sequence[str], weights: Sequence[float]) -> None:
        self._names = tuple(names)
        period = _period(weights)
        self._length = period or _LONGEST_PERIOD
        self._block = _blocks(tuple(weights), self._length, repeats=period is not None)

    def draw(self, index: int, start: Callable[[int], int]) -> str:
        """Return the label of the row at `index` of its class; `start` gives 64 bits for a block's number."""
        block, at = divmod(index, self._length)
        return self._names[self._block(block)[(at + start(block)) % self._length]]


def _period(weights: Sequence[float]) -> int | None:
    """Return after how many rows the divisor sequence repeats; None when that is long."""
    shares = [Fraction(repr(weight)) for weight in weights]
    scale = math.lcm(*(share.denominator for share in shares))
    whole = [int(share * scale) for share in shares]
    period = sum(whole) // math.gcd(*whole)
    return period if period <= max(_LONGEST_PERIOD, len(weights)) else None


def _blocks(weights: tuple[float, ...], length: int, *, repeats: bool) -> Callable[[int], tuple[int, ...]]:
    @lru_cache(maxsize=16)
    def block(number: int) -> tuple[int, ...]:
        counts = quotas(weights, number * length)
        return tuple(at for _, at, _ in islice(divisor_sequence(weights, counts), length))

    if not repeats:
        return block
    first = block(0)
    return lambda _: first


def mix_vector(numbers: "np.ndarray") -> None:
    """Apply the finaliser of SplitMix64 in place: every bit depends on every bit (Steele, Lea and Flood 2014)."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers ^= numbers >> numbers.dtype.type(shift)
        numbers *= numbers.dtype.type(factor)
    numbers ^= numbers >> numbers.dtype.type(31)
