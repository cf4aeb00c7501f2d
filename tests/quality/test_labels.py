import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.quality.labels import label_distribution


def test_total_variation_is_half_the_sum_of_the_gaps():
    """By hand: got 1/2, 1/4, 1/4; asked 1/3 each; (1/6 + 1/12 + 1/12) / 2 = 1/6."""
    found = label_distribution([0, 0, 1, 2], ["a", "b", "c"], {"a": 5, "b": 5, "c": 5})
    assert found.total_variation == pytest.approx(1 / 6)
    assert found.counts == {"a": 2, "b": 1, "c": 1}
    assert found.shares == {"a": 0.5, "b": 0.25, "c": 0.25}


def test_total_variation_compares_shares_not_counts():
    assert label_distribution([0, 1], ["a", "b"], {"a": 100, "b": 100}).total_variation == 0


def test_nothing_in_common_is_a_distance_of_one():
    assert label_distribution(["a"] * 3, ["a", "b"], {"b": 3}).total_variation == 1


def test_unlabelled_rows_count_as_a_class_that_nobody_asked_for():
    """By hand: got a 1/2 and none 1/2; asked a 1; (1/2 + 1/2) / 2."""
    found = label_distribution([0, -1, 0, None], ["a"], {"a": 4})
    assert (found.unlabelled, found.total_variation) == (2, 0.5)


def test_empty_classes_are_those_asked_for_or_all_when_nothing_was_asked():
    assert label_distribution([0], ["a", "b", "c"], {"a": 1, "b": 1}).empty == ("b",)
    assert label_distribution([0], ["a", "b", "c"]).empty == ("b", "c")


def test_what_cannot_be_measured_is_none():
    nothing = label_distribution([], ["a"], {"a": 1})
    assert (nothing.total_variation, nothing.shares, nothing.counts) == (None, {}, {"a": 0})
    assert label_distribution([0], ["a"]).total_variation is None
    assert label_distribution([0], ["a"], {"a": 0}).total_variation is None


@pytest.mark.parametrize(
    ("labels", "asked", "message"),
    [
        ([2], None, "2 is no position among the 2"),
        (["x"], None, "'x'"),
        ([-2], None, "-2"),
        ([0], {"z": 1}, "asked for z"),
    ],
)
def test_a_label_without_a_class_is_an_error(labels, asked, message):
    with pytest.raises(ValueError, match=message):
        label_distribution(labels, ["a", "b"], asked)


@given(st.lists(st.integers(0, 2), min_size=1), st.lists(st.integers(1, 50), min_size=3, max_size=3))
def test_the_distance_lies_between_none_and_all_and_does_not_know_the_order(labels, asked):
    wanted = dict(zip("abc", asked, strict=True))
    found = label_distribution(labels, "abc", wanted).total_variation
    assert 0 <= found <= 1
    assert found == label_distribution(labels[::-1], "abc", wanted).total_variation
