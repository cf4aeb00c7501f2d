"""Planted faults in real reviews: each must be told, and clean reviews must not be accused."""

import random

import pyarrow as pa
import pytest

from synth_datasets.quality.report import measure
from synth_datasets.validation.outcome import Tally

NAMES = ("negative", "neutral", "positive")


def judged(tables, **more):
    return measure(tables, text_columns=["text"], label_columns={"label": NAMES}, **more)


def balanced(rows, size):
    return [row for label in range(3) for row in [each for each in rows if each[1] == label][:size]]


def test_clean_reviews_are_not_accused(reviews, table, verdicts):
    rows = balanced(reviews, 300)
    found = verdicts(judged({"train": table(rows)}, asked={"train": {"label": dict.fromkeys(NAMES, 300)}}))
    assert found.pop("boilerplate") in {"pass", "warn"}, "one in 4,000 reviews begins like a preamble"
    assert found.pop("overlap") == found.pop("acceptance") == "unmeasured"
    assert found.pop("truth") == "unmeasured", "a bag of words cannot tell these classes"
    assert set(found.values()) == {"pass"}


@pytest.mark.parametrize(("share", "verdict"), [(0.05, "warn"), (0.30, "fail")])
def test_near_duplicates_are_told(reviews, table, verdicts, share, verdict):
    rows = [row for row in reviews if len(row[0]) > 60][:800]
    copies = [(f"{text} indeed", label) for text, label in rows[: round(share * len(rows))]]
    assert verdicts(judged({"train": table(rows + copies)}))["duplicates"] == verdict


def test_a_set_made_of_templates_is_told(table, verdicts):
    rng = random.Random(2)
    things, parts = ["phone", "laptop", "camera", "novel", "blender"], ["battery", "screen", "price", "lens"]
    rows = [
        (
            f"I bought this {rng.choice(things)} last week and the {rng.choice(parts)} is what I was looking for.",
            2,
        )
        for _ in range(600)
    ]
    found = verdicts(judged({"train": table(rows)}))
    assert (found["repetition"], found["diversity"], found["duplicates"]) == ("fail", "warn", "fail")
    assert found["labels"] == "warn", "two classes have no row, but nothing was asked"


def test_template_phrases_are_told_even_without_duplicates(reviews, table, verdicts):
    rows = [
        (f"{text} all in all a product i can recommend to anyone", label) for text, label in reviews[:600]
    ]
    found = verdicts(judged({"train": table(rows)}))
    assert found["repetition"] == "fail"


@pytest.mark.parametrize(("count", "verdict"), [(3, "warn"), (30, "fail")])
def test_refusals_are_told(reviews, table, verdicts, count, verdict):
    refusals = [(f"I'm sorry, but I can't write a review about item {n}.", 1) for n in range(count)]
    found = judged({"train": table(reviews[:600] + refusals)})
    assert verdicts(found)["boilerplate"] == verdict
    assert f"refusal {count}" in next(
        each.reasons[0] for each in found.verdicts if each.family == "boilerplate"
    )


def test_test_rows_in_the_training_split_are_told(reviews, table, verdicts):
    rows = [row for row in reviews if len(row[0]) > 80]
    clean = judged({"train": table(rows[:500]), "test": table(rows[500:700])})
    leaky = judged({"train": table(rows[:500] + rows[500:510]), "test": table(rows[500:700])})
    assert verdicts(clean)["overlap"] == "pass"
    assert verdicts(leaky)["overlap"] == "fail"


@pytest.mark.parametrize(
    ("counts", "verdict"), [((100, 100, 100), "pass"), ((120, 100, 80), "warn"), ((200, 50, 50), "fail")]
)
def test_skewed_labels_are_told(reviews, table, verdicts, counts, verdict):
    rows = [
        row
        for label, count in enumerate(counts)
        for row in [each for each in reviews if each[1] == label][:count]
    ]
    asked = {"train": {"label": dict.fromkeys(NAMES, 100)}}
    assert verdicts(judged({"train": table(rows)}, asked=asked))["labels"] == verdict


@pytest.mark.parametrize(("empty", "verdict"), [(0, "pass"), (1, "warn"), (20, "fail")])
def test_empty_texts_are_told(reviews, table, verdicts, empty, verdict):
    assert verdicts(judged({"train": table(reviews[:500] + [(" ", 0)] * empty)}))["lengths"] == verdict


def test_unlabelled_rows_are_told(reviews, table, verdicts):
    assert verdicts(judged({"train": table([*reviews[:300], ("No label", -1)])}))["labels"] == "warn"


@pytest.mark.parametrize(
    ("kept", "rejected", "missing", "verdict"),
    [(90, 10, {}, "pass"), (40, 60, {}, "warn"), (90, 10, {"a": 1}, "warn"), (0, 0, {}, "unmeasured")],
)
def test_costly_builds_and_missing_rows_are_told(kept, rejected, missing, verdict):
    tally = Tally(answers=kept + rejected)
    tally.accepted.update({"a": kept})
    tally.rejected.update({("a", "text", "echo"): rejected})
    tally.missing.update(missing)
    found = measure({"train": pa.table({"text": ["a"]})}, text_columns=["text"], tallies={"train": tally})
    assert next(each.verdict for each in found.verdicts if each.family == "acceptance") == verdict


def test_few_rows_are_not_judged_on_variety(reviews, table, verdicts):
    found = judged({"train": table(reviews[:199])})
    assert verdicts(found)["diversity"] == verdicts(found)["repetition"] == "unmeasured"
    assert "too few rows (199, at least 200 are needed)" in next(
        each.reasons[0] for each in found.verdicts if each.family == "diversity"
    )


def test_few_words_are_not_judged_on_word_pairs(table):
    rows = [(f"word{n} other{n}", 0) for n in range(300)]
    found = judged({"train": table(rows)})
    reasons = next(each.reasons for each in found.verdicts if each.family == "diversity")
    assert (
        any("600 words are too few" in reason for reason in found.whole.texts and reasons)
        or len(reasons) == 1
    )


def test_every_verdict_has_a_reason(report):
    assert all(each.reasons and all(each.reasons) for each in report.verdicts)


def test_bounds_for_words_are_not_applied_to_characters(table, verdicts):
    rows = [(f"这个产品非常好用 {n}", n % 3) for n in range(300)]
    found = judged({"train": table(rows)})
    assert verdicts(found)["repetition"] == verdicts(found)["diversity"] == "unmeasured"
    assert "written without spaces" in next(
        each.reasons[0] for each in found.verdicts if each.family == "repetition"
    )
    assert found.whole.texts["text"].repetition.self_repetition == 1, "the figure itself is there"


def test_a_class_that_was_asked_for_and_has_no_row_is_a_fault(table, verdicts):
    rows = [("some text", 0)] * 97 + [("other text", 1)] * 3
    asked = {"train": {"label": {"negative": 97, "neutral": 3, "positive": 1}}}
    assert verdicts(judged({"train": table(rows)}, asked=asked))["labels"] == "fail"
