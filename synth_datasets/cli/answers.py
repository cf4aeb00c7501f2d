"""Verbs about stored answers: `answers export`, `answers import`, `answers stats`."""

from pathlib import Path
from typing import Any

import click

from synth_datasets.cli.options import effective_spec, override_options, settings_options, split_options
from synth_datasets.cli.printing import printable

__all__ = ["answers_verb"]


@click.group("answers")
def answers_verb() -> None:
    """Give stored answers to somebody else, take theirs, or count one's own.

    \b
    Example:  synth answers export reviews.synth.yaml -o answers.parquet
              synth answers import answers.parquet && synth build reviews.synth.yaml --offline
    """


@answers_verb.command("export")
@click.argument("spec")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="[default: NAME.answers.parquet]"
)
@override_options
@settings_options
def export_verb(spec: str, output: Path | None, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Write the answers that the dataset of SPEC is made of, the rejected ones too; asks no model.

    Whoever imports them builds the same bytes without a key. The file holds prompts, answers and the address that was
    asked, and no key or password.

    \b
    Example:  synth answers export reviews.synth.yaml -o answers.parquet
    """
    from synth_datasets.answers import export_answers

    overrides, settings = split_options(options)
    effective = effective_spec(spec, overrides)
    path = output or Path(f"{effective.name}.answers.parquet")
    done = export_answers(effective, settings, path)
    click.echo(f"{path}: {done.answers} answers for {done.rows} rows, {done.num_bytes:,} bytes")
    click.echo(f"Import it  synth answers import {path}")


@answers_verb.command("import")
@click.argument("archive", type=click.Path(path_type=Path))
@click.option("--store", type=click.Path(dir_okay=False), help="The file that keeps the answers.")
def import_verb(archive: Path, store: str | None) -> None:
    """Put the answers of an ARCHIVE into the store, once every record was checked against its key.

    An answer that the store has already stays, also when the archive holds another. The archive may be the folder of a
    part (`synth build --shard`), its answers.sqlite, or another store.

    \b
    Example:  synth answers import answers.parquet
              synth answers import build/reviews-parts/0-of-4
    """
    from synth_datasets.generation.archive import import_answers
    from synth_datasets.generation.store import AnswerStore
    from synth_datasets.parts.info import answers_of
    from synth_datasets.settings import load_settings

    path = load_settings({"store": store}).store_path
    source = answers_of(archive) if archive.is_dir() else archive
    with AnswerStore(path) as answers:
        done = import_answers(source, answers)
    click.echo(f"{archive}: {done.total} answers, {done.new} of them new in {path}")
    if done.conflicts:
        keys = ", ".join(done.conflicting) + (", ..." if done.conflicts > len(done.conflicting) else "")
        click.echo(
            f"Warning: to {done.conflicts} requests the store has another answer, which stays: {keys}",
            err=True,
        )


@answers_verb.command("stats")
@click.option("--store", type=click.Path(dir_okay=False), help="The file that keeps the answers.")
def stats_verb(store: str | None) -> None:
    """Count the stored answers, by model and by who was asked; reads all of them, some 10 seconds a million.

    \b
    Example:  synth answers stats
    """
    import json
    from collections import Counter

    from synth_datasets.generation.store import AnswerStore
    from synth_datasets.settings import load_settings

    path = load_settings({"store": store}).store_path
    counts: Counter[tuple[str, str]] = Counter()
    with AnswerStore(path, read_only=True) as answers:
        for canonical in answers.requests():
            request = json.loads(canonical)
            counts[request["model"], request["endpoint"]] += 1
    size = path.stat().st_size if path.exists() else 0
    click.echo(f"{path}: {counts.total()} answers, {size:,} bytes")
    for (model, endpoint), count in counts.most_common():
        click.echo(printable(f"{count:>9}  {model} at {endpoint}"))
