# ruff: noqa: E501 - tables are read by rows

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.plan.marks import read_marks
from synth_datasets.plan.mentions import Doubt

LABELS = ("person", "place")


def spans(marked):
    text, mentions = read_marks(marked, LABELS)
    return text, [(text[place.start : place.end], label) for place, label in mentions]


@pytest.mark.parametrize(
    ("marked", "text", "found"),
    [
        ("[Ada](person) is in [New York](place).", "Ada is in New York.", [("Ada", "person"), ("New York", "place")]),
        ("No mention at all (really).", "No mention at all (really).", []),
        ("  [Ada](person) sleeps ", "Ada sleeps", [("Ada", "person")]),
        ("[ Ada ](person)sleeps", "Ada sleeps", [("Ada", "person")]),
        ("[Ada](PERSON)'s dog", "Ada's dog", [("Ada", "person")]),
        ("[Berlin](place)-based", "Berlin-based", [("Berlin", "place")]),
        ("[Ada](person) saw Ada, not Adam", "Ada saw Ada, not Adam", [("Ada", "person"), ("Ada", "person")]),
        ("[Oslo](place) and the [Oslo Cup](place)", "Oslo and the Oslo Cup", [("Oslo", "place"), ("Oslo Cup", "place")]),
        ("[Paris](person) in [Paris](place)", "Paris in Paris", [("Paris", "person"), ("Paris", "place")]),
        ("[北京](place)很大,北京!", "北京很大,北京!", [("北京", "place"), ("北京", "place")]),
        ("[דוד](person) כאן", "דוד כאן", [("דוד", "person")]),
        ("**[Ada](person)** ran", "**Ada** ran", [("Ada", "person")]),
    ],
)  # fmt: skip
def test_marks_become_places_of_the_text_without_them(marked, text, found):
    assert spans(marked) == (text, found)


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ("[Ada]", "broken_marks"), ("[Ada](person", "broken_marks"), ("Ada](person)", "broken_marks"), ("[](person)", "broken_marks"),
        ("[ ](person)", "broken_marks"), ("[Ada] (person)", "broken_marks"), ("Ada (person)", "broken_marks"), ("<person>Ada</person>", "broken_marks"),
        ("[*Ada*](person)", "broken_marks"), ("[Ada](dog)", "unknown_label"), ("[Ada](https://x.org)", "unknown_label"),
        ("[[Ada](person) Lim](person)", "overlapping_spans"), ("[New [York](place)](place)", "overlapping_spans"),
        ("[e](person)\u0301", "ambiguous_mention"), ("[Ad](person)am", "ambiguous_mention"), ("x[Ada](person)", "ambiguous_mention"),
        ("[👩](person)\u200d👧", "ambiguous_mention"), ("[Paris](person), [Paris](place), Paris", "ambiguous_mention"),
    ],
)  # fmt: skip
def test_marks_that_leave_a_doubt_are_refused(marked, reason):
    with pytest.raises(Doubt) as caught:
        read_marks(marked, LABELS)
    assert caught.value.reason == reason


words = st.text(st.characters(exclude_characters="[]()<>*_`", exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(words, words, st.sampled_from(LABELS)), max_size=5), words)
def test_what_was_marked_is_what_is_stored_or_it_is_refused(pieces, end):
    marked = "".join(f"{before}[{held}]({label})" for before, held, label in pieces) + end
    try:
        text, mentions = read_marks(marked, LABELS)
    except Doubt:
        return
    assert text == ("".join(before + held for before, held, _ in pieces) + end).strip()
    stored = [(text[place.start : place.end], label) for place, label in mentions]
    for _, held, label in pieces:
        assert (held.strip(), label) in stored
