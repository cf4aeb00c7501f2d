"""One row on its way to its outcome: which column it asks now, and what it has gathered."""

import copy
from collections.abc import Iterable, Mapping

from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.plan.blame import writer_of
from synth_datasets.plan.derive import Unfit
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.graph import inputs, outputs
from synth_datasets.spec.model import FieldsColumn, PromptColumn
from synth_datasets.spec.templates import TemplateError
from synth_datasets.validation.judge import judge
from synth_datasets.validation.outcome import Example, Missing, Rejection, Source, Unanswered, Verdict
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.reviews import follow, refusal

__all__ = ["PendingRow"]

ModelColumn = PromptColumn | FieldsColumn


class PendingRow:
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

    def resume(self) -> None:
        """Go on where `stop` ended: somebody may be asked now."""
        self.unanswered, self.request = None, self.unanswered

    def twin(self) -> "PendingRow":
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
