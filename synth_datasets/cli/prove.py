"""The verb `prove`: whether synthetic rows help a model that is tested on real ones."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synth_datasets.cli.options import settings_options, spec_path
from synth_datasets.cli.printing import printable
from synth_datasets.cli.shown_seeds import shown_warnings
from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    from synth_datasets.proof.learners import Model
    from synth_datasets.proof.rows import LabelledRows

__all__ = ["prove_verb"]

_RELEASE = "synth.lock"
"""What tells a build from another folder."""


@click.command("prove")
@click.argument("build", metavar="SPEC_OR_BUILD")
@click.option(
    "--real",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Real rows to train on: CSV, TSV, JSON lines or Parquet.",
)
@click.option(
    "--test",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Real rows to test on, of which no training row may be a copy.  [required]",
)
@click.option("--text", default="text", show_default=True, help="The column of texts, or of words (lists).")
@click.option(
    "--label",
    default="label",
    show_default=True,
    help="The column of classes, IOB2 tags, or mentions (`spans`).",
)
@click.option("--real-text", help="What the real data call the column.  [default: as --text]")
@click.option("--real-label", help="What the real data call the column.  [default: as --label]")
@click.option(
    "--group", help="A column of the real data: rows of one value stay together, such as a review's id."
)
@click.option(
    "--label-map", multiple=True, metavar="OURS=THEIRS", help="Which real class a synthetic one means."
)
@click.option("--split", help="[default: train where there is one, else all]")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="HF-ID",
    help="Fine-tune this model as well (extra `transformers`); may be said again.",
)
@click.option("--seeds", type=click.IntRange(1, 100), default=5, show_default=True)
@click.option(
    "--sizes", metavar="N,N", help="Real rows of the learning curve.  [default: 50,200,1000, and all]"
)
@click.option(
    "--mixes", metavar="X,X", help="Synthetic rows for each real one.  [default: 0.5,1,2,4, and all]"
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where prove.json, prove.png and prove.html go.  [default: the build's folder, else ./prove]",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@settings_options
def prove_verb(
    build: str,
    *,
    real: Path,
    test: Path | None,
    text: str,
    label: str,
    real_text: str | None,
    real_label: str | None,
    group: str | None,
    label_map: tuple[str, ...],
    split: str | None,
    models: tuple[str, ...],
    seeds: int,
    sizes: str | None,
    mixes: str | None,
    output: Path | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Train on real, synthetic and mixed rows, test on real ones, and say how many synthetic rows to add.

    SPEC_OR_BUILD is a build's folder, a dataset on the Hub, or a spec, which is built if need be. Two kinds of models
    are asked, one over words and one over letters, hundreds of which train in a minute; advice is firm where all agree.
    `--model` adds a classifier of `transformers`, or a tagger where rows are words with tags. Texts with mentions
    (lists of `start`, `end`, `label`, as `spans` stores them) become words with tags. Training rows that copy a test
    row, exactly or nearly, are left out and counted. Where the synthetic rows were made from real ones (`seeds`), the
    test rows must not be among those; a warning counts those that are.

    Into a build's folder go prove.json and the plots; card and report show them.

    \b
    Example:  synth prove build/reviews --real real.csv --test real_test.csv
              synth prove build/people --real ner.jsonl --test ner_test.jsonl --text tokens --label ner_tags
              synth prove build/people --real ner.jsonl --test ner_test.jsonl --label entities
    """
    from synth_datasets.proof.design import MIXES, SIZES
    from synth_datasets.proof.plots import curves_png
    from synth_datasets.proof.rows import read_rows
    from synth_datasets.proof.shown import page, terminal
    from synth_datasets.proof.trials import prove

    if test is None:
        raise SettingsError(_no_test(real, group))
    _need_extra()
    where = {"text": real_text or text, "label": real_label or label}
    real_rows, test_rows = (read_rows(file, **where, group=group) for file in (real, test))
    proof = prove(
        _synthetic(build, split, text, label, options),
        real_rows,
        test_rows,
        models=_models(models, real_rows),
        seeds=seeds,
        sizes=SIZES if sizes is None else [int(each) for each in _numbers(sizes, "--sizes")],
        mixes=MIXES if mixes is None else _numbers(mixes, "--mixes"),
        label_map=dict(_pair(each) for each in label_map),
        told=_progress(as_json),
    )
    proof = replace(proof, warnings=(*shown_warnings(build, split or "train", test_rows), *proof.warnings))
    png = curves_png(proof)
    if output is None and (Path(build) / _RELEASE).is_file():
        from synth_datasets.publishing.proof import add_proof

        folder = Path(build)
        add_proof(folder, proof, png, title=f"{build}: proof by training")
    else:
        folder = output or Path("prove")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prove.json").write_text(proof.to_json(), encoding="utf-8")
        (folder / "prove.png").write_bytes(png)
        (folder / "prove.html").write_text(
            page(proof, png, title=f"{build}: proof by training"), encoding="utf-8"
        )
    if as_json:
        click.echo(printable(proof.to_json().rstrip("\n")))
        return
    click.echo(printable(terminal(proof)))
    click.echo(f"\nProof    {folder / 'prove.json'}  ({proof.cpu_s:.0f} CPU seconds)")
    click.echo(f"Plots    {folder / 'prove.html'}")


