from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.quality.lengths import bin_edges, length_distribution, spread


def test_quartiles_are_those_of_hyndman_and_fans_definition_seven():
    """R: quantile(c(1, 2, 3, 4, 10)) is 1, 2, 3, 4, 10 and quantile(1:4) is 1, 1.75, 2.5, 3.25, 4."""
    odd, even = spread([10, 1, 3, 2, 4]), spread([1, 2, 3, 4])
    assert (odd.minimum, odd.lower_quartile, odd.median, odd.upper_quartile, odd.maximum) == (1, 2, 3, 4, 10)
    assert (even.lower_quartile, even.median, even.upper_quartile) == (1.75, 2.5, 3.25)
    assert odd.mean == 4


def test_characters_and_words_are_counted_and_empty_texts_are_told():
    found = length_distribution(["Hello, world", "", "  \n", "产品好"])
    assert (found.texts, found.empty) == (4, 2)
    assert (found.characters.minimum, found.characters.maximum) == (0, 12)
    assert found.words.maximum == 3, "three characters of a script without spaces"


def test_without_texts_nothing_is_measured():
    found = length_distribution([])
    assert (found.texts, found.words.median, found.words.counts) == (0, None, ())


def test_one_giant_does_not_flatten_the_histogram():
    found = length_distribution(["word " * n for n in range(1, 201)] + ["x" * 1_000_000]).characters
    assert found.maximum == 1_000_000
    assert found.edges[-1] <= 1100
    assert sum(found.counts) == 201
    assert sum(count > 0 for count in found.counts) > 10


def test_texts_of_one_length_make_one_bin():
    assert spread([7, 7, 7]).counts == (3,)


def test_bins_can_be_those_of_another_distribution():
    whole = length_distribution(["a" * n for n in range(100)])
    part = length_distribution(["a" * 500], like=whole)
    assert part.characters.edges == whole.characters.edges
    assert part.characters.counts[-1] == 1


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=60))
def test_every_text_is_in_one_bin_and_bins_are_few_and_even(values):
    found = spread(values)
    widths = {later - earlier for earlier, later in zip(found.edges, found.edges[1:], strict=False)}
    assert sum(found.counts) == len(values)
    assert len(widths) == 1
    assert len(found.counts) <= 27
    assert found.edges == bin_edges(values)
    assert found.edges[0] <= min(values)
    assert found.minimum <= found.lower_quartile <= found.median <= found.upper_quartile <= found.maximum
