"""Fill splits: ask, judge, ask again, until every row of the plan has its example or has used up its attempts."""

import copy
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, repeat

from synth_datasets.foresight import Foresight
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.collector import older_objects_spared
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.blame import writer_of
from synth_datasets.plan.derive import Unfit
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.graph import inputs, outputs
from synth_datasets.spec.model import FieldsColumn, PromptColumn
from synth_datasets.spec.templates import TemplateError
from synth_datasets.validation.duplicates import Duplicates
from synth_datasets.validation.judge import judge
from synth_datasets.validation.outcome import Example, Missing, Rejection, Source, Unanswered, Verdict
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.reviews import follow, refusal

__all__ = ["Progress", "fill"]

ModelColumn = PromptColumn | FieldsColumn

LOOK_AHEAD = 256
"""Rows that are planned and looked up in the store at a time, unless the caller says fewer."""
_TOGETHER = 256
"""Rows whose texts are hashed together for the check on duplicates."""


@dataclass(slots=True)
class Progress:
    """What this run has done so far; changed in place while `fill` runs."""

    asked: int = 0
    """Requests handed to the model."""
    reused: int = 0
    """Answers that the store already had."""
    accepted: int = 0
    rejected: int = 0
    missing: int = 0


def fill(
    plan: Plan,
    rows: Iterator[RowKey],
    store: AnswerStore,
    engine: Engine | None,
    *,
    in_flight: Callable[[int], int],
    progress: Progress | None = None,
    gather: int = 0,
    look_ahead: Callable[[int], int] = lambda _: LOOK_AHEAD,
) -> Generator[Example | Missing | Unanswered]:
    """Yield what becomes of each of `rows`, in their order, which must be the plan's decision order.

    A row that repeats an earlier one is asked again, so `rows` must hold all that decide on those that are wanted.
    Without an engine nobody is asked: requests that failed have failed again, and a row whose next answer the store
    does not hold ends as `Unanswered`; those after it are judged as if it were not there.
    Lazy: with `n` rows yielded at most `in_flight(n)` requests wait for an answer, and at most twice `look_ahead(n)`
    rows are asked for, however long the next one takes. What comes out depends on the spec and the answers alone, not
    on timing. Raises what the engine raises when the model cannot be asked any more; every answer that arrived is in
    the store by then.
    Where answers come in rounds, `gather` is how many rows at least are planned ahead; then all that can be foreseen
    for them is asked before anything is waited for.
    """
    with older_objects_spared():
        work = _Work(plan, store, engine, progress if progress is not None else Progress())
        if gather:
            work.foresight = Foresight(plan.spec, work.settle)
        duplicates = Duplicates(plan.spec)
        names = tuple(name for column in plan.spec.columns for name in outputs(column))
        window: deque[_Row] = deque()
        decided = 0
        while True:
            least = gather or look_ahead(decided)
            if len(window) < least:
                keys = list(islice(rows, 2 * least - len(window)))
                planned = list(map(_Row, repeat(plan), keys, plan.values_of_many(keys)))
                window.extend(planned)
                work.settle(planned)
            if not window:
                return
            head = window.popleft()
            _decide(head, window, work, duplicates, in_flight(decided))
            decided += 1
            yield head.outcome(names)


def _decide(head: "_Row", window: deque["_Row"], work: "_Work", duplicates: Duplicates, allowed: int) -> None:
    """Wait until the row has an outcome that the rows before it do not contradict; `window` are those after it."""
    while True:
        work.send(allowed, first=head)
        while head.request is not None:
            if work.foresight is not None and work.engine is not None and work.engine.exhausted:
                work.foresight.look([head, *window], duplicates)
                work.send(allowed, first=head)
            work.receive()
            work.send(allowed, first=head)
        if not head.prepared:
            _prepare([head, *islice(window, _TOGETHER)], duplicates)
        found = None if head.missing or head.unanswered else duplicates.find(head.values)
        if found is None:
            break
        head.reject(*found)
        work.progress.rejected += 1
        work.settle([head])
    if work.foresight is not None:
        work.foresight.decided(head)
    if head.missing:
        work.progress.missing += 1
    elif not head.unanswered:
        duplicates.add(head.key, head.values)
        work.progress.accepted += 1


def _prepare(rows: list["_Row"], duplicates: Duplicates) -> None:
    ready = [row for row in rows if not (row.prepared or row.request or row.missing or row.unanswered)]
    duplicates.prepare([row.values for row in ready])
    for row in ready:
        row.prepared = True


