"""What stands around a stretch of text: a space, the rest of a word, or something that may belong to it."""

# ruff: noqa: RUF001 - hyphens, apostrophes and particles of many scripts are what this is about

import re
import unicodedata
from typing import Literal

__all__ = ["Around", "around", "is_unspaced", "is_word"]

Around = Literal["free", "joined", "inside"]

_HYPHENS = frozenset("-‐‑–−")
_APOSTROPHES = frozenset("'’ʼ")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_UNSPACED = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aad\u3005-\u3007\u3040-\u30ff"
    "\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f"
    "\U00020000-\U0003ffff]"
)
_HANGUL = re.compile("[\uac00-\ud7a3]")
_PARTICLES = re.compile(
    "(?:은|는|이|가|을|를|에|에서|에게|에게서|에는|에도|에서는|에서도|의|도|만|로|으로|와|과|랑|이랑|까지|부터|보다"
    "|처럼|이다|이었다|였다|입니다|이라는|라는|이고|께서|한테|하고|마다|조차)(?![\uac00-\ud7a3])"
)
# Words that French and Italian shorten before a vowel. Capital D', O', M' begin names as well.
_ELIDED = re.compile(
    r"(?<!\w)(?:[dljmtsnc]|qu|lorsqu|puisqu|jusqu|quoiqu|(?:de|a|ne|su|da|que|bell|quest)ll?|un|L|Qu|Dell|All|Nell"
    r"|Sull|Dall|Un)\Z"
)
_CLITIC = re.compile(r"(?:s|S|ll|d|re|ve|m)(?![\w'’])")
_SUFFIX = re.compile(r"[^\W\d_]+(?![\w'’])")
_LONG_STEM = 3


def is_word(character: str) -> bool:
    """Whether it is part of a word: letter, digit, mark or `_`."""
    return character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")


def is_unspaced(character: str) -> bool:
    """Whether it is a letter of a script that does not set words apart, such as Chinese, Japanese or Thai."""
    return _UNSPACED.match(character) is not None and is_word(character)


def around(text: str, start: int, end: int) -> Around:
    """Say whether `text[start:end]` stands alone, is inside another word, or may be part of something longer.

    Hyphens, dots, `@` and the like leave it open whether `Anna` in `Anna-Maria` is meant: that is `joined`.
    Possessives, elisions (`l'Italie`), suffixes behind an apostrophe and Korean particles are free. In scripts
    without spaces everything is free but a part of a row of katakana.
    """
    left, right = _left(text, start, end), _right(text, start, end)
    if "inside" in (left, right):
        return "inside"
    return "joined" if "joined" in (left, right) else "free"


def _same_word(outside: str, inside: str) -> bool:
    if not (is_word(outside) and is_word(inside)):
        return False
    if is_unspaced(outside) or is_unspaced(inside):
        return bool(_KATAKANA.match(outside) and _KATAKANA.match(inside))
    return True


def _left(text: str, start: int, end: int) -> Around:
    if start == 0:
        return "free"
    edge, near, far = text[start], text[start - 1], text[start - 2 : start - 1]
    if _same_word(near, edge):
        return "inside"
    follows = bool(far) and is_word(far)
    if near in _APOSTROPHES and follows and is_word(edge):
        return "free" if edge.isalpha() and _ELIDED.search(text[max(0, start - 9) : start - 1]) else "inside"
    if near in ".,:" and far.isdigit() and edge.isdigit():
        return "inside"
    before = (
        near in "@#"
        or (near in _HYPHENS and (follows or edge.isdigit()))
        or (near in ".&" and follows and is_word(edge))
        or (near in ".+" and edge.isdigit())
        or (near == "/" and edge.isdigit() and far.isdigit())
        or (near == edge and _is_sign(edge))
    )
    del end
    return "joined" if before else "free"


def _right(text: str, start: int, end: int) -> Around:
    if end == len(text):
        return "free"
    edge, near, far = text[end - 1], text[end], text[end + 1 : end + 2]
    if _same_word(near, edge):
        particle = _HANGUL.match(edge) and _PARTICLES.match(text, end)
        return "free" if particle else "inside"
    follows = bool(far) and is_word(far)
    if near in _APOSTROPHES and follows and is_word(edge):
        return _behind_apostrophe(text, start, end)
    if near in ".,:" and far.isdigit() and edge.isdigit():
        return "inside"
    after = (
        near == "@"
        or (near in "#+" and edge.isalpha())
        or (near in _HYPHENS and far != near and not (near == "–" and far.isspace()))
        or (near in ".&" and follows and is_word(edge))
        or (near == "/" and edge.isdigit() and far.isdigit())
        or text.startswith(("(s)", "(es)"), end)
        or (near == edge and _is_sign(edge))
    )
    return "joined" if after else "free"


def _behind_apostrophe(text: str, start: int, end: int) -> Around:
    if _CLITIC.match(text, end + 1):
        return "free"
    suffix = _SUFFIX.match(text, end + 1)
    if suffix and suffix.group().islower() and end - start >= _LONG_STEM:
        return "free"  # Turkish and Finnish set endings of names so
    return "joined"


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] == "P" or unicodedata.category(character) in ("Sm", "Sk", "Sc")
