"""Scores against those of scikit-learn and of conlleval, and intervals that narrow with rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from synth_datasets.proof import Accuracy, MacroF1, SpanF1, letters
from synth_datasets.proof.design import Part, drawn, parts
from synth_datasets.proof.linear import classifier
from synth_datasets.proof.resamples import Resamples, measured
from synth_datasets.proof.scores import class_counts, class_scores, macro_f1, spans_of

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_scores_are_those_of_scikit_learn(labels):
    expected, said = map(np.array, zip(*labels, strict=True))
    accuracy, f1 = class_scores(class_counts(expected, said, 4).sum(0))
    assert accuracy == pytest.approx(accuracy_score(expected, said))
    assert f1 == pytest.approx(f1_score(expected, said, average="macro"))
    assert macro_f1(list(expected), list(said)) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O B-PER I-PER O", [("PER", 1, 3)]),
        ("B-PER B-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("I-PER I-LOC O", [("PER", 0, 1), ("LOC", 1, 2)]),
        ("O O", []),
    ],
)
def test_spans_are_read_as_conlleval_reads_them(tags, spans):
    assert spans_of(tags.split()) == spans


def test_the_metrics_of_evaluate_work_offline():
    assert Accuracy().compute(predictions=["a", "b"], references=["a", "a"]) == {"accuracy": 0.5}
    found = MacroF1().compute(predictions=["a", "b"], references=["a", "a"])["macro_f1"]
    assert found == pytest.approx(f1_score(["a", "a"], ["a", "b"], average="macro"))
    tags = [["B-PER", "I-PER", "O"], ["O", "B-LOC", "O"]]
    found = SpanF1().compute(predictions=[["B-PER", "O", "O"], ["O", "B-LOC", "O"]], references=tags)
    assert found == {"tag_accuracy": pytest.approx(5 / 6), "span_f1": 0.5}


def test_an_interval_holds_its_value_and_narrows_with_rows():
    def width(rows):
        counts = class_counts(np.zeros(rows, int), np.arange(rows) % 3 % 2, 2)
        found = measured(Resamples(rows, 2).scores([counts, counts], class_scores)[:, 0])
        assert found.low < found.value < found.high
        return found.high - found.low

    assert width(30) > 2 * width(600)


def test_rows_of_a_group_are_drawn_together():
    counts = class_counts(np.zeros(40, int), np.repeat([0, 1], 20), 2)
    alone = measured(Resamples(40, 1).scores([counts], class_scores)[:, 0])
    grouped = measured(
        Resamples(40, 1, list("ab" * 0) + ["a"] * 20 + ["b"] * 20).scores([counts], class_scores)[:, 0]
    )
    assert grouped.high - grouped.low > alone.high - alone.low


def test_more_rows_of_a_seed_hold_those_of_fewer_in_proportion():
    labels = ["a"] * 60 + ["b"] * 30
    few, many = (set(drawn(labels, count, 3).tolist()) for count in (9, 30))
    assert few < many
    assert sum(at < 60 for at in many) == 20
    assert drawn(labels, 9, 3).tolist() != drawn(labels, 9, 4).tolist()
    assert drawn(labels, 90, 3).tolist() == list(range(90))


def test_training_sets_are_listed_once():
    found = parts(100, 40, (50, 200), (0.5, 1.0))
    assert len(set(found)) == len(found)
    assert {Part(100, 0), Part(50, 0), Part(0, 40), Part(50, 25), Part(50, 40), Part(100, 40)} == set(found)


def test_the_classifier_is_the_pipeline_of_scikit_learn_on_its_own_rows():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = [
        f"{a} {b} {c}"
        for a in ("red", "blue", "green")
        for b in ("cat", "dog")
        for c in ("runs", "sleeps", "eats")
    ]
    labels = ["x" if "cat" in text or "red" in text else "y" for text in texts]
    train, test = np.arange(0, 18, 2), np.arange(1, 18, 2)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(class_weight="balanced", solver="newton-cg"),
    ).fit([texts[at] for at in train], [labels[at] for at in train])
    wanted = model.predict([texts[at] for at in test])
    assert classifier(texts, labels)(train, test, 0) == wanted.tolist()


def test_the_model_over_letters_is_the_pipeline_of_scikit_learn_on_its_own_rows(reviews):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    rows = reviews("r", 90, seed=4, wrong=0.2)
    train, test = np.arange(0, 50), np.arange(50, 90)
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True),
        MultinomialNB(alpha=0.1, fit_prior=False),
    ).fit(rows.inputs[:50], rows.labels[:50])
    wanted = model.predict(rows.inputs[50:])
    assert len(set(wanted)) == 2
    assert letters.classifier(rows.inputs, rows.labels)(train, test, 0) == wanted.tolist()
