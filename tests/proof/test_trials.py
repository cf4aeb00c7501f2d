"""Proofs over rows of which it is known whether they help."""

import random
from pathlib import Path

import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.proof import Model, Proof, prove, read_rows
from synth_datasets.proof.rows import LabelledRows
from synth_datasets.proof.shown import card_section, page_section, terminal
from synth_datasets.proof.trials import standard

CSV = Path(__file__).parents[3] / "shared" / "data" / "product_reviews.csv"
GOOD = ("splendid", "lovely", "superb", "excellent", "fine", "charming")
"""Of the rows of `reviews`, what speaks for the positive ones."""
FEW = {"seeds": 2, "sizes": (10,), "mixes": (1.0, 4.0)}


def test_rows_that_teach_what_is_missing_help(reviews):
    real, test = reviews("r", 12, seed=1), reviews("t", 300, seed=2)
    proof = prove(reviews("s", 200, seed=3), real, test, **FEW)
    assert {witness.mixes[-1].verdict for witness in proof.witnesses} == {"helps"}
    assert proof.firm
    assert proof.advice.startswith("Add about ")
    for witness in proof.witnesses:
        assert witness.best > 0
        assert all(cell.f1.low <= cell.f1.value <= cell.f1.high for cell in witness.cells)
        best = next(cell for cell in witness.cells if (cell.real, cell.synthetic) == (12, 200))
        assert best.gain.value == pytest.approx(best.f1.value - witness.baseline.f1.value)
        assert best.gain_per_1000 == pytest.approx(1000 * best.gain.value / 200)


def test_rows_with_the_wrong_labels_hurt(reviews):
    proof = prove(
        reviews("s", 400, seed=3, wrong=0.9), reviews("r", 60, seed=1), reviews("t", 300, seed=2), **FEW
    )
    assert {change.verdict for witness in proof.witnesses for change in witness.mixes[-1:]} == {"hurts"}
    assert [witness.best for witness in proof.witnesses] == [0, 0]
    assert proof.firm
    assert proof.advice.startswith("Do not add")


def test_rows_without_effect_are_called_unclear(reviews):
    proof = prove(reviews("s", 40, seed=3), reviews("r", 300, seed=1), reviews("t", 60, seed=2), **FEW)
    assert {change.verdict for witness in proof.witnesses for change in witness.mixes} == {"unclear"}
    assert "no mix differs from them alone by more than chance" in proof.advice
    assert any("60 test rows are few" in warning for warning in proof.warnings)


def by_rule(inputs, labels):
    """Tell the classes by their words, whatever the training rows say."""
    return lambda train, test, seed: [
        "positive" if any(word in inputs[at].split() for word in GOOD) else "negative" for at in test
    ]


def always_the_same(inputs, labels):
    return lambda train, test, seed: ["positive"] * len(test)


def test_models_that_do_not_agree_give_no_firm_advice(reviews):
    """A model that knows beforehand what training rows could teach it sees no gain where the others do."""
    rows = reviews("s", 200, seed=3), reviews("r", 12, seed=1), reviews("t", 300, seed=2)
    models = (standard(words=False)[0], Model("a rule", by_rule))
    proof = prove(*rows, models=models, **FEW)
    assert [witness.verdict for witness in proof.witnesses] == ["helps", "unclear"]
    assert not proof.firm
    assert proof.advice.startswith("The models do not agree")
    assert "with a rule nothing is beyond chance" in proof.advice
    assert "If there were only" not in proof.advice
    assert proof.advice.count("are worth") == 1, "what learns nothing from real rows measures no worth"
    assert all(cell.worth is None for cell in proof.witnesses[1].cells)
    alone = prove(*rows, models=models[:1], **FEW)
    assert not alone.firm
    assert "One kind of model is one witness." in alone.advice


