"""What does not belong into a turn, and what an assistant may say."""

import pytest

from synth_datasets.spec.model import ModelSpec, PerValue, Prompt, PromptColumn
from synth_datasets.spec.templates import Template
from synth_datasets.validation.dialogue import find_leak, said_before

PROMPT = Prompt(
    PerValue(None, {}, Template("")), ModelSpec("m"), turns=(("user", "c.turn_1"), ("assistant", "c.turn_2"))
)
COLUMN = PromptColumn(name="c.turn_3", prompt=PROMPT, turn=True)
ROW = {"c.turn_1": "My lamp is broken.", "c.turn_2": "Which lamp is it?"}


@pytest.mark.parametrize(
    "text",
    [
        "Assistant: I can help.",
        '"User: hello',
        "**Human:** hi",
        "Fine.\nuser: and now?",
        "Dear [your name], hi",
    ],
)
def test_names_of_speakers_markup_and_placeholders_are_found(text):
    assert find_leak(text, [])


@pytest.mark.parametrize(
    "text",
    [
        "Sure! Here is a list of parts: a bulb and a shade.",
        "I'd be happy to help you with that.",
        "Try this:\n```\nreset\n```",
        "Done. Let me know if you need anything else.",
        "The user: a person.",
    ],
)
def test_the_manners_of_an_assistant_pass(text):
    assert not find_leak(text, [])


def test_a_turn_may_not_be_said_again_by_either_side():
    for text in ("my lamp is broken", "Which lamp is it?!"):
        verdict = said_before(text, COLUMN, ROW)
        assert verdict is not None
        assert verdict.reason == "repeated_turn"
    assert said_before("Another lamp is broken.", COLUMN, ROW) is None
