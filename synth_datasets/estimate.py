"""What a build will take, before it is made: from the plan, the stored answers and the user's prices; asks nobody."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from synth_datasets.endpoints import endpoints_of
from synth_datasets.fill import fill
from synth_datasets.generation.store import AnswerStore
from synth_datasets.generation.token_count import token_counter
from synth_datasets.growth import Growth
from synth_datasets.lists import filled_in, grown, rounds_left
from synth_datasets.plan.order import strata_in, strata_of
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.plan.stand_ins import foreseen_requests
from synth_datasets.settings import Settings
from synth_datasets.spec.graph import is_reader
from synth_datasets.spec.model import DatasetSpec, FieldsColumn, PromptColumn
from synth_datasets.validation.outcome import Example, Missing, Unanswered

__all__ = ["ColumnEstimate", "Estimate", "estimate"]

SAMPLE = 4000
"""Rows that are looked up in the store; of a larger plan so many, evenly over every split and class."""
_FIRST = 200
"""Rows at the beginning, where the answers of a preview are, that are looked at when a sample finds none."""
_COUNTED = 64
"""Prompts whose tokens are counted, for a mean."""

_PARENT = "a parent in a few words"
"""Stands in for an item that is still to come."""

_Outcome = Example | Missing | Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnEstimate:
    """What is still to be asked for one column of the model."""

    column: str
    model: str
    requests: int
    """Expected, rejections included as far as they are known."""
    stored: int
    """Answers that are in the store, whatever became of them."""
    rejected: float | None
    """The share of the stored answers that was rejected; None when there are none."""
    prompt_tokens: int
    prompt_tokens_from: str
    """How they were come by, for a person."""
    completion_tokens: int | None
    """None: neither an answer nor `max_tokens` says how many."""
    bounded: bool
    """Whether they are `max_tokens` each, which is the most they can be, and not what answers had."""
    cost: Decimal | None
    """None: the model has no price, or the completion tokens are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a whole build of a spec will take beyond the answers in the store."""

    rows: int
    looked_up: int
    """Rows that were looked up in the store; fewer than `rows` for large plans."""
    columns: tuple[ColumnEstimate, ...]

    @property
    def requests(self) -> int:
        """Of all columns."""
        return sum(column.requests for column in self.columns)

    @property
    def tokens(self) -> int | None:
        """Of prompts and answers together; None when a column's are not known."""
        parts = [column.completion_tokens for column in self.columns]
        if None in parts:
            return None
        return sum(column.prompt_tokens for column in self.columns) + sum(part or 0 for part in parts)

    @property
    def cost(self) -> Decimal | None:
        """Of all columns; None when one is not known."""
        costs = [column.cost for column in self.columns]
        return None if None in costs else sum((cost or Decimal(0) for cost in costs), Decimal(0))

    def least_minutes(self, settings: Settings) -> float | None:
        """Return how long the user's own limits a minute make it at least; None without one that matters."""
        by_requests = None if settings.rpm is None else self.requests / settings.rpm
        by_tokens = None if settings.tpm is None or self.tokens is None else self.tokens / settings.tpm
        known = [minutes for minutes in (by_requests, by_tokens) if minutes is not None]
        return max(known, default=None)


