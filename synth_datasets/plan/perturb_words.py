"""Perturbations of English that keep what is said: short forms, numbers, units, a sentence beside the point."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from synth_datasets.plan.dice import Dice

__all__ = ["contractions", "distractor", "number_words", "slang", "units"]

_SLANG = {
    "as soon as possible": "asap",
    "to be honest": "tbh",
    "by the way": "btw",
    "i do not know": "idk",
    "i don't know": "idk",
    "in my opinion": "imo",
    "right now": "rn",
    "thank you": "thx",
    "kind of": "kinda",
    "sort of": "sorta",
    "a lot of": "lotsa",
    "want to": "wanna",
    "got to": "gotta",
    "give me": "gimme",
    "let me": "lemme",
    "you": "u",
    "your": "ur",
    "are": "r",
    "because": "cuz",
    "please": "pls",
    "thanks": "thx",
    "people": "ppl",
    "really": "rly",
    "though": "tho",
    "through": "thru",
    "tomorrow": "tmrw",
    "tonight": "tonite",
    "before": "b4",
    "with": "w/",
    "without": "w/o",
    "okay": "ok",
    "probably": "prolly",
    "something": "smth",
    "about": "abt",
    "minutes": "mins",
    "seconds": "secs",
    "favourite": "fave",
    "favorite": "fave",
    "love": "luv",
    "great": "gr8",
    "never": "nvr",
    "always": "alwys",
    "and": "n",
    "what": "wut",
}
_LONG = {
    "can't": "cannot",
    "won't": "will not",
    "shan't": "shall not",
    "i'm": "I am",
    "let's": "let us",
    **{
        f"{verb}n't": f"{verb} not"
        for verb in ("do", "does", "did", "is", "are", "was", "were", "has", "have", "had")
    },
    **{f"{verb}n't": f"{verb} not" for verb in ("would", "could", "should", "must", "need")},
    **{f"{who}'re": f"{who} are" for who in ("you", "we", "they")},
    **{f"{who}'ve": f"{who} have" for who in ("i", "you", "we", "they")},
    **{f"{who}'ll": f"{who} will" for who in ("i", "you", "he", "she", "it", "we", "they")},
}
# What can be shortened wherever it stands, unlike `as I am.`
_SHORT = {long: short for short, long in _LONG.items() if long.endswith(" not") or long == "cannot"}
_ONES = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# How many of which smaller unit: exact, and without words that mean money, a place or a part of the body as well.
_UNITS = {
    "hour": (60, "minutes"),
    "minute": (60, "seconds"),
    "day": (24, "hours"),
    "week": (7, "days"),
    "year": (12, "months"),
    "decade": (10, "years"),
    "kilometre": (1000, "metres"),
    "kilometer": (1000, "meters"),
    "km": (1000, "m"),
    "metre": (100, "centimetres"),
    "meter": (100, "centimeters"),
    "cm": (10, "mm"),
    "kilogram": (1000, "grams"),
    "kilo": (1000, "grams"),
    "kg": (1000, "g"),
    "tonne": (1000, "kilograms"),
    "litre": (1000, "millilitres"),
    "liter": (1000, "milliliters"),
    "mile": (1760, "yards"),
    "dozen": (12, ""),
}
_PLURALS = {"km": "km", "cm": "cm", "kg": "kg", "dozen": "dozen"}
_NOT_IN_NUMBER = r"(?<![\w.,:/$€£#+%-])"
_DISTRACTORS = (
    "The library opens at nine in the morning.",
    "A bus stops at the corner every quarter of an hour.",
    "The river flows past the old mill.",
    "There are seven days in a week.",
    "My neighbour waters the plants on Mondays.",
    "The museum has a room with old maps.",
    "Most maps have north at the top.",
    "The train to the coast takes about two hours.",
    "The meeting room is on the second floor.",
    "Paper is made from wood.",
    "The form has two pages.",
    "The street was named after a bridge.",
)


def slang(text: str) -> str:
    """Write common words the way chats do."""
    return _mapped(text, _SLANG)


def contractions(text: str, dice: Dice) -> str:
    """Contract what can be, or write contractions out; whichever changes something."""
    ways = [_SHORT, _LONG] if dice.below(2) else [_LONG, _SHORT]
    return next((changed for way in ways if (changed := _mapped(text, way)) != text), text)


def number_words(text: str, dice: Dice) -> str:
    """Write whole numbers up to 99 in words, or those in words in digits; `one`, often no number, stays.

    Numbers in dates, times, amounts of money, decimals and names such as `A4` stay.
    """

    def words(given: str) -> str:
        return re.sub(
            _NOT_IN_NUMBER + r"(0|[1-9][0-9]?)(?![\w%°/:-]|[.,][0-9])",
            lambda found: _in_words(int(found[1])),
            given,
        )

    def digits(given: str) -> str:
        pattern = rf"(?<![\w-])({'|'.join(sorted(_numbers(), key=len, reverse=True))})(?![\w-])"
        return re.sub(pattern, lambda found: str(_numbers()[found[1].lower()]), given, flags=re.IGNORECASE)

    return _first_other(text, [words, digits] if dice.below(2) else [digits, words])


def units(text: str) -> str:
    """Say quantities in the next smaller unit; the amount is exactly the same."""
    names = sorted({*_UNITS, *map(_plural, _UNITS)}, key=len, reverse=True)
    number = rf"[0-9]{{1,6}}(?:\.[0-9]{{1,3}})?|{'|'.join(sorted(_numbers(), key=len, reverse=True))}"
    pattern = rf"{_NOT_IN_NUMBER}({number}) ?({'|'.join(names)})(?![\w'’/²³-])"  # noqa: RUF001 - the apostrophe of texts
    return re.sub(pattern, _converted, text, flags=re.IGNORECASE)


def distractor(text: str, dice: Dice, own: Sequence[str]) -> str:
    """Append a sentence that has nothing to do with the text and is not in it yet."""
    fitting = [sentence for sentence in own or _DISTRACTORS if sentence not in text]
    if not fitting or not text.strip():
        return text
    return f"{text.rstrip()} {dice.order(fitting)[0]}"


def _converted(found: re.Match[str]) -> str:
    given, name = found[1].lower(), found[2].lower()
    single = next(unit for unit in _UNITS if name in (unit, _plural(unit).lower()))
    times, unit = _UNITS[single]
    amount = (Decimal(_numbers()[given]) if given in _numbers() else Decimal(given)) * times
    text = f"{amount.normalize():f}"
    return f"{text} {unit}".rstrip()


def _plural(unit: str) -> str:
    return _PLURALS.get(unit, f"{unit}s")


def _mapped(text: str, words: Mapping[str, str]) -> str:
    def put(found: re.Match[str]) -> str:
        given, new = found[0], words[found[0].replace("’", "'").lower()]  # noqa: RUF001 - the apostrophe of texts
        return new[0].upper() + new[1:] if given[0].isupper() else new

    return _pattern(tuple(words)).sub(put, text)


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    every = "|".join(re.escape(word).replace("'", "['’]") for word in sorted(words, key=len, reverse=True))  # noqa: RUF001 - as above
    return re.compile(rf"(?<![\w'’-])(?:{every})(?![\w'’-])", re.IGNORECASE)  # noqa: RUF001 - as above


def _in_words(number: int) -> str:
    if number < len(_ONES):
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens]


@lru_cache(maxsize=1)
def _numbers() -> Mapping[str, int]:
    """Return the numbers that words name; without `one`, which is seldom meant as a number, and `zero`."""
    return {_in_words(number): number for number in range(2, 100)}


def _first_other(text: str, ways: Sequence[Callable[[str], str]]) -> str:
    return next((changed for way in ways if (changed := way(text)) != text), text)
