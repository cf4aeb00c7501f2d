"""Verbs about builds: `build`, `report`, `rejections`, `trace`."""

import json
import textwrap
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synth_datasets.cli.engines import cluster_of, engine_options
from synth_datasets.cli.looks import beside, examined_again
from synth_datasets.cli.measures import add_measures, embedding, measure_options
from synth_datasets.cli.options import (
    effective_spec,
    override_options,
    settings_options,
    spec_path,
    split_options,
)
from synth_datasets.cli.parts import build_part
from synth_datasets.cli.printing import printable
from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    from synth_datasets.build import Build
    from synth_datasets.settings import Settings
    from synth_datasets.spec.model import DatasetSpec
    from synth_datasets.validation.outcome import Rejection

__all__ = ["build_verb", "rejections_verb", "report_verb", "show_build", "trace_verb"]

SHOWN_ROWS = 3


@click.command("build")
@click.argument("spec")
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="[default: build/NAME]"
)
@click.option("--keep-short", is_flag=True, help="Accept a split with fewer rows than asked for.")
@click.option("--again", is_flag=True, help="Make the splits anew from the stored answers.")
@click.option("--dry-run", is_flag=True, help="Only estimate requests, tokens, money and time; asks nobody.")
@click.option(
    "--offline", is_flag=True, help="Ask nobody: take stored answers, or say which are missing (exit code 4)."
)
@click.option(
    "--locked",
    is_flag=False,
    flag_value="",
    metavar="[LOCKFILE]",
    help="Rebuild what this lock pins, or fail; without LOCKFILE the synth.lock beside the spec.",
)
@click.option("--with-answers", is_flag=True, help="Put all answers into the folder, for an exact rebuild.")
@click.option(
    "--shard",
    metavar="K/N",
    help="Ask for the K-th of N parts only, for `synth merge`; -o is the folder that holds the parts.",
)
@click.option(
    "--card",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A template of the dataset card, in place of the one that fits.",
)
@click.option(
    "--real",
    metavar="FILE[:COLUMN]",
    help="Real rows whose figures stand beside these in report, plots and card; they are not copied.",
)
@click.option(
    "--run-measures", is_flag=True, help="Run the measures of your own that the spec names: that is code."
)
@engine_options
@click.option("--cache-dir", type=click.Path(file_okay=False), help="Where `datasets` keeps the splits.")
@override_options
@settings_options
def build_verb(
    spec: str,
    output: Path | None,
    *,
    keep_short: bool,
    again: bool,
    dry_run: bool,
    offline: bool,
    locked: str | None,
    with_answers: bool,
    shard: str | None,
    engine: str,
    workers: int | None,
    address: str | None,
    card: Path | None,
    real: str | None,
    run_measures: bool,
    cache_dir: str | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Make the dataset of SPEC (a file, a folder, a ready dataset's name, or an hf:// URL), its report and its card.

    Run it again after an interruption and it goes on; run it again when it is done and no model is asked.

    Caps (--max-cost, --max-requests, --max-total-tokens) hold for one run, requests in flight and retries included: a
    request is only sent when the most that it can cost still fits. Prices are yours, in the config file: a table
    [prices."MODEL"] with `input` and `output` for a million tokens, and `currency` at the top.

    \b
    Example:  synth build customer_feedback
              synth build reviews.synth.yaml --num-examples 50 --model gpt-5-mini --base-url http://127.0.0.1:8000/v1
              synth build build/reviews --locked --offline -o again
              synth build reviews.synth.yaml --real real.csv:review
              synth build reviews.synth.yaml --dry-run
              synth build reviews.synth.yaml --max-cost 4.00
              synth build reviews.synth.yaml --shard 3/16
              synth build reviews.synth.yaml --engine ray --workers 8
              synth build reviews.synth.yaml --model gpt-5-mini --batch
              synth build hf://datasets/org/specs/reviews.synth.yaml --allow-endpoint https://api.openai.com/v1
    """
    if dry_run:
        _show_estimate(spec, options)
        return
    cluster = cluster_of(engine, workers, address)
    if shard is not None:
        unfit = {
            "--engine": cluster,
            "--again": again,
            "--offline": offline,
            "--locked": locked is not None,
            "--card": card,
        }
        if wrong := [name for name, given in unfit.items() if given]:
            raise SettingsError(f"{wrong[0]} is for whole builds: give it to `synth merge`, not to --shard")
        build_part(spec, shard, output, keep_short=keep_short, options=options)
        return
    from synth_datasets.build import build

    given = {name: value for name, value in options.items() if value is not None}
    built = build(
        spec_path(spec),
        output,
        cache_dir=cache_dir,
        again=again,
        options={**given, "keep_short": keep_short, "offline": offline},
        locked=locked or locked is not None,
        with_answers=with_answers,
        card=card,
        said=lambda text: click.echo(text, err=True),
        cluster=cluster,
        real=real,
        run_measures=run_measures,
    )
    show_build(built)
    if locked is not None:
        click.echo("Locked   every split is what the lock pins, byte for byte")


@click.command("report")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the page with what is measured here.",
)
@click.option(
    "--against", metavar="BUILD", help="An earlier build or version, to set its figures beside these."
)
@click.option("--again", is_flag=True, help="Measure the rows anew, as a build does now.")
@click.option(
    "--write",
    is_flag=True,
    help="Put the figures beside --real into FOLDER: report, plots, card, quality.json.",
)
@measure_options
def report_verb(
    folder: Path,
    *,
    as_json: bool,
    page: Path | None,
    against: str | None,
    again: bool,
    write: bool,
    **asked: Any,  # noqa: ANN401 - click's options
) -> None:
    """Show the quality report of a build FOLDER; the page with plots is FOLDER/report.html.

    With --real the rows are measured anew, and all figures stand beside those of as many real rows; with --write in
    the release as well, which shows nothing of what real rows say. The lock stays: a rebuild needs no real rows.

    Names to measure besides: semantic_spread, readability, language, grammar, prompt_fit, label_fit, seed_copies;
    contamination with --test; real and two_sample with --real. Most need the extra `quality`. They are shown, and
    written to --page, not to FOLDER.

    --measure and --embed run code of yours that you name here, FILE.py:FUNCTION (takes the texts, returns a number or
    numbers by name), or a measurement that `evaluate` loads, by path or Hub id; a spec or a dataset can name none.

    \b
    Example:  synth report build/reviews
              synth report build/reviews --against your-name/reviews@v1.0.0 --page changes.html
              synth report build/reviews --real real.csv --test heldout.csv:review
              synth report build/reviews --real real.csv --write
              synth report build/reviews --measure readability --measure my_measures.py:emoji --page full.html
    """
    from synth_datasets.proof.shown import terminal
    from synth_datasets.publishing.added_real import add_real
    from synth_datasets.publishing.proof import read_proof
    from synth_datasets.publishing.release import read_release
    from synth_datasets.quality.html import render_html
    from synth_datasets.quality.report import QualityReport
    from synth_datasets.quality.terminal import render_terminal

    text = (read_release(folder).folder / "quality.json").read_text(encoding="utf-8")
    report = QualityReport.from_json(text)
    if write and not asked["real"]:
        raise SettingsError(
            "--write puts figures beside real rows into the release: name them with --real FILE"
        )
    looked = report
    if again or asked["real"]:
        how = embedding(asked["embed"])
        looked = examined_again(folder, report, asked["real"], embed=how, public=not write)
    if write:
        add_real(folder, looked)
    measured = add_measures(folder, looked, **asked)
    if against is not None:
        measured = beside(measured, against)
    if page is not None:
        page.write_text(render_html(measured), encoding="utf-8")
    if as_json:
        click.echo((text if measured is report else measured.to_json()).rstrip("\n"))
        return
    click.echo(render_terminal(measured))
    if (proof := read_proof(folder)) is not None:
        click.echo("\nProof by training\n")
        click.echo(printable(terminal(proof)))
    click.echo(f"With plots: {page or folder / 'report.html'}")


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

    found = (
        each
        for each in _rejections(build, options)
        if reason in (None, each.reason) and split in (None, each.row.split)
    )
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
        click.echo("Nothing was rejected.")


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
    if row is not None and (real := read_real_ids(folder / TRACE_FOLDER, split).get(row)):
        click.echo(printable(f"{real}: a real row, as it stands in the data of `mix:`; no model was asked"))
    found = read_trace(folder / TRACE_FOLDER, split, wanted)
    if row is None and not found:
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


def _show_estimate(spec: str, options: dict[str, Any]) -> None:
    from synth_datasets.cli.estimates import show_estimate
    from synth_datasets.estimate import estimate

    overrides, settings = split_options(options)
    effective = effective_spec(spec, overrides)
    show_estimate(effective, estimate(effective, settings), settings)


def show_build(built: "Build") -> None:
    """Say what the build came to, and what can be done with it."""
    from synth_datasets.cli.decided import decided_line
    from synth_datasets.features import label_columns
    from synth_datasets.quality.terminal import render_terminal

    click.echo(render_terminal(built.quality))
    if line := decided_line(built.spec, built.folder):
        click.echo(f"\n{line}")
    split, first = next((name, rows) for name, rows in built.dataset.items() if len(rows))
    labels = label_columns(built.spec)
    click.echo(f"\nThe first rows of {split}:")
    for index in range(min(SHOWN_ROWS, len(first))):
        row: dict[str, Any] = first[index]
        shown = {
            name: labels[name][value] if name in labels and value is not None else value
            for name, value in row.items()
        }
        click.echo("  " + printable(json.dumps(shown, ensure_ascii=False)))
    for warning in built.release.warnings:
        click.echo(f"Warning: {warning}", err=True)
    counts = ", ".join(f"{name} {count}" for name, count in built.release.splits.items())
    if built.spec.mix is not None:
        from synth_datasets.proof.guard import mix_lines

        click.echo()
        for line in mix_lines(built.spec.mix, built.dataset):
            click.echo(printable(line))
    click.echo(f"\nDataset  {built.folder}  ({counts}; {built.seconds:.1f} s)")
    click.echo(f"Asked    {built.asked}")
    click.echo(f"Report   {built.folder / 'report.html'}")
    click.echo(f"Card     {built.folder / 'README.md'}")
    click.echo(f'Load it  datasets.load_dataset("{built.folder}")')
    click.echo(f"Publish  synth push {built.folder} your-name/{built.spec.name}")


def _rejections(given: str, options: dict[str, Any]) -> "Iterator[Rejection]":
    from synth_datasets.trace import TRACE_FOLDER, read_rejections

    folder = Path(given) / TRACE_FOLDER
    if folder.is_dir():
        return read_rejections(folder)
    overrides, settings = split_options(options)
    return _replayed(effective_spec(given, overrides), settings)


def _replayed(spec: "DatasetSpec", settings: "Settings") -> "Iterator[Rejection]":
    """Judge the stored answers again, as far as there are any."""
    from synth_datasets.outcomes import stored_outcomes

    for outcome in stored_outcomes(spec, settings):
        yield from outcome.rejections