def test_a_model_that_learnt_nothing_is_no_witness_and_the_tables_say_so(reviews):
    rows = reviews("s", 200, seed=3), reviews("r", 12, seed=1), reviews("t", 300, seed=2)
    stone = Model("a stone", always_the_same)
    proof = prove(*rows, models=(*standard(words=False), stone), **FEW)

    assert [witness.verdict for witness in proof.witnesses] == ["helps", "helps", "unclear"]
    assert proof.firm, "the two that learn agree"
    assert proof.advice.startswith("Add about ")
    assert "a stone learnt no more from any of these rows than a blind guess gives" in proof.advice
    said = "Learnt nothing: from no set is it beyond a blind guess (macro-F1 0.333 at most)"
    for shown in (terminal(proof), card_section(proof), page_section(proof, b"")):
        assert shown.count("Learnt nothing") == 1
        assert said in shown

    pair = prove(*rows, models=(standard(words=False)[0], stone), **FEW)
    assert not pair.firm
    assert "One kind of model is one witness." in pair.advice
    none = prove(*rows, models=(stone, Model("another stone", always_the_same)), **FEW)
    assert not none.firm, "that two learn nothing is nothing that they agree on"
    assert "No model learnt more from any of these rows than a blind guess gives" in none.advice


def test_where_one_model_is_hurt_and_none_is_helped_it_is_said_that_none_gains(reviews):
    rows = reviews("s", 400, seed=3, wrong=1.0), reviews("r", 40, seed=1), reviews("t", 300, seed=2)
    proof = prove(*rows, models=(standard(words=False)[0], Model("a rule", by_rule)), **FEW)
    assert [witness.verdict for witness in proof.witnesses] == ["hurts", "unclear"]
    assert not proof.firm
    assert proof.advice.startswith("No model gains by synthetic rows beside all 40 real rows: with ")


def test_rows_like_the_real_ones_are_worth_as_many_real_ones_and_the_curve_has_ends(reviews):
    given = {"seeds": 3, "sizes": (10, 20, 40, 80), "mixes": ()}
    proof = prove(reviews("s", 30, seed=3), reviews("r", 200, seed=1), reviews("t", 400, seed=2), **given)
    for witness in proof.witnesses:
        worth = next(cell for cell in witness.cells if (cell.real, cell.synthetic) == (0, 30)).worth
        assert worth.low <= 30 <= worth.high
        assert 10 <= worth.low < worth.high <= 200
    assert "Alone, the 30 synthetic rows are worth" in proof.advice
    useless = prove(
        reviews("s", 30, seed=3, wrong=1.0), reviews("r", 200, seed=1), reviews("t", 400, seed=2), **given
    )
    assert "are worth ≤ 10 real rows [≤ 10, ≤ 10] by logistic regression over words" in useless.advice


def test_a_proof_is_the_same_again_and_survives_json(reviews):
    rows = reviews("s", 60, seed=3), reviews("r", 40, seed=1), reviews("t", 50, seed=2)
    one, other = (prove(*rows, **FEW).to_json() for _ in range(2))
    cut = one.index('"cpu_s"')
    assert one[:cut] == other[:cut]
    assert Proof.from_json(one).to_json() == one
    with pytest.raises(ValueError, match="no proof of format"):
        Proof.from_json("{}")


def test_test_rows_among_the_training_rows_are_left_out_and_named(reviews):
    real, test = reviews("r", 40, seed=1), reviews("t", 50, seed=2)
    copied = LabelledRows(
        "c",
        (*real.inputs, test.inputs[0].upper() + "!", "well " + test.inputs[1]),
        (*real.labels, "positive", "negative"),
    )
    proof = prove(reviews("s", 40, seed=3), copied, test, **FEW)
    assert (proof.real, proof.real_leaks.exact, proof.real_leaks.near) == (40, 1, 1)
    assert proof.real_leaks.examples[0][1] == test.inputs[0]
    assert any(warning.startswith("2 of 42 real rows were left out") for warning in proof.warnings)
    with pytest.raises(SettingsError, match="every row is a copy"):
        prove(test, real, test, **FEW)


