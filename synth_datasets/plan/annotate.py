"""What the rules of annotated texts make of the columns they read."""

from collections.abc import Mapping

from synth_datasets.plan.answers import found_answer, picked_answer
from synth_datasets.plan.spans import found_spans, marked_spans, quoted_spans, unmarked_text
from synth_datasets.plan.tokens import tag_words
from synth_datasets.spec.rules_annotation import (
    AnnotationRule,
    AnswerRule,
    FindRule,
    MarkRule,
    PickedRule,
    PickRule,
    QuoteRule,
    TagsRule,
    UnmarkRule,
)

__all__ = ["annotate"]


def annotate(rule: AnnotationRule, values: Mapping[str, object], number: int) -> object:  # noqa: PLR0911 - one a rule
    """Return the value of the column; raises `Doubt` when what it reads gives none for certain."""
    match rule:
        case FindRule():
            return found_spans(rule, values)
        case MarkRule():
            return marked_spans(rule, values)
        case UnmarkRule():
            return unmarked_text(rule, values)
        case QuoteRule():
            return quoted_spans(rule, values)
        case TagsRule():
            return tag_words(rule, values)
        case AnswerRule():
            return found_answer(rule, values)
        case PickRule():
            return picked_answer(rule, values, number)
        case PickedRule():
            answers = values[rule.answer]
            return "".join(answers["text"]) if isinstance(answers, dict) else ""