@dataclass(slots=True)
class _Work:
    """What is asked and not yet answered: the rows that wait, by request."""

    plan: Plan
    store: AnswerStore
    engine: Engine | None
    progress: Progress
    unsent: deque["_Row"] = field(default_factory=deque)
    waiting: dict[str, list["_Row"]] = field(default_factory=dict)
    foresight: "Foresight[_Row] | None" = None

    def settle(self, rows: list["_Row"]) -> None:
        """Feed the rows from the store as far as it goes; what it does not hold is queued to be asked."""
        while rows:
            asked = [row.request.key for row in rows if row.request is not None]
            found: dict[str, Answer | RequestFailedError] = {**self.store.get_many(asked)}
            if self.engine is None and len(found) < len(asked):
                failed = self.store.get_failures([key for key in asked if key not in found])
                found.update((key, failure) for key, (failure, _) in failed.items())
            going = []
            for row in rows:
                if row.request is None:
                    continue
                answer = found.get(row.request.key)
                if answer is None and self.engine is None:
                    row.stop()
                elif answer is None and (row.given or row.rejections):
                    self.unsent.appendleft(row)  # a row that has begun is finished before another begins
                elif answer is None:
                    self.unsent.append(row)
                else:
                    self.progress.reused += not row.foreseen
                    self._feed(row, answer)
                    going.append(row)
            rows = going

    def send(self, allowed: int, *, first: "_Row") -> None:
        """Hand on queued requests while fewer than `allowed` are in flight; the row `first` never waits."""
        if first.request is not None and first.request.key not in self.waiting:
            self.unsent.remove(first)
            self._submit(first)
        while self.unsent and self.engine is not None and self.engine.in_flight < allowed:
            self._submit(self.unsent.popleft())

    def receive(self) -> None:
        """Wait for at least one answer and feed the rows that asked for it."""
        assert self.engine is not None  # noqa: S101 - without one no row is left waiting
        for request, outcome in self.engine.wait():
            rows = self.waiting.pop(request.key)
            for row in rows:
                self._feed(row, outcome)
            self.settle(rows)

    def _submit(self, row: "_Row") -> None:
        assert row.request is not None  # noqa: S101 - only rows with a request are queued
        assert self.engine is not None  # noqa: S101 - without one no row is queued
        waiting = self.waiting.setdefault(row.request.key, [])
        if not waiting:
            self.engine.submit(row.request)
            self.progress.asked += 1
        waiting.append(row)

    def _feed(self, row: "_Row", outcome: Answer | RequestFailedError) -> None:
        before = len(row.rejections)
        row.receive(outcome)
        self.progress.rejected += 0 if row.foreseen else len(row.rejections) - before