def estimate(spec: DatasetSpec, settings: Settings) -> Estimate:
    """Estimate what is still to be asked; reads the store, opens no connection, takes seconds for any plan."""
    growths = grown(spec, settings) if spec.lists else []
    plan = Plan(filled_in(spec, growths, guess=True), endpoints_of(spec, settings))
    rows = sum(split.num_examples for split in spec.splits)
    keys = list(plan.decision_rows()) if rows <= SAMPLE else _spread(plan, rows)
    counts = {column.name: _Counts() for column in plan.model_columns}
    with AnswerStore(settings.store_path, read_only=True) as store:
        _look_up(plan, keys, store, counts)
        known = counts
        if rows > len(keys) and not any(count.answers for count in counts.values()):
            known = {column.name: _Counts() for column in plan.model_columns}
            first = [key for key, _ in zip(plan.decision_rows(), range(_FIRST), strict=False)]
            _look_up(plan, first, store, known)
    scale = rows / len(keys) if keys else 0.0
    prompts, shares = foreseen_requests(plan, keys[:: max(1, len(keys) // _COUNTED)])
    for name, share in shares.items():
        counts[name].pending = round(counts[name].pending * share)
    return Estimate(
        rows=rows,
        looked_up=len(keys),
        columns=(
            *_lists(spec, growths, settings),
            *(
                _column(
                    column,
                    counts=counts[column.name],
                    known=known[column.name],
                    scale=scale,
                    prompts=prompts[column.name],
                    spec=spec,
                    settings=settings,
                )
                for column in plan.model_columns
            ),
        ),
    )


def _lists(spec: DatasetSpec, growths: list[Growth], settings: Settings) -> Iterator[ColumnEstimate]:
    """Yield what is still to be asked for the generated lists; their rounds take the place of rows."""
    now = replace(settings, batch=False)
    for made in spec.lists:
        counts = _Counts(pending=rounds_left(spec, made, growths))
        own = [each for each in growths if each.made is made] or [
            Growth(spec, made, _PARENT, endpoints_of(spec, settings))
        ]
        for outcome in (outcome for each in own for outcome in each.outcomes):
            counts.rejected += len(outcome.rejections)
            for source in (*outcome.rejections, *(outcome.sources if isinstance(outcome, Example) else ())):
                counts.add(source.prompt_tokens, source.completion_tokens)
            counts.accepted += isinstance(outcome, Example)
        asked = [each.request for each in own if each.request is not None]
        yield _column(
            made.column, counts=counts, known=counts, scale=1.0, prompts=asked, spec=spec, settings=now
        )


@dataclass(slots=True)
class _Counts:
    """What the looked up rows say about one column."""

    pending: int = 0
    """Rows that will ask for it."""
    accepted: int = 0
    rejected: int = 0
    superseded: int = 0
    """Answers that fell with the one they were about: paid for as well, and to be expected again."""
    prompt_tokens: list[int] = field(default_factory=list)
    completion_tokens: list[int] = field(default_factory=list)

    @property
    def answers(self) -> int:
        return self.accepted + self.rejected + self.superseded

    def add(self, prompt_tokens: int, completion_tokens: int) -> None:
        if prompt_tokens:
            self.prompt_tokens.append(prompt_tokens)
        if completion_tokens:
            self.completion_tokens.append(completion_tokens)


def _look_up(plan: Plan, keys: list[RowKey], store: AnswerStore, counts: dict[str, _Counts]) -> None:
    """Take the rows as far as stored answers go, and count."""
    names = [column.name for column in plan.model_columns]
    for outcome in fill(plan, iter(keys), store, None, in_flight=lambda _: 0):
        for rejection in outcome.rejections:
            counts[rejection.column].rejected += 1
            counts[rejection.column].add(rejection.prompt_tokens, rejection.completion_tokens)
        for name in _given(outcome, names):
            counts[name].accepted += 1
        if isinstance(outcome, Example):
            for source in outcome.superseded:
                counts[source.column].superseded += 1
            for source in (*outcome.sources, *outcome.superseded):
                counts[source.column].add(source.prompt_tokens, source.completion_tokens)
        elif isinstance(outcome, Unanswered):
            for name in names[names.index(outcome.column) :]:
                counts[name].pending += 1


def _given(outcome: _Outcome, names: list[str]) -> list[str]:
    """Return the columns that have an answer that was accepted."""
    if isinstance(outcome, Example):
        return [source.column for source in outcome.sources]
    return names[: names.index(outcome.column)]


def _column(
    column: PromptColumn | FieldsColumn,
    *,
    counts: _Counts,
    known: _Counts,
    scale: float,
    prompts: list[Request],
    spec: DatasetSpec,
    settings: Settings,
) -> ColumnEstimate:
    model = column.prompt.model
    tries = min(spec.attempts, known.answers / known.accepted) if known.accepted else 1
    if known.answers and not known.accepted:
        tries = spec.attempts
    requests = round(counts.pending * scale * tries)
    prompt, how = _prompt_tokens(known, prompts, model.id, settings)
    answers = known.completion_tokens
    reads = is_reader(column)
    silent = reads and bool(known.answers)  # who reads on this machine writes nothing
    each = sum(answers) / len(answers) if answers else 0 if silent else model.max_tokens
    prompt_tokens = round(prompt * requests)
    completion_tokens = None if each is None else round(each * requests)
    price = settings.prices.get(model.id)
    priced = price is not None and completion_tokens is not None
    share = settings.batch_price if settings.batch and not reads else Decimal(1)  # what reads is asked live
    return ColumnEstimate(
        column=column.name,
        model=model.id,
        requests=requests,
        stored=round(counts.answers * scale),
        rejected=known.rejected / known.answers if known.answers else None,
        prompt_tokens=prompt_tokens,
        prompt_tokens_from=how,
        completion_tokens=completion_tokens,
        bounded=not answers and not silent,
        cost=share * price.cost(prompt_tokens, completion_tokens or 0)
        if price is not None and priced
        else None,
    )


def _prompt_tokens(
    known: _Counts, prompts: list[Request], model: str, settings: Settings
) -> tuple[float, str]:
    """Return the mean tokens of a prompt, and how it was come by."""
    if known.prompt_tokens:
        return sum(known.prompt_tokens) / len(known.prompt_tokens), "as the stored answers report"
    count, how = token_counter(model, settings)
    return (sum(map(count, prompts)) / len(prompts) if prompts else 0.0), how


def _spread(plan: Plan, rows: int) -> list[RowKey]:
    """Return some `SAMPLE` rows, evenly over every split and class, in decision order."""
    step = rows / SAMPLE
    strata = strata_of(plan.spec)
    places: list[tuple[float, int, int, RowKey]] = []
    for at_split, split in enumerate(plan.spec.splits):
        weights = dict(zip(*strata_in(split, strata), strict=True))
        for at, (name, quota) in enumerate(plan.quotas(split.name).items()):
            for number in range(max(1, round(quota / step)) if quota else 0):
                index = min(quota - 1, int((number + 0.5) * step))
                place = (index + 0.5) / weights[name]
                places.append((place, at_split, at, RowKey(split.name, name, index)))
    return [key for *_, key in sorted(places, key=lambda item: item[:3])]
