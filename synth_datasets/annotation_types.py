"""Which types the columns of annotated texts have."""

from synth_datasets.plan.tokens import tag_names
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
from synth_datasets.value_types import TEXT, Each, Label, Plain, Struct, ValueType

__all__ = ["annotation_type"]


def annotation_type(rule: AnnotationRule) -> ValueType:
    """Return the type of a column with this rule: spans, texts, words, tags, or answers as SQuAD has them."""
    match rule:
        case FindRule() | MarkRule() | QuoteRule():
            place = Plain("int32")
            span = (("start", place), ("end", place), ("label", Label(rule.labels)), ("text", TEXT))
            return Each(Struct(span))
        case TagsRule():
            return Each(TEXT if rule.tokens else Label(tuple(tag_names(rule.labels))))
        case AnswerRule() | PickRule():
            return Struct((("text", Each(TEXT)), ("answer_start", Each(Plain("int32")))))
        case UnmarkRule() | PickedRule():
            return TEXT
