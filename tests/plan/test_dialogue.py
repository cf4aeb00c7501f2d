"""Dialogues out of their turns: lengths, endings, roles."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.plan.dialogue import asks, dialogue, length, messages, said, task
from synth_datasets.plan.unfit import Unfit
from synth_datasets.spec.rules_dialogue import (
    AsksRule,
    DialogueRule,
    LengthRule,
    MessagesRule,
    SaidRule,
    TaskRule,
)
from synth_datasets.spec.templates import TemplateError

WORDS = st.text(st.characters(categories=["L"]), min_size=1, max_size=8)


@given(st.integers(1, 20), st.integers(0, 20), st.integers(0, 2**64 - 1))
def test_a_length_is_even_and_within_the_plan(half, more, number):
    rule = LengthRule(2 * half, 2 * (half + more))
    found = length(rule, number)
    assert found % 2 == 0
    assert rule.least <= found <= rule.most


def test_lengths_are_alike_likely():
    counts = Counter(length(LengthRule(2, 8), at * 2**64 // 4000) for at in range(4000))
    assert counts == {2: 1000, 4: 1000, 6: 1000, 8: 1000}


def test_a_turn_is_taken_while_it_is_planned_and_somebody_has_spoken():
    rule = AsksRule(3, "n", heard="two", user="one", ends=("[END]",))
    assert asks(rule, {"n": 4, "two": "Yes.", "one": "Is it?"})
    assert not asks(rule, {"n": 2, "two": "Yes.", "one": "Is it?"})
    assert not asks(rule, {"n": 4, "two": "", "one": "Is it?"})
    assert not asks(rule, {"n": 4, "two": "Yes.", "one": "Thanks. [end]"})


def test_an_answer_of_0_or_false_is_a_turn_like_others():
    assert asks(AsksRule(3, "n", heard="two"), {"n": 4, "two": "0"})
    assert asks(AsksRule(4, "n", heard="three"), {"n": 4, "three": "false"})


def test_an_empty_opening_cannot_be_answered():
    with pytest.raises(TemplateError, match="opening"):
        asks(AsksRule(2, "n", heard="chat.turn_1"), {"n": 2, "chat.turn_1": " "})


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Thanks, that is all. [END]", "Thanks, that is all."),
        ("Thanks [end] for all.", "Thanks for all."),
        ("[END]", ""),
        ("It goes on.", "It goes on."),
        ("Goodbye then!", "Goodbye then!"),
        ("The goodbyes were long.", "The goodbyes were long."),
    ],
)
def test_marks_are_cut_out_and_words_stay(answer, text):
    assert said(SaidRule(3, "a", 2, ("[END]", "goodbye")), {"a": answer}) == text


def test_the_user_may_not_end_a_dialogue_before_its_least_length():
    rule = SaidRule(3, "chat.turn_3", 4, ("[END]",))
    assert said(rule, {"chat.turn_3": "Thanks. [END]"}) == "Thanks."
    with pytest.raises(Unfit, match="after 2 messages, at least 4") as found:
        said(rule, {"chat.turn_3": "[END]"})
    assert (found.value.reason, found.value.column) == ("ended_early", "chat.turn_3")


@given(st.lists(WORDS, max_size=6), st.integers(0, 6), st.booleans())
def test_roles_alternate_from_the_user_whatever_was_left_out_at_the_end(texts, missing, has_system):
    names = tuple(f"t{at}" for at in range(len(texts) + missing))
    values = dict.fromkeys(names, "") | dict(zip(names, texts, strict=False)) | {"s": "Be kind."}
    made = dialogue(DialogueRule(names, "s" if has_system else "", asked="t0"), values)
    assert [turn["content"] for turn in made[has_system:]] == texts
    assert [turn["role"] for turn in made[has_system:]] == [
        ("user", "assistant")[at % 2] for at in range(len(texts))
    ]
    assert not has_system or made[0] == {"role": "system", "content": "Be kind."}


def test_the_writer_of_a_whole_dialogue_is_told_its_length_and_the_assistants_instructions():
    told = task(TaskRule("p", "s", "n"), {"p": " Write a chat.", "s": "Be kind.", "n": 4})
    assert told.startswith("Write a chat.\n\nThe assistant has been told:\nBe kind.\n\nWrite 4 messages")


def turns(*texts, first="user"):
    roles = ("user", "assistant") if first == "user" else ("assistant", "user")
    return {"m": [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]}


WHOLE = MessagesRule("m", "", 2, 4, "chat.answer")


def test_a_whole_dialogue_is_taken_as_it_is():
    assert messages(WHOLE, turns("Hi.", "Hello.")) == turns("Hi.", "Hello.")["m"]


@pytest.mark.parametrize(
    ("given", "reason", "detail"),
    [
        (turns("Hi.", "Hello.", first="assistant"), "wrong_turns", "message 1 is by the assistant"),
        (turns("Hi.", "Hello.", "Bye."), "wrong_turns", "not the assistant's"),
        (turns("a", "b", "c", "d", "e", "f"), "wrong_turns", "6 messages, 2 to 4"),
        (turns("Hi.", "Hello.", "How?", "hello!"), "repeated_turn", "message 4 says again what message 2"),
    ],
)
def test_a_whole_dialogue_that_is_none_is_asked_again(given, reason, detail):
    with pytest.raises(Unfit, match=detail) as found:
        messages(WHOLE, given)
    assert (found.value.reason, found.value.column) == (reason, "chat.answer")
