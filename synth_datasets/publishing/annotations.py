"""How a dataset card says where annotated texts come from."""

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

__all__ = ["describe_annotation"]


def describe_annotation(rule: AnnotationRule) -> str:  # noqa: PLR0911 - one return a rule
    """Return in a few words how a column with this rule is made."""
    match rule:
        case FindRule():
            listed = ", ".join(f"{column} ({label})" for column, label in rule.values)
            return f"every mention in {rule.text} of the values of {listed}, found by the program"
        case MarkRule():
            return f"what the model marked in {rule.marked}"
        case UnmarkRule():
            return f"{rule.marked} without its marks"
        case QuoteRule():
            return f"what the model quoted from {rule.text}, found there by the program"
        case TagsRule():
            return f"the words of {rule.text}" if rule.tokens else f"IOB2 tags of {rule.spans}"
        case AnswerRule():
            return f"{rule.answer} as it stands in {rule.context}, found there by the program"
        case PickRule():
            return (
                f"a {rule.what} of {rule.context}, picked by the program before the model was asked about it"
            )
        case PickedRule():
            return f"the text of {rule.answer}"
