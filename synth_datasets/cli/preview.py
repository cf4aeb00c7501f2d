"""The verb `preview`: what the model is told, what it says, and what a whole build will take."""

import json
import time
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from synth_datasets.cli.options import effective_spec, override_options, settings_options, split_options
from synth_datasets.cli.printing import printable
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.validation.outcome import Example, Missing

if TYPE_CHECKING:
    from synth_datasets.settings import Settings

__all__ = ["preview_verb"]


@click.command("preview")
@click.argument("spec")
@click.option(
    "-n", "--rows", type=click.IntRange(min=0), default=5, show_default=True, help="How many rows to make."
)
@click.option("--split", help="The split to show; the first one by default.")
@click.option("--prompts-only", is_flag=True, help="Ask no model.")
@override_options
@settings_options
def preview_verb(spec: str, rows: int, split: str | None, prompts_only: bool, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Show the prompts and a few rows of SPEC, and what a whole build will take.

    The answers are kept: a build that follows does not ask for them again.

    \b
    Example:  synth preview reviews.synth.yaml -n 5
              synth preview customer_feedback --prompts-only
    """
    from synth_datasets.cli.estimates import show_estimate
    from synth_datasets.endpoints import model_ids
    from synth_datasets.errors import SettingsError
    from synth_datasets.estimate import estimate
    from synth_datasets.generation.backends import default_concurrency
    from synth_datasets.plan.part import Part
    from synth_datasets.spec.graph import adapters_of
    from synth_datasets.spending import open_budget
    from synth_datasets.splits import split_outcomes

    overrides, settings = split_options(options)
    settings = replace(settings, batch=False)  # a few rows, now
    effective = effective_spec(spec, overrides)
    names = [item.name for item in effective.splits]
    if split is not None and split not in names:
        raise SettingsError(f"{effective.name} has no split {split!r}; it has {', '.join(names)}")
    chosen = split or names[0]
    if prompts_only:
        _show_prompts(effective, settings, chosen, rows)
        return
    budget = open_budget(effective, settings)
    began = time.monotonic()
    with closing(split_outcomes(effective, settings, chosen, part=Part(stop=rows), budget=budget)) as made:
        for outcome in made:
            _show(outcome)
    timed = (
        budget.spent.answers,
        time.monotonic() - began,
        default_concurrency(model_ids(effective), settings, adapters_of(effective)),
    )
    click.echo(f"Asked for this preview: {budget.spent.shown(budget.currency)}.")
    show_estimate(effective, estimate(effective, settings), settings, timed=timed)


def _show_prompts(spec: DatasetSpec, settings: "Settings", split: str, rows: int) -> None:
    from synth_datasets.endpoints import endpoints_of
    from synth_datasets.lists import filled_in, grown
    from synth_datasets.plan.plan import Plan

    for growth in (growths := grown(spec, settings) if spec.lists else []):
        if growth.request is not None:
            click.echo(printable(f"--- {growth.made.column.name}: {len(growth.items)} items so far"))
            click.echo(printable(growth.request.messages[-1].content))
    plan = Plan(filled_in(spec, growths, guess=True), endpoints_of(spec, settings))
    column = plan.model_columns[0]
    for key in islice(plan.rows(split), rows):
        request = plan.request(column, key, plan.values(key), 0)
        click.echo(printable(f"--- {key} {column.name} (seed {request.seed})"))
        for message in request.messages:
            click.echo(printable(f"[{message.role}] {message.content}"))
    for later in plan.model_columns[1:]:
        click.echo(f"--- {later.name}: asked after {column.name}; its prompts need the answers")


def _show(outcome: Example | Missing) -> None:
    click.echo(printable(f"--- {outcome.row}"))
    for rejection in outcome.rejections:
        click.echo(printable(f"[rejected: {rejection.reason}, {rejection.detail}] {rejection.text[:200]!r}"))
    if isinstance(outcome, Missing):
        click.echo(f"[missing] every attempt for {outcome.column} was rejected")
        return
    for source in outcome.sources:
        for role, content in source.messages:
            click.echo(printable(f"[{role}] {content}"))
    values = {name: value for name, value in outcome.values.items() if "." not in name}  # no parts of columns
    click.echo(printable(json.dumps(values, ensure_ascii=False, indent=1)))
