"""Which `datasets.Features` a spec's rows have."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, cast

from synth_datasets.annotation_features import annotation_feature
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

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Features
    from datasets.features.features import FeatureType

__all__ = ["features_of", "label_columns", "tables_of", "text_columns", "visible_columns"]

MOST_ROWS = 1000


def features_of(spec: DatasetSpec) -> "Features":
    """Return the features of the stored columns, in the order of the spec; hidden columns have none."""
    from datasets import Features

    found = _visible(spec)
    if spec.mix is not None:
        from datasets import Value

        found[spec.mix.source] = Value("string")
    return Features(found)


def tables_of(features: "Features", rows: Iterable[Mapping[str, object]]) -> "Iterator[pa.Table]":
    """Yield the rows as tables with these features, two rows first and twice as many each time, up to 1000.

    What `Features.encode_example` does to the values of a spec's columns, a column at a time. Lazy.
    """
    import pyarrow as pa

    encoders = [_encoder(feature) for feature in features.values()]
    rows = iter(rows)
    size = 2
    while batch := list(islice(rows, size)):
        columns = [
            pa.array([encode(row[name]) for row in batch], type=field.type)
            for (name, encode), field in zip(
                zip(features, encoders, strict=True), features.arrow_schema, strict=True
            )
        ]
        yield pa.Table.from_arrays(columns, schema=features.arrow_schema)
        size = min(2 * size, MOST_ROWS)


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


def _encoder(feature: "FeatureType") -> Callable[[object], object]:
    from datasets import ClassLabel, Value
    from datasets.features.features import encode_nested_example

    # Only real rows, which may know nothing of a column, hold None.
    if isinstance(feature, ClassLabel):
        numbers = {name: number for number, name in enumerate(feature.names)}
        return lambda value: None if value is None else numbers[str(value)]
    if isinstance(feature, Value) and feature.dtype == "string":
        return lambda value: None if value is None else str(value)
    if isinstance(feature, Value) and feature.dtype == "float64":
        return lambda value: None if value is None else float(cast("float", value))
    if isinstance(feature, Value):
        return lambda value: value
    return lambda value: encode_nested_example(feature, value)


def _visible(spec: DatasetSpec) -> "dict[str, FeatureType]":
    from datasets import ClassLabel, List, Value

    def feature(item: Column | Field) -> "FeatureType":  # noqa: PLR0911 - one line a kind
        match item:
            case ClassesColumn():
                return ClassLabel(names=list(item.names))
            case NumberColumn():
                return Value("int64" if item.integer else "float64")
            case SampleColumn():
                return Value(_dtype(item))
            case DerivedColumn():
                return _derived_feature(item.rule)
            case Field(type="classes"):
                return ClassLabel(names=list(item.classes))
            case Field(type="list"):
                return List(Value("string"))
            case Field(type="objects"):
                return List({part.name: feature(part) for part in item.items})
            case Field():
                return Value(
                    {"integer": "int64", "number": "float64", "boolean": "bool"}.get(item.type, "string")
                )
            case _:
                return Value("string")

    return {name: feature(item) for name, item in _stored(spec)}


def _derived_feature(rule: Rule) -> "FeatureType":  # noqa: PLR0911 - one line a rule
    from datasets import ClassLabel, List, Value

    if isinstance(rule, DialogueRules):
        return _dialogue_feature(rule)
    if isinstance(rule, AnnotationRule):
        return annotation_feature(rule)
    match rule:
        case SeedIdsRule() | SeedRowsRule():
            return List(Value("string"))
        case SeedValueRule():
            value = ClassLabel(names=list(rule.classes)) if rule.classes else Value("string")
            return List(value) if rule.many else value
        case LabelsRule():
            return List(ClassLabel(names=list(rule.names)))
        case PartRule():
            return ClassLabel(names=list(rule.classes)) if rule.classes else Value("string")
        case VotesRule():
            return _votes_feature(rule)
        case PerturbRule():  # hidden: its parts are what is stored
            return {"text": Value("string"), "slice": Value("string")}


def _votes_feature(rule: VotesRule) -> "FeatureType":
    from datasets import ClassLabel, List, Value

    if rule.gives == "agreement":
        return Value("int64")
    label = ClassLabel(names=list(rule.names))
    return List(label) if rule.gives == "ballots" else label


def _is_said(rule: Rule) -> bool:
    """Whether models wrote what the column holds: a dialogue, or an answer of a pair."""
    match rule:
        case DialogueRule() | MessagesRule():
            return True
        case ChoiceRule():
            return rule.part != "prompt"
        case _:
            return False


def _dialogue_feature(rule: DialogueRules) -> "FeatureType":
    from datasets import List, Value

    match rule:
        case DialogueRule() | MessagesRule() | ChoiceRule(plain=False):
            return List({"role": Value("string"), "content": Value("string")})
        case _:
            return Value("string")


def _dtype(column: SampleColumn) -> str:
    """Return the narrowest type that holds every value: mixed values are stored as text."""
    values = [value for weighted in column.choices.values() for value in weighted.values]
    if any(weighted.list for weighted in column.choices.values()):
        return "string"
    if all(isinstance(value, bool) for value in values):
        return "bool"
    if any(isinstance(value, (bool, str)) for value in values):
        return "string"
    return "int64" if all(isinstance(value, int) for value in values) else "float64"