def test_rows_that_repeat_each_other_and_stand_out_are_warned_of(reviews):
    template = LabelledRows(
        "s",
        tuple(f"what a thing this lamp number {at} was, said everybody at home" for at in range(100)),
        ("positive",) * 100,
    )
    proof = prove(template, reviews("r", 80, seed=1), reviews("t", 50, seed=2), **FEW)
    assert proof.near_identical > 0.5
    assert proof.told_apart.accuracy.low > 0.9
    told = " ".join(proof.warnings)
    assert "nearly repeat another one" in told
    assert "tells synthetic rows from real ones" in told


def test_real_rows_cannot_be_told_from_their_like(reviews):
    proof = prove(reviews("", 200, seed=8), reviews("", 200, seed=1), reviews("t", 50, seed=2), **FEW)
    assert proof.told_apart.accuracy.low < 0.55


def test_labels_must_be_those_of_the_real_rows(reviews):
    synthetic = reviews("s", 40, seed=3)
    other = LabelledRows("s", synthetic.inputs, tuple(label[:3] for label in synthetic.labels))
    rows = reviews("r", 40, seed=1), reviews("t", 50, seed=2)
    with pytest.raises(SettingsError, match="has the labels neg, pos"):
        prove(other, *rows, **FEW)
    mapped = prove(other, *rows, label_map={"pos": "positive", "neg": "negative"}, **FEW)
    assert mapped.witnesses == prove(synthetic, *rows, **FEW).witnesses


def test_words_with_tags_are_scored_by_spans():
    def sentences(name, count, seed):
        draw = random.Random(seed)
        people, places = ["Ann", "Bob", "Cleo", "Dan", "Eve"], ["Oslo", "Rome", "Lima", "Cairo"]
        rows = []
        for at in range(count):
            words = [
                draw.choice(people),
                "Smith",
                "went",
                "to",
                draw.choice(places),
                draw.choice(FILL),
                f"{name}{at}",
            ]
            rows.append((tuple(words), ("B-PER", "I-PER", "O", "O", "B-LOC", "O", "O")))
        return LabelledRows(name, tuple(words for words, _ in rows), tuple(tags for _, tags in rows))

    FILL = ["quickly", "again", "alone", "today"]  # noqa: N806 - a constant of this test
    proof = prove(
        sentences("s", 40, 1), sentences("r", 20, 2), sentences("t", 30, 3), seeds=2, sizes=(5,), mixes=(1.0,)
    )
    assert (proof.task, proof.f1_name) == ("tagging", "span F1")
    assert [witness.baseline.f1.value > 0.9 for witness in proof.witnesses] == [True, True]


def test_real_reviews_alone_score_as_measured_elsewhere():
    """By the notes on measures: macro-F1 0.589 and accuracy 0.669 on a grouped split of these reviews."""
    if not CSV.is_file():
        pytest.skip(f"no real reviews beside the checkout: {CSV} is absent")
    rows = read_rows(CSV, text="text", label="label", group="review_id")
    groups = sorted(set(rows.groups))
    random.Random(0).shuffle(groups)
    tested = set(groups[:84])
    places = [
        [at for at, group in enumerate(rows.groups) if (group in tested) == wanted]
        for wanted in (False, True)
    ]
    real, test = (rows.take(each) for each in places)
    few = LabelledRows(
        "templates", ("A good lamp.", "A bad lamp.", "A lamp.") * 2, ("positive", "negative", "neutral") * 2
    )
    proof = prove(few, real, test, seeds=1, sizes=(), mixes=())
    assert proof.real_leaks.grouped == 0
    words = proof.witnesses[0].baseline
    assert words.f1.low < 0.589 < words.f1.high
    assert words.accuracy.low < 0.669 < words.accuracy.high
    assert words.f1.high - words.f1.low < 0.1
    assert proof.witnesses[1].baseline.f1.value > 0.55
