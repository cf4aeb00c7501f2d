"""Perturbations of letters, marks and spaces: a text in, another out, or the same where there is nothing to change.

They work on grapheme clusters (Unicode Standard Annex 29), so that no mark loses its letter and no emoji falls apart.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from synth_datasets.plan.dice import Dice
from synth_datasets.plan.graphemes import clusters

__all__ = [
    "case",
    "diacritics",
    "emoji",
    "homoglyphs",
    "punctuation",
    "repeated_letters",
    "typos",
    "whitespace",
]

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# Words that turn the meaning round, of which no letter may be lost.
_KEPT = frozenset(
    ["not", "no", "nor", "non", "never", "none", "nothing", "nobody", "neither", "cannot", "without"]
)
_LOOKALIKES: Mapping[str, str] = dict(zip("aceopxyiABCEHKMOPTX", "асеорхуіАВСЕНКМОРТХ", strict=True))  # noqa: RUF001 - that is the point
_PLAIN = {
    "ß": "ss",
    "æ": "ae",
    "Æ": "Ae",
    "œ": "oe",
    "Œ": "Oe",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "ı": "i",  # noqa: RUF001 - the letter is meant
    "ħ": "h",
    "Ħ": "H",
}
_VOWELS = frozenset("aeiouyаеёиоуыэюяαεηιουω")  # noqa: RUF001 - Cyrillic and Greek ones
_EMOJI = ("📦", "🕒", "📍", "🔎", "🗓️", "📝", "🧾", "🔁", "🏷️", "🧭")  # none with a mood of its own
_AROUND = "\"'“”‘’()[]«».,;:!?…¡¿—–-*"  # noqa: RUF001 - the quotes and dashes of texts
_ENDS = re.compile(r"(?<=[^\s\d.,;:!?…])[,;:.!?…]+(?=\s|$)|[。，、！？；]")  # noqa: RUF001 - the Chinese ones
_GAPS = re.compile(r"(?<=\S) (?=\S)")
_AFTER = re.compile(r"(?<=[^\W\d_][,;!?]) (?=[^\W\d_])")
_BETWEEN = re.compile(r"(?<=[^\W\d_][.!?]) (?=\S)")
_TYPO_LETTERS = 5
_DRAWN_OUT_LETTERS = 3


def typos(text: str, dice: Dice, strength: float) -> str:
    """Mistype some words of five letters or more; their first and last letters stay.

    Of the scripts with separate letters; words that negate, and what holds digits or is an address, stay.
    """
    return _edit_words(text, dice, strength, _mistyped)


def case(text: str, dice: Dice) -> str:
    """Write everything small, or everything in capitals."""
    return _first_other(text, [str.upper, str.lower] if dice.below(2) else [str.lower, str.upper])


def punctuation(text: str, dice: Dice) -> str:
    """Drop the punctuation after words, double it, or let the text trail off; what stands in numbers stays."""

    def dropped(given: str) -> str:
        return _ENDS.sub(lambda found: " " if found.group() in "。，、！？；" else "", given)  # noqa: RUF001 - as above

    def doubled(given: str) -> str:
        return _ENDS.sub(lambda found: found.group() * 2, given)

    def trailing(given: str) -> str:
        return given.rstrip(" .…") + "..."

    ways = {"dropped": dropped, "doubled": doubled, "trailing": trailing}
    return _first_other(text, [ways[name] for name in dice.order(list(ways))])


def whitespace(text: str, dice: Dice, strength: float) -> str:
    """Double some spaces, break a line, or leave spaces after punctuation out; otherwise put spaces at the end."""

    def doubled(given: str) -> str:
        return _replace_some(given, _GAPS, "  ", dice.of("gaps"), strength)

    def broken(given: str) -> str:
        return _replace_some(given, _GAPS, "\n", dice.of("break"), 0)

    def joined(given: str) -> str:
        return _AFTER.sub("", given)

    ways = {"doubled": doubled, "broken": broken, "joined": joined}
    return _first_other(text, [*(ways[name] for name in dice.order(list(ways))), "{}  ".format])


def emoji(text: str, dice: Dice) -> str:
    """Put emoji that say nothing about the mood after the text, and after one of its sentences where it has more."""
    first, second = dice.of("which").order(_EMOJI)[:2]
    ends = list(_BETWEEN.finditer(text))
    if ends:
        at = ends[dice.of("where").below(len(ends))].start()
        text = f"{text[:at]} {second}{text[at:]}"
    return f"{text} {first}" if text.strip() else text


def diacritics(text: str) -> str:
    """Write Latin letters as a keyboard without marks has them: `é` as `e`, `ß` as `ss`."""
    return "".join(map(_plain, clusters(text))) if text else text


def homoglyphs(text: str, dice: Dice, strength: float) -> str:
    """Replace one letter of some words by a Cyrillic letter that looks the same."""

    def replaced(word: list[str], own: Dice) -> list[str]:
        places = [at for at, letter in enumerate(word) if letter in _LOOKALIKES]
        return _put(word, places, own, lambda letter: [_LOOKALIKES[letter]])

    return _edit_words(text, dice, strength, replaced)


def repeated_letters(text: str, dice: Dice, strength: float) -> str:
    """Draw a vowel of some words out."""

    def drawn(word: list[str], own: Dice) -> list[str]:
        places = [at for at, letter in enumerate(word) if _is_vowel(letter)]
        if len(word) < _DRAWN_OUT_LETTERS:
            return word
        return _put(word, places[-1:], own, lambda letter: [letter] * (3 + own.of("length").below(3)))

    return _edit_words(text, dice, strength, drawn)


def _edit_words(text: str, dice: Dice, strength: float, edit: Callable[[list[str], Dice], list[str]]) -> str:
    """Edit the wanted share of the words, at least one, among those that the edit changes."""
    words = list(_words(text))
    edited = [
        (start, "".join(letters), "".join(changed))
        for at, (start, letters) in enumerate(words)
        if "".join(letters).casefold() not in _KEPT
        and (changed := edit(letters, dice.of(f"word {at}"))) != letters
    ]
    count = min(len(edited), max(1, round(strength * len(words))))
    parts: list[str] = []
    end = 0
    for at in dice.of("words").some(count, len(edited)):
        start, before, after = edited[at]
        parts += [text[end:start], after]
        end = start + len(before)
    return "".join([*parts, text[end:]])


def _words(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield place and letters of each word that is letters alone, of a script whose letters stand apart."""
    for token in re.finditer(r"\S+", text):
        start = token.start() + len(token[0]) - len(token[0].lstrip(_AROUND))
        word = token[0].strip(_AROUND)
        if word and all(map(_is_letter, letters := clusters(word))):
            yield start, letters