def _no_test(real: Path, group: str | None) -> str:
    kept = f" (all rows of one {group!r} together)" if group else ""
    return (
        "`synth prove` needs --test FILE: real rows that nothing is trained on, to see what each kind of training rows "
        f"is worth. If you have none, move every fifth row of {real.name}{kept} into a file of its own and name that"
    )


def _need_extra() -> None:
    from importlib.util import find_spec

    if missing := [name for name in ("sklearn", "matplotlib") if find_spec(name) is None]:
        raise SettingsError(
            f"`synth prove` needs {' and '.join(missing)}: pip install 'synth-datasets[quality]'"
        )


def _models(added: tuple[str, ...], real: "LabelledRows") -> "tuple[Model, ...]":
    """Return the standard models and what `--model` adds."""
    from synth_datasets.proof.rows import tagged
    from synth_datasets.proof.trials import standard

    if not added:
        return standard(words=tagged(real))
    from synth_datasets.proof.finetune import fine_tuned

    return (*standard(words=tagged(real)), *map(fine_tuned, dict.fromkeys(added)))


def _synthetic(
    build: str, split: str | None, text: str, label: str, options: dict[str, Any]
) -> "LabelledRows":
    import datasets

    from synth_datasets.cli.loaded import load_splits
    from synth_datasets.proof.rows import dataset_rows

    is_spec = build.endswith((".yaml", ".yml")) or not (Path(build).exists() or "/" in build.strip("/"))
    if is_spec:
        from synth_datasets.synth import Synth

        given = {name: value for name, value in options.items() if value is not None}
        builder = Synth(data_files=spec_path(build), **given)
        builder.download_and_prepare()
        found = builder.as_dataset()
    else:
        found = load_splits(build)
    if not isinstance(found, datasets.DatasetDict):
        raise SettingsError(f"{build}: no dataset with splits")
    if split is not None and split not in found:
        raise SettingsError(f"{build} has no split {split!r}; it has: {', '.join(map(str, found))}")
    chosen = [split] if split else ["train"] if "train" in found else [str(name) for name in found]
    rows = datasets.concatenate_datasets([found[name] for name in chosen])
    return dataset_rows(rows, name=f"{build} ({', '.join(chosen)})", text=text, label=label)


def _numbers(given: str, option: str) -> list[float]:
    try:
        numbers = [float(each) for each in given.split(",") if each.strip()]
    except ValueError:
        numbers = list[float]()
    if not numbers or any(not 0 < number < float("inf") for number in numbers):
        raise click.BadParameter(f"{given!r}: expected numbers above 0, such as 100,500", param_hint=option)
    return numbers


def _pair(given: str) -> tuple[str, str]:
    ours, found, theirs = given.partition("=")
    if not found:
        raise click.BadParameter(
            f"{given!r}: expected OURS=THEIRS, such as pos=positive", param_hint="--label-map"
        )
    return ours, theirs


def _progress(quiet: bool) -> Any:  # noqa: ANN401 - a function or None
    from datasets.utils import tqdm

    if quiet:
        return None
    bar = tqdm(desc="Training", unit=" sets", leave=False)

    def told(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            bar.close()

    return told
