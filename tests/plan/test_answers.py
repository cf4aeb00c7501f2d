import pytest

from synth_datasets.plan.answers import found_answer, picked_answer
from synth_datasets.plan.mentions import Doubt
from synth_datasets.spec.rules_annotation import AnswerRule, PickRule

CONTEXT = (
    "Ada Lim sold 17 boats in Oslo. Bo Berg bought 3.5 tons of fish in Oslo, 17 kilometres away, in 1990."
)
RULE = AnswerRule("context", "reply", "sentence", "answerable")


def found(reply, sentence=CONTEXT, answerable=True):
    values = {"context": CONTEXT, "reply": reply, "sentence": sentence, "answerable": answerable}
    answers = found_answer(RULE, values)
    for text, start in zip(answers["text"], answers["answer_start"], strict=True):
        assert CONTEXT[start : start + len(text)] == text
    return answers["text"], answers["answer_start"]


def test_an_answer_is_where_it_stands_or_nowhere():
    assert found("Ada Lim") == (["Ada Lim"], [0])
    assert found("ada  lim.") == (["Ada Lim"], [0])
    assert found('"Bo Berg"') == (["Bo Berg"], [31])
    assert found("in Oslo, 17 kilometres away") == (["in Oslo, 17 kilometres away"], [63])
    assert found("Oslo, 17 kilometres.") == (["Oslo, 17 kilometres"], [66])
    assert found("whatever", answerable=False) == ([], [])
    assert found_answer(AnswerRule("context", "reply"), {"context": "", "reply": "x"})["text"] == []


def test_an_answer_that_stands_twice_needs_its_sentence():
    with pytest.raises(Doubt, match="stands in 2 places"):
        found("Oslo")
    assert found("Oslo", "Ada Lim sold 17 boats in Oslo.") == (["Oslo"], [25])
    assert found("Oslo", "bo berg bought 3.5 tons of fish in oslo") == (["Oslo"], [66])


@pytest.mark.parametrize("reply", ["Paris", "Os", "3", "", "boat"])
def test_an_answer_that_is_not_there_is_refused(reply):
    with pytest.raises(Doubt) as caught:
        found(reply)
    assert caught.value.reason == "unknown_mention"


def test_a_sentence_that_is_not_there_is_refused():
    with pytest.raises(Doubt, match="the quoted sentence"):
        found("Oslo", "Nobody sold anything.")


def picks(what, context=CONTEXT):
    rule = PickRule("context", what)
    every = [picked_answer(rule, {"context": context}, number << 52) for number in range(4096)]
    for answers in every:
        (text,), (start,) = answers["text"], answers["answer_start"]
        assert context[start : start + len(text)] == text
    return {answers["text"][0] for answers in every}


def test_what_is_picked_stands_once_and_every_candidate_has_its_rows():
    assert picks("number") == {"3.5", "1990"}
    assert picks("name", "Yesterday Ada Lim met Bo. Oslo was cold, said Cy, and Bo left for New York.") == {
        "Ada Lim",
        "Cy",
        "New York",
    }
    assert picks("sentence") == {
        "Ada Lim sold 17 boats in Oslo.",
        "Bo Berg bought 3.5 tons of fish in Oslo, 17 kilometres away, in 1990.",
    }


@pytest.mark.parametrize(
    ("what", "context"), [("number", "17 of 17"), ("name", "nobody is here."), ("sentence", "Yes. No.")]
)
def test_a_text_that_offers_nothing_is_refused(what, context):
    with pytest.raises(Doubt) as caught:
        picked_answer(PickRule("context", what), {"context": context}, 1)
    assert caught.value.reason == "nothing_to_pick"


def test_rows_without_an_answer_pick_nothing():
    rule = PickRule("context", "number", "answerable")
    assert picked_answer(rule, {"context": CONTEXT, "answerable": False}, 1) == {
        "text": [],
        "answer_start": [],
    }
