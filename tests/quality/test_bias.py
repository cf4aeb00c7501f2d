import random

import pytest

from synth_datasets.quality.association import associate, cramers_v, holm
from synth_datasets.quality.bias import BiasPlan, measure_bias
from synth_datasets.quality.counterfactual import value_in
from synth_datasets.quality.intervals import difference
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.quality.truth import judge_bias
from synth_datasets.spec.attributes import Bias, BiasAttribute

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")
NAMES = ("bad", "good")
PRONOUN = BiasAttribute("pronoun", (("she", ("she", "her")), ("he", ("he", "his"))))
ORIGIN = BiasAttribute("origin")
FILLING = [f"word{at}" for at in range(400)]


def made(count, tilt, seed=0, longer=0):
    """Rows whose pronoun goes along with the label as often as `tilt` says, and whose women get longer texts."""
    draw = random.Random(seed)
    rows = []
    for at in range(count):
        label = NAMES[at % 2]
        she = draw.random() < (tilt if label == "good" else 1 - tilt)
        words = draw.sample(FILLING, 8 + (longer if she else 0))
        tone = ["fine", "great"] if label == "good" else ["poor", "awful"]
        told = draw.sample(tone, 1) if draw.random() < 0.5 else []
        text = " ".join([*words[:4], "She" if she else "He", *told, *words[4:], "her" if she else "his"])
        rows.append((text, label, "north" if she else "south"))
    return rows


def measured(rows, attributes=(PRONOUN, ORIGIN), **more):
    plan = BiasPlan(bias=Bias(attributes, "text", "label"), **more)
    texts, labels, origins = (list(each) for each in zip(*rows, strict=True))
    return measure_bias(plan, texts, labels, NAMES, {"origin": origins})


def test_an_attribute_that_goes_along_with_the_label_is_found_and_one_that_does_not_is_not():
    tilted, level = measured(made(600, 0.9)), measured(made(600, 0.5))
    for found in tilted.attributes:
        assert found.association.p_holm < 1e-6
        assert found.association.v_interval[0] > 0.6
    for found in level.attributes:
        assert found.association.p_holm > 0.05
        assert found.association.v < 0.1


def test_swapped_words_change_predictions_where_the_classifier_leans_on_them():
    tilted, level = (measured(made(600, tilt)).attributes[0].swap for tilt in (0.95, 0.5))
    assert tilted.rows == level.rows == 600
    assert tilted.interval[0] > 0.3
    assert level.interval[1] < 0.2
    assert "He" in tilted.examples[0].swapped or "She" in tilted.examples[0].swapped
    assert tilted.examples[0].before != tilted.examples[0].after


def test_prompts_that_differ_in_the_attribute_alone_are_compared():
    rows = made(400, 0.5, longer=3)
    prompts = [f"Write of a person from the {origin}." for _, _, origin in rows]
    told = measured(rows, (ORIGIN,), prompts=prompts)
    assert any(
        "nothing else give other lengths" in said for verdict, said in judge_bias(told) if verdict == "warn"
    )
    found = told.attributes[0].prompts
    assert (found.prompts, found.rows) == (2, 400), "one prompt for each label"
    assert found.words["north"] - found.words["south"] == pytest.approx(3, abs=0.3)
    assert found.words_p_holm < 0.01
    same = made(400, 0.5)
    unmoved = measured(same, (ORIGIN,), prompts=prompts[:0] or [f"From {o}." for _, _, o in same])
    assert unmoved.attributes[0].prompts.words_p > 0.05
    assert any(
        "nothing else show no effect" in said for verdict, said in judge_bias(unmoved) if verdict == "pass"
    )


def test_what_is_more_frequent_than_in_real_rows_is_told_with_its_interval():
    rows = made(400, 0.5)
    real = RealRows(texts=["She sat.", "He sat.", "He ran.", "His."] * 50, labels=[], columns={})
    she, _ = measured(rows, (PRONOUN,), real=real).attributes[0].groups
    assert she.real_share == 0.25
    assert she.difference[0] > 0.1
    assert she.interval[0] < she.share < she.interval[1]


def test_words_are_whole_words_in_any_case_and_rows_with_several_values_are_left_out():
    assert value_in("HER hat", PRONOUN.terms) == "she"
    assert value_in("there were others", PRONOUN.terms) == ""
    assert value_in("she and he", PRONOUN.terms) == "several"


def test_small_tables_are_tested_exactly():
    found = associate([[3, 1], [1, 3]])
    assert found.test == "Fisher"
    assert found.p == pytest.approx(0.4857142857)  # the lady tasting tea, both sides
    assert associate([[4, 0], [3, 0]]) is None


def test_holm_steps_down_and_never_lets_a_larger_p_overtake():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_cramer_s_v_ends_at_nothing_and_at_all():
    assert cramers_v(np.array([[50, 50], [50, 50]])) == 0
    assert cramers_v(np.array([[500, 0], [0, 500]])) == pytest.approx(1, abs=0.01)


def test_newcombe_s_interval_is_that_of_his_paper():
    # Table II, 56/70 against 48/80.
    assert difference(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
