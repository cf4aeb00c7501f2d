"""What is shown of a dataset that was just made, whole or of its parts."""

import json
from typing import TYPE_CHECKING, Any

import click

from synth_datasets.cli.printing import printable
from synth_datasets.cli.releases import split_counts

if TYPE_CHECKING:
    from synth_datasets.build import Build

__all__ = ["show_build"]

SHOWN_ROWS = 3


def show_build(built: "Build") -> None:
    """Say what the build came to, and what can be done with it."""
    from synth_datasets.cli.decided import decided_line
    from synth_datasets.quality.terminal import render_terminal

    click.echo(render_terminal(built.quality))
    if line := decided_line(built.spec, built.folder):
        click.echo(f"\n{line}")
    split, first = next((name, rows) for name, rows in built.dataset.items() if len(rows))
    click.echo(f"\nThe first rows of {split}:")
    for index in range(min(SHOWN_ROWS, len(first))):
        row: dict[str, Any] = first[index]
        shown = {name: _named(value, first.features[name]) for name, value in row.items()}
        click.echo("  " + printable(json.dumps(shown, ensure_ascii=False)))
    for warning in built.release.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if built.spec.mix is not None:
        from synth_datasets.proof.guard import mix_lines

        click.echo()
        for line in mix_lines(built.spec.mix, built.dataset):
            click.echo(printable(line))
    click.echo(f"\nDataset  {built.folder}  ({split_counts(built.release)}; {built.seconds:.1f} s)")
    click.echo(f"Asked    {built.asked}")
    click.echo(f"Report   {built.folder / 'report.html'}")
    click.echo(f"Card     {built.folder / 'README.md'}")
    click.echo(f'Load it  datasets.load_dataset("{built.folder}")')
    click.echo(f"Publish  synth push {built.folder} your-name/{built.spec.name}")


def _named(value: Any, feature: Any) -> Any:  # noqa: ANN401 - whatever a row holds
    """Return the value with the names of labels, however deep they lie, in place of their numbers."""
    if value is None:
        return None
    if isinstance(feature, dict):
        return {name: _named(each, feature[name]) for name, each in value.items()}
    if isinstance(value, list):
        return [_named(each, getattr(feature, "feature", None)) for each in value]
    return feature.int2str(value) if hasattr(feature, "int2str") else value
