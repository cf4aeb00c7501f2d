"""Likeness by shared rare grams."""

import pytest

from synth_datasets.plan.nearest import Nearest

TEXTS = [
    "The battery of this phone lasts two days.",
    "The battery of that laptop is dead.",
    "A novel about a lighthouse keeper and his daughter.",
    "ok",
]


def test_a_text_is_most_like_itself_and_then_like_its_kin():
    scores = Nearest(TEXTS).scores(TEXTS[0])
    assert scores[0] == pytest.approx(1)
    assert scores[0] > scores[1] > scores[2] >= scores[3] >= 0


def test_a_text_that_shares_nothing_scores_nothing():
    assert Nearest(TEXTS).scores("qqqqqqq").tolist() == [0, 0, 0, 0]


def test_short_and_empty_texts_can_be_asked_for():
    index = Nearest(TEXTS)
    assert index.scores("ok").argmax() == 3
    assert len(index.scores("")) == 4


def test_what_all_texts_have_does_not_tell_them_apart():
    common = "sent from my phone, which is a phone, as phones go, phone after phone"
    texts = [
        f"{common} {word}" for word in ("zebra stripes", "quartz clock", "jumping jacks") for _ in range(100)
    ]
    scores = Nearest(texts).scores("the quartz clock on the wall")
    assert set(scores.argsort()[-100:].tolist()) == set(range(100, 200))
    assert scores[0] == 0
