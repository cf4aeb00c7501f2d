"""Two answers and the verdicts on them."""

import pytest

from synth_datasets.plan.preference import chosen_or_rejected, question, second_first
from synth_datasets.plan.unfit import Unfit
from synth_datasets.spec.rules_dialogue import ChoiceRule, QuestionRule, Verdicts

BOTH = Verdicts("one", "two", (("v1", False), ("v2", True)))
ONCE = Verdicts("one", "two", (("v1", False),), place="swap")
TEXTS = {
    "rubric": "Prefer brevity.",
    "ask": "Why?",
    "one": "Because.",
    "two": "For a reason.",
    "sys": "Be brief.",
}


def choice(verdicts, part="chosen", *, plain=True):
    return ChoiceRule(part, "ask", "sys", verdicts, plain)


@pytest.mark.parametrize(("first", "second", "chosen"), [("A", "B", "Because."), ("B", "A", "For a reason.")])
def test_verdicts_that_agree_in_both_orders_decide(first, second, chosen):
    values = TEXTS | {"v1": first, "v2": second}
    assert chosen_or_rejected(choice(BOTH), values) == chosen
    rejected = chosen_or_rejected(choice(BOTH, "rejected"), values)
    assert {chosen, rejected} == {"Because.", "For a reason."}


@pytest.mark.parametrize(("first", "second"), [("A", "A"), ("B", "B"), ("neither", "A"), ("A", "neither")])
def test_a_verdict_for_a_place_and_not_for_an_answer_is_none(first, second):
    with pytest.raises(Unfit) as found:
        chosen_or_rejected(choice(BOTH), TEXTS | {"v1": first, "v2": second})
    assert (found.value.reason, found.value.column) == ("undecided", "two")


@pytest.mark.parametrize("swapped", [False, True])
def test_one_verdict_is_read_in_the_order_that_was_shown(swapped):
    rule = QuestionRule("rubric", "ask", "", Verdicts("one", "two", (), place="swap"), swapped=False)
    shown = question(rule, TEXTS | {"swap": swapped})
    first = "For a reason." if swapped else "Because."
    assert f"Answer A:\n{first}" in shown
    assert chosen_or_rejected(choice(ONCE), TEXTS | {"v1": "A", "swap": swapped}) == first


def test_the_second_question_shows_the_answers_exchanged_and_all_that_the_first_one_does():
    first = question(QuestionRule("rubric", "ask", "sys", Verdicts("one", "two", ()), swapped=False), TEXTS)
    before = Verdicts("one", "two", (("v1", False),))
    second = question(QuestionRule("rubric", "ask", "sys", before, swapped=True), TEXTS | {"v1": "A"})
    assert "Answer A:\nBecause.\n\nAnswer B:\nFor a reason." in first
    assert "Answer A:\nFor a reason.\n\nAnswer B:\nBecause." in second
    for part in ("Prefer brevity.", "Be brief.", "The request:\nWhy?"):
        assert part in first
        assert part in second


def test_equal_answers_are_not_judged():
    rule = QuestionRule("rubric", "ask", "", Verdicts("one", "two", ()), swapped=False)
    with pytest.raises(Unfit) as found:
        question(rule, TEXTS | {"two": "because"})
    assert (found.value.reason, found.value.column) == ("same_answers", "two")


def test_the_second_question_is_not_asked_when_the_first_verdict_is_neither():
    rule = QuestionRule("rubric", "ask", "", Verdicts("one", "two", (("v1", False),)), swapped=True)
    with pytest.raises(Unfit, match="neither"):
        question(rule, TEXTS | {"v1": "neither"})


def test_messages_hold_the_system_message_in_the_prompt_alone():
    values = TEXTS | {"v1": "A", "v2": "B"}
    assert chosen_or_rejected(choice(BOTH, "prompt", plain=False), values) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
    ]
    assert chosen_or_rejected(choice(BOTH, plain=False), values) == [
        {"role": "assistant", "content": "Because."}
    ]
    assert chosen_or_rejected(choice(BOTH, "prompt"), values) == "Why?"


def test_places_are_drawn_evenly():
    assert [second_first(at << 62) for at in range(4)] == [False, False, True, True]
