"""Where a text may be parted: never within what a reader sees as one character."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

__all__ = ["clusters", "cuts"]

_ZWJ = "\u200d"
# Extend although they are no marks: joiners, half-width voicing, Thai and Lao vowels, skin tones, tags of flags.
_EXTENDS = frozenset(
    [
        *"\u200c\u200d\uff9e\uff9f\u0e33\u0eb3",
        *map(chr, range(0x1F3FB, 0x1F400)),
        *map(chr, range(0xE0020, 0xE0080)),
    ]
)
_PREPENDED = frozenset(
    map(
        chr,
        [
            *range(0x0600, 0x0606),
            *[0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x0D4E, 0x110BD, 0x110CD, 0x111C2, 0x111C3],
            *[0x1193F, 0x11941, 0x11A3A, 0x11D46, 0x11F02, 0x113D1],
            *[0x0CF1, 0x0CF2, 0x1CF5, 0x1CF6, 0x11003, 0x11460],
            *range(0x11A84, 0x11A8A),
        ],
    )
)
_VIRAMA = 9
_MARKS = ("Mn", "Me", "Mc")
_MAY_HOLD_MARKS = re.compile(
    "[\u0300-\u1fff\u20d0-\u20ff\ua000-\uabff\ufe20-\ufe2f\U00010000-\U0001efff]"
).match


def cuts(text: str) -> list[bool]:
    """Return for each place from 0 to the length of the text whether it may be parted there.

    The boundaries of grapheme clusters (UAX #29), without some that a table of the newest Unicode would allow:
    every mark stays with what is before it, and a joiner with what is after it.
    """
    if text.isascii():
        free = [True] * (len(text) + 1)
        at = text.find("\r\n")
        while at >= 0:
            free[at + 1] = False
            at = text.find("\r\n", at + 2)
        return free
    free = [True]
    flags = 0
    linked = False
    for before, after in pairwise(text):
        linked = _links(before) or (linked and _extends(before))
        flags = flags + 1 if "\U0001f1e6" <= before <= "\U0001f1ff" else 0
        together = _together(before, after) or (linked and after.isalpha())
        if flags % 2 and "\U0001f1e6" <= after <= "\U0001f1ff":
            together = True
        free.append(not together)
    return [*free, True] if text else free


def clusters(text: str) -> list[str]:
    """Return the characters as a reader sees them; together they are the text."""
    free = cuts(text)
    bounds = [at for at, may in enumerate(free) if may]
    return [text[start:end] for start, end in pairwise(bounds)]


@lru_cache(maxsize=8192)
def _together(before: str, after: str) -> bool:
    return (
        _extends(after)
        or before == _ZWJ
        or before in _PREPENDED
        or (before == "\r" and after == "\n")
        or _hangul(before, after)
    )


@lru_cache(maxsize=4096)
def _extends(character: str) -> bool:
    category = unicodedata.category(character)
    # What this Python's tables do not know may be a mark of a newer Unicode, where marks are.
    return (
        character in _EXTENDS
        or category in _MARKS
        or (category == "Cn" and _MAY_HOLD_MARKS(character) is not None)
    )


@lru_cache(maxsize=4096)
def _links(character: str) -> bool:
    """Whether it joins two consonants into one, as in Devanagari."""
    return unicodedata.combining(character) == _VIRAMA


def _hangul(before: str, after: str) -> bool:
    """Whether two characters are parts of one Korean syllable."""
    if "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7fb":
        return True
    leads = "\u1100" <= before <= "\u115f" or "\ua960" <= before <= "\ua97c"
    follows = "\u1100" <= after <= "\u115f" or "\ua960" <= after <= "\ua97c" or "\uac00" <= after <= "\ud7a3"
    return leads and follows
