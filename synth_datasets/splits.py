"""One split of a spec as a stream of rows: the store, the model, the trace and the verdict on a shortfall."""

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import BudgetError, SettingsError, ShortfallError
from synth_datasets.features import visible_columns
from synth_datasets.fill import LOOK_AHEAD, Progress, fill
from synth_datasets.generation.answer import Backend
from synth_datasets.generation.backends import (
    default_concurrency,
    endpoint_identity,
    open_backend,
    rows_a_place,
)
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.keeper import AnswerKeeper
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.lists import resolved, trace_lists
from synth_datasets.plan.part import Part
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.row import RowKey
from synth_datasets.settings import Settings
from synth_datasets.shortfall import hopeless, shortfall_message
from synth_datasets.spec.graph import adapters_of, asked_columns
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spending import Course, open_budget
from synth_datasets.trace_writer import TraceWriter
from synth_datasets.unanswered import unanswered_message
from synth_datasets.validation.duplicates import Duplicates
from synth_datasets.validation.needed import require_packages
from synth_datasets.validation.outcome import Example, Missing, Tally, Unanswered

if TYPE_CHECKING:
    from datasets.utils import tqdm as Bar  # noqa: N812 - the class is written in lower case there

__all__ = [
    "asked_outcomes",
    "endpoints_of",
    "missing_answers",
    "model_ids",
    "part_rows",
    "split_outcomes",
    "split_rows",
    "stored_outcomes",
]


BATCH_ROWS = 25_000
"""Rows planned ahead at least, and twice as many at most, where they are asked in batches."""


_PATIENCE_S = 60.0
"""How long a build that gives up waits for answers that it has asked for."""


def model_ids(spec: DatasetSpec) -> tuple[str, ...]:
    """Return the models that the spec's columns ask, each once, in the order of the columns."""
    return tuple(dict.fromkeys(column.prompt.model.id for column in asked_columns(spec)))


def endpoints_of(spec: DatasetSpec, settings: Settings) -> dict[str, str]:
    """Return the public identity of the endpoint that each model of the spec is asked at."""
    adapters = adapters_of(spec)
    return {model: endpoint_identity(model, settings, adapters) for model in model_ids(spec)}


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


def asked_outcomes(
    spec: DatasetSpec,
    settings: Settings,
    deciding: Callable[[Plan], Iterator[RowKey]],
    *,
    rows: int,
    title: str,
    eager: bool = True,
    budget: Budget | None = None,
    store: AnswerKeeper | None = None,
    told: Callable[[Progress], None] | None = None,
    duplicates: Duplicates | None = None,
) -> Generator[Example | Missing | Unanswered]:
    """Yield what becomes of the rows that `deciding` takes from the plan, in that order, with all that is asked for it.

    `rows` says how many they are and `title` what they are called, for those who watch; `told` hears how far it is
    after each row. `store` is where answers are looked up and kept, by default that of the settings;
    `duplicates` are those of `fill`. A `ShortfallError` that is thrown in ends it once what has been sent is answered.
    Else as `split_outcomes`.
    """
    require_packages(spec)
    budget = open_budget(spec, settings) if budget is None else budget
    models = model_ids(spec)
    spec = resolved(spec, settings, budget=budget)
    plan = Plan(spec, endpoints_of(spec, settings))
    adapters = adapters_of(spec)
    most = default_concurrency(models, settings, adapters) * (rows_a_place(settings) if eager else 1)
    progress = Progress()
    with ExitStack() as stack:
        kept = stack.enter_context(AnswerStore(settings.store_path)) if store is None else store
        bar = stack.enter_context(_bar(models, title))
        make_backend = open_backend(
            models,
            settings,
            budget,
            lambda text: _tell(bar, text),
            origin=spec.origin,
            adapters=adapters,
        )
        engine = stack.enter_context(
            Engine(make_backend if eager or not settings.batch else _no_stream, kept)
        )
        if settings.batch:
            stack.enter_context(_told_of_batches(engine))
        window = _Window(most, eager)
        outcomes = fill(
            plan,
            deciding(plan),
            kept,
            engine,
            in_flight=window,
            progress=progress,
            gather=BATCH_ROWS if settings.batch else 0,
            look_ahead=window.rows,
            duplicates=duplicates,
        )
        stack.enter_context(closing(outcomes))
        while True:
            try:
                outcome = next(outcomes, None)
            except BudgetError as error:
                course = _course(plan, progress, engine, rows)
                error.add_note(course.missing(budget.spent, budget.currency))
                raise
            if outcome is None:
                return
            if told is not None:
                told(progress)
            if not bar.disable:
                _show(bar, progress, _course(plan, progress, engine, rows), budget)
            try:
                yield outcome
            except ShortfallError:
                if (
                    not settings.batch
                ):  # what has been sent is paid for: its answers are kept for the next build
                    engine.close(patience_s=min(settings.timeout_s, _PATIENCE_S))
                raise


