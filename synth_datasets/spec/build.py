"""From the shape of a file to the columns of a spec, each made of its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from synth_datasets.spec import schema
from synth_datasets.spec.annotation import build_answer, build_spans
from synth_datasets.spec.challenge import blame_writers, build_testing, challenge_names
from synth_datasets.spec.dialogue import build_messages
from synth_datasets.spec.explain import Shape
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DerivedColumn,
    Field,
    FieldsColumn,
    ModelSpec,
    NumberColumn,
    PerValue,
    Prompt,
    PromptColumn,
    SampleColumn,
    Scalar,
    TextColumn,
    Weighted,
)
from synth_datasets.spec.model_settings import override
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.perplexity import build_perplexity
from synth_datasets.spec.preference import build_preference
from synth_datasets.spec.rules import LabelsRule
from synth_datasets.spec.score import build_score, note_use
from synth_datasets.spec.seeds import build_seed, seed_ids

__all__ = ["build_columns"]

_MAX_FIELD_SIZE = 100_000


def build_columns(shape: Shape, parts: Parts, model: ModelSpec) -> tuple[Column, ...]:
    """Return the columns that can be made, each after those that it is made of; for the others a problem is noted."""
    given = {name: file for name, file in shape.spec.columns.items() if shape.has("columns", name)}
    for name, file in given.items():
        _note_values(name, file, parts)
    made = [_column(name, file, parts, model) for name, file in given.items()]
    columns = blame_writers([column for columns in made for column in columns or ()])
    columns += seed_ids(columns, shape, parts)
    return columns + build_perplexity(shape.spec.checks, columns, parts)


def _note_values(name: str, file: schema.ColumnFile, parts: Parts) -> None:
    """Note which values a column can take, before any column that depends on them is made."""
    path = ("columns", name)
    if isinstance(file, schema.ClassesFile):
        parts.domains[name] = parts.class_names((*path, "classes"))
    elif isinstance(file, schema.ChallengeFile):
        parts.domains[name] = challenge_names(name, file, parts)
    elif isinstance(file, schema.SampleFile):
        if _draws_from_list(file.sample):
            parts.generated.add(name)
            return
        column = _sample_values((*path, "sample"), file, parts)
        parts.domains[name] = None if column is None else _promoted(column, column)
    elif isinstance(file, schema.SeedColumnFile) and file.classes is not None:
        parts.domains[name] = parts.class_names((*path, "classes"))
    elif isinstance(file, schema.FieldsFile):
        for key, field in file.fields.items():
            if isinstance(field, schema.FieldFile) and field.classes is not None:
                parts.domains[key] = parts.class_names((*path, "fields", key, "classes"))


def _draws_from_list(given: schema.ByChoices | schema.Choices | None) -> bool:
    if isinstance(given, schema.ByChoices):
        return any(map(_draws_from_list, [*(given.model_extra or {}).values(), given.default]))
    return isinstance(given, schema.ListReference)


def _sample_values(path: Path, file: schema.SampleFile, parts: Parts) -> list[Scalar] | None:
    if not isinstance(file.sample, schema.ByChoices):
        every = [parts.weighted(path, file.sample)]
    else:
        every = [parts.weighted((*path, key), case) for key, case in (file.sample.model_extra or {}).items()]
        if file.sample.default is not None:
            every.append(parts.weighted((*path, "default"), file.sample.default))
    if any(weighted is None or weighted.list for weighted in every):
        return None
    return list(
        dict.fromkeys(value for weighted in every if weighted is not None for value in weighted.values)
    )


def _column(  # noqa: PLR0911 - one return a kind
    name: str, file: schema.ColumnFile, parts: Parts, model: ModelSpec
) -> tuple[Column, ...] | None:
    """Return the column as the file calls it, last, after the hidden ones that it is made of."""
    if isinstance(file, schema.ChallengeFile | schema.PerturbFile):
        return build_testing(name, file, parts)
    if isinstance(file, schema.MessagesFile):
        return build_messages(name, file, parts, model)
    if isinstance(file, schema.PreferenceFile):
        return build_preference(name, file, parts, model)
    if isinstance(file, schema.ScoreFile):
        return build_score(name, file, parts, model)
    if isinstance(file, schema.SeedColumnFile):
        return build_seed(name, file, parts)
    if isinstance(file, schema.SpansFile):
        return build_spans(name, file, parts, model)
    if isinstance(file, schema.AnswerFile):
        return build_answer(name, file, parts)
    one = _plain_column(name, file, parts, model)
    return None if one is None else (one,)


def _plain_column(name: str, file: schema.ColumnFile, parts: Parts, model: ModelSpec) -> Column | None:
    match file:
        case schema.ClassesFile():
            return _classes(name, file, parts)
        case schema.LabelsFile():
            return _labels(name, file, parts)
        case schema.SampleFile():
            return _sample(name, file, parts)
        case schema.NumberFile():
            return _number(name, file, parts)
        case schema.ComputedFile():
            template = parts.texts(("columns", name, "text"), file.text)
            return None if template is None else TextColumn(name=name, template=template, hidden=file.hidden)
        case schema.PromptFile() | schema.FieldsFile():
            return _asked(name, file, parts, model)


def _asked(
    name: str, file: schema.PromptFile | schema.FieldsFile, parts: Parts, model: ModelSpec
) -> PromptColumn | FieldsColumn | None:
    path = ("columns", name)
    opening = file.opening if isinstance(file, schema.PromptFile) else None
    prompt = _prompt(path, file, opening, parts, model)
    if isinstance(file, schema.PromptFile):
        return None if prompt is None else PromptColumn(name=name, prompt=prompt, hidden=file.hidden)
    fields = [_field((*path, "fields", key), given, parts) for key, given in file.fields.items()]
    good = tuple(field for field in fields if field is not None)
    if prompt is None or len(good) < len(fields):
        return None
    return FieldsColumn(name=name, prompt=prompt, fields=good, hidden=file.hidden)


def _classes(name: str, file: schema.ClassesFile, parts: Parts) -> ClassesColumn | None:
    names = parts.class_names(("columns", name, "classes"))
    if names is None:
        return None
    return ClassesColumn(name=name, names=names, weights=_weights(file.classes), hidden=file.hidden)


def _labels(name: str, file: schema.LabelsFile, parts: Parts) -> DerivedColumn | None:
    names = parts.class_names(("columns", name, "labels"))
    least, most = file.count
    if names is None:
        return None
    if least > most or most > len(names):
        message = f"expected [fewest, most] labels of {len(names)}, found [{least}, {most}]"
        parts.problem(("columns", name, "count"), message)
        return None
    rule = LabelsRule(names, _weights(file.labels), least, most)
    return DerivedColumn(name=name, rule=rule, hidden=file.hidden)


def _weights(given: Sequence[object] | Mapping[str, float]) -> tuple[float, ...]:
    return tuple(map(float, given.values())) if isinstance(given, Mapping) else (1.0,) * len(given)


def _sample(name: str, file: schema.SampleFile, parts: Parts) -> SampleColumn | None:
    path = ("columns", name, "sample")
    choices = parts.choices(path, file.sample)
    if choices is None:
        return None
    if isinstance(file.sample, schema.ListReference) and file.sample.of is not None:
        note_use(parts, (*path, "of"), file.sample.of, name)
        choices = replace(choices, by=file.sample.of)
    every = [value for weighted in choices.values() for value in weighted.values]
    if len({type(value) for value in _promoted(every, every)}) > 1:
        parts.problem(path, "the values are not of one type", "put those in quotes that are meant as text")
        return None

    def alike(weighted: Weighted) -> Weighted:
        return replace(weighted, values=_promoted(weighted.values, every))

    cases = {key: alike(weighted) for key, weighted in choices.cases.items()}
    default = None if choices.default is None else alike(choices.default)
    return SampleColumn(name=name, choices=PerValue(choices.by, cases, default), hidden=file.hidden)


def _promoted(values: Sequence[Scalar], every: Sequence[Scalar]) -> tuple[Scalar, ...]:
    """Return the values, whole numbers as floats when there is a float among `every`."""
    floats = any(isinstance(value, float) for value in every)
    return tuple(float(value) if floats and type(value) is int else value for value in values)


def _number(name: str, file: schema.NumberFile, parts: Parts) -> NumberColumn | None:
    given, path = file.number, ("columns", name, "number")
    if given.min > given.max:
        parts.problem(path, f"`min` {given.min:g} is above `max` {given.max:g}")
        return None
    step = given.step
    if step is None and float(given.min).is_integer() and float(given.max).is_integer():
        step = 1.0
    return NumberColumn(
        name=name,
        low=float(given.min),
        high=float(given.max),
        step=None if step is None else float(step),
        hidden=file.hidden,
    )


def _prompt(
    path: Path,
    file: schema.PromptFile | schema.FieldsFile,
    opening: schema.TextFile | None,
    parts: Parts,
    model: ModelSpec,
) -> Prompt | None:
    user = parts.texts((*path, "prompt"), file.prompt)
    system = parts.texts((*path, "system"), file.system)
    shots = parts.shots((*path, "examples"), file.examples)
    begin = parts.texts((*path, "opening"), opening)
    for given, made in ((file.system, system), (file.examples, shots), (opening, begin)):
        if given and made is None:
            return None
    if user is None:
        return None
    return Prompt(
        user=user, model=override(model, file.model, parts, path), system=system, shots=shots, opening=begin
    )


def _field(path: Path, given: schema.FieldType | schema.FieldFile, parts: Parts) -> Field | None:
    name = str(path[-1])
    if isinstance(given, str):
        return Field(name, given)
    if (given.type is None) == (given.classes is None):
        parts.problem(path, "a field needs either `type` or `classes`")
        return None
    if words := _limits(given):
        parts.problem(path, words)
        return None
    classes = parts.class_names((*path, "classes")) if given.classes is not None else ()
    if classes is None:
        return None
    return Field(
        name=name,
        type=given.type or "classes",
        classes=classes,
        minimum=given.min,
        maximum=given.max,
        description=given.description,
        hidden=given.hidden,
    )


def _limits(given: schema.FieldFile) -> str:
    """Return what is wrong with `min` and `max`; empty when nothing is."""
    limits = [limit for limit in (given.min, given.max) if limit is not None]
    if limits and given.type in (None, "boolean"):
        return f"`min` and `max` do not apply to {given.type or 'classes'}"
    if len(limits) == 2 and limits[0] > limits[1]:  # noqa: PLR2004 - both are given
        return f"`min` {limits[0]:g} is above `max` {limits[1]:g}"
    if given.type != "number" and not all(float(limit).is_integer() for limit in limits):
        return f"`min` and `max` of {given.type} must be whole numbers"
    if given.type in ("string", "list") and not all(0 <= limit <= _MAX_FIELD_SIZE for limit in limits):
        return f"`min` and `max` of {given.type} must be from 0 to {_MAX_FIELD_SIZE}"
    return ""
