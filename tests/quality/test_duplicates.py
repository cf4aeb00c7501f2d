import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.quality.duplicates import duplicate_rate, split_overlap

LONG = "the screen of this phone is bright enough to be read outside on a summer day"


def test_exact_duplicates_differ_at_most_in_case_punctuation_and_space():
    found = duplicate_rate(["Good phone!", "good  phone", "bad phone", "a laptop that I like"])
    assert found.exact == 1 / 4


def test_near_duplicates_are_counted_with_the_exact_ones():
    """By hand: three rows that say the same and one that does not make two groups: 1 - 2/4."""
    found = duplicate_rate([LONG, LONG.replace("bright", "light"), LONG.upper(), "nothing alike"])
    assert (found.exact, found.near) == (1 / 4, 2 / 4)
    assert [group.rows for group in found.largest] == [3]
    assert found.largest[0].examples == (LONG, LONG.replace("bright", "light"))


def test_the_threshold_decides_what_is_near():
    most = f"{LONG} and its speaker is loud enough for a room"  # two thirds of the 5-grams
    assert duplicate_rate([LONG, most], threshold=0.3).near == 0.5
    assert duplicate_rate([LONG, most], threshold=0.8).near == 0


def test_all_equal_rows_keep_one():
    assert duplicate_rate(["same"] * 50).near == pytest.approx(49 / 50)


def test_empty_texts_are_equal_to_each_other_only():
    found = duplicate_rate(["", " ", LONG])
    assert (found.exact, found.near) == (1 / 3, 1 / 3)


@pytest.mark.parametrize(("texts", "near"), [([], None), ([LONG], 0)])
def test_few_rows(texts, near):
    assert duplicate_rate(texts).near == near


def test_planted_near_duplicates_are_found(reviews):
    """5 % of the rows again with one word more: what the clean rows have, and nearly all of the planted."""
    clean = [text for text, _ in reviews if len(text) > 60][:1000]
    planted = [f"{text} indeed" for text in clean[:50]]
    before, after = duplicate_rate(clean), duplicate_rate(clean + planted)
    assert before.near < 0.01
    assert after.near - before.near == pytest.approx(50 / 1050, abs=0.005)
    assert after.exact == pytest.approx(before.exact, abs=0.001)


def test_a_crowd_that_begins_alike_is_one_group_in_reasonable_time():
    words = ["red", "blue", "green", "black", "white", "large", "small", "new"]
    rng = random.Random(1)
    texts = [
        f"this is the best thing that i have bought in many years and it is {rng.choice(words)} {n}"
        for n in range(3000)
    ]
    assert duplicate_rate(texts).near > 0.99


def test_overlap_is_the_share_of_the_later_split():
    """By hand: of four rows one is equal and one nearly equal to a row of the earlier split."""
    later = [LONG, "nothing alike", LONG.replace("summer", "winter"), "something else entirely"]
    found = split_overlap(later, ["unrelated words", LONG.title()])
    assert (found.rows, found.exact, found.near) == (4, 1 / 4, 2 / 4)
    assert found.examples[0] == (LONG, LONG.title())


def test_overlap_with_nothing_is_not_measured():
    assert split_overlap([], ["a"]).near is None
    assert split_overlap(["a"], []).near is None
    assert split_overlap([""], ["a"]).near == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=12))
def test_near_is_no_less_than_exact_and_a_copy_of_everything_is_half(texts):
    found, doubled = duplicate_rate(texts), duplicate_rate(texts + texts)
    if not texts:
        assert found.near is None
        return
    assert 0 <= found.exact <= found.near < 1
    assert doubled.near == pytest.approx(1 - (1 - found.near) / 2)
    assert split_overlap(texts, texts).exact == 1
