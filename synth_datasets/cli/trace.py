"""Verbs about how rows came about: `rejections`, `trace`."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synth_datasets.cli.options import effective_spec, override_options, settings_options, split_options
from synth_datasets.cli.printing import printable
from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    from synth_datasets.settings import Settings
    from synth_datasets.spec.model import DatasetSpec
    from synth_datasets.validation.outcome import Rejection

__all__ = ["rejections_verb", "trace_verb"]


@click.command("rejections")
@click.argument("build")
@click.option("--reason", help="Only this reason.")
@click.option("--split", help="Only this split.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, all of them.")
@override_options
@settings_options
def rejections_verb(
    build: str,
    reason: str | None,
    split: str | None,
    limit: int,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Show the answers that were rejected, with their reasons and raw texts.

    BUILD is a build's folder, or a spec: then what was answered so far is judged again, and no model is asked.

    \b
    Example:  synth rejections build/reviews --reason near_duplicate
              synth rejections reviews.synth.yaml
    """
    from synth_datasets.trace_writer import rejection_record

    passed: Counter[str] = Counter()

    def is_wanted(each: "Rejection") -> bool:
        passed[f"{each.reason} in {each.row.split}"] += 1
        return reason in (None, each.reason) and split in (None, each.row.split)

    found = filter(is_wanted, _rejections(build, options))
    if as_json:
        for each in found:
            click.echo(printable(json.dumps(rejection_record(each), ensure_ascii=False)))
        return
    shown = 0
    for each in islice(found, limit):
        head = f"{each.row} {each.column}, attempt {each.attempt + 1}: {each.reason}: {each.detail}"
        click.echo(printable(head))
        click.echo(printable(textwrap.indent(each.text[:1000].strip() or "(no text)", "    ")))
        shown += 1
    more = sum(1 for _ in found)
    if more:
        click.echo(f"... and {more} more (--limit, --json)")
    if not shown:
        there = ", ".join(f"{count} {name}" for name, count in passed.most_common())
        click.echo(
            f"Nothing was rejected as asked for; there are {there}" if there else "Nothing was rejected."
        )


@click.command("trace")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("split")
@click.argument("row", type=click.IntRange(min=0), required=False)
def trace_verb(folder: Path, split: str, row: int | None) -> None:
    """Show the prompts and raw answers behind the row at ROW (from 0) of a SPLIT of a build FOLDER.

    A row may also be named as `synth rejections` names it.

    \b
    Example:  synth trace build/reviews train 0
              synth trace build/reviews train/negative/0
    """
    from synth_datasets.publishing.release import read_release
    from synth_datasets.trace import TRACE_FOLDER, read_real_ids, read_trace

    release = read_release(folder)
    wanted = split if row is None else row
    split = split if row is not None else split.partition("/")[0]
    rows = release.splits.get(split)
    if rows is None or wanted == split or (row is not None and row >= rows):
        has = ", ".join(f"{name} (rows 0 to {count - 1})" for name, count in release.splits.items())
        raise SettingsError(f"{folder} has no row {wanted} in a split {split!r}; it has {has}")
    try:
        real = None if row is None else read_real_ids(folder / TRACE_FOLDER, split).get(row)
        found = read_trace(folder / TRACE_FOLDER, split, wanted)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SettingsError(f"{folder}: its trace of {split} cannot be read: {error}") from error
    if real:
        click.echo(printable(f"{real}: a real row, as it stands in the data of `mix:`; no model was asked"))
    if not real and not found:
        raise SettingsError(
            f"{folder} has no accepted row {wanted!r}; what was rejected: synth rejections {folder}"
        )
    for traced in found:
        head = f"{traced.row_id} {traced.column}: {traced.model}, seed {traced.seed}, attempt {traced.attempt + 1}"
        click.echo(printable(head))
        click.echo(f"request {traced.key}")
        for role, content in traced.messages:
            click.echo(printable(f"[{role}] {content}"))
        click.echo(printable(f"[answer] {traced.answer}"))


def _rejections(given: str, options: dict[str, Any]) -> "Iterator[Rejection]":
    from synth_datasets.trace import TRACE_FOLDER

    folder = Path(given) / TRACE_FOLDER
    if folder.is_dir():
        return _kept(folder)
    overrides, settings = split_options(options)
    return _replayed(effective_spec(given, overrides), settings)


def _kept(folder: Path) -> "Iterator[Rejection]":
    """Read what a build kept, which may be a stranger's."""
    from synth_datasets.trace import read_rejections

    try:
        yield from read_rejections(folder)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SettingsError(f"{folder}: what was rejected cannot be read: {error!r}") from error


def _replayed(spec: "DatasetSpec", settings: "Settings") -> "Iterator[Rejection]":
    """Judge the stored answers again, as far as there are any."""
    from synth_datasets.outcomes import stored_outcomes

    for outcome in stored_outcomes(spec, settings):
        yield from outcome.rejections
