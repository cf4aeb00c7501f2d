"""Checks that a row's own values decide on: planned sizes and languages, and the least score of a judge."""

from collections.abc import Sequence
from dataclasses import replace

from synth_datasets.spec import schema
from synth_datasets.spec.graph import inputs, outputs
from synth_datasets.spec.languages import LANGUAGES, language_code
from synth_datasets.spec.model import (
    Checks,
    Column,
    FieldsColumn,
    NumberColumn,
    Planned,
    PromptColumn,
    SampleColumn,
    Spoken,
)
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import shown
from synth_datasets.spec.schema_judging import PlannedFile
from synth_datasets.spec.score import written_by

__all__ = ["with_least", "with_row_checks"]


def with_row_checks(
    path: Path, given: schema.ChecksFile, checks: Checks, columns: Sequence[Column], parts: Parts
) -> Checks:
    """Return the checks with those that read other columns; mistakes are noted."""
    if given.min is not None:
        hint = "a field's own least number is its `min`"
        parts.problem((*path, "min"), "`min` applies to columns of kind `score`", hint)
    return replace(
        checks,
        planned_length=_planned((*path, "length"), given.length, columns, parts),
        planned_words=_planned((*path, "words"), given.words, columns, parts),
        language=_language((*path, "language"), given, columns, parts),
    )


def with_least(
    path: Path,
    given: schema.ChecksFile,
    checks: Checks,
    columns: Sequence[Column],
    parts: Parts,
) -> Checks:
    """Return the checks of a score; mistakes are noted."""
    for name in sorted(given.model_fields_set - {"min"}):
        parts.problem((*path, name), f"`{name}` does not apply to a score", "a score is checked by `min`")
    if given.min is None:
        return checks
    column = next(each for each in columns if each.name == path[1])
    if not isinstance(column, FieldsColumn):
        return checks
    low, high = column.fields[-1].minimum or 0, column.fields[-1].maximum or 0
    if not low <= given.min <= high:
        message = f"no score is {given.min:g}: `{column.name}` goes from {low:g} to {high:g}"
        parts.problem((*path, "min"), message)
        return checks
    blames = written_by(column.judges, columns)
    if not blames:
        message = f"no model writes '{shown(column.judges)}', so a low score cannot have it written again"
        parts.problem((*path, "min"), message)
    return replace(checks, least=given.min, blames=blames)


def _planned(
    path: Path, given: list[int] | PlannedFile | None, columns: Sequence[Column], parts: Parts
) -> Planned | None:
    if not isinstance(given, PlannedFile):
        return None
    column = _early(path, given.from_, columns, parts)
    if column is not None and not _whole(column):
        message = f"`from: {shown(given.from_)}` needs a column of whole numbers"
        parts.problem((*path, "from"), message, "one of kind `number`, or a `sample` of whole numbers")
    return Planned(given.from_, float(given.within))


def _language(
    path: Path, given: schema.ChecksFile, columns: Sequence[Column], parts: Parts
) -> str | Spoken | None:
    if given.language is None:
        return None
    if isinstance(given.language, str):
        _language_ok(path, given.language, parts)
        return given.language
    name = given.language.from_
    if _early((*path, "from"), name, columns, parts) is not None:
        for value in parts.domains.get(name) or ():
            _language_ok((*path, "from"), str(value), parts)
        if parts.domains.get(name) is None:
            message = f"`from: {shown(name)}` needs a column with a fixed set of values"
            parts.problem((*path, "from"), message, "one of kind `classes` or `sample`")
    return Spoken(name)


def _language_ok(path: Path, text: str, parts: Parts) -> None:
    if language_code(text) is None:
        known = {*LANGUAGES, *LANGUAGES.values()}
        message = f"'{shown(text)}' is no language that can be told"
        parts.problems.unknown(parts.tree.line_of(path), ".".join(map(str, path)), message, text, known)


def _early(path: Path, name: str, columns: Sequence[Column], parts: Parts) -> Column | None:
    """Return the column, which must be there before a model is asked; None when a problem was noted."""
    givers = {output: column for column in columns for output in outputs(column)}
    column = givers.get(name)
    if column is None:
        if name not in (parts.tree.at(["columns"]).members or {}):
            known = [each for each in givers if "." not in each]
            parts.problems.unknown(
                parts.tree.line_of(path),
                ".".join(map(str, path)),
                f"there is no column '{shown(name)}'",
                name,
                known,
            )
        return None
    if isinstance(column, PromptColumn | FieldsColumn) or any(
        written_by(each, columns) for each in inputs(column)
    ):
        parts.problem(path, f"'{shown(name)}' comes from the model, and cannot say what a text must hold")
        return None
    return column


def _whole(column: Column) -> bool:
    if isinstance(column, NumberColumn):
        return column.integer
    return isinstance(column, SampleColumn) and all(
        type(value) is int for weighted in column.choices.values() for value in weighted.values
    )
