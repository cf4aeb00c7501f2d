"""Texts as short rows of numbers whose agreement estimates how alike the texts are.

MinHash: the share of equal numbers estimates the Jaccard similarity of the texts' sets of character 5-grams
(Broder 1997, "On the Resemblance and Containment of Documents"; Lee et al. 2021, "Deduplicating Training Data
Makes Language Models Better", arXiv:2107.06499). Whole-number arithmetic with fixed constants: every machine
gives the same.
"""

# ruff: noqa: RUF001 - apostrophes come in four kinds

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["BANDS", "PERMUTATIONS", "constants", "normalised", "signature", "signatures"]

PERMUTATIONS = 64
BANDS = 16
_GRAM = 5
_REACH = 32_768
"""Longer texts are compared by so many characters from their beginning."""
_SLICE = 2_048
_FACTORS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_APOSTROPHES = frozenset("'’ʼ＇")


def normalised(text: str) -> str:
    """Return what two texts share that differ in case, white space, punctuation or compatibility forms only.

    NFKC and case folding; apostrophes go, other punctuation (Unicode category P) parts words. Letters, marks,
    digits, symbols and emoji stay. A text of nothing but punctuation stays as well.
    """
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.translate(_PLAIN).split()) or " ".join(folded.split())


def signatures(texts: Sequence[str]) -> "np.ndarray":
    """Return one `signature` a text, as the rows of an array of uint32; the texts are taken as they are."""
    import numpy as np

    rows = np.empty((len(texts), PERMUTATIONS), np.uint32)
    for at, text in enumerate(texts):
        rows[at] = signature(text)
    return rows


def signature(text: str) -> "np.ndarray":
    """Return 64 numbers of uint32; a text of fewer than 5 characters agrees with its equals alone."""
    factors, offsets = _permutations()
    grams = _grams(text)
    if len(grams) <= _SLICE:
        return _least(grams, factors, offsets)
    least = _least(grams[:_SLICE], factors, offsets)
    for start in range(_SLICE, len(grams), _SLICE):
        least = _minimum(least, _least(grams[start : start + _SLICE], factors, offsets))
    return least


def _least(grams: "np.ndarray", factors: "np.ndarray", offsets: "np.ndarray") -> "np.ndarray":
    permuted = factors * grams
    permuted += offsets
    return permuted.min(axis=1)


def _minimum(one: "np.ndarray", other: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return np.minimum(one, other)


def _grams(text: str) -> "np.ndarray":
    """Return a 32-bit hash of every 5-gram: a polynomial in its code points, mixed."""
    import numpy as np

    padded = text[:_REACH].ljust(_GRAM, "\0")  # a short text is one gram of its own
    codes = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    one, two, three = _FACTORS
    pairs = codes[:-1] * one + codes[1:]
    fours = pairs[:-2] * two + pairs[2:]
    fives = fours[:-1] * three + codes[4:]
    fives ^= fives >> 32
    fives *= two
    fives >>= 32
    return fives.astype(np.uint32)


def constants(count: int) -> "np.ndarray":
    """Return the first outputs of SplitMix64 from 0, as uint64: fixed numbers without a pattern."""
    import numpy as np

    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_FACTORS[0])
    for shift, factor in ((30, _FACTORS[1]), (27, _FACTORS[2])):
        state = (state ^ (state >> shift)) * factor
    return state ^ (state >> 31)


@cache
def _permutations() -> tuple["np.ndarray", "np.ndarray"]:
    """Return odd factors and offsets, as columns."""
    import numpy as np

    factors, offsets = (constants(2 * PERMUTATIONS) >> 32).astype(np.uint32).reshape(2, PERMUTATIONS, 1)
    return factors | np.uint32(1), offsets


class _Plain(dict[int, int | str | None]):
    """What `str.translate` puts for a character; filled in as characters are met."""

    def __missing__(self, code: int) -> int | str | None:
        character = chr(code)
        if character in _APOSTROPHES:
            plain: int | str | None = None
        else:
            plain = " " if unicodedata.category(character).startswith("P") else code
        self[code] = plain
        return plain


_PLAIN = _Plain()
