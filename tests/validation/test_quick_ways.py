"""What the checks do quickly, they do exactly as the slow way would."""

# ruff: noqa: RUF001 - characters that fold into others are what this is about

import re

from hypothesis import example, given
from hypothesis import strategies as st

from synth_datasets.validation import boilerplate, checks, refusals

WORDS = [
    "the",
    "tent",
    "kept",
    "us",
    "dry",
    "I",
    "can't",
    "help",
    "İ",
    "ſo",
    "K",
    "ﬁne",
    "好",
    "a_b",
    "don’t",
    "let me know",
]
PIECES = st.sampled_from(
    [*WORDS, " ", " ", " ", ". ", "\n", "\r", "[", "```", "\x85", "\x00", "\ufffd", "\ud800", "9"]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(st.characters(), max_size=60)


@given(TEXTS)
@example("tab\tand\x1fmore")
def test_bad_characters(text):
    assert (checks.bad_characters(text) is None) == (checks._BAD.search(text) is None)


def test_every_bad_character_alone():
    for code in range(0x110000):
        if checks._BAD.match(chr(code)):
            assert checks.bad_characters(f"text {chr(code)}") is not None


@given(TEXTS)
def test_words(text):
    assert list(checks._words_of(text)) == checks._WORD.findall(text.casefold())


def test_every_ascii_character_parts_words_or_does_not():
    for code in range(128):
        text = f"Ab{chr(code)}Cd"
        assert list(checks._words_of(text)) == checks._WORD.findall(text.casefold())


SAYINGS = st.lists(
    st.sampled_from(["one", "two", "three", "four", "five", "six", "one two three four"]), max_size=60
).map(" ".join)


@given(SAYINGS)
def test_repeats(text):
    words = text.split()
    grams = [tuple(words[at : at + 4]) for at in range(len(words) - 3)]
    again = len(words) >= 10 and 1 - len(set(grams)) / len(grams) >= 0.5
    found = checks.repeated(text)
    assert (found is not None and "word sequences" in found.detail) == again


@given(SAYINGS, st.lists(SAYINGS, max_size=3))
def test_echoes(text, told):
    words = text.split()
    expected = False
    for message in told:
        parts = message.split()
        size = min(5, len(words))
        grams = {tuple(parts[at : at + 5]) for at in range(len(parts) - 4)} or {tuple(parts)}
        covered = {
            at + step
            for at in range(len(words) - size + 1)
            if tuple(words[at : at + size]) in grams
            for step in range(size)
        }
        expected |= bool(words) and len(covered) / len(words) >= 0.5
    assert (checks.echoed(text, told) is not None) == expected


@given(TEXTS)
@example("LET ME KNOW")
@example("ſ lorem")
@example("lorem")
def test_signs_of_boilerplate(text):
    assert boilerplate._signs(text) == bool(boilerplate._SIGN.search(text))


@given(TEXTS)
def test_hints_of_refusals(text):
    start = text.replace("’", "'")
    hinted = any(hint in start.casefold() for hint in refusals._HINTS)
    found = refusals._REFUSAL.search(start)
    assert refusals.find_refusal(text) == (found.group().strip() if found and hinted else "")


def test_the_words_of_a_sign_are_plain():
    """`lower` folds ASCII as a pattern that ignores case does."""
    assert not re.search("lorem", "ıorem", re.IGNORECASE)
