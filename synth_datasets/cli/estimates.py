"""An estimate of a build, as a person reads it."""

from collections.abc import Iterator

import click

from synth_datasets.estimate import ColumnEstimate, Estimate
from synth_datasets.prices import money
from synth_datasets.settings import Settings
from synth_datasets.spec.model import DatasetSpec

__all__ = ["Timed", "show_estimate"]

_MOST_OF_A_UNIT = 100

Timed = tuple[int, float, int]
"""Answers, the seconds that they took together, and how many the endpoint may get at once in a build."""


def show_estimate(
    spec: DatasetSpec, found: Estimate, settings: Settings, *, timed: Timed | None = None
) -> None:
    """Print what a whole build takes beyond the stored answers: requests, tokens, money, time."""
    for line in _lines(spec, found, settings, timed):
        click.echo(line)


def _lines(spec: DatasetSpec, found: Estimate, settings: Settings, timed: Timed | None) -> Iterator[str]:
    splits = ", ".join(f"{split.name} {split.num_examples:,}" for split in spec.splits)
    stored = sum(column.stored for column in found.columns)
    known = all(column.rejected is not None for column in found.columns)
    how = "about" if known else "at least"
    yield f"A whole build: {found.rows:,} rows ({splits})"
    yield f"  in the store   {stored:,} answers, which cost nothing again"
    yield f"  to be asked    {how} {found.requests:,} requests{_rejected(found)}"
    if found.looked_up < found.rows:
        yield f"                 by a sample: {found.looked_up:,} rows were looked up in the store"
    if not found.requests:
        return
    for column in found.columns:
        yield from _column(column, settings)
    yield from _total(found, settings)
    yield f"  time           {_time(found, settings, timed)}"


def _rejected(found: Estimate) -> str:
    shares = [
        f"{column.column} {column.rejected:.0%}" for column in found.columns if column.rejected is not None
    ]
    if not shares:
        return "; rejected answers, of which nothing is known yet, come on top"
    return f"; rejected so far: {', '.join(shares)}, expected of the rest too"


def _column(column: ColumnEstimate, settings: Settings) -> Iterator[str]:
    yield f"  {column.column} ({column.model}): {column.requests:,} requests"
    yield f"    prompts      {column.prompt_tokens:,} tokens, {column.prompt_tokens_from}"
    if column.completion_tokens is None:
        yield "    answers      unknown: no answer is stored, and the spec has no max_tokens"
    elif column.bounded:
        yield f"    answers      at most {column.completion_tokens:,} tokens: max_tokens each, no answer is stored yet"
    else:
        yield f"    answers      {column.completion_tokens:,} tokens, as the stored answers report"
    yield f"    money        {_money(column, settings)}"


def _money(column: ColumnEstimate, settings: Settings) -> str:
    if column.model not in settings.prices:
        return f'unknown: the config file has no [prices."{column.model}"]'
    if column.cost is None:
        return "unknown, as the answers' tokens are"
    return ("up to about " if column.bounded else "about ") + money(column.cost, settings.currency)


def _total(found: Estimate, settings: Settings) -> Iterator[str]:
    if len(found.columns) == 1:
        return
    cost, tokens = found.cost, found.tokens
    shown = "unknown" if tokens is None else f"{tokens:,} tokens"
    paid = "money unknown" if cost is None else money(cost, settings.currency)
    yield f"  in all         {shown}, {paid}"


def _time(found: Estimate, settings: Settings, timed: Timed | None) -> str:
    least = found.least_minutes(settings)
    limit = "" if least is None else f"at least {_duration(60 * least)} by your own limits (rpm, tpm)"
    if timed is None or not timed[0]:
        return limit or "unknown: nothing was timed (synth preview times the answers that it asks for)"
    answers, seconds, most = timed
    slow = seconds / answers * found.requests
    together = min(answers, most)
    text = f"about {_duration(slow)} as just now, {together} at once"
    if most > together:
        text += f"; {_duration(slow * together / most)} if the endpoint serves {most} at once as quickly"
    return f"{text}; {limit}" if limit else text


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1), ("min", 60)):
        if seconds < _MOST_OF_A_UNIT * size:
            return f"{max(1, round(seconds / size))} {unit}"
    return f"{seconds / 3600:.1f} h"
