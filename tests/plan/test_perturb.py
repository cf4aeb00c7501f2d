"""Texts made harder for a model: what changes, what must not, and how a row chooses."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_datasets.plan import perturb_letters as letters
from synth_datasets.plan import perturb_words as words
from synth_datasets.plan.dice import Dice
from synth_datasets.plan.graphemes import clusters
from synth_datasets.plan.perturb import derive_perturbed, perturb
from synth_datasets.spec.perturbations import PERTURBATIONS, UNCHANGED
from synth_datasets.spec.rules_challenge import PartRule, PerturbRule

REVIEW = (
    "I do not love this great phone, because the café battery (model A4, $5.50) lasted 3 days and twenty-one "
    "minutes. You can't return it, though. See https://x.example/path or mail me@x.example."
)
BITS = st.integers(0, 2**64 - 1)
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(
            [*list("aeiou bcdst .,!?'-"), "é", "👩\u200d👩\u200d👧", "🇩🇪", "👍🏽", "क्षि", "각", "ß", "Й", "1"]
        ),
        st.characters(exclude_categories=["Cs", "Cc", "Cf", "Mn", "Mc", "Me"]),
    ),
    min_size=1,
    max_size=80,
).map("".join)


def changed(name: str, text: str, number: int = 1, **settings) -> str | None:
    """The text as this perturbation leaves it; None when it cannot change it."""
    rule = PerturbRule(
        "text", "wanted", (name,), settings.get("strength", 0.15), settings.get("own", ()), "text"
    )
    made = perturb(rule, {"text": text, "wanted": name}, number)
    assert made is None or made["text"] != text
    return None if made is None else made["text"]


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_perturbation_changes_a_review_and_the_same_bits_change_it_alike(name):
    made = {changed(name, REVIEW, number << 56) for number in range(40)}
    assert None not in made
    assert made == {changed(name, REVIEW, number << 56) for number in range(40)}


@pytest.mark.parametrize(
    "name", [name for name in PERTURBATIONS if name not in ("case", "number_words", "units")]
)
def test_numbers_addresses_and_negations_stay(name):
    for number in range(60):
        text = changed(name, REVIEW, number << 57)
        for kept in ("A4", "$5.50", " 3 ", "https://x.example/path", "me@x.example"):
            assert kept in " ".join(text.split())
        assert {"not", "don't"} & set(text.split())


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, BITS, st.sampled_from(list(PERTURBATIONS)))
def test_no_character_is_torn_apart(text, number, name):
    text = unicodedata.normalize("NFC", text)
    made = changed(name, text, number, strength=1.0, own=("Beside the point.",))
    if made is None or name in ("case", "diacritics"):
        return
    own = {
        *letters._EMOJI,
        *letters._LOOKALIKES.values(),
        *"qwertyuiopasdfghjklzxcvbnmQWERTYUIOPASDFGHJKLZXCVBNM",
    }
    own |= set(
        clusters(" 0123456789 .…!?\nBeside the point." + words._UNITS.__repr__() + words._SLANG.__repr__())
    )
    whole = set(clusters(text)) | own
    assert [cluster for cluster in clusters(made) if cluster not in whole and len(cluster) > 1] == []


@settings(deadline=None)
@given(st.text(max_size=60), BITS, st.sampled_from(list(PERTURBATIONS)))
def test_any_text_at_all_is_taken(text, number, name):
    made = changed(name, text, number)
    assert made is None or unicodedata.is_normalized("NFC", made) in (True, False)


def test_a_mistyped_word_keeps_its_ends_and_is_still_close():
    for number in range(200):
        made = letters.typos("The wonderful kettle", Dice(number << 55), 1.0)
        the, first, second = made.split(" ")
        assert (the, first[0], first[-1], second[0], second[-1]) == ("The", "w", "l", "k", "e")
        assert first != "wonderful"
        assert abs(len(first) - len("wonderful")) <= 1


def test_strength_is_the_share_of_words():
    text = "some words which always could become something other today"
    half, few = (letters.typos(text, Dice(7), strength) for strength in (0.5, 0.01))
    assert [sum(a != b for a, b in zip(text.split(), made.split(), strict=True)) for made in (half, few)] == [
        4,
        1,
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Über die Straße, señor", "Uber die Strasse, senor"),
        ("Cafe\u0301", "Cafe"),
        ("й 각", None),
        ("Việt", "Viet"),
    ],
)
def test_diacritics_of_latin_letters_are_lost_and_no_others(text, plain):
    assert changed("diacritics", text) == plain


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("It took 2 hours.", "It took 120 minutes."),
        ("Two weeks, 1.5 kg", "14 days, 1500 g"),
        ("a 1-year plan of 3.25 km/h, v2.5 days", None),
        ("0.5 litres", "500 millilitres"),
        ("it was 20 pounds, on two feet", None),
    ],
)
def test_units_keep_the_amount(text, same):
    assert changed("units", text) == same


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("I waited 3 days", "I waited three days"),
        ("I waited twenty-one days", "I waited 21 days"),
        ("This one cost $5, 12% of 3.5, at 10:30 on 2024-05-06, a 4K, number 100", None),
        ("Zero or 45", "Zero or forty-five"),
    ],
)
def test_numbers_in_words_and_digits_are_the_same_number(text, made):
    assert changed("number_words", text) == made


def test_contractions_go_both_ways_and_keep_the_negation():
    assert changed("contractions", "I do not care") == "I don't care"
    assert changed("contractions", "Won’t it?") == "Will not it?"  # noqa: RUF001 - the apostrophe of texts
    assert changed("contractions", "as I am") is None


def test_slang_keeps_capitals_and_leaves_parts_of_words():
    assert changed("slang", "You love grandparents") == "U luv grandparents"


def test_a_distractor_is_own_when_there_are_some_and_not_one_that_is_there():
    assert changed("distractor", "Good.", own=("Der Bus hält hier.",)) == "Good. Der Bus hält hier."
    assert changed("distractor", "Der Bus hält hier.", own=("Der Bus hält hier.",)) is None


def test_what_changes_nothing_gives_way_to_the_next_and_the_row_says_which():
    rule = PerturbRule("text", "wanted", ("units", "slang", "case"), 0.15, (), "text")
    made = perturb(rule, {"text": "Nice kettle", "wanted": "units"}, 5)
    assert (made["slice"], made["text"]) in {("case", "nice kettle"), ("case", "NICE KETTLE")}
    values = {"x.perturbed": made}
    assert derive_perturbed(PartRule("x.perturbed", "slice", ("case",)), values, 0) == "case"
    assert derive_perturbed(PartRule("x.perturbed", "text"), values, 0) == made["text"]


def test_what_nothing_changes_is_refused_or_says_so():
    values = {"text": "123", "wanted": "slang"}
    assert perturb(PerturbRule("text", "wanted", ("slang",), 0.1, (), "text"), values, 1) is None
    made = perturb(PerturbRule("text", "wanted", ("slang",), 0.1, (), ""), values, 1)
    assert (made["text"], made["slice"]) == ("123", UNCHANGED)


def test_another_perturbation_leaves_what_the_others_make():
    few = PerturbRule("text", "wanted", ("typos", "case"), 0.15, (), "")
    more = PerturbRule("text", "wanted", ("typos", "emoji", "case"), 0.15, (), "")
    for number in range(20):
        values = {"text": REVIEW, "wanted": "typos"}
        assert perturb(few, values, number << 58) == perturb(more, values, number << 58)


def test_dice_are_fair_and_independent_of_the_order_of_draws():
    counts = Counter(Dice(number * 0x9E3779B97F4A7C15 % 2**64).of("x").below(4) for number in range(4000))
    assert all(900 < counts[face] < 1100 for face in range(4))
    assert sorted(Dice(3).order("abcdef")) == list("abcdef")
    assert Dice(3).some(3, 9) == sorted(set(Dice(3).some(3, 9)))
