"""Made rows beside real ones: values of the reference libraries, planted differences, and the edges."""

import numpy as np
import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.quality.clouds import frechet_distance, manifolds
from synth_datasets.quality.embeddings import embedded, lsa
from synth_datasets.quality.real import compare_with_real, length_distance
from synth_datasets.quality.spread import mean_distance, semantic_spread, vendi_score
from synth_datasets.quality.two_sample import two_sample_p_value, two_sample_test

EDGES = [
    [],
    ["a"],
    ["same text"] * 60,
    ["这个产品非常好用", "很好", "电池不好"],
    ["", " ", "!"],
]


def cloud(rows, columns, seed):
    # `RandomState` gives the same numbers in every version of numpy.
    return np.random.RandomState(seed).normal(size=(rows, columns))


def test_precision_recall_density_and_coverage_are_those_of_the_reference_library():
    """What `prdc` 0.2, by the authors of Naeem et al. 2020, gives for the same points."""
    found = manifolds(cloud(60, 8, 1), cloud(50, 8, 2) * 0.8 + 0.3, k=5)

    assert found.precision == pytest.approx(0.98)
    assert found.recall == pytest.approx(0.7833333333)
    assert found.density == pytest.approx(1.044)
    assert found.coverage == pytest.approx(0.9333333333)


def test_an_outlier_among_the_real_rows_does_not_fool_density_and_coverage():
    """The example that Naeem et al. 2020 begin with: precision and recall of one far real point are misleading."""
    real = np.vstack([cloud(200, 4, 3), np.full((1, 4), 60.0)])
    made = cloud(200, 4, 4) + 20

    found = manifolds(real, made)

    assert found.precision == 1  # the ball of the outlier holds them all
    assert found.density < 0.3
    assert found.coverage < 0.01


def test_too_few_points_for_neighbours_are_told():
    with pytest.raises(ValueError, match="5 points have no 5th nearest neighbour"):
        manifolds(cloud(5, 2, 1), cloud(9, 2, 2))


def test_frechets_distance_has_the_closed_form_of_independent_normal_variables():
    """Dowson & Landau 1982: the sum of (m1 - m2)^2 + (s1 - s2)^2 over the variables."""
    base = cloud(400, 3, 5)
    base = (base - base.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(base, rowvar=False))).T

    found = frechet_distance(base, base * [1, 2, 3] + [1, 0, 2])

    assert found == pytest.approx(1 + 0 + 4 + 0 + 1 + 4)
    assert frechet_distance(base, base) == pytest.approx(0, abs=1e-9)


def test_the_vendi_score_is_that_of_the_reference_library():
    """The example of `vendi-score` 0.0.3: six numbers in three pairs, likeness exp(-|a - b|), give 2.9999."""
    values = np.array([0, 0, 10, 10, 20, 20])
    sizes, vectors = np.linalg.eigh(np.exp(-abs(np.subtract.outer(values, values))))

    assert vendi_score(vectors * np.sqrt(np.clip(sizes, 0, None))) == pytest.approx(
        2.999999995877701, abs=1e-6
    )
    points = cloud(60, 8, 1)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    assert vendi_score(unit) == pytest.approx(7.462346962798756)  # its `score_X`
    assert vendi_score(np.eye(7)) == pytest.approx(7)
    assert vendi_score(np.ones((7, 1))) == pytest.approx(1)


def test_the_mean_distance_is_that_of_all_pairs():
    points = embedded(["x"] * 9, lambda _: cloud(9, 4, 1))
    pairs = [1 - points[one] @ points[other] for one in range(9) for other in range(one)]

    assert mean_distance(points) == pytest.approx(np.mean(pairs))


def test_the_p_value_is_that_of_the_paper():
    """Lopez-Paz & Oquab 2017, section 3: 60 % on 100 rows lie two standard deviations above one half."""
    assert two_sample_p_value(0.6, 100) == pytest.approx(0.02275, abs=1e-5)
    assert two_sample_p_value(0.5, 100) == 0.5


@pytest.mark.parametrize("texts", EDGES)
def test_edges_give_figures_or_none(texts):
    spread = semantic_spread(texts)
    assert spread.rows == len(texts)
    assert (spread.vendi is None) == (not texts)
    assert spread.vendi is None or 0.99 < spread.vendi <= len(texts) + 1e-6
    assert compare_with_real(texts, texts).made is None
    assert two_sample_test(texts, texts).accuracy is None
    assert length_distance(texts, texts) == (0 if texts else None)


def test_equal_texts_are_one_thing_and_different_ones_are_many():
    assert semantic_spread(["same text"] * 60).vendi == pytest.approx(1)
    assert semantic_spread([""]).vendi == pytest.approx(1), "without a warning of numpy"
    assert semantic_spread(["same text"] * 60).distance == pytest.approx(0, abs=1e-9)
    assert semantic_spread(["red house", "green tea", "很好", "ночь"]).vendi == pytest.approx(4, abs=0.01)


def test_other_real_rows_attain_the_baseline_and_copies_of_twenty_do_not(reviews):
    texts = [text for text, _ in reviews]
    real, apart = texts[:2000], texts[2000:2800]

    same, copies = compare_with_real(apart, real), compare_with_real(apart[:20] * 40, real)

    assert same.rows == copies.rows == 800
    assert same.made.coverage == pytest.approx(same.baseline.coverage, abs=0.03)
    assert same.vendi == pytest.approx(same.vendi_baseline, rel=0.05)
    assert same.frechet == pytest.approx(same.frechet_baseline, rel=0.1)
    assert copies.made.coverage < 0.3 * copies.baseline.coverage
    assert copies.vendi < 0.3 * copies.vendi_baseline
    assert copies.frechet > 3 * copies.frechet_baseline


def test_one_stock_phrase_is_told_from_real_rows_and_named(reviews):
    texts = [text for text, _ in reviews]

    same = two_sample_test(texts[:700], texts[700:1400])
    stock = two_sample_test([f"{text} Overall a solid choice." for text in texts[:700]], texts[700:1400])

    assert 0.4 < same.auc < 0.6
    assert same.p_value > 0.001
    assert stock.accuracy > 0.95
    assert {"solid", "a solid"} & set(stock.made_words)
    assert two_sample_test(texts[:700], texts[:700]).accuracy is None  # all of it stands in both


def test_lengths_are_compared_by_the_greatest_difference_of_shares():
    assert length_distance(["a", "a b", "a b c"], ["a b c d"] * 3) == 1
    assert length_distance(["a", "a b"], ["a b", "a b"]) == 0.5


def test_the_embedding_is_the_same_twice_and_an_unknown_text_is_the_zero_row():
    texts = ["the camera is good", "the battery is bad", "a good battery", "green tea"]
    one, other = (embedded([*texts, "zzz"], lsa(texts)) for _ in range(2))

    assert (one == other).all()
    assert not one[-1].any()
    assert np.allclose(np.linalg.norm(one[:4], axis=1), 1)


@pytest.mark.parametrize("wrong", [[[1.0, 2.0]], [1.0, 2.0], [[float("nan")], [1.0]]])
def test_an_embedder_that_gives_something_else_is_told(wrong):
    with pytest.raises(SettingsError, match="expected a row of numbers each"):
        embedded(["a", "b"], lambda _: np.array(wrong))
