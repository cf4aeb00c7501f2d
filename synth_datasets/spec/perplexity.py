"""Texts that a model reads once they are written: `perplexity` under `checks` becomes a question about likelihood."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from synth_datasets.spec.annotation_checks import marked_texts
from synth_datasets.spec.model import (
    Checks,
    Column,
    Field,
    FieldsColumn,
    ModelSpec,
    PerValue,
    Prompt,
    PromptColumn,
)
from synth_datasets.spec.parts import Parts
from synth_datasets.spec.schema import ChecksFile
from synth_datasets.spec.schema_checks import PerplexityFile
from synth_datasets.spec.score import written_by
from synth_datasets.spec.templates import Template
from synth_datasets.spec.votes import stored_name_ok

__all__ = ["build_perplexity", "with_perplexity"]


def build_perplexity(
    checks: Mapping[str, ChecksFile], columns: Sequence[Column], parts: Parts
) -> tuple[FieldsColumn, ...]:
    """Return the questions that give perplexities; for those that cannot be made a problem is noted."""
    made: list[FieldsColumn] = []
    for name, given in checks.items():
        settings = _settings(given)
        if settings is not None and _may(name, settings, [*columns, *made], parts):
            made.append(_question(name, settings))
    return tuple(made)


def with_perplexity(
    given: Mapping[str, ChecksFile], columns: Sequence[Column], checks: Mapping[str, Checks]
) -> dict[str, Checks]:
    """Return the checks of the columns that `build_perplexity` has made."""
    found: dict[str, Checks] = {}
    for column in columns:
        if not isinstance(column, FieldsColumn) or column.reads is None:
            continue
        settings = _settings(given[column.judges])
        if settings is not None:
            low, high = settings.within
            found[column.name] = replace(
                checks[column.name],
                perplexity=(float(low), float(high)),
                blames=written_by(column.judges, columns),
            )
    return found


def _settings(given: ChecksFile) -> PerplexityFile | None:
    if given.perplexity is None or isinstance(given.perplexity, PerplexityFile):
        return given.perplexity
    return PerplexityFile(within=given.perplexity)


def _may(name: str, settings: PerplexityFile, columns: Sequence[Column], parts: Parts) -> bool:
    path = ("checks", name, "perplexity")
    asked = [column for column in columns if isinstance(column, PromptColumn)]
    groups = [column for column in columns if isinstance(column, FieldsColumn) and not column.judges]
    texts = {column.name for column in asked if not column.turn}
    texts |= {field.name for column in groups for field in column.fields if field.type == "string"}
    if name not in texts | marked_texts(columns).keys():
        if name in {column.name.partition(".")[0] for column in (*asked, *groups)}:
            hint = "name a column or a field that holds a text"
            parts.problem(path, "`perplexity` applies to texts that the model writes", hint)
        return False
    low, high = settings.within
    if low > high:
        parts.problem(path, f"expected [least, most], found [{low:g}, {high:g}]")
        return False
    if high < 1:
        parts.problem(path, f"no text has a perplexity of {high:g} or less", "it goes from 1 upwards")
        return False
    return settings.column is None or stored_name_ok(settings.column, columns, parts, path)


def _question(name: str, settings: PerplexityFile) -> FieldsColumn:
    stored = settings.column
    own = f"{name}.perplexity"
    return FieldsColumn(
        name=own,
        prompt=Prompt(
            user=PerValue(None, {}, Template(f"{{{{ {name} }}}}")),
            model=ModelSpec(settings.model, revision=settings.revision, max_tokens=1),
        ),
        fields=(Field(stored or own, "number", hidden=stored is None, key="perplexity"),),
        hidden=stored is None,
        judges=name,
        reads=settings.tokens,
    )
