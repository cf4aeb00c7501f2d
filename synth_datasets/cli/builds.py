"""The verb `build`: a whole dataset, one part of it, or only what it will take."""

from pathlib import Path
from typing import Any

import click

from synth_datasets.cli.built import show_build
from synth_datasets.cli.engines import cluster_of, engine_options
from synth_datasets.cli.options import (
    effective_spec,
    override_options,
    settings_options,
    spec_path,
    split_options,
)
from synth_datasets.cli.parts import build_part
from synth_datasets.errors import SettingsError

__all__ = ["build_verb"]


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

    Run it again after an interruption and it goes on; run it again when it is done and no model is asked. The release
    that was in the folder is replaced; what `synth prove` found of other rows is not, nor what you changed by hand.

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


def _show_estimate(spec: str, options: dict[str, Any]) -> None:
    from synth_datasets.cli.estimates import show_estimate
    from synth_datasets.estimate import estimate

    overrides, settings = split_options(options)
    effective = effective_spec(spec, overrides)
    show_estimate(effective, estimate(effective, settings), settings)
