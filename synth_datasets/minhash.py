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

__all__ = ["BANDS", "PERMUTATIONS", "constants", "grams", "normalised", "signature", "signatures"]

PERMUTATIONS = 64
BANDS = 16
_GRAM = 5
_REACH = 32_768
"""Longer texts are compared by so many characters from their beginning."""
_SLICE = 2_048
_BATCH = 6_000
"""Characters of texts that are hashed at once: more would leave the processor's cache."""
_FACTORS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_APOSTROPHES = frozenset("'’ʼ＇")


def normalised(text: str) -> str:
    """Return what two texts share that differ in case, white space, punctuation or compatibility forms only.

    NFKC and case folding; apostrophes go, other punctuation (Unicode category P) parts words. Letters, marks,
    digits, symbols and emoji stay. A text of nothing but punctuation stays as well.
    """
    if text.isascii():
        data = text.encode("ascii")
        plain = data.translate(_ASCII_PLAIN, b"'").decode("ascii")
        return " ".join(plain.split()) or " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.translate(_PLAIN).split()) or " ".join(folded.split())


def signatures(texts: Sequence[str]) -> "np.ndarray":
    """Return one `signature` a text, as the rows of an array of uint32; the texts are taken as they are.

    A third of the cost of one by one.
    """
    import numpy as np

    rows = np.empty((len(texts), PERMUTATIONS), np.uint32)
    batch: list[str] = []
    size = done = 0
    for text in texts:
        if size + len(text) > _BATCH and batch:
            rows[done : done + len(batch)] = _together(batch)
            done += len(batch)
            batch.clear()
            size = 0
        batch.append(text)
        size += len(text)
    if batch:
        rows[done:] = _together(batch)
    return rows


def _together(texts: Sequence[str]) -> "np.ndarray":
    """Return the signatures of a few texts that are hashed end to end."""
    import numpy as np

    if len(texts) == 1:
        return signature(texts[0])[None]
    padded = [_padded(text) for text in texts]
    found = grams("".join(padded))
    bounds: list[int] = []
    end = 0
    for (
        text
    ) in padded:  # from its first gram to its last; those across the border to the next text count for none
        bounds += (end, end + len(text) - _GRAM + 1)
        end += len(text)
    return np.minimum.reduceat(_permutations() * found, bounds[:-1], axis=1)[:, ::2].T


def signature(text: str) -> "np.ndarray":
    """Return 64 numbers of uint32; a text of fewer than 5 characters agrees with its equals alone."""
    import numpy as np

    factors = _permutations()
    found = grams(_padded(text))
    parts = (found[start : start + _SLICE] for start in range(0, len(found), _SLICE))
    least = None
    for part in parts:
        lowest = np.minimum.reduce(factors * part, axis=1)
        least = lowest if least is None else np.minimum(least, lowest)
    assert least is not None  # noqa: S101 - there is at least one gram
    return least


def _padded(text: str) -> str:
    return text[:_REACH].ljust(_GRAM, "\0")  # a short text is one gram of its own


def grams(text: str) -> "np.ndarray":
    """Return an odd 32-bit hash of every 5-gram of a text of 5 characters or more.

    A polynomial in code points, mixed.
    """
    import numpy as np

    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    one, two, three, four, shift, odd = _coefficients()
    pairs = codes[:-1] * one
    pairs += codes[1:]
    found = pairs[:-2] * two
    found += pairs[2:]
    found = found[:-1] * three
    found += codes[4:]
    found ^= found >> shift
    found *= four
    found |= odd  # whatever it is multiplied with, zero would be the least
    return found


def constants(count: int) -> "np.ndarray":
    """Return the first outputs of SplitMix64 from 0, as uint64: fixed numbers without a pattern."""
    import numpy as np

    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_FACTORS[0])
    for shift, factor in ((30, _FACTORS[1]), (27, _FACTORS[2])):
        state = (state ^ (state >> shift)) * factor
    return state ^ (state >> 31)


@cache
def _coefficients() -> tuple["np.uint32", ...]:
    """Return four odd factors, the shift that mixes and a one, as numpy's numbers: those are quick to compute with."""
    import numpy as np

    return (*((constants(4) >> 32).astype(np.uint32) | np.uint32(1)), np.uint32(15), np.uint32(1))


@cache
def _permutations() -> "np.ndarray":
    """Return odd factors as a column: a product with an odd number takes the odd numbers to each other."""
    import numpy as np

    return (constants(4 + PERMUTATIONS)[4:, None] >> 32).astype(np.uint32) | np.uint32(1)


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
# The same for ASCII without apostrophes: `bytes.translate` takes a tenth of the time.
_ASCII_PLAIN = b"".join(
    (" " if _PLAIN[code] == " " else chr(code).lower()).encode() for code in range(128)
) + bytes(128)
