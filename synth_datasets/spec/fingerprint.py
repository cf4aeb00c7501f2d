"""Two hashes of a spec: what can change its rows, and what can change anything that is shown."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TypeVar

from synth_datasets.spec.model import (
    Checks,
    ClassesColumn,
    Column,
    DatasetSpec,
    DerivedColumn,
    FieldsColumn,
    GeneratedList,
    ModelSpec,
    NumberColumn,
    PerValue,
    Prompt,
    PromptColumn,
    SampleColumn,
    Shot,
    Split,
    TextColumn,
    Weighted,
)
from synth_datasets.spec.never import Never
from synth_datasets.spec.templates import Template

__all__ = ["digest", "fingerprint", "ingredients"]

# Raised when the same spec begins to mean other rows.
_FORMAT = 1
_LATER_CHECKS = (
    *("marks", "differs", "planned_length", "planned_words", "language", "least", "blames"),
    *("readability", "similarity", "personal"),
    *("toxicity", "grammar", "perplexity", "held_out", "semantic_threshold", "semantic_model"),
)

T = TypeVar("T")


def fingerprint(spec: DatasetSpec) -> str:
    """Return 64 hex digits that are equal exactly when nothing that can change a row differs.

    The texts of files count where they are used, their names do not; the order of columns, classes, fields and
    splits counts, that of sampled values and of cases does not.
    """
    return _hash(
        {
            "format": _FORMAT,
            "columns": [_column(column) for column in spec.columns],
            "splits": [[split.name, split.num_examples, *_counts(split)] for split in spec.splits],
            **({} if spec.seeds is None else {"seeds": spec.seeds.key}),
            **({} if spec.mix is None else {"mix": spec.mix.key}),
            "seed": spec.seed,
            "attempts": spec.attempts,
            "checks": {name: _checks(checks) for name, checks in spec.checks.items()},
            **({"lists": {each.name: _list(each) for each in spec.lists}} if spec.lists else {}),
            **({"never": sorted(map(_never, spec.never))} if spec.never else {}),
            **_reviews(spec),
        }
    )


def ingredients(spec: DatasetSpec) -> dict[str, object]:
    """Return by its place in the spec each thing that the fingerprint covers: plain values, and digests of texts.

    Two specs have the same ingredients exactly when they have the same fingerprint; those that differ say why.
    """
    found: dict[str, object] = {
        "seed": spec.seed,
        "attempts": spec.attempts,
        "splits": [split.name for split in spec.splits],
        **{f"splits.{split.name}": split.num_examples for split in spec.splits},
        **{f"counts.{split.name}": _counts(split) for split in spec.splits if split.counts},
        **({} if spec.seeds is None else {"seeds": _hash(spec.seeds.key)}),
        **({} if spec.mix is None else {"mix": _hash(spec.mix.key)}),
        "columns": [column.name for column in spec.columns],
        **({"never": sorted(map(_never, spec.never))} if spec.never else {}),
        **_reviews(spec),
    }
    for column in spec.columns:
        place = f"columns.{column.name}"
        record = _column(column)
        if isinstance(column, PromptColumn | FieldsColumn):
            del record["prompt"]
            prompt = _prompt(column.prompt)
            found.update(_set_values(f"{place}.model", prompt.pop("model")))
            found[f"{place}.prompt"] = _hash(prompt)
        found[place] = _hash(record)
    for each in spec.lists:
        found.update(_set_values(f"lists.{each.name}.model", _model(each.column.prompt.model)))
        found[f"lists.{each.name}.count"] = each.count
        found[f"lists.{each.name}"] = _hash(_list(each))
    for name, checks in spec.checks.items():
        found.update(_set_values(f"checks.{name}", _checks(checks)))
        found[f"checks.{name}"] = True
    plain: dict[str, object] = json.loads(json.dumps(found))
    return plain


def digest(spec: DatasetSpec) -> str:
    """Return 64 hex digits of the fingerprint and of all that a `DatasetInfo` or a card says about the dataset."""
    return _hash(
        {
            "format": _FORMAT,
            "fingerprint": fingerprint(spec),
            "model": _model(spec.model),
            "metadata": [
                spec.name,
                spec.version,
                spec.description,
                spec.license,
                spec.task,
                spec.pretty_name,
            ],
            "language": spec.language,
            "tags": spec.tags,
            **({} if spec.card is None else {"card": spec.card.source}),
        }
    )


def _reviews(spec: DatasetSpec) -> dict[str, object]:
    """Only rejections and fixes change rows; a nod does not."""
    return {"reviews": spec.reviews.key} if spec.reviews is not None and spec.reviews.key else {}


def _counts(split: Split) -> list[object]:
    return [split.counts, split.cells] if split.counts else []


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _set_values(place: str, values: object) -> dict[str, object]:
    assert isinstance(values, Mapping)  # noqa: S101 - a model's or a column's checks
    return {f"{place}.{name}": value for name, value in values.items() if value not in (None, (), {})}


def _column(column: Column) -> dict[str, object]:
    return {"name": column.name, "hidden": column.hidden, **_kind(column)}


def _kind(column: Column) -> dict[str, object]:  # noqa: PLR0911 - one return a kind
    match column:
        case ClassesColumn():
            return {"kind": "classes", "classes": [*zip(column.names, column.weights, strict=True)]}
        case SampleColumn():
            return {"kind": "sample", "sample": _per_value(column.choices, _weighted)}
        case NumberColumn():
            return {"kind": "number", "number": [column.low, column.high, column.step]}
        case TextColumn():
            return {"kind": "text", "text": _per_value(column.template, _source)}
        case PromptColumn():
            turn = {"turn": True} if column.turn else {}
            return {"kind": "prompt", "prompt": _prompt(column.prompt), **turn}
        case FieldsColumn():
            fields = [_given(asdict(field), ["key", "items"]) for field in column.fields]
            record: dict[str, object] = {"kind": "fields", "prompt": _prompt(column.prompt), "fields": fields}
            judging = {"judges": column.judges, "reads": column.reads}
            return record | {name: value for name, value in judging.items() if value}
        case DerivedColumn():
            record = {"kind": "derived", "rule": type(column.rule).__name__, "settings": asdict(column.rule)}
            return record | ({"replaces": column.replaces} if column.replaces else {})


def _list(each: GeneratedList) -> list[object]:
    return [_kind(each.column), each.count, each.batch, each.per]


def _never(rule: Never) -> str:
    cases = sorted([name, sorted(texts)] for name, texts in rule.cases)
    return json.dumps(cases if rule.template is None else rule.template.source, ensure_ascii=False)


def _checks(checks: Checks) -> dict[str, object]:
    held_out = None if checks.held_out is None else checks.held_out.key  # its content, not where it lies
    record: dict[str, object] = {**asdict(replace(checks, held_out=None)), "held_out": held_out}
    return _given(record, _LATER_CHECKS)


def _given(record: Mapping[str, object], later: Collection[str]) -> dict[str, object]:
    """Leave out what is not given of the `later` entries, so that older specs keep their fingerprints."""
    return {name: value for name, value in record.items() if value not in (None, "", ()) or name not in later}


def _prompt(prompt: Prompt) -> dict[str, object]:
    parts: dict[str, object] = {
        "user": _per_value(prompt.user, _source),
        "model": _model(prompt.model),
        "system": None if prompt.system is None else _per_value(prompt.system, _source),
        "examples": None if prompt.shots is None else _per_value(prompt.shots, _shots),
        "opening": None if prompt.opening is None else _per_value(prompt.opening, _source),
    }
    if prompt.turns:
        parts["turns"] = prompt.turns
    if prompt.when is not None:
        parts["when"] = prompt.when if isinstance(prompt.when, str) else {"text": prompt.when.source}
    return parts


def _model(model: ModelSpec) -> Mapping[str, object]:
    record: dict[str, object] = {**asdict(replace(model, adapter=None))}
    del record["adapter"]
    # Where it lies says nothing, and older specs keep their fingerprints.
    return record if model.adapter is None else {**record, "adapter": model.adapter.digest}


def _per_value(value: PerValue[T], part: Callable[[T], object]) -> list[object]:
    cases = {name: part(case) for name, case in value.cases.items()}
    return [value.by, cases, None if value.default is None else part(value.default)]


def _source(template: Template) -> str:
    return template.source


def _shots(shots: tuple[Shot, ...]) -> list[list[str]]:
    return [[shot.prompt.source, shot.answer.source] for shot in shots]


def _weighted(weighted: Weighted) -> Sequence[Sequence[object]]:
    if weighted.list:
        return [["list", weighted.list]]  # what its items are follows from how it is asked for
    # A draw depends on each value and its weight alone, so the order of the file means nothing.
    pairs = zip(weighted.values, weighted.weights, strict=True)
    return sorted(([type(value).__name__, value, weight] for value, weight in pairs), key=json.dumps)
