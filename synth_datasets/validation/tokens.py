"""The words of a text, counted the same way for every figure and every check."""

import re
from collections.abc import Iterator, Sequence

__all__ = ["MARKS", "UNSPACED", "passages", "tokens"]

# Scripts that put no spaces between words: each character is a token, for want of a dictionary.
UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Chinese characters
    "\U00020000-\U0003ffff"
)
# Vowel signs and accents, which `\w` leaves out although they stand inside words.
MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u0610-\u061a\u064b-\u0652\u0670\u0900-\u0963\u0966-\u0dff\u200c\u200d"
)
_LETTERS = rf"(?:(?![{UNSPACED}])[\w{MARKS}])+"
_TOKEN = re.compile(rf"[{UNSPACED}]|{_LETTERS}(?:['\u2019]{_LETTERS})*")


def tokens(text: str) -> list[str]:
    """Return the words in lower case, without punctuation.

    Words are runs of letters, digits and marks. Scripts written without spaces (Chinese, Japanese, Thai,
    Lao, Khmer, Burmese) fall apart into characters, so their figures compare among themselves, not with
    English ones.
    """
    return _TOKEN.findall(text.lower())


_CHARACTER = re.compile(f"[{UNSPACED}]")
_WORD_WEIGHT, _IDEOGRAPH_WEIGHT, _LETTER_WEIGHT = 4, 2, 1
"""About how much a token says: two characters of Chinese or Japanese, four of Thai, make a word."""


def passages(words: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Return every sequence that says as much as `size` words: so many tokens, and more where they are characters.

    A sequence follows from the words from its first one on, so that two texts that share a passage share its sequences.
    """
    joined = "".join(words)
    if joined.isascii() or not _CHARACTER.search(joined):
        return zip(*(words[at:] for at in range(size)), strict=False)
    return _weighted(words, size * _WORD_WEIGHT)


def _weighted(words: Sequence[str], least: int) -> Iterator[tuple[str, ...]]:
    weights = [_weight(word) for word in words]
    end = held = 0
    for start, weight in enumerate(weights):
        while held < least and end < len(words):
            held += weights[end]
            end += 1
        if held < least:
            return
        yield tuple(words[start:end])
        held -= weight


def _weight(word: str) -> int:
    if not _CHARACTER.match(word):
        return _WORD_WEIGHT
    return _LETTER_WEIGHT if word < "\u3000" else _IDEOGRAPH_WEIGHT
