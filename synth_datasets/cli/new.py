"""Verbs for beginners: `list`, the ready datasets, and `new`, a spec to start from."""

import re
from pathlib import Path

import click

from synth_datasets import builder, builders
from synth_datasets.cli.printing import printable
from synth_datasets.errors import SettingsError
from synth_datasets.spec import DatasetSpec, load_spec
from synth_datasets.spec.load import SUFFIX

__all__ = ["list_verb", "new_verb"]

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
_WIDEST = 100


@click.command("list")
def list_verb() -> None:
    """Show the ready datasets: name, rows, task, the model they are written for, and what they hold.

    Build one with `synth build NAME`, or start your own from one with `synth new MINE --from NAME`.

    \b
    Example:  synth list
    """
    specs = {name: load_spec(builder(name)) for name in builders()}
    rows = [
        (name, f"{_rows(spec):,} rows", spec.task or "", spec.model.id, _first_sentence(spec.description))
        for name, spec in specs.items()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, count, task, model, said in rows:
        line = f"{name:{widths[0]}}  {count:>{widths[1]}}  {task:{widths[2]}}  {model:{widths[3]}}  {said}"
        click.echo(printable(line.rstrip()))


@click.command("new")
@click.argument("name")
@click.option("--from", "origin", metavar="READY", help="A ready dataset to start from (see `synth list`).")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The folder."
)
def new_verb(name: str, origin: str | None, output: Path) -> None:
    """Start a spec NAME.synth.yaml, from scratch or from a ready dataset with all files that its spec refers to.

    Nothing that is there is overwritten.

    \b
    Example:  synth new reviews
              synth new reviews --from customer_feedback
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,95}", name):
        raise SettingsError(
            f"{name!r} is no name for a dataset: use at most 96 lower-case letters, digits, - and _"
        )
    path = output / f"{name}{SUFFIX}"
    starter = {path: _STARTER.format(name=name).encode()}
    files = starter if origin is None else _copied(origin, name, output)
    if existing := [str(file) for file in files if file.exists()]:
        raise SettingsError(
            f"{', '.join(existing)}: already there, and not overwritten; choose another name or folder"
        )
    for file, content in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    load_spec(path)
    for file in files:
        if file != path:
            click.echo(f"Wrote {file}")
    click.echo(f"Wrote {path}. Next: synth preview {path}")


def _copied(origin: str, name: str, output: Path) -> dict[Path, bytes]:
    """Return the files of a ready dataset by where they go; the spec has its new name, and is otherwise the same."""
    ready = Path(builder(origin))
    spec = load_spec(ready)
    renamed = re.sub(r"(?m)^name:.*$", f"name: {name}", spec.source, count=1)
    renamed = re.sub(rf"(?m)^(#.*\bsynth \w+ ){re.escape(spec.name)}\b.*$", rf"\g<1>{name}{SUFFIX}", renamed)
    beside = [
        file
        for file in sorted(ready.parent.rglob("*"))
        if file.is_file() and file != ready and file.relative_to(ready.parent).as_posix() in _referred(spec)
    ]
    files = {output / f"{name}{SUFFIX}": renamed.encode()}
    return files | {output / file.relative_to(ready.parent): file.read_bytes() for file in beside}


def _referred(spec: DatasetSpec) -> frozenset[str]:
    """Return the paths, relative to the spec, of the files that it refers to."""
    named = (spec.seeds, spec.balance, *(checks.held_out for checks in spec.checks.values()))
    real = [part.source for part in named if part is not None]
    rows = [file for source in real if not source.hub for file in source.files]
    return frozenset(Path(file).as_posix() for file in [*spec.files, *rows])


def _first_sentence(description: str) -> str:
    text = " ".join(description.split())
    sentence = re.split(r"(?<=[.!?]) ", text, maxsplit=1)[0]
    return sentence if len(sentence) <= _WIDEST else f"{sentence[: _WIDEST - 1].rstrip()}…"


def _rows(spec: DatasetSpec) -> int:
    return sum(split.num_examples for split in spec.splits)
