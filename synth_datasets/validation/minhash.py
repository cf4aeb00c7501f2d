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
    import numpy as np

    factors, offsets = _permutations()
    grams = _grams(text)
    parts = (grams[start : start + _SLICE] for start in range(0, len(grams), _SLICE))
    least = None
    for part in parts:
        permuted = factors * part
        permuted += offsets
        lowest = np.minimum.reduce(permuted, axis=1)
        least = lowest if least is None else np.minimum(least, lowest)
    assert least is not None  # noqa: S101 - there is at least one gram
    return least


def _grams(text: str) -> "np.ndarray":
    """Return a 32-bit hash of every 5-gram: a polynomial in its code points, mixed."""
    import numpy as np

    padded = text[:_REACH].ljust(_GRAM, "\0")  # a short text is one gram of its own
    codes = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), "<u4")
    one, two, three, four, shift = _coefficients()
    pairs = codes[:-1] * one
    pairs += codes[1:]
    grams = pairs[:-2] * two
    grams += pairs[2:]
    grams = grams[:-1] * three
    grams += codes[4:]
    grams ^= grams >> shift
    grams *= four
    return grams


def constants(count: int) -> "np.ndarray":
    """Return the first outputs of SplitMix64 from 0, as uint64: fixed numbers without a pattern."""
    import numpy as np

    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_FACTORS[0])
    for shift, factor in ((30, _FACTORS[1]), (27, _FACTORS[2])):
        state = (state ^ (state >> shift)) * factor
    return state ^ (state >> 31)


@cache
def _coefficients() -> tuple["np.uint32", ...]:
    """Return four odd factors and the shift that mixes, as numpy's numbers: those are quick to compute with."""
    import numpy as np

    return (*((constants(4) >> 32).astype(np.uint32) | np.uint32(1)), np.uint32(15))


@cache
def _permutations() -> tuple["np.ndarray", "np.ndarray"]:
    """Return odd factors and offsets, as columns."""
    import numpy as np

    factors, offsets = (
        (constants(4 + 2 * PERMUTATIONS)[4:] >> 32).astype(np.uint32).reshape(2, PERMUTATIONS, 1)
    )
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
