"""Figures of a report on a card: votes and attributes beside those of real rows; what was not measured is absent."""

from dataclasses import replace

import pyarrow as pa
import pytest

from synth_datasets.publishing.figures import card_figures
from synth_datasets.quality.association import Association
from synth_datasets.quality.bias_figures import AttributeFigures, BiasFigures, GroupFigures
from synth_datasets.quality.report import measure
from synth_datasets.quality.votes import vote_agreement


@pytest.fixture
def report():
    rows = pa.table(
        {"text": ["It works.", "It broke.", "Fine so far.", "Never again."], "label": [1, 0, 1, 0]}
    )
    return measure({"train": rows}, text_columns=["text"], label_columns={"label": ["bad", "good"]})


def shown(report):
    return {figure.name: (figure.value, figure.real) for figure in card_figures(report)}


def test_what_was_not_measured_is_absent(report):
    assert not [name for name in shown(report) if "vote" in name or "Cramér" in name or "shares" in name]


def test_personal_data_are_told_though_there_are_none(report):
    assert shown(report)["text: personal data"] == (0, None)
    assert "text: personal data" not in shown(without(report, "personal"))


def without(report, name):
    texts = {column: replace(figures, **{name: None}) for column, figures in report.whole.texts.items()}
    return replace(report, whole=replace(report.whole, texts=texts))


def test_votes_are_shown_with_what_they_are_of(report):
    ballots = [["good"] * 3, ["bad", "bad", "good"], ["good"] * 3, ["bad"] * 3]
    planned, texts = ["good", "bad", "good", "bad"], ["a", "b", "c", "d"]
    votes = vote_agreement("label", planned, ballots, ["bad", "good"], rows=texts, texts=texts, selected=True)
    found = shown(replace(report, votes=(votes,)))
    assert found["label: votes for the row's label"][0] == pytest.approx(11 / 12)
    assert found["label: rows with all votes for their label"][0] == 0.75
    assert found["label: Cohen's kappa"][0] == 1
    meanings = [
        figure.meaning for figure in card_figures(replace(report, votes=(votes,))) if "votes" in figure.name
    ]
    assert all("kept because votes agree" in meaning for meaning in meanings)


def test_attributes_are_shown_beside_those_of_real_rows(report):
    groups = tuple(
        GroupFigures(
            value=value, rows=2, share=share, interval=(0, 1), labels={}, real_share=real, difference=None
        )
        for value, share, real in (("she", 0.25, 0.5), ("he", 0.75, 0.5))
    )
    v = Association(test="Fisher", p=0.1, p_holm=0.1, v=0.4, v_interval=(0, 1))
    attribute = AttributeFigures(
        name="gender", words=True, rows=4, without=1, several=0, groups=groups, association=v, real_v=0.1,
        swap=None, prompts=None, notes=(),
    )  # fmt: skip
    bias = BiasFigures(label="label", text="text", tests=1, attributes=(attribute,))
    found = shown(replace(report, bias=bias))
    assert found["gender: shares"] == ("she 25 %, he 75 %", "she 50 %, he 50 %")
    assert found["gender: Cramér's V with label"] == (0.4, 0.1)
    alone = replace(attribute, association=None, groups=(replace(groups[0], real_share=None),))
    found = shown(replace(report, bias=replace(bias, attributes=(alone,))))
    assert found["gender: shares"] == ("she 25 %", None)
    assert "gender: Cramér's V with label" not in found
