"""The dataset card: a pure function of facts, through one template."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from synth_datasets.publishing import markdown
from synth_datasets.publishing.facts import CardFacts, Figure
from synth_datasets.publishing.funnel import class_table, funnel_table, has_counts, note_counts, token_counts
from synth_datasets.publishing.header import card_header
from synth_datasets.publishing.prompts import (
    describe_field,
    describe_fillers,
    describe_models,
    describe_prompts,
)
from synth_datasets.publishing.real_data import balance_table, seed_lines
from synth_datasets.publishing.vocabulary import LICENSES
from synth_datasets.resources import shipped
from synth_datasets.spec.model import ClassesColumn, FieldsColumn

__all__ = ["card_for_repo", "render_card", "repo_load_line"]

LOCAL_LOAD = 'ds = load_dataset("path/to/this/folder")'
_LOAD_BLOCK = "```python\nfrom datasets import load_dataset\n\n{line}\n"
MAX_SAMPLE_TEXT = 2_000


def render_card(facts: CardFacts) -> str:
    """Return the whole README: equal facts, equal text.

    Raises `jinja2.UndefinedError` for a hole in the template.
    """
    import jinja2

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the page is Markdown: every stranger's text passes one of the filters below
    )
    environment.filters |= {
        "prose": markdown.prose,
        "cell": markdown.cell,
        "code": markdown.code,
        "code_cell": markdown.code_cell,
        "fence": markdown.fence,
        "count": lambda number: f"{number:,}",
    }
    template = (shipped("cards") / "dataset_card.md").read_text(encoding="utf-8")
    return environment.from_string(template).render(_context(facts)).rstrip("\n") + "\n"


def card_for_repo(card: str, repo_id: str, version: str) -> str:
    """Return the card for a repository: the line that loads the folder loads this version instead."""
    remote = f"ds = {repo_load_line(repo_id, version)}"
    # A release that was downloaded from elsewhere names the place it came from.
    written = re.escape(_LOAD_BLOCK).replace(re.escape("{line}"), r'ds = load_dataset\("[^"\n]*"[^\n]*\)')
    return re.sub(written, lambda _: _LOAD_BLOCK.format(line=remote), card, count=1)


def repo_load_line(repo_id: str, version: str) -> str:
    """Return how a card in a repository says to load the version; no other card says so."""
    return f'load_dataset("{repo_id}", revision="v{version}")'


def _context(facts: CardFacts) -> dict[str, object]:
    spec = facts.spec
    return {
        "header": card_header(facts),
        "facts": facts,
        "spec": spec,
        "title": spec.pretty_name or spec.name,
        "licence_url": _licence_url(spec.license),
        "models": (models := describe_models(spec)),
        "writers": dict.fromkeys((asked.model.id, asked.model.revision) for asked in models),
        "prompts": describe_prompts(spec),
        "fillers": describe_fillers(spec),
        "seeds": seed_lines(spec),
        "balance": balance_table(facts),
        "features": _features_table(facts),
        "splits": _splits_table(facts),
        "samples": _samples(facts),
        "fields": _fields_table(facts),
        "load_block": _LOAD_BLOCK.format(line=LOCAL_LOAD),
        "funnel": funnel_table(facts.tallies) if has_counts(facts.tallies) else "",
        "by_class": class_table(facts.tallies),
        "tokens": token_counts(facts.tallies),
        "quality": _quality_table(facts.quality),
        "notes": note_counts(facts.tallies),
        "missing": sum(sum(tally.missing.values()) for tally in facts.tallies.values()),
        "labelled": any(isinstance(column, ClassesColumn) and not column.hidden for column in spec.columns),
        "command": _command(facts),
        "python": _python(facts),
    }


def _licence_url(licence: str | None) -> str:
    known = licence is not None and licence.lower() in LICENSES - {"other", "unknown"}
    return f"https://choosealicense.com/licenses/{licence.lower()}" if known and licence else ""


def _features_table(facts: CardFacts) -> str:
    from datasets import ClassLabel

    rows = []
    for name, feature in facts.features.items():
        names = feature.names if isinstance(feature, ClassLabel) else []
        meaning = ", ".join(f"{index} = {text}" for index, text in enumerate(names))
        rows.append([markdown.code_cell(name), markdown.code_cell(_type_of(feature)), markdown.cell(meaning)])
    return markdown.table(["column", "type", "values"], rows)


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


def _splits_table(facts: CardFacts) -> str:
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


def _samples(facts: CardFacts) -> list[tuple[str, str]]:
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


def _fields_table(facts: CardFacts) -> str:
    rows = [
        [markdown.code_cell(item.name), markdown.cell(describe_field(item)), markdown.cell(item.description)]
        for column in facts.spec.columns
        if isinstance(column, FieldsColumn)
        for item in column.fields
    ]
    return markdown.table(["field", "may hold", "description"], rows) if rows else ""


def _quality_table(figures: Sequence[Figure]) -> str:
    rows = [[markdown.cell(item.name), _number(item.value), markdown.cell(item.meaning)] for item in figures]
    return markdown.table(["figure", "value", "meaning"], rows) if rows else ""


def _number(value: str | float) -> str:
    if isinstance(value, str):
        return markdown.cell(value)
    return f"{int(value):,}" if float(value).is_integer() else f"{value:.4g}"


def _command(facts: CardFacts) -> str:
    """Return the command that builds these rows; empty when the command line has no words for an override."""
    import shlex

    if any(isinstance(value, Mapping) for value in facts.overrides.values()):
        return ""
    options = [
        f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in facts.overrides.items()
    ]
    return " ".join(["synth build", facts.spec_file, *options])


def _python(facts: CardFacts) -> str:
    given = {"data_files": facts.spec_file, **facts.overrides}
    arguments = "".join(
        f", {name}={json.dumps(value, ensure_ascii=False) if isinstance(value, (str, Mapping)) else value}"
        for name, value in given.items()
    )
    return (
        f'import synth_datasets\nfrom datasets import load_dataset\n\nds = load_dataset("synth"{arguments})'
    )
