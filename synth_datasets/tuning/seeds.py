"""Seed rows as what tuning learns from: the spec's own prompt for each row, and the row's text as the answer."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.plan.order import stratified
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.graph import inputs, outputs
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DatasetSpec,
    DerivedColumn,
    FieldsColumn,
    NumberColumn,
    PromptColumn,
    SampleColumn,
)
from synth_datasets.spec.problems import shown
from synth_datasets.spec.rules_seeds import SeedRowsRule
from synth_datasets.spec.tables import TableError, read_table
from synth_datasets.spec.templates import TemplateError

__all__ = ["Lesson", "SeedRows", "column_to_tune", "lessons", "read_seeds"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the model is asked, and what it is to answer."""

    request: Request
    """As a build would ask it, with an opening only where the answer begins with it."""
    asked: Request
    """The same, always with the opening: for asking the tuned model."""
    answer: str
    """What follows the opening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRows:
    """Real rows: texts, what else the prompt needs of them, and which belong together."""

    texts: tuple[str, ...]
    values: tuple[Mapping[str, object], ...]
    """By column of the spec, what the file has."""
    groups: tuple[str, ...]
    digest: str
    """SHA-256 of the file."""
    drawn: tuple[str, ...]
    """Columns that the prompt needs and the file lacks: each row gets a value that the spec draws."""


def column_to_tune(spec: DatasetSpec, name: str | None) -> PromptColumn:
    """Return the column whose texts are taught: the only one that a model writes, unless named.

    Raises `SettingsError` for one of another kind, and for a prompt that shows seeds: it would hold the answer.
    """
    found = [column for column in spec.columns if isinstance(column, PromptColumn) and "." not in column.name]
    chosen = [column for column in found if column.name == name] if name else found
    if len(chosen) != 1:
        names = ", ".join(column.name for column in found) or "none"
        wrong = f"{name!r} is none" if name else f"there are {len(found)}"
        raise SettingsError(
            f"--column names the column of kind `prompt` to tune for; {wrong} (of kind `prompt`: {names})"
        )
    needed = _needed(spec, chosen[0])
    if any(isinstance(each, DerivedColumn) and isinstance(each.rule, SeedRowsRule) for each in needed):
        raise SettingsError(
            f"the prompt of {chosen[0].name} shows seeds, so it would hold the text that it is to be answered with: "
            "tune with a spec whose prompt shows none"
        )
    return chosen[0]


def read_seeds(
    path: Path, spec: DatasetSpec, column: PromptColumn, *, group: str | None, names: Mapping[str, str]
) -> SeedRows:
    """Read a CSV, TSV, JSON lines or Parquet file; rows without a text are left out.

    `names` says what the file calls columns of the spec, `group` which of its columns keeps rows together; without it
    equal texts stay together. Raises `SettingsError`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    needed = _needed(spec, column)
    given: dict[str, list[object]] = {}
    drawn: list[str] = []
    for each in needed:
        for name in (
            outputs(each)
            if isinstance(each, ClassesColumn | SampleColumn | NumberColumn | PromptColumn | FieldsColumn)
            else ()
        ):
            found = _column(
                path, data, names.get(name, name), must=isinstance(each, PromptColumn | FieldsColumn)
            )
            if found is None:
                drawn.append(name)
            else:
                given[name] = [_value(each, text, path, row) for row, text in enumerate(found, 1)]
    texts = _column(path, data, names.get(column.name, column.name), must=True) or ()
    groups = _column(path, data, group, must=True) if group is not None else None
    kept = [row for row, text in enumerate(texts) if text.strip()]
    return SeedRows(
        texts=tuple(texts[row].strip() for row in kept),
        values=tuple({name: values[row] for name, values in given.items()} for row in kept),
        groups=tuple((groups or texts)[row].strip() for row in kept),
        digest=hashlib.sha256(data).hexdigest(),
        drawn=tuple(drawn),
    )


def lessons(spec: DatasetSpec, column: PromptColumn, rows: SeedRows) -> list[Lesson]:
    """Return a lesson for each row; what the file lacks is drawn as for a row of the spec, the same at every call."""
    plan = Plan(spec, {})
    return [_lesson(plan, column, row, rows) for row in range(len(rows.texts))]


def _lesson(plan: Plan, column: PromptColumn, row: int, rows: SeedRows) -> Lesson:
    first = stratified(plan.spec)
    stratum = (
        "" if first is None else str(rows.values[row].get(first.name, first.names[row % len(first.names)]))
    )
    key = RowKey(plan.spec.splits[0].name, stratum, row)
    values = plan.values_with(key, rows.values[row])
    try:
        plan.derive(key, values)
        asked = plan.request(column, key, values, 0)
    except (KeyError, TemplateError) as error:
        raise SettingsError(f"row {row + 1}: no prompt can be made of it: {error}") from error
    text, opening = rows.texts[row], asked.opening
    if not opening:
        return Lesson(asked, asked, text)
    if text.startswith(opening):
        return Lesson(asked, asked, text[len(opening) :])
    return Lesson(replace(asked, messages=asked.messages[:-1]), asked, text)


def _needed(spec: DatasetSpec, column: PromptColumn) -> list[Column]:
    """Return the columns that the prompt reads, and those that these are made of."""
    by_name = {name: each for each in spec.columns for name in outputs(each)}
    found: dict[str, Column] = {}
    waiting = [*inputs(column)]
    while waiting:
        each = by_name.get(waiting.pop())
        if each is not None and each.name not in found:
            found[each.name] = each
            waiting += inputs(each) if not isinstance(each, PromptColumn | FieldsColumn) else ()
    return [each for each in spec.columns if each.name in found]


def _column(path: Path, data: bytes, name: str, *, must: bool) -> Sequence[str] | None:
    try:
        return read_table(path.name, data, [name]).columns[name]
    except TableError as error:
        if not must and all(fault.message.startswith("there is no column") for fault in error.faults):
            return None
        hint = f"; say what the file calls it with --rename {name}=THEIRS" if must else ""
        raise SettingsError(f"{path}: {error}{hint}") from error


def _value(column: Column, text: str, path: Path, row: int) -> object:
    """Return a text of the file as a value of the column."""
    if isinstance(column, ClassesColumn) and text not in column.names:
        raise SettingsError(
            f"{path}, row {row}: {column.name} is '{shown(text)}', which is none of {', '.join(column.names)}"
        )
    if isinstance(column, SampleColumn):
        every = [value for weighted in column.choices.values() for value in weighted.values]
        return next((value for value in every if str(value) == text), text)
    if isinstance(column, NumberColumn):
        try:
            return int(text) if column.integer else float(text)
        except ValueError as error:
            raise SettingsError(
                f"{path}, row {row}: {column.name} is '{shown(text)}', which is no number"
            ) from error
    return text
