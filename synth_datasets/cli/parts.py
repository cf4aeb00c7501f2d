"""Verbs about a dataset in parts: `build --shard` asks for one, `merge` makes them the dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synth_datasets.cli.built import show_build
from synth_datasets.cli.options import effective_spec, settings_options, split_options
from synth_datasets.errors import SpecError

if TYPE_CHECKING:
    from synth_datasets.parts.info import Part

__all__ = ["build_part", "merge_verb"]


def build_part(
    spec: str, shard: str, output: Path | None, *, keep_short: bool, options: dict[str, Any]
) -> None:
    """Ask for one part of the spec's rows, and say where it is."""
    from synth_datasets.parts.ask import ask_part
    from synth_datasets.parts.shard import Shard
    from synth_datasets.spending import open_budget, spent_line

    wanted = Shard.parse(shard)
    overrides, settings = split_options(options)
    effective = effective_spec(spec, overrides)
    parent = output or Path("build") / f"{effective.name}-parts"
    budget = open_budget(effective, settings)
    part = ask_part(
        effective,
        settings,
        wanted,
        parent / wanted.folder,
        overrides={name: value for name, value in overrides.items() if value is not None},
        keep_short=keep_short,
        budget=budget,
    )
    click.echo(f"Part     {part.shard} of {part.name}: {_held(part)}")
    click.echo(f"Asked    {spent_line(budget.spent, budget.currency, answers=part.answers)}")
    click.echo(f"Folder   {part.folder}")
    click.echo(f"When all {wanted.of} are there:  synth merge {parent}")


def _held(part: "Part") -> str:
    of = part.shard.of
    if not part.shard.number:
        if part.lists:
            return "what all share"
        return f"nothing, as its spec has no generated lists: parts 1/{of} to {of}/{of} need no part 0"
    if not any(part.rows.values()):
        return (
            f"no row, as its spec has fewer than {of} parts need; `synth merge` wants the folder all the same"
        )
    return ", ".join(f"{count} {name}" for name, count in part.rows.items())


@click.command("merge")
@click.argument(
    "parts", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="[default: build/NAME]"
)
@click.option("--spec", help="The spec that the parts were made from; by default the copy that they carry.")
@click.option("--keep-short", is_flag=True, help="Accept a split with fewer rows than asked for.")
@click.option(
    "--offline", is_flag=True, help="Ask nobody, not even for rows that repeat rows of other parts."
)
@click.option("--with-answers", is_flag=True, help="Put all answers into the folder, for an exact rebuild.")
@click.option("--cache-dir", type=click.Path(file_okay=False), help="Where `datasets` keeps the splits.")
@settings_options
def merge_verb(
    parts: tuple[Path, ...],
    *,
    output: Path | None,
    spec: str | None,
    keep_short: bool,
    offline: bool,
    with_answers: bool,
    cache_dir: str | None,
    **options: Any,  # noqa: ANN401 - click's options
) -> None:
    """Make the dataset of PARTS: the folders that `synth build --shard` left, or the folder that holds them.

    It is the dataset that one machine would have made, byte for byte. Rows that repeat rows of other parts are asked
    again here, in a second round; their answers and those of the parts are in the store afterwards.

    \b
    Example:  synth build reviews.synth.yaml --shard 1/2
              synth build reviews.synth.yaml --shard 2/2
              synth merge build/reviews-parts
    """
    from synth_datasets.build import build
    from synth_datasets.parts.info import whole_of

    whole = whole_of(parts)
    first = whole[0]
    carried = first.spec_file if "://" in first.spec_file else str(first.folder / first.spec_file)
    given = {name: value for name, value in options.items() if value not in (None, ())}
    short = keep_short or any(part.keep_short for part in whole)
    try:
        built = build(
            spec or carried,
            output,
            cache_dir=cache_dir,
            options={**first.overrides, **given, "keep_short": short, "offline": offline},
            with_answers=with_answers,
            parts=[part.folder for part in whole],
            said=click.echo,
        )
    except SpecError as error:
        if spec is None:
            error.add_note(
                "Parts carry the spec and its prompts, but no copy of data that it names: name the spec where that "
                "lies, with --spec."
            )
        raise
    show_build(built)
