"""The verb `tune`: a small model of one's own machine learns from real rows how the texts of a spec are written."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from synth_datasets.cli.options import effective_spec
from synth_datasets.cli.printing import printable

if TYPE_CHECKING:
    from synth_datasets.tuning.record import Tuning

__all__ = ["tune_verb"]


@click.command("tune")
@click.argument("spec")
@click.option(
    "--seeds",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Real rows to learn from: CSV, TSV, JSON lines or Parquet.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The adapter's folder, inside the spec's own.",
)
@click.option("--model", help="Another model id, or a folder with a model.  [default: the column's]")
@click.option("--column", help="The column to tune for.  [default: the only one of kind `prompt`]")
@click.option(
    "--rename", multiple=True, metavar="OURS=THEIRS", help="What the rows call a column of the spec."
)
@click.option(
    "--group", help="A column of the rows: those of one value are held out together, such as a review's id."
)
@click.option(
    "--held-out", type=click.FloatRange(0.01, 0.9), default=0.2, show_default=True, help="Share of the rows."
)
@click.option(
    "--epochs", type=click.IntRange(1, 1000), default=5, show_default=True, help="Most passes over the rows."
)
@click.option("--minutes", type=click.FloatRange(0.01), help="Most time for learning.")
@click.option(
    "--rate", type=click.FloatRange(1e-7, 1), default=5e-4, show_default=True, help="Learning rate."
)
@click.option("--rank", type=click.IntRange(1, 256), default=16, show_default=True, help="Of LoRA.")
@click.option("--batch-size", type=click.IntRange(1, 1024), default=8, show_default=True)
@click.option(
    "--seed", type=click.IntRange(0, 2**31), default=0, show_default=True, help="Of held-out rows and order."
)
@click.option(
    "--rows",
    type=click.IntRange(0, 10_000),
    default=100,
    show_default=True,
    help="To generate and look for copies in.",
)
@click.option("--license", "licence", help="Of the adapter, for its card: you know what your rows allow.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def tune_verb(
    spec: str,
    *,
    seeds: Path,
    output: Path,
    model: str | None,
    column: str | None,
    rename: tuple[str, ...],
    group: str | None,
    held_out: float,
    epochs: int,
    minutes: float | None,
    rate: float,
    rank: int,
    batch_size: int,
    seed: int,
    rows: int,
    licence: str | None,
    as_json: bool,
) -> None:
    """Tune a small open model on real rows for a column of SPEC; it becomes an adapter (LoRA) beside the spec.

    Each row becomes the spec's own prompt, filled with the row's values, and the row's text as the answer. Part of the
    rows is held out: their loss says when to stop, and the best weights are kept. Then the model is asked with the
    prompts that it has learned, and copies among its answers are counted.

    The folder gets weights (safetensors), a card, tuning.json with every figure, and loss.png. Name it in the spec as
    `model: {id: ..., adapter: FOLDER}`.

    \b
    Example:  synth tune reviews.synth.yaml --seeds real.csv --group review_id -o adapter
              synth tune reviews.synth.yaml --seeds real.csv -o adapter --model models/qwen --minutes 10
    """
    from synth_datasets.settings import load_settings
    from synth_datasets.tuning.recipe import Recipe
    from synth_datasets.tuning.tune import Choice, tune

    found = effective_spec(spec, {"model": model})
    told = tune(
        found,
        seeds,
        output,
        Choice(
            column=column,
            group=group,
            names=dict(_pair(each) for each in rename),
            share=held_out,
            rows=rows,
            licence=licence,
            recipe=Recipe(epochs=epochs, minutes=minutes, rate=rate, rank=rank, batch=batch_size, seed=seed),
        ),
        load_settings(),
        tell=lambda epoch, loss: click.echo(
            f"  after {epoch:.1f} passes: held-out loss {loss:.3f}", err=True
        ),
    )
    click.echo(printable(told.to_json().rstrip("\n") if as_json else "\n".join(_lines(told, output))))


def _lines(told: "Tuning", output: Path) -> list[str]:
    curve, memory = told.curve, told.memory
    lines = [
        f"{told.data.train:,} rows learned from, {told.data.held_out:,} held out; ended by {curve.stopped}",
        f"Held-out loss  {curve.before:.3f} → {curve.after:.3f} ({told.change:+.1%})",
    ]
    if told.data.drawn:
        lines.append(
            f"The rows have no {', '.join(told.data.drawn)}: drawn values stood in the prompts, and teach nothing"
        )
    if curve.left_out:
        lines.append(f"{curve.left_out:,} rows are too long and were left out")
    if memory is not None and memory.copied is not None:
        real = (
            ""
            if memory.real is None
            else f", and of {memory.real_rows:,} held-out real rows {memory.real:.1%}"
        )
        lines.append(f"Copies         of {memory.rows:,} generated rows {memory.copied:.1%}{real}")
    return [
        *lines,
        f"Adapter        {output}",
        f"In the spec    model: {{id: {told.model}, adapter: {output.name}}}   (the folder's path from the spec's)",
    ]


def _pair(given: str) -> tuple[str, str]:
    ours, found, theirs = given.partition("=")
    if not found or not theirs:
        raise click.BadParameter(
            f"{given!r}: expected OURS=THEIRS, such as text=review", param_hint="--rename"
        )
    return ours, theirs
