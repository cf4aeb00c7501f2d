# ruff: noqa: E501 - tables are read by rows

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.plan.graphemes import clusters, cuts


@pytest.mark.parametrize(
    "text",
    ["a|b", "e\u0301|e", "\r\n|\r|x|\n", "🇩🇪|🇫🇷|🇮", "👩‍👩‍👧|👩", "👍🏽|👍", "❤️|a", "각|\u1100\u1161\u11a8|ᄀ", "क्षि|क", "กำ|ก", "ｻﾞ|ｻ", "\u0600\u0661|1", "a\u200c|b", "1\ufe0f\u20e3|2", "a\u1adb|b", "🏴\U000e0067\U000e0062\U000e007f|a"],
)  # fmt: skip
def test_a_text_is_parted_between_what_readers_see_as_characters(text):
    assert clusters(text.replace("|", "")) == text.split("|")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_clusters_are_the_text(text):
    assert "".join(clusters(text)) == text
    assert len(cuts(text)) == len(text) + 1
    assert cuts(text)[0]
    assert cuts(text)[-1]
