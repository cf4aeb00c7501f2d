"""How easily an English text is read: Flesch's formula, and a rule of thumb for syllables."""

import re

__all__ = ["reading_ease", "syllables"]

_REACH = 100_000
"""Characters of a text that are looked at."""
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+(?:['’][A-Za-z]+)*")  # noqa: RUF001 - apostrophes come in two kinds
_LETTER = re.compile(r"[^\W\d_]")
_SENTENCE = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|\Z)|\n\s*\n")  # noqa: RUF001
_VOWELS = re.compile(r"[aeiouyà-åæè-ïò-öøù-ýÿ]+")
_SILENT = re.compile(
    r"(?:[^aeiouylr]e|[aeiouy][lr]e|[^aeiouydt]ed|[^aeiouyscxzgl]es|[aeiouy](?:nc|rc|rs|ns)e)\Z"
)
_TWO = re.compile(
    r"i(?:a(?=[^nl]|\Z)|o(?=[^un]|\Z))|(?<![ctxg])iou|(?<!fr)ie(?=n[ct]|t)|eo(?=[dnl]|\Z)|(?<!q)ua(?=[lt])"
    r"|[aeiouy](?:ing|er)s?\Z|sm\Z|thm\Z|creat(?!u)|[dr]ea\Z"
)
_LEAST_LATIN = 0.5


def reading_ease(text: str) -> float | None:
    """Return 206.835 - 1.015 words/sentence - 84.6 syllables/word; None where less than half the letters are in words.

    About 100 for the plainest text, 60 to 70 for plain English, below 30 for academic prose; it has no ends: a long
    word alone lies far below 0, a text of one-syllable words reaches 121. Known for English only. Syllables are
    estimated, within some 5 % over a paragraph; a text of a few words may be off by 20 points.
    It cannot tell whether a text is well written, clear or right.
    Source: Flesch 1948, A New Readability Yardstick, Journal of Applied Psychology 32(3).
    """
    text = text[:_REACH]
    words = _WORD.findall(text)
    letters = len(text) if text.isascii() else len(_LETTER.findall(text))
    if not words or (not text.isascii() and sum(map(len, words)) < _LEAST_LATIN * letters):
        return None
    sentences = sum(bool(_WORD.search(part)) for part in _SENTENCE.split(text))
    return 206.835 - 1.015 * len(words) / sentences - 84.6 * sum(map(syllables, words)) / len(words)


def syllables(word: str) -> int:
    """Estimate the syllables of an English word: groups of vowels, without a silent e and with a few split groups."""
    plain = word.lower().replace("’", "'")  # noqa: RUF001
    plain = plain.removesuffix("'s")
    count = len(_VOWELS.findall(plain))
    if len(plain) > 3:  # noqa: PLR2004 - the, are: counted by their vowels
        count += sum(1 for _ in _TWO.finditer(plain)) - bool(_SILENT.search(plain))
    return max(1, count)
