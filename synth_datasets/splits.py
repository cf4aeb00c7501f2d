"""One split of a spec as a stream of rows, with its trace and the verdict on a shortfall."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from itertools import count, islice
from pathlib import Path

from synth_datasets.endpoints import endpoints_of
from synth_datasets.errors import ShortfallError
from synth_datasets.features import visible_columns
from synth_datasets.fill import fill
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.store import AnswerStore
from synth_datasets.lists import resolved, trace_lists
from synth_datasets.outcomes import asked_outcomes, missing_answers
from synth_datasets.plan.part import Part
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.row import RowKey
from synth_datasets.settings import Settings
from synth_datasets.shortfall import hopeless, shortfall_message
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.trace_writer import TraceWriter
from synth_datasets.validation.outcome import Example, Missing, Tally, Unanswered

__all__ = ["part_rows", "split_outcomes", "split_rows"]


def split_rows(
    spec: DatasetSpec,
    settings: Settings,
    split: str,
    *,
    trace: Path | None = None,
    eager: bool = True,
    keep_short: bool = False,
    offline: bool = False,
    budget: Budget | None = None,
) -> Generator[dict[str, object]]:
    """Yield the stored columns of each accepted row of the split, in the split's order.

    `eager`, `offline`, `budget` and what may be raised on the way are those of `split_outcomes`. `trace` is the folder
    that gets the rows' sources, rejections and counts. Raises `ShortfallError` after the last row (or as soon as most
    rows fail) when rows are missing, unless `keep_short`; then the split is shorter and the counts say so.
    """
    rows = part_rows(
        spec,
        settings,
        split,
        Part(),
        trace=trace,
        eager=eager,
        keep_short=keep_short,
        offline=offline,
        budget=budget,
    )
    with closing(rows):
        yield from (row for _, row in rows)


def part_rows(
    spec: DatasetSpec,
    settings: Settings,
    split: str,
    part: Part,
    *,
    trace: Path | None = None,
    eager: bool = False,
    keep_short: bool = False,
    offline: bool = False,
    budget: Budget | None = None,
) -> Generator[tuple[int, dict[str, object]]]:
    """Yield the position in the split and the stored columns of each accepted row of the part; see `split_rows`.

    Where rows are compared with each other (`unique`), all that come before a row are decided first, from the answers
    in the store or new ones: some 0.2 ms for each that is there. A shortfall is one of this part alone, from its
    `start` on.
    """
    total = _total(spec, split)
    tally = Tally()
    columns = visible_columns(spec)
    with ExitStack() as stack:
        writer = None if trace is None else stack.enter_context(TraceWriter(trace, split))
        outcomes = stack.enter_context(
            closing(
                split_outcomes(spec, settings, split, part=part, eager=eager, offline=offline, budget=budget)
            )
        )
        for position, outcome in zip(part.positions(total), outcomes, strict=True):
            tally.add(outcome)
            if writer is not None:
                writer.add(outcome)
            if isinstance(outcome, Example):
                yield position, {name: outcome.values[name] for name in columns}
            elif not keep_short and hopeless(tally):
                message = shortfall_message(spec, split, tally, asked=part.size(total), stopped_early=True)
                outcomes.throw(ShortfallError(message))
        if writer is not None and trace is not None:
            writer.finish(tally)
            trace_lists(spec, settings, trace)
        if tally.missing and not keep_short:
            raise ShortfallError(shortfall_message(spec, split, tally, asked=part.size(total)))


def split_outcomes(
    spec: DatasetSpec,
    settings: Settings,
    split: str,
    *,
    part: Part | None = None,
    eager: bool = True,
    offline: bool = False,
    budget: Budget | None = None,
) -> Generator[Example | Missing]:
    """Yield what became of each row of the split (or of the `part` of it), in order, with sources and rejections.

    `eager` keeps the endpoint saturated; otherwise at most twice as many rows are begun as were read, so that a few
    rows of a stream cost a few answers. `offline` takes answers from the store alone: at the first row
    that needs another it looks through the whole spec and raises `AnswerMissingError`, which counts what is missing.
    `budget` is what the whole run may spend, one of this call's own by default; raises `BudgetError` before a cap of it
    is passed.
    """
    part = part or Part()
    if offline:
        yield from _stored(spec, settings, split, part)
        return
    if not part.size(_total(spec, split)):
        return
    wanted = _wanted(spec, split, part)
    asked = asked_outcomes(
        *(spec, settings),
        lambda plan: _deciding(plan, split, part),
        rows=_rows_ahead(spec, split, part),
        title=split,
        eager=eager,
        budget=budget,
    )
    with closing(asked):
        for outcome in asked:
            if wanted(outcome) and not isinstance(outcome, Unanswered):
                try:
                    yield outcome
                except ShortfallError as error:
                    asked.throw(error)


def _stored(spec: DatasetSpec, settings: Settings, split: str, part: Part) -> Generator[Example | Missing]:
    """Yield the rows of the part from the store; raises at the first row on the way that it cannot answer."""
    plan = Plan(resolved(spec, settings, offline=True), endpoints_of(spec, settings))
    wanted = _wanted(spec, split, part)
    with AnswerStore(settings.store_path, read_only=True) as store:
        for outcome in fill(plan, _deciding(plan, split, part), store, None, in_flight=lambda _: 0):
            if isinstance(outcome, Unanswered):
                raise missing_answers(spec, settings)
            if wanted(outcome):
                yield outcome


def _deciding(plan: Plan, split: str, part: Part) -> Iterator[RowKey]:
    """Yield the rows that decide on the part: its own, or all of every split up to its last one."""
    end = part.end(_total(plan.spec, split))
    if not _crossing(plan.spec):
        rows = enumerate(islice(plan.rows(split), end))
        yield from (key for position, key in rows if position in part)
        return
    left = end
    for key in plan.decision_rows(upto=split) if end else ():
        yield key
        left -= key.split == split
        if not left:
            return


def _wanted(spec: DatasetSpec, split: str, part: Part) -> Callable[[Example | Missing | Unanswered], bool]:
    """Return what tells the outcomes of the part from others, if it is called with each outcome in turn."""
    positions, crossing = count(), _crossing(spec)

    def wanted(outcome: Example | Missing | Unanswered) -> bool:
        return outcome.row.split == split and (not crossing or next(positions) in part)

    return wanted


def _crossing(spec: DatasetSpec) -> bool:
    """Whether a row may be rejected because of another one."""
    return any(checks.unique for checks in spec.checks.values())


def _total(spec: DatasetSpec, split: str) -> int:
    return next(item.num_examples for item in spec.splits if item.name == split)


def _rows_ahead(spec: DatasetSpec, split: str, part: Part) -> int:
    """Return how many rows are to be decided: by the whole split and those after it, or by a part of one."""
    if part != Part():
        return sum(1 for _ in part.positions(_total(spec, split)))
    sizes = [item.num_examples for item in spec.splits]
    at = [item.name for item in spec.splits].index(split)
    return sum(sizes if _crossing(spec) else sizes[at:])
