"""What becomes of the rows of a spec's plan: asked of its models, or judged from the stored answers alone."""

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from synth_datasets.answers_bar import answers_bar
from synth_datasets.endpoints import endpoints_of, model_ids
from synth_datasets.errors import BudgetError, SettingsError, ShortfallError
from synth_datasets.fill import LOOK_AHEAD, Progress, fill
from synth_datasets.generation.answer import Backend
from synth_datasets.generation.backends import default_concurrency, open_backend, rows_a_place
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.keeper import AnswerKeeper
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.lists import resolved
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.row import RowKey
from synth_datasets.settings import Settings
from synth_datasets.spec.graph import adapters_of
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spending import Course, open_budget
from synth_datasets.unanswered import unanswered_message
from synth_datasets.validation.duplicates import Duplicates
from synth_datasets.validation.needed import require_packages
from synth_datasets.validation.outcome import Example, Missing, Unanswered

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["asked_outcomes", "missing_answers", "stored_outcomes"]

BATCH_ROWS = 25_000
"""Rows planned ahead at least, and twice as many at most, where they are asked in batches."""
_PATIENCE_S = 60.0
"""How long a build that gives up waits for answers that it has asked for."""


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
    Else as `splits.split_outcomes`.
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
        bar = stack.enter_context(answers_bar(f"Asking {', '.join(models)} for {title}"))
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


def _course(plan: Plan, progress: Progress, engine: Engine, rows: int) -> Course:
    return Course(
        rows=rows,
        columns=len(plan.model_columns),
        answered=progress.asked - engine.in_flight,
        reused=progress.reused,
        rejected=progress.rejected,
    )


def _tell(bar: "tqdm[NoReturn]", text: str) -> None:
    if not bar.disable:
        bar.set_postfix_str(text)


def _show(bar: "tqdm[NoReturn]", progress: Progress, course: Course, budget: Budget) -> None:
    bar.set_postfix(
        {
            "accepted": progress.accepted,
            "rejected": progress.rejected,
            "from store": progress.reused,
            **course.shown(budget.spent, budget.currency),
        },
        refresh=False,
    )
    bar.update(course.answered + course.reused - bar.n)
