import lzma

import pytest

from synth_datasets.quality.diversity import compression_ratio, distinct_n
from synth_datasets.quality.sampling import sample, shuffled


@pytest.mark.parametrize(
    ("texts", "n", "value"),
    [
        (["a b a b"], 1, 2 / 4),
        (["a b a b"], 2, 2 / 3),  # ab ba ab
        (["a b a b"], 3, 2 / 2),  # aba bab
        (["a b", "a b"], 2, 1 / 2),
        (["a", "b"], 2, None),  # no pair crosses from one text to the next
        (["A b!", "a B"], 2, 1 / 2),
        (["好好好"], 1, 1 / 3),
        ([], 1, None),
        (["", " "], 1, None),
    ],
)
def test_distinct_n_is_distinct_over_all(texts, n, value):
    assert distinct_n(texts, n).value == (None if value is None else pytest.approx(value))


def test_no_more_tokens_are_looked_at_than_the_budget():
    found = distinct_n(["a b c d e f g h"] * 10, 1, budget=12)
    assert (found.tokens, found.comparable, found.value) == (12, True, 8 / 12)
    assert not distinct_n(["a b"], 1, budget=3).comparable


def test_equal_budgets_make_sets_of_different_sizes_comparable(reviews):
    texts = [text for text, _ in reviews]
    small, large = distinct_n(texts[:500], 2).value, distinct_n(texts, 2).value
    assert small == pytest.approx(large, abs=0.03)
    everything = distinct_n(texts, 2, budget=10**6).value
    assert everything < large - 0.15, "without a budget the same reviews look poorer the more there are"


def test_repetition_lowers_distinct_n_and_raises_the_compression_ratio(reviews):
    texts = [text for text, _ in reviews][:1500]
    repeated = texts[:30] * 50
    assert distinct_n(repeated).value < 0.6 * distinct_n(texts).value
    assert compression_ratio(repeated).value > 3 * compression_ratio(texts).value


def test_real_reviews_score_as_when_the_thresholds_were_set(reviews):
    """Reference: other real reviews had distinct-2 0.815 and an xz ratio of 2.85 at the same budgets."""
    texts = [text for text, _ in reviews]
    assert distinct_n(texts, 2).value == pytest.approx(0.81, abs=0.03)
    assert compression_ratio(texts).value == pytest.approx(2.9, abs=0.2)


def test_the_ratio_is_what_xz_gives_for_the_shuffled_lines():
    texts = ["first", "second", "third"]
    data = "".join(f"{texts[at]}\n" for at in shuffled(3)).encode()
    found = compression_ratio(texts)
    assert found.value == len(data) / len(lzma.compress(data, preset=6))
    assert (found.sample_bytes, found.comparable) == (len(data), False)


def test_only_so_many_bytes_are_compressed():
    found = compression_ratio(["x" * 1_000_000], limit_bytes=5000)
    assert (found.sample_bytes, found.comparable) == (5000, True)
    assert found.value > 40


def test_nothing_to_compress_is_not_measured():
    assert compression_ratio([]).value is None
    assert compression_ratio(["", "  "]).value is None


def test_lone_surrogates_do_not_stop_the_measure():
    assert compression_ratio(["\ud800"]).value is not None


@pytest.mark.parametrize(("n", "budget"), [(0, 5), (1, 0)])
def test_no_sequence_is_shorter_than_one_word(n, budget):
    with pytest.raises(ValueError, match="at least 1"):
        distinct_n(["a"], n, budget=budget)


def test_the_shuffled_order_is_the_same_on_every_machine():
    assert shuffled(8) == [3, 7, 5, 2, 4, 1, 6, 0]
    assert sample(10, 3) == [3, 5, 7]
    assert sample(3, 10) == [0, 1, 2]