class _Row:
    """One row on its way: which column it asks now, and what it has gathered."""

    __slots__ = (
        *(
            "attempts",
            "foreseen",
            "given",
            "key",
            "mended",
            "missing",
            "plan",
            "prepared",
            "rejections",
            "request",
            "ruled",
            "sources",
            "superseded",
        ),
        *("unanswered", "values"),
    )

    def __init__(self, plan: Plan, key: RowKey, values: dict[str, object]) -> None:
        self.plan = plan
        self.key = key
        self.values = values
        self.given: dict[str, Mapping[str, object]] = {}
        self.sources: dict[str, Source] = {}
        self.attempts: dict[str, int] = {}
        self.rejections: list[Rejection] = []
        self.superseded: dict[str, Source] = {}
        """By key: answers that were fine, until what they are about was rejected."""
        self.ruled: dict[str, bool] = {}
        """By digest of each decision by hand that held, whether it was a rejection."""
        self.mended: tuple[str, ...] = ()
        self.missing = ""
        """The column whose attempts are used up."""
        self.unanswered: Request | None = None
        """What would have to be asked, when nobody may be."""
        self.request: Request | None = None
        self.foreseen = False
        """Whether this is a twin, of whom nobody hears but the store."""
        self.prepared = False
        """Whether `Duplicates` has been told to expect it."""
        self._ask_next()

    def receive(self, outcome: Answer | RequestFailedError) -> None:
        """Judge the answer to the current request and move on: to the next column, or to the next attempt."""
        request = self.request
        assert request is not None  # noqa: S101 - only rows with a request are fed
        column = self._column()
        if isinstance(outcome, RequestFailedError):
            self._reject(column, Verdict(outcome.reason, outcome.detail), Answer(key=request.key, text=""))
            return
        judged = judge(column, request, outcome, self.values, self.plan.spec)
        if isinstance(judged, Verdict) and judged.column not in self.sources:
            self._reject(column, judged, outcome)
            return
        self.sources[column.name] = Source.of(column.name, request, outcome)
        if isinstance(judged, Verdict):  # a judge's word on another column's answer
            self.given[column.name] = {}
            self.reject(judged.column, judged)
            return
        self.given[column.name] = judged
        try:
            self._take(judged)
            self._ask_next()
        except Unfit as unfit:
            self.reject(unfit.column, Verdict(unfit.reason, unfit.detail))
        except TemplateError as error:  # what reads the answer would grow beyond the bounds of a template
            self.reject(column.name, Verdict(Reason.TOO_LONG, str(error)))

    def reject(self, name: str, verdict: Verdict) -> None:
        """Take back a finished answer, such as one that repeats an earlier row; what was built on it is asked anew."""
        column = next(item for item in self.plan.model_columns if name == item.name or name in outputs(item))
        source = self.sources.pop(column.name)
        after = self._downstream(column)
        gone = [self.sources[item.name] for item in after if item.name in self.sources]
        self.superseded.update((each.key, each) for each in gone)
        self._take_back(after)
        self.mended = ()
        self.attempts = {
            name: tries for name, tries in self.attempts.items() if name in (*self.given, column.name)
        }
        self._reject(column, verdict, source)

    def stop(self) -> None:
        """Stand still at the current request, which nobody answers."""
        self.unanswered, self.request = self.request, None

    def twin(self) -> "_Row":
        """Return a copy that goes its own way, to find out what this row would ask."""
        twin = copy.copy(self)
        twin.foreseen = True
        twin.values, twin.given, twin.sources = dict(self.values), dict(self.given), dict(self.sources)
        twin.attempts, twin.rejections = dict(self.attempts), list(self.rejections)
        twin.ruled, twin.superseded = dict(self.ruled), dict(self.superseded)
        return twin

    def outcome(self, names: tuple[str, ...]) -> Example | Missing | Unanswered:
        """Return what became of the row, once nothing is asked any more; `names` are those of all columns."""
        if self.unanswered is not None:
            return Unanswered(
                row=self.key,
                column=self._column().name,
                request=self.unanswered,
                rejections=tuple(self.rejections),
                ruled=tuple(self.ruled),
            )
        if self.missing:
            return Missing(
                row=self.key,
                column=self.missing,
                rejections=tuple(self.rejections),
                superseded=self._superseded(self.sources.values()),
                ruled=tuple(self.ruled),
            )
        values = {name: self.values[name] for name in names}
        for name, by in self.plan.replaced.items():
            values[name], values[by] = values[by], values[name]
        own = self.sources
        sources = tuple([own[column.name] for column in self.plan.model_columns if column.name in own])
        return Example(
            row=self.key,
            values=values,
            sources=sources,
            rejections=tuple(self.rejections),
            superseded=self._superseded() if self.superseded else (),
            ruled=tuple(self.ruled),
            mended=self.mended,
        )

    def _superseded(self, left: Iterable[Source] = ()) -> tuple[Source, ...]:
        """Return what the row has no use for any more, `left` included, each answer once."""
        used = {rejection.key for rejection in self.rejections}
        if not left:
            used.update(source.key for source in self.sources.values())
        every = {**self.superseded, **{source.key: source for source in left}}
        return tuple(source for key, source in every.items() if key not in used)

    def _take(self, given: Mapping[str, object]) -> None:
        self.values.update(given)
        self.plan.derive(self.key, self.values)

    def _take_back(self, columns: list[ModelColumn]) -> None:
        """Forget the answers for the columns, and what was computed from them."""
        for column in columns:
            self.given.pop(column.name, None)
            self.sources.pop(column.name, None)
        self.values = self.plan.values(self.key)
        for given in self.given.values():
            self._take(given)

    def _column(self) -> ModelColumn:
        for column in self.plan.model_columns:
            if column.name not in self.given:
                return column
        raise AssertionError("unreachable: a row that asks has a column to ask for")

    def _ask_next(self) -> None:
        while len(self.given) < len(self.plan.model_columns):
            column = self._column()
            if self.plan.asks(column, self.values):
                break
            self.given[column.name] = dict.fromkeys(outputs(column), "")
            self._take(self.given[column.name])
        else:
            self.request = None
            self._review()
            return
        attempt = self.attempts.get(column.name, 0)
        self.request = self.plan.request(column, self.key, self.values, attempt)

    def _review(self) -> None:
        """Do to the complete row what people decided about it as it is."""
        reviews = self.plan.spec.reviews
        rulings = () if reviews is None else reviews.rulings.get(str(self.key), ())
        if not rulings or not self.sources:
            return
        found = follow(rulings, self.values, self.plan.replaced)
        refused = found.refused
        self.ruled.update(dict.fromkeys(found.met, False))
        self.values.update(found.values)
        self.mended = found.mended
        if refused is not None:
            self.ruled[refused.digest] = True
            blamed = (writer_of(name, self.plan.order) for name in (refused.column, *refused.columns) if name)
            self.reject(
                next((name for name in blamed if name in self.sources), [*self.sources][-1]), refusal(refused)
            )

    def _reject(self, column: ModelColumn, verdict: Verdict, answer: Answer | Source) -> None:
        attempt = self.attempts.get(column.name, 0)
        self.rejections.append(Rejection.of(self.key, column.name, attempt, verdict, answer))
        self.attempts[column.name] = attempt + 1
        # What a person rejects costs the row none of its attempts: with `attempts: 1` it would be lost.
        if attempt + 1 >= self.plan.spec.attempts + sum(self.ruled.values()):
            self.missing = column.name
            self.request = None
        else:
            self._ask_next()

    def _downstream(self, column: ModelColumn) -> list[ModelColumn]:
        """Return the column and every model column that reads it, directly or through other columns."""
        tainted = set(outputs(column))
        for item in self.plan.order:
            if inputs(item) & tainted:
                tainted.update(outputs(item))
        return [item for item in self.plan.model_columns if tainted & set(outputs(item))]