def _is_letter(cluster: str) -> bool:
    # Latin, Greek, Cyrillic, Armenian, Hebrew and Arabic; further Latin and Greek ones.
    return cluster[0].isalpha() and (cluster[0] < "\u0700" or "\u1e00" <= cluster[0] < "\u2000")


def _mistyped(word: list[str], dice: Dice) -> list[str]:
    if len(word) < _TYPO_LETTERS:
        return word
    for way in dice.order(["neighbour", "swap", "drop", "double"]):
        at = 1 + dice.of(f"{way} at").below(len(word) - 2)
        letter, after = word[at], word[at + 1]
        match way:
            case "neighbour":
                near = _neighbours().get(letter.lower(), "")
                new = near[dice.of("key").below(len(near))] if near else letter
                made = [new.upper() if letter.isupper() else new]
                changed = [*word[:at], *made, *word[at + 1 :]]
            case "swap":
                at = min(at, len(word) - 3)
                changed = [*word[:at], word[at + 1], word[at], *word[at + 2 :]]
            case "drop":
                changed = [*word[:at], *word[at + 1 :]]
            case _:
                changed = [*word[:at], letter, letter, after, *word[at + 2 :]]
        if changed != word:
            return changed
    return word


def _put(word: list[str], places: Sequence[int], dice: Dice, make: Callable[[str], list[str]]) -> list[str]:
    if not places:
        return word
    at = places[dice.of("place").below(len(places))]
    return [*word[:at], *make(word[at]), *word[at + 1 :]]


def _first_other(text: str, ways: Sequence[Callable[[str], str]]) -> str:
    return next((changed for way in ways if (changed := way(text)) != text), text)


def _replace_some(text: str, pattern: re.Pattern[str], new: str, dice: Dice, share: float) -> str:
    places = list(pattern.finditer(text))
    count = min(len(places), max(1, round(share * len(places))))
    chosen = {places[at].start() for at in dice.some(count, len(places))}
    return pattern.sub(lambda found: new if found.start() in chosen else found.group(), text)


def _plain(cluster: str) -> str:
    if cluster in _PLAIN:
        return _PLAIN[cluster]
    apart = unicodedata.normalize("NFD", cluster)
    if len(apart) > 1 and unicodedata.name(apart[0], "").startswith("LATIN"):
        kept = "".join(char for char in apart if unicodedata.category(char) != "Mn")
        return unicodedata.normalize("NFC", kept)
    return cluster


def _is_vowel(cluster: str) -> bool:
    return unicodedata.normalize("NFD", cluster.lower())[0] in _VOWELS


@lru_cache(maxsize=1)
def _neighbours() -> Mapping[str, str]:
    """Return the letters beside and below or above each letter of the QWERTY layout."""
    near: dict[str, str] = {}
    for at, row in enumerate(_ROWS):
        for place, key in enumerate(row):
            beside = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            above = _ROWS[at - 1][place : place + 2] if at else ""
            below = _ROWS[at + 1][max(0, place - 1) : place + 1] if at + 1 < len(_ROWS) else ""
            near[key] = beside + above + below
    return near
