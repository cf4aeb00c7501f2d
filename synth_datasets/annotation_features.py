"""Which `datasets` features annotated texts have."""

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from datasets.features.features import FeatureType

__all__ = ["annotation_feature"]


def annotation_feature(rule: AnnotationRule) -> "FeatureType":
    """Return the feature of a column with this rule: spans, texts, words, tags, or answers as SQuAD has them."""
    from datasets import ClassLabel, List, Value

    match rule:
        case FindRule() | MarkRule() | QuoteRule():
            label = ClassLabel(names=list(rule.labels))
            return List(
                {"start": Value("int32"), "end": Value("int32"), "label": label, "text": Value("string")}
            )
        case TagsRule():
            return List(Value("string") if rule.tokens else ClassLabel(names=tag_names(rule.labels)))
        case AnswerRule() | PickRule():
            return {"text": List(Value("string")), "answer_start": List(Value("int32"))}
        case UnmarkRule() | PickedRule():
            return Value("string")