def stored_outcomes(
    spec: DatasetSpec, settings: Settings, splits: Collection[str] | None = None
) -> Generator[Example | Missing | Unanswered]:
    """Yield what becomes of every row (of those splits) with the stored answers alone, in decision order.

    The store is only read. Rows after one whose answer is missing are judged as if that one were not there.
    """
    plan = Plan(resolved(spec, settings, offline=True), endpoints_of(spec, settings))
    with AnswerStore(settings.store_path, read_only=True) as store:
        rows = plan.decision_rows(splits=splits)
        yield from fill(plan, rows, store, None, in_flight=lambda _: 0)


def missing_answers(spec: DatasetSpec, settings: Settings) -> AnswerMissingError:
    """Return what to raise when the store lacks answers, after a look at all rows of the spec."""
    with closing(stored_outcomes(spec, settings)) as outcomes:
        return AnswerMissingError(
            unanswered_message(
                spec, outcomes, endpoints=endpoints_of(spec, settings), store=settings.store_path
            )
        )


def _no_stream() -> Backend:
    raise SettingsError(
        "a stream asks for a few rows at a time, a batch for whole splits: leave out streaming=True or batch=True"
    )


@contextmanager
def _told_of_batches(engine: Engine) -> Iterator[None]:
    """Let the person who presses Ctrl-C know what becomes of the batches."""
    try:
        yield
    except KeyboardInterrupt as error:
        if engine.in_flight:
            error.add_note(
                "Batches that were submitted keep running at the provider; the same command collects their answers."
            )
        raise


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


@dataclass(slots=True)
class _Window:
    """How far to go ahead when so many rows have been decided: in requests that wait for an answer, and in rows."""

    most: int
    eager: bool

    def __call__(self, decided: int) -> int:
        return self.most if self.eager else min(self.most, 1 + decided)

    def rows(self, decided: int) -> int:
        """Return the half of how many rows may be planned at once."""
        # At no time fewer than what keeps the endpoint busy twice over: half of `most` is two requests a place.
        return max(LOOK_AHEAD, self.most // 2) if self.eager else min(LOOK_AHEAD, max(1, (1 + decided) // 2))


def _bar(models: tuple[str, ...], split: str) -> "Bar":
    """Return a bar of the answers asked for, as `datasets` shows its own (and hides with `disable_progress_bars`)."""
    from datasets.utils import tqdm

    return tqdm(desc=f"Asking {', '.join(models)} for {split}", unit=" answers", leave=False)


def _rows_ahead(spec: DatasetSpec, split: str, part: Part) -> int:
    """Return how many rows are to be decided: by the whole split and those after it, or by a part of one."""
    if part != Part():
        return sum(1 for _ in part.positions(_total(spec, split)))
    sizes = [item.num_examples for item in spec.splits]
    at = [item.name for item in spec.splits].index(split)
    return sum(sizes if _crossing(spec) else sizes[at:])


def _course(plan: Plan, progress: Progress, engine: Engine, rows: int) -> Course:
    return Course(
        rows=rows,
        columns=len(plan.model_columns),
        answered=progress.asked - engine.in_flight,
        reused=progress.reused,
        rejected=progress.rejected,
    )


def _tell(bar: "Bar", text: str) -> None:
    if not bar.disable:
        bar.set_postfix_str(text)


def _show(bar: "Bar", progress: Progress, course: Course, budget: Budget) -> None:
    bar.set_postfix(
        {
            "accepted": progress.accepted,
            "rejected": progress.rejected,
            "from store": progress.reused,
            **course.shown(budget.spent, budget.currency),
        },
        refresh=False,
    )
    bar.update(progress.asked + progress.reused - bar.n)
