"""The words of a text, counted the same way for every figure and every check."""

import re

__all__ = ["UNSPACED", "tokens"]

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
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u0610-\u061a\u064b-\u0652\u0670\u0900-\u0963\u0966-\u0dff\u200c\u200d"
)
_LETTERS = rf"(?:(?![{UNSPACED}])[\w{_MARKS}])+"
_TOKEN = re.compile(rf"[{UNSPACED}]|{_LETTERS}(?:['\u2019]{_LETTERS})*")


def tokens(text: str) -> list[str]:
    """Return the words in lower case, without punctuation.

    Words are runs of letters, digits and marks. Scripts written without spaces (Chinese, Japanese, Thai,
    Lao, Khmer, Burmese) fall apart into characters, so their figures compare among themselves, not with
    English ones.
    """
    return _TOKEN.findall(text.lower())
