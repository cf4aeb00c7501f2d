"""Verbs about specs: `check`, `schema`. Neither asks a model or opens a connection."""

import json
import re
from collections.abc import Iterator
from math import ceil

import click

from synth_datasets.cli.decided import review_lines
from synth_datasets.cli.options import spec_path
from synth_datasets.cli.real_data import real_data_lines
from synth_datasets.errors import SettingsError, SpecError
from synth_datasets.publishing.vocabulary import hub_terms
from synth_datasets.sources import spec_from_url
from synth_datasets.spec import DatasetSpec, json_schema
from synth_datasets.spec.model import FieldsColumn, PromptColumn

__all__ = ["check_verb", "schema_verb"]


@click.command("check")
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
def check_verb(specs: tuple[str, ...]) -> None:
    """Find every mistake in a spec at once, with its line; asks no model and opens no connection.

    A licence, language or task that is not on the Hub's lists is a warning: the Hub takes it, but may not find it.

    \b
    Example:  synth check reviews.synth.yaml
    """
    wrong: list[SpecError] = []
    for given in specs:
        try:
            spec = spec_from_url(spec_path(given))
        except SpecError as error:
            wrong.append(error)
            continue
        try:
            lines = [
                *_doubts(spec),
                *_single_braces(spec),
                *real_data_lines(spec),
                *review_lines(spec),
                *_not_installed(spec),
            ]
        except SpecError as error:
            wrong.append(error)
            continue
        open_split = spec.balance.split if spec.balance is not None and spec.balance.before is None else None
        sizes = {s.name: "not known yet" if s.name == open_split else s.num_examples for s in spec.splits}
        splits = ", ".join(f"{name} {size}" for name, size in sizes.items())
        least = _requests(spec)
        requests = (
            f"at least {least} requests" if least else "--dry-run tells how many requests its rows take"
        )
        click.echo(f"{spec.origin}: ok: {splits}; {requests}")
        for line in lines:
            click.echo(line)
    for error in wrong:
        click.echo(f"Error: {error}", err=True)
    if wrong:
        raise SystemExit(2)


def _single_braces(spec: DatasetSpec) -> Iterator[str]:
    """Yield a line for each `{name}` of a column: a template fills in `{{ name }}` alone."""
    names = "|".join(re.escape(column.name) for column in spec.columns)
    for number, line in enumerate(spec.source.splitlines(), start=1):
        for name in re.findall(rf"(?<!{{){{({names})}}(?!}})", line.partition(" #")[0]):
            yield f"  warning: line {number}: {{{name}}} is sent as it stands (write {{{{ {name} }}}} for the value)"


def _not_installed(spec: DatasetSpec) -> Iterator[str]:
    """Yield what a build would refuse to begin without."""
    from synth_datasets.validation.needed import require_packages

    try:
        require_packages(spec)
    except SettingsError as error:
        yield f"  not installed: {error}"
    if any(isinstance(each, FieldsColumn) and _reads_here(each) for each in spec.columns):
        try:
            import xllamacpp as _  # noqa: F401 - only whether it is there
        except ImportError:
            yield (
                "  not installed: xllamacpp, by which the embedded model reads texts for `perplexity` in `checks`: "
                "pip install 'synth-datasets[local]', or name another reader below it (`model`)"
            )


def _reads_here(column: FieldsColumn) -> bool:
    from synth_datasets.generation.weights import EMBEDDED_MODEL_ID

    return column.reads is not None and column.prompt.model.id == EMBEDDED_MODEL_ID


@click.command("schema")
@click.option("--report", is_flag=True, help="That of quality.json and `synth report --json` instead.")
def schema_verb(*, report: bool) -> None:
    """Print the JSON Schema of a spec, for editors that complete and check YAML.

    \b
    Example:  synth schema > synth.schema.json
              synth schema --report > quality.schema.json
    """
    if report:
        from synth_datasets.quality.report import QualityReport

        click.echo(json.dumps(QualityReport.json_schema(), indent=2))
        return
    click.echo(json.dumps(json_schema(), indent=2))


def _doubts(spec: DatasetSpec) -> Iterator[str]:
    """Yield a line for each licence, language or task that the Hub takes without knowing it."""
    from synth_datasets.spec.problems import Problems
    from synth_datasets.spec.reader import read  # YAML loads only where a spec is read

    tree = read(spec.source, Problems())
    if tree is None:
        return
    doubts = [each for each in hub_terms(spec).doubts if getattr(spec, each.where)]  # a licence may follow
    for each in sorted(doubts, key=lambda each: tree.line_of([each.where])):
        hint = f" ({each.hint})" if each.hint else ""
        yield f"  warning: line {tree.line_of([each.where])}: {each.message}{hint}"


def _rows(spec: DatasetSpec) -> int:
    return sum(split.num_examples for split in spec.splits)


def _requests(spec: DatasetSpec) -> int:
    asked = [column for column in spec.columns if isinstance(column, (PromptColumn, FieldsColumn))]
    for_rows = _rows(spec) * sum(column.prompt.when is None for column in asked)
    counts = {each.name: each.count for each in spec.lists}
    return for_rows + sum(
        ceil(each.count / each.batch) * (1 if each.per is None else counts[each.per]) for each in spec.lists
    )
