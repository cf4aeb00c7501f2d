"""The tables of a card, and its sample rows, as Markdown."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synth_datasets.publishing import markdown
from synth_datasets.publishing.beside import PLOTS_FOLDER
from synth_datasets.publishing.facts import CardFacts, Figure
from synth_datasets.publishing.markdown import framed
from synth_datasets.publishing.prompts import describe_field
from synth_datasets.quality.figures import FamilyVerdict
from synth_datasets.quality.pictures import Picture
from synth_datasets.quality.wording import FAMILIES, percent
from synth_datasets.spec.model import FieldsColumn

__all__ = ["features_table", "fields_table", "plot_lines", "quality_text", "samples", "splits_table"]

MAX_SAMPLE_TEXT = 2_000


def features_table(facts: CardFacts) -> str:
    """Return a row a column, with its type and what its numbers stand for."""
    rows = [
        [
            markdown.code_cell(name),
            markdown.code_cell(_type_of(feature)),
            markdown.cell("; ".join(_meanings(feature))),
        ]
        for name, feature in facts.features.items()
    ]
    return markdown.table(["column", "type", "values"], rows)


def _meanings(feature: Any, place: str = "") -> Iterator[str]:  # noqa: ANN401 - `datasets` has no common type of features
    """Yield what the numbers of labels stand for, wherever they are in the feature."""
    from datasets import ClassLabel, List

    match feature:
        case ClassLabel():
            yield place + ", ".join(f"{index} = {text}" for index, text in enumerate(feature.names))
        case List():
            yield from _meanings(feature.feature, place)
        case dict():
            for name, part in feature.items():
                yield from _meanings(part, f"{name}: ")


def _type_of(feature: Any) -> str:  # noqa: ANN401 - `datasets` has no common type of features
    from datasets import ClassLabel, List, Value

    match feature:
        case ClassLabel():
            return "ClassLabel"
        case Value():
            return feature.dtype
        case List():
            return f"list of {_type_of(feature.feature)}"
        case dict():
            return f"{{{', '.join(f'{name}: {_type_of(part)}' for name, part in feature.items())}}}"
        case _:
            return str(feature)


def splits_table(facts: CardFacts) -> str:
    """Return a row a split, with its size and the start of its digest."""
    rows = [
        [
            markdown.code_cell(split.name),
            f"{split.num_examples:,}",
            f"{split.file_bytes:,}",
            f"`{split.digest[:16]}`",
        ]
        for split in facts.splits
    ]
    return markdown.table(["split", "rows", "bytes of Parquet", "digest"], rows, numeric_from=1)


def samples(facts: CardFacts) -> list[tuple[str, str]]:
    """Return the first row of each split as JSON, long texts cut."""
    return [
        (split.name, json.dumps(_shortened(split.sample), ensure_ascii=False, indent=2, default=str))
        for split in facts.splits
        if split.sample is not None
    ]


def _shortened(row: Mapping[str, object]) -> dict[str, object]:
    return {name: _short(value) for name, value in row.items()}


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_SAMPLE_TEXT:
        return f"{value[:MAX_SAMPLE_TEXT]} … ({len(value) - MAX_SAMPLE_TEXT:,} more characters)"
    return value


def fields_table(facts: CardFacts) -> str:
    """Return a row for each field of the structured answers; empty where there are none."""
    rows = [
        [markdown.code_cell(item.name), markdown.cell(describe_field(item)), markdown.cell(item.description)]
        for column in facts.spec.columns
        if isinstance(column, FieldsColumn) and column.reads is None
        for item in column.fields
    ]
    return markdown.table(["field", "may hold", "description"], rows) if rows else ""


def quality_text(figures: Sequence[Figure], verdicts: Sequence[FamilyVerdict] = ()) -> str:
    """Return verdicts and a row a figure, between comments, so that it can be replaced; empty without figures."""
    if not figures:
        return ""
    alone = [item for item in figures if item.real is None]
    compared = [item for item in figures if item.real is not None]
    tables = [
        _figures_table(["figure", "value", "meaning"], alone) if alone else "",
        _figures_table(["figure", "value", "of real rows", "meaning"], compared) if compared else "",
    ]
    return framed("figures", "\n\n".join(part for part in [_verdict_lines(verdicts), *tables] if part))


def _verdict_lines(verdicts: Sequence[FamilyVerdict]) -> str:
    """Return what fails and what deserves a look, with the first reason, and the names of what passes."""
    words = {"fail": "fails", "warn": "deserves a look"}
    lines = [
        f"- **{markdown.cell(_named(each))}** {words[each.verdict]}: {markdown.cell(each.reasons[0])}."
        for verdict in words
        for each in verdicts
        if each.verdict == verdict
    ]
    for verdict, said in (("pass", "Within bounds"), ("unmeasured", "Not measured")):
        if names := [_named(each) for each in verdicts if each.verdict == verdict]:
            lines.append(f"- {said}: {markdown.cell(', '.join(names))}.")
    return "\n".join(lines)


def _named(each: FamilyVerdict) -> str:
    return FAMILIES.get(each.family, each.family)


def _figures_table(header: list[str], figures: Sequence[Figure]) -> str:
    rows = [
        [
            markdown.cell(item.name),
            _number(item.value, share=item.share),
            *([] if item.real is None else [_number(item.real, share=item.share)]),
            markdown.cell(item.meaning),
        ]
        for item in figures
    ]
    return markdown.table(header, rows)


def plot_lines(pictures: Sequence[Picture]) -> list[str]:
    """Return a line of Markdown for each plot, with its words for those who do not see it."""
    return [f"![{markdown.cell(each.said)}]({PLOTS_FOLDER}/{each.name})" for each in pictures]


def _number(value: str | float, *, share: bool) -> str:
    if isinstance(value, str):
        return markdown.cell(value)
    if share:
        return percent(value)
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.4g}"
