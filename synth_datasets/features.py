"""Which columns a spec's rows are stored with, and their `datasets.Features`."""

from typing import TYPE_CHECKING

from synth_datasets.annotation_types import annotation_type
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DatasetSpec,
    DerivedColumn,
    Field,
    FieldsColumn,
    NumberColumn,
    SampleColumn,
)
from synth_datasets.spec.rules import AnnotationRule, LabelsRule, PartRule, PerturbRule, Rule, VotesRule
from synth_datasets.spec.rules_annotation import UnmarkRule
from synth_datasets.spec.rules_dialogue import ChoiceRule, DialogueRule, DialogueRules, MessagesRule
from synth_datasets.spec.rules_seeds import SeedIdsRule, SeedRowsRule, SeedValueRule
from synth_datasets.value_types import TEXT, Each, Label, Plain, Struct, ValueType

if TYPE_CHECKING:
    from datasets import Features
    from datasets.features.features import FeatureType

__all__ = ["feature_of", "features_of", "label_columns", "text_columns", "types_of", "visible_columns"]

_PLAIN = {"integer": Plain("int64"), "number": Plain("float64"), "boolean": Plain("bool")}


def features_of(spec: DatasetSpec) -> "Features":
    """Return the features of the stored columns, in the order of the spec; imports `datasets`."""
    from datasets import Features

    return Features({name: feature_of(of) for name, of in types_of(spec).items()})


def feature_of(of: ValueType) -> "FeatureType":
    """Return the feature of one type; imports `datasets`."""
    from datasets import ClassLabel, List, Value

    match of:
        case Plain():
            return Value(of.dtype)
        case Label():
            return ClassLabel(names=list(of.names))
        case Each():
            return List(feature_of(of.item))
        case Struct():
            return {name: feature_of(each) for name, each in of.fields}


def types_of(spec: DatasetSpec) -> dict[str, ValueType]:
    """Return the types of the stored columns, in the order of the spec; hidden columns have none."""
    found = {name: _type(item) for name, item in _stored(spec)}
    return found if spec.mix is None else {**found, spec.mix.source: TEXT}


def visible_columns(spec: DatasetSpec) -> tuple[str, ...]:
    """Return the names of the stored columns, in the order of the spec."""
    return tuple(name for name, _ in _stored(spec))


def label_columns(spec: DatasetSpec) -> dict[str, tuple[str, ...]]:
    """Return the class names of each stored label column."""
    labels: dict[str, tuple[str, ...]] = {}
    for name, item in _stored(spec):
        if isinstance(item, ClassesColumn):
            labels[name] = item.names
        elif isinstance(item, Field) and item.type == "classes":
            labels[name] = item.classes
        elif isinstance(item, DerivedColumn) and isinstance(item.rule, PartRule) and item.rule.classes:
            labels[name] = item.rule.classes
        elif isinstance(item, DerivedColumn) and isinstance(item.rule, SeedValueRule) and not item.rule.many:
            labels.update({name: item.rule.classes} if item.rule.classes else {})
    return labels


def text_columns(spec: DatasetSpec) -> tuple[str, ...]:
    """Return the stored columns whose text the model wrote."""
    return tuple(
        name
        for name, item in _stored(spec)
        if (not isinstance(item, Field) and hasattr(item, "prompt"))
        or (isinstance(item, DerivedColumn) and isinstance(item.rule, UnmarkRule))
        or (isinstance(item, Field) and item.type == "string")
        or (isinstance(item, DerivedColumn) and _is_said(item.rule))
    )


def _stored(spec: DatasetSpec) -> list[tuple[str, Column | Field]]:
    stored: list[tuple[str, Column | Field]] = []
    for column in spec.columns:
        if column.hidden:
            continue
        if isinstance(column, FieldsColumn):
            stored.extend((item.name, item) for item in column.fields if not item.hidden)
        else:
            stored.append((column.name, column))
    return stored


def _type(item: Column | Field) -> ValueType:  # noqa: PLR0911 - one line a kind
    match item:
        case ClassesColumn():
            return Label(item.names)
        case NumberColumn():
            return Plain("int64" if item.integer else "float64")
        case SampleColumn():
            return _narrowest(item)
        case DerivedColumn():
            return _derived_type(item.rule)
        case Field(type="classes"):
            return Label(item.classes)
        case Field(type="list"):
            return Each(TEXT)
        case Field(type="objects"):
            return Each(Struct(tuple((part.name, _type(part)) for part in item.items)))
        case Field():
            return _PLAIN.get(item.type, TEXT)
        case _:
            return TEXT


def _derived_type(rule: Rule) -> ValueType:  # noqa: PLR0911 - one line a rule
    if isinstance(rule, DialogueRules):
        return _dialogue_type(rule)
    if isinstance(rule, AnnotationRule):
        return annotation_type(rule)
    match rule:
        case SeedIdsRule() | SeedRowsRule():
            return Each(TEXT)
        case SeedValueRule():
            value = _label_or_text(rule.classes)
            return Each(value) if rule.many else value
        case LabelsRule():
            return Each(Label(rule.names))
        case PartRule():
            return _label_or_text(rule.classes)
        case VotesRule():
            return _votes_type(rule)
        case PerturbRule():  # hidden: its parts are what is stored
            return Struct((("text", TEXT), ("slice", TEXT)))


def _label_or_text(classes: tuple[str, ...]) -> ValueType:
    return Label(classes) if classes else TEXT


def _votes_type(rule: VotesRule) -> ValueType:
    if rule.gives == "agreement":
        return Plain("int64")
    label = Label(rule.names)
    return Each(label) if rule.gives == "ballots" else label


def _is_said(rule: Rule) -> bool:
    """Whether models wrote what the column holds: a dialogue, or an answer of a pair."""
    match rule:
        case DialogueRule() | MessagesRule():
            return True
        case ChoiceRule():
            return rule.part != "prompt"
        case _:
            return False


def _dialogue_type(rule: DialogueRules) -> ValueType:
    match rule:
        case DialogueRule() | MessagesRule() | ChoiceRule(plain=False):
            return Each(Struct((("role", TEXT), ("content", TEXT))))
        case _:
            return TEXT


def _narrowest(column: SampleColumn) -> ValueType:
    """Return the narrowest type that holds every value: mixed values are stored as text."""
    values = [value for weighted in column.choices.values() for value in weighted.values]
    if any(weighted.list for weighted in column.choices.values()):
        return TEXT
    if all(isinstance(value, bool) for value in values):
        return Plain("bool")
    if any(isinstance(value, (bool, str)) for value in values):
        return TEXT
    return Plain("int64" if all(isinstance(value, int) for value in values) else "float64")
