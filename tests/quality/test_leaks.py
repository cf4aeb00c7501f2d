"""Leaked test rows, copied seeds, and rows that could go."""

import random

import pytest

from synth_datasets.quality.duplicates import near_duplicates
from synth_datasets.quality.leaks import contaminated, contamination, copied, seed_copies
from synth_datasets.validation.tokens import tokens

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


def edited(text, draw):
    """Change one word of a text of more than eight."""
    words = text.split()
    if len(words) > 8:
        words[draw.randrange(len(words))] = "indeed"
    return " ".join(words)


def test_thirteen_words_in_a_row_are_a_leak_and_twelve_are_none():
    """The rule of Brown et al. 2020, appendix C."""
    before, words = "An unrelated beginning that goes on for quite a while. ", LONG.split()

    assert contaminated([before + " ".join(words[1:14])], [LONG + before[::-1]]) == {0: 0}
    assert contaminated([before + " ".join(words[1:13])], [LONG + before[::-1] * 3]) == {}


# Passages of about 50 letters in Thai and of 25 characters in Chinese and Japanese say as much as 13 words.
THAI = "เครื่องดูดฝุ่นเครื่องนี้เสียงดังเกินไปและแบตเตอรี่หมดเร็วมากจนใช้งานไม่ได้เลย"
JAPANESE = "この掃除機は音がうるさすぎて、電池もすぐに切れるので毎日使うには向いていません。"


@pytest.mark.parametrize(("text", "enough"), [(THAI, 52), (JAPANESE, 26)])
def test_a_passage_without_spaces_is_a_leak_from_so_many_characters_as_say_as_much(text, enough):
    words = "".join(tokens(text))

    assert contaminated([LONG + words[:enough] + LONG[::-1]], [words + "๑" * 200]) == {0: 0}
    assert contaminated([LONG + words[: enough - 1] + LONG[::-1]], [words + "๑" * 200]) == {}


@pytest.mark.parametrize("text", [THAI, JAPANESE])
def test_common_syllables_make_no_copy_of_a_seed(text):
    words = "".join(tokens(text))
    pieces = [words[at : at + 8] for at in range(0, len(words) - 8, 8)]

    assert copied([words], [text]) == {0: 0}
    assert copied([words], ["".join(f"{piece}x" for piece in pieces[::-1])]) == {}


def test_twenty_leaked_test_rows_are_found_among_real_ones(reviews):
    texts = [text for text, _ in reviews if len(text.split()) > 3]
    draw = random.Random(1)
    test, clean = texts[:600], texts[600:3000]
    leaked = draw.sample(range(len(test)), 20)
    rows = [*clean, *(edited(test[row], draw) for row in leaked)]

    found = contaminated(rows, test)

    planted = {row for row in found if row >= len(clean)}
    assert len(planted) >= 18
    assert sum(found[row] == leaked[row - len(clean)] for row in planted) >= 18
    assert len(found) - len(planted) <= 0.05 * len(clean)
    figures = contamination(rows, test)
    assert (figures.copied, figures.rate) == (len(found), len(found) / len(rows))
    assert figures.held >= 18 / 600


def test_copies_of_seeds_are_found_among_real_rows(reviews):
    texts = [text for text, _ in reviews if len(text.split()) > 9]
    draw = random.Random(2)
    seeds, clean = texts[:100], texts[100:1600]
    rows = [*clean, *(f"{edited(draw.choice(seeds), draw)} Recommended." for _ in range(60))]

    found = copied(rows, seeds)

    planted = {row for row in found if row >= len(clean)}
    assert len(planted) >= 54
    assert len(found) - len(planted) <= 0.05 * len(clean)
    assert seed_copies(rows, seeds).rate == len(found) / len(rows)


def test_five_percent_near_duplicates_are_found_among_real_rows(reviews):
    texts = list(dict.fromkeys(text for text, _ in reviews if len(text.split()) > 8))
    draw = random.Random(3)
    planted = draw.choices(range(len(texts)), k=len(texts) // 20)
    rows = [*texts, *(edited(texts[row], draw) for row in planted)]

    found = near_duplicates(rows)

    hit = [row for row in range(len(texts), len(rows)) if row in found]
    assert len(hit) >= 0.9 * len(planted)
    assert sum(row < len(texts) for row in found) <= 0.05 * len(texts)


@pytest.mark.parametrize("measure", [contamination, seed_copies])
@pytest.mark.parametrize(
    ("texts", "others", "rate"),
    [
        ([], [], None),
        ([], ["a"], None),
        (["a"], [], None),
        (["a"], ["a"], 1),
        (["a", "b"], ["A!"], 0.5),
        (["同じ文章です"] * 3, ["同じ文章です", "別の"], 1),
        (["x y " * 250_000], ["an other text altogether"], 0),
    ],
)
def test_edges(measure, texts, others, rate):
    assert measure(texts, others).rate == rate
