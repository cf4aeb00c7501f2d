"""Verbs about specs: `list`, `new`, `check`, `schema`. None asks a model or opens a connection."""

import json
import re
from math import ceil
from pathlib import Path

import click

from synth_datasets import builder, builders
from synth_datasets.cli.options import spec_path
from synth_datasets.errors import SettingsError, SpecError
from synth_datasets.spec import DatasetSpec, json_schema, load_spec
from synth_datasets.spec.model import FieldsColumn, PromptColumn

__all__ = ["check_verb", "list_verb", "new_verb", "schema_verb"]

_STARTER = """\
# synth check {name}.synth.yaml     finds mistakes
# synth preview {name}.synth.yaml   shows prompts and a few rows
# synth build {name}.synth.yaml     makes the dataset
name: {name}
version: 1.0.0
description: Short customer reviews, labelled by sentiment.
license: cc0-1.0
language: en
task: text-classification

model:
  id: smollm2-135m-instruct     # the embedded model proves the pipeline; for real data name a model of your endpoint
  temperature: 0.6
  max_tokens: 80
seed: 1

columns:
  label: {{classes: [negative, positive]}}
  product: {{sample: [phone, laptop, kettle, backpack]}}
  text:
    prompt:
      by: label
      negative: Write two sentences of a negative customer review of a {{{{ product }}}} that broke after a week.
      positive: Write two sentences of a positive customer review of a new {{{{ product }}}}.

splits: {{train: 20, test: 4}}

checks:
  text: {{length: [20, 600]}}
"""


@click.command("list")
def list_verb() -> None:
    """Show the ready datasets.

    \b
    Example:  synth list
    """
    for name in builders():
        spec = load_spec(builder(name))
        click.echo(f"{name:24} {_rows(spec):>6} rows  {spec.task or '':24} {spec.description.strip()}")


@click.command("new")
@click.argument("name")
@click.option("--from", "origin", metavar="READY", help="A ready dataset to start from (see `synth list`).")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The folder."
)
def new_verb(name: str, origin: str | None, output: Path) -> None:
    """Start a spec NAME.synth.yaml, from scratch or from a ready dataset.

    \b
    Example:  synth new reviews
              synth new reviews --from customer_feedback
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise SettingsError(f"{name!r} is no name for a dataset: use lower-case letters, digits, - and _")
    path = output / f"{name}.synth.yaml"
    files = {path: _STARTER.format(name=name)}
    if origin is not None:
        spec = load_spec(builder(origin))
        files = {path: re.sub(r"(?m)^name:.*$", f"name: {name}", spec.source, count=1)}
        files.update({output / relative: text for relative, text in spec.files.items()})
    if existing := [str(file) for file in files if file.exists()]:
        raise SettingsError(
            f"{', '.join(existing)}: already there, and not overwritten; choose another name or folder"
        )
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    click.echo(f"Wrote {path}. Next: synth preview {path}")


@click.command("check")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
def check_verb(specs: tuple[str, ...]) -> None:
    """Find every mistake in a spec at once, with its line; asks no model and opens no connection.

    \b
    Example:  synth check reviews.synth.yaml
    """
    wrong: list[SpecError] = []
    for given in specs:
        try:
            spec = load_spec(spec_path(given))
        except SpecError as error:
            wrong.append(error)
            continue
        splits = ", ".join(f"{split.name} {split.num_examples}" for split in spec.splits)
        click.echo(f"{spec.origin}: ok: {splits}; at least {_requests(spec)} requests")
    for error in wrong:
        click.echo(f"Error: {error}", err=True)
    if wrong:
        raise SystemExit(2)


@click.command("schema")
def schema_verb() -> None:
    """Print the JSON Schema of a spec, for editors that complete and check YAML.

    \b
    Example:  synth schema > synth.schema.json
    """
    click.echo(json.dumps(json_schema(), indent=2))


def _rows(spec: DatasetSpec) -> int:
    return sum(split.num_examples for split in spec.splits)


def _requests(spec: DatasetSpec) -> int:
    asked = [column for column in spec.columns if isinstance(column, (PromptColumn, FieldsColumn))]
    for_rows = _rows(spec) * sum(column.prompt.when is None for column in asked)
    counts = {each.name: each.count for each in spec.lists}
    return for_rows + sum(
        ceil(each.count / each.batch) * (1 if each.per is None else counts[each.per]) for each in spec.lists
    )
