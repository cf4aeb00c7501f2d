"""Scores by slice, from any predict function."""

import json
import math

import datasets
import pytest

from synth_datasets.quality.predictions import read_labels
from synth_datasets.quality.slices import score_predictions, score_slices, wilson

CLASSES = ["negative", "neutral", "positive"]


@pytest.fixture
def rows():
    """Ten rows: `slang` is right 2 of 5 times for `keyword`, `plain` always."""
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "original": datasets.Value("string"),
            "label": datasets.ClassLabel(names=CLASSES),
            "challenge": datasets.ClassLabel(names=["plain", "slang", "empty"]),
            "source": datasets.Value("string"),
        }
    )
    data = [
        {"text": f"good {i}", "original": f"good {i}", "label": 2, "challenge": 0, "source": "a"}
        for i in range(3)
    ] + [
        {"text": f"bad {i}", "original": f"bad {i}", "label": 0, "challenge": 0, "source": "b"}
        for i in range(2)
    ]
    data += [
        {"text": f"gud {i}", "original": f"good {i}", "label": 2, "challenge": 1, "source": "a"}
        for i in range(3)
    ] + [
        {"text": f"baad {i}", "original": f"bad {i}", "label": 0, "challenge": 1, "source": None}
        for i in range(2)
    ]
    return datasets.Dataset.from_list(data, features=features)


def keyword(texts):
    return ["positive" if "good" in text else "negative" for text in texts]


def test_each_slice_is_scored_beside_all_rows(rows):
    scores = score_slices(rows, keyword)
    assert (scores.overall.n, scores.overall.accuracy, scores.overall.drop) == (10, 0.7, 0.0)
    plain, slang = scores.slices
    assert [(each.column, each.slice, each.n) for each in scores.slices] == [
        ("challenge", "plain", 5),
        ("challenge", "slang", 5),
    ]
    assert (plain.accuracy, plain.macro_f1, plain.macro_f1_interval) == (1.0, 1.0, (1.0, 1.0))
    assert (slang.accuracy, round(slang.drop, 6)) == (0.4, 0.3)
    # negative: 2 hits, 2 expected, 5 predicted; positive: none of 3
    assert slang.macro_f1 == pytest.approx((2 * 2 / 7 + 0) / 2)
    low, high = slang.macro_f1_interval
    assert 0 <= low < slang.macro_f1 < high <= 1
    assert slang.flips is None
    assert slang.original_accuracy is None
    plainly = json.loads(scores.to_json())
    assert plainly["slices"][1]["accuracy_interval"] == [0.117621, 0.769276]


def test_predictions_that_flip_are_counted_against_the_originals(rows):
    scores = score_slices(rows, keyword, original="original", slices=["challenge", "source"])
    found = {(each.column, each.slice): each for each in scores.slices}
    assert found["challenge", "slang"].flips == 0.6
    assert found["challenge", "slang"].original_accuracy == 1.0
    assert found["challenge", "plain"].flips == 0.0
    assert found["challenge", "plain"].flips_interval[0] == 0.0
    assert {key: each.n for key, each in found.items() if key[0] == "source"} == {
        ("source", "a"): 6,
        ("source", "b"): 2,
    }


def test_a_text_is_asked_once_and_in_batches(rows):
    batches = []

    def predict(texts):
        batches.append(len(texts))
        return keyword(texts)

    score_slices(rows.select([0, 1, 2, 0, 1]), predict, batch_size=2)
    assert batches == [2, 1]


def test_what_a_pipeline_gives_is_read(rows):
    def pipeline(texts):
        return [{"label": f"LABEL_{2 * ('good' in text)}", "score": 0.9} for text in texts]

    def top(texts):
        return [[{"label": "Positive", "score": 0.1}, {"label": "NEGATIVE", "score": 0.8}] for _ in texts]

    assert score_slices(rows, pipeline).overall.accuracy == 0.7
    assert score_slices(rows, top).overall.accuracy == 0.4


def test_the_same_seed_gives_the_same_intervals_and_another_others(rows):
    first, again, other = (score_slices(rows, keyword, seed=seed).to_json() for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_rows_without_label_or_prediction_are_told_apart(rows):
    labels = [-1, *rows["label"][1:]]
    features = rows.features
    changed = rows.remove_columns("label").add_column("label", labels).cast(datasets.Features({**features}))
    scores = score_predictions(changed, [None, None, *keyword(rows["text"][2:])])
    assert (scores.unlabelled, scores.unanswered, scores.overall.n) == (1, 1, 9)
    assert scores.overall.accuracy == pytest.approx(5 / 9)


def test_labels_may_be_words_without_a_class_feature():
    rows = datasets.Dataset.from_dict({"text": ["a", "b"], "label": ["x", "y"]})
    scores = score_slices(rows, lambda texts: ["x"] * len(texts))
    assert (scores.classes, scores.overall.accuracy, scores.slices) == (("x", "y"), 0.5, ())


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"predict": lambda texts: ["positive"]}, ValueError, "must return one for each text"),
        (
            {"predict": lambda texts: ["good"] * len(texts)},
            ValueError,
            "says 'good', and the classes are negative",
        ),
        ({"predict": lambda texts: [3] * len(texts)}, ValueError, "says '3'"),
        ({"text": "body"}, KeyError, "no column 'body'; there are: text"),
        ({"label": "truth"}, KeyError, "no column 'truth'"),
        ({"slices": ["nope"]}, KeyError, "no column 'nope'"),
        ({"original": "nope"}, KeyError, "no column 'nope'"),
        ({"label_map": {"good": "best"}}, ValueError, "best is not among the classes"),
    ],
)
def test_what_does_not_fit_is_said(rows, change, error, words):
    given = {"predict": keyword, **change}
    with pytest.raises(error) as caught:
        score_slices(rows, given.pop("predict"), **given)
    assert words in str(caught.value.args[0])


def test_a_label_map_says_which_class_a_name_means():
    assert read_labels(["good", "bad", 1, None], CLASSES, {"good": "positive", "bad": "negative"}) == [
        2,
        0,
        1,
        None,
    ]


def test_predictions_must_be_as_many_as_rows(rows):
    with pytest.raises(ValueError, match="3 predictions for 10 rows"):
        score_predictions(rows, [1, 2, 0])


def test_wilson_agrees_with_its_formula_at_the_edges():
    assert wilson(0, 10) == (0.0, pytest.approx(0.2775328))
    assert wilson(10, 10) == (pytest.approx(0.7224672), 1.0)
    low, high = wilson(50, 100)
    assert (low, high) == (pytest.approx(0.4038315), pytest.approx(0.5961685))
    assert math.isclose(low + high, 1.0)
