"""The verb `evaluate`: how well a model does on each slice of a dataset."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from synth_datasets.cli.predictors import load_pipeline, read_predictions
from synth_datasets.cli.printing import printable
from synth_datasets.errors import SettingsError, SpecError

if TYPE_CHECKING:
    import datasets

    from synth_datasets.quality.predictions import Predict
    from synth_datasets.quality.slices import SliceScore, SliceScores

__all__ = ["evaluate_verb"]


@click.command("evaluate")
@click.argument("build")
@click.option(
    "--predict", metavar="MODULE:FUNCTION", help="Your function: a list of texts to as many labels."
)
@click.option("--model", metavar="ID_OR_PATH", help="A text classification model (extra `transformers`).")
@click.option(
    "--predictions",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV or JSON lines with a column `prediction`, one a row, in order.",
)
@click.option("--slices", multiple=True, metavar="COLUMN", help="[default: every class column but the label]")
@click.option("--split", help="[default: test where there is one, else all]")
@click.option("--text", default="text", show_default=True, help="The column that is classified.")
@click.option("--label", default="label", show_default=True, help="The column with the right answer.")
@click.option("--original", help="The column as it was before it was perturbed.  [default: as the spec says]")
@click.option(
    "--label-map", multiple=True, metavar="THEIRS=OURS", help="Which class a model's own label means."
)
@click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the bootstrap.", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def evaluate_verb(
    build: str,
    *,
    predict: str | None,
    model: str | None,
    predictions: Path | None,
    slices: tuple[str, ...],
    split: str | None,
    text: str,
    label: str,
    original: str | None,
    label_map: tuple[str, ...],
    batch_size: int,
    seed: int,
    as_json: bool,
) -> None:
    """Score a classifier on each slice of a BUILD: a build's folder, or a dataset's id on the Hub.

    For each slice: rows, accuracy, macro-F1, what is lost against all rows, and, where the texts were perturbed, the
    accuracy on the originals and the share of rows whose prediction flips. Intervals cover 95 %.

    --predict runs code that you name here; a spec or a dataset can name none.

    \b
    Example:  synth evaluate build/reviews --predict my_model:predict --slices challenge
              synth evaluate build/reviews --model distilbert/distilbert-base-uncased-finetuned-sst-2-english
              synth evaluate build/reviews --predictions answers.csv --json
    """
    from synth_datasets.quality.predictions import PredictionError
    from synth_datasets.quality.slices import score_predictions, score_slices

    if sum(given is not None for given in (predict, model, predictions)) != 1:
        raise click.UsageError("name one of --predict, --model and --predictions")
    rows, where = _load(build, split)
    original = original or _original(build, text, rows.column_names)
    meaning = dict(_pair(each) for each in label_map)
    named = [name for each in slices for name in each.split(",")] or None
    _check_columns(build, rows.column_names, [text, label, *([original] if original else []), *(named or [])])
    try:
        if predictions is not None:
            made, before = read_predictions(predictions)
            scores = score_predictions(
                rows,
                made,
                before,
                slices=named,
                text=text,
                label=label,
                original=original if before is not None else None,
                label_map=meaning,
                seed=seed,
            )
        else:
            asked = _predictor(predict, str(model), batch_size)
            scores = score_slices(
                rows,
                asked,
                slices=named,
                text=text,
                label=label,
                original=original,
                label_map=meaning,
                batch_size=batch_size,
                seed=seed,
            )
    except PredictionError as error:
        raise SettingsError(str(error)) from error
    if as_json:
        click.echo(printable(scores.to_json().rstrip("\n")))
        return
    click.echo(printable(_table(scores, f"{build} ({where})")))


def _load(build: str, split: str | None) -> "tuple[datasets.Dataset, str]":
    """Return the rows and what they are called."""
    import datasets

    from synth_datasets.cli.loaded import load_splits

    if not Path(build).exists() and "/" not in build.strip("/"):
        raise SettingsError(
            f"{build}: no such folder; make one with `synth build`, or name a dataset on the Hub"
        )
    found = load_splits(build)
    if split is not None and split not in found:
        raise SettingsError(f"{build} has no split {split!r}; it has: {', '.join(map(str, found))}")
    chosen = [split] if split else ["test"] if "test" in found else [str(name) for name in found]
    return datasets.concatenate_datasets([found[name] for name in chosen]), ", ".join(chosen)


def _check_columns(build: str, columns: Sequence[str], names: Sequence[str]) -> None:
    for name in names:
        if name not in columns:
            raise SettingsError(f"{build} has no column {name!r}; it has: {', '.join(columns)}")


def _original(build: str, text: str, columns: Sequence[str]) -> str | None:
    """Return the column that the spec beside the data says the text was perturbed from."""
    from synth_datasets.spec import load_spec
    from synth_datasets.spec.model import DerivedColumn
    from synth_datasets.spec.rules import PerturbRule

    try:
        found = load_spec(build).columns if Path(build).is_dir() else ()
    except SpecError:  # a release without the files that its spec refers to, or a folder without a spec
        found = ()
    for column in found:
        rule = column.rule if isinstance(column, DerivedColumn) else None
        if isinstance(rule, PerturbRule) and column.name.partition(".")[0] == text:
            return rule.column
    return "original" if "original" in columns and text != "original" else None


def _pair(given: str) -> tuple[str, str]:
    theirs, found, ours = given.partition("=")
    if not found:
        raise click.BadParameter(
            f"{given!r}: expected THEIRS=OURS, such as LABEL_1=positive", param_hint="--label-map"
        )
    return theirs, ours


def _table(scores: "SliceScores", title: str) -> str:
    head = ["", "rows", "accuracy", "95 %", "macro-F1", "95 %", "drop"]
    compared = scores.overall.flips is not None
    rows = [[*head, "originals", "flips", "95 %"] if compared else head, _cells("all", scores.overall)]
    column = ""
    for score in scores.slices:
        if score.column != column:
            column = score.column
            rows.append([column])
        rows.append(_cells(f"  {score.slice}", score))
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(widths[at]) if not at else cell.rjust(widths[at]) for at, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
    notes = [f"{title}: {scores.text} → {scores.label}, {len(scores.classes)} classes"]
    if scores.unlabelled:
        notes.append(f"{scores.unlabelled} rows have no label and are left out")
    if scores.unanswered:
        notes.append(f"{scores.unanswered} rows got no prediction and count as wrong")
    return "\n".join([*notes, "", *lines])


def _cells(name: str, score: "SliceScore") -> list[str]:
    cells = [
        name,
        f"{score.n:,}",
        f"{score.accuracy:.3f}",
        _interval(score.accuracy_interval),
        f"{score.macro_f1:.3f}",
        _interval(score.macro_f1_interval),
        f"{score.drop:+.3f}",
    ]
    if score.flips is None or score.flips_interval is None or score.original_accuracy is None:
        return cells
    return [*cells, f"{score.original_accuracy:.3f}", f"{score.flips:.3f}", _interval(score.flips_interval)]


def _interval(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:.2f}-{bounds[1]:.2f}"


def _predictor(function: str | None, model: str, batch_size: int) -> "Predict":
    """Return the user's own function, or the pipeline of a model."""
    from synth_datasets.quality.own import load_function

    return load_pipeline(model, batch_size) if function is None else cast("Predict", load_function(function))
