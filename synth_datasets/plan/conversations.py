"""What each rule of dialogues and preference pairs makes of the columns it reads."""

from collections.abc import Mapping

from synth_datasets.plan import dialogue, preference
from synth_datasets.spec.rules_dialogue import (
    AsksRule,
    ChoiceRule,
    ConstantRule,
    DialogueRule,
    DialogueRules,
    LengthRule,
    MessagesRule,
    PlaceRule,
    QuestionRule,
    SaidRule,
    TaskRule,
)

__all__ = ["converse"]


def converse(rule: DialogueRules, values: Mapping[str, object], number: int) -> object:  # noqa: C901, PLR0911 - a line a rule
    """Return the value of a column of a dialogue or a pair; see `plan.derive`."""
    match rule:
        case LengthRule():
            return dialogue.length(rule, number)
        case AsksRule():
            return dialogue.asks(rule, values)
        case SaidRule():
            return dialogue.said(rule, values)
        case DialogueRule():
            return dialogue.dialogue(rule, values)
        case TaskRule():
            return dialogue.task(rule, values)
        case MessagesRule():
            return dialogue.messages(rule, values)
        case ConstantRule():
            return rule.text
        case PlaceRule():
            return preference.second_first(number)
        case QuestionRule():
            return preference.question(rule, values)
        case ChoiceRule():
            return preference.chosen_or_rejected(rule, values)
