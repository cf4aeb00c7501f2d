"""The verb `report`: the quality report of a build, with what is measured besides."""

from pathlib import Path
from typing import Any

import click

from synth_datasets.cli.looks import beside, examined_again
from synth_datasets.cli.measures import add_measures, check_used, embedding, measure_options
from synth_datasets.cli.printing import printable
from synth_datasets.errors import SettingsError

__all__ = ["report_verb"]


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

    check_used(asked)
    text = (read_release(folder).folder / "quality.json").read_text(encoding="utf-8")
    try:
        report, proof = QualityReport.from_json(text), read_proof(folder)
    except ValueError as error:
        raise SettingsError(f"{folder}: what it says of its quality cannot be read: {error}") from error
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
        click.echo(printable((text if measured is report else measured.to_json()).rstrip("\n")))
        return
    click.echo(render_terminal(measured))
    if proof is not None:
        click.echo("\nProof by training\n")
        click.echo(printable(terminal(proof)))
    click.echo(f"With plots: {page or folder / 'report.html'}")
