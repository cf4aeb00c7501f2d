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


@given(st.lists(st.sampled_from("abcdefghij"), max_size=30), st.lists(st.sampled_from("abcxyz"), max_size=6))
def test_shared_words(words, told):
    exact = sum(word in told for word in words)
    quick = checks._shared(tuple(words), frozenset(words), frozenset(told))
    assert quick == exact or exact <= quick < len(words) / 2


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


REFUSING = st.lists(
    st.sampled_from(
        [
            *(
                "I",
                "We",
                "i'm ",
                "I'm sorry",
                "Sorry",
                "I’m afraid",
                "Unfortunately",
                "I apologize",
                "my apologies",
            ),
            *(", ", " ", " ", ". ", "! ", "\n", "\u2028", '"', "(", "...", "ſ", "K", "é"),
            *(
                "can't",
                "cannot",
                "can not",
                "won't",
                "will not be able to",
                "am unable to",
                "must decline to",
            ),
            *(
                "don't feel comfortable",
                "not going to",
                "fulfill",
                "comply",
                "assist",
                "write this",
                "create that",
            ),
            *(
                "write a review",
                "help you with",
                "As an AI",
                "I am an AI",
                "as a helpful language model",
                "being a",
            ),
            *(
                "chatbot",
                "llm",
                "since I'm",
                "i do not have personal opinions",
                "This request violates",
                "Your request",
            ),
            *(
                "it is not appropriate to generate",
                "It would be unethical",
                "against my programming",
                "it is ",
            ),
            *("Lo siento, no puedo ayudar", "lamento pero como", "Tut mir leid, als KI", "es tut mir leid"),
            *(
                "Je suis désolé, je ne peux pas vous aider",
                "désolée, mais en tant qu",
                "抱歉,我无法提供",
                "すみませんその",
            ),
            *(
                "Leider kann ich ",
                "Ich kann ",
                "das nicht schreiben",
                "Als KI",
                "作为AI",
                "我无法满足",
                "そのご依頼は",
                "対応できません",
            ),
            *("عذرا، ", "لا أستطيع مساعدتك", "मैं ", "सहायता नहीं कर सकता", "ขออภัย ", "ฉันไม่สามารถช่วย"),
            *("The tent kept us dry", "it is fine", "we liked it", "my dog", "personal", "request"),
        ]
    ),
    max_size=12,
).map("".join)


@given(REFUSING | TEXTS)
@example("The tent is good.  \"'(I cannot assist")
@example("Fine.ican't comply")
@example("ijust cannot assist")
@example("It is unethical. We need to decline to comply")
def test_refusals(text):
    """A text without a hint of a refusal is none."""
    found = refusals._REFUSAL.search(text.replace("’", "'"))
    assert refusals.find_refusal(text) == (found.group().strip() if found else "")


def test_every_hint_holds_what_it_stands_behind():
    assert all(piece in hint for piece, hints in refusals._HINTS.items() for hint in hints)


def test_the_words_of_a_sign_are_plain():
    """`lower` folds ASCII as a pattern that ignores case does."""
    assert not re.search("lorem", "ıorem", re.IGNORECASE)
