"""Generated lists: asked for in rounds until there are enough different items, then drawn from like written ones.

Each round asks for a batch and names the items that are there, so that the model goes on instead of beginning again;
a request of its own for each item would get the same few favourites time after time. A round depends on the rounds
before it alone, so the items are a function of the spec and the answers, and a longer list begins with the shorter.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path

from synth_datasets.errors import ShortfallError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.backends import endpoint_identity, open_backend
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.growth import Growth, list_split
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings
from synth_datasets.spec.graph import adapters_of
from synth_datasets.spec.model import (
    DatasetSpec,
    GeneratedList,
    PerValue,
    SampleColumn,
    Weighted,
)
from synth_datasets.trace_writer import TraceWriter
from synth_datasets.validation.outcome import Example, Tally
from synth_datasets.validation.reasons import REASONS

__all__ = ["filled_in", "grown", "resolved", "rounds_left", "trace_lists"]

_Ask = Callable[[Sequence[Request]], Mapping[str, Answer | RequestFailedError]]
"""Returns what came back by key; a request without an answer is left out."""


def resolved(
    spec: DatasetSpec, settings: Settings, *, offline: bool = False, budget: Budget | None = None
) -> DatasetSpec:
    """Return the spec with the items of its lists in the columns that draw from them; its fingerprint stays.

    Asks for what the store does not hold, one request after the other for each list, never in batches. A spec without
    lists is returned as it is. Raises `ShortfallError` for a list that does not come to its number, and
    `AnswerMissingError` when it may not ask.
    """
    if not spec.lists:
        return spec
    if offline:
        growths = grown(spec, settings)
        if waiting := [each for each in growths if each.request is not None]:
            raise AnswerMissingError(_missing_message(spec, settings, waiting))
    else:
        growths = _asked(spec, settings, budget)
    if short := [each for each in growths if not each.complete]:
        raise ShortfallError(_short_message(spec, short))
    return filled_in(spec, growths)


def grown(spec: DatasetSpec, settings: Settings) -> list[Growth]:
    """Return the lists as far as the stored answers go; the store is only read.

    Lists for the items of a list that is not complete are left out.
    """
    with AnswerStore(settings.store_path, read_only=True) as store:
        return _grow(spec, settings, lambda requests: _stored(store, requests))


def filled_in(spec: DatasetSpec, growths: Sequence[Growth], *, guess: bool = False) -> DatasetSpec:
    """Return the spec with these items; with `guess`, stand-ins take the place of those that are still to come."""
    items: dict[str, dict[str, tuple[str, ...]]] = {each.name: {} for each in spec.lists}
    for growth in growths:
        items[growth.made.name][growth.parent] = tuple(growth.items)
    if guess:
        for made in spec.lists:
            parents = [""] if made.per is None else items[made.per][""]
            for parent in parents:
                have = items[made.name].get(parent, ())
                stand_ins = (f"{made.name} {number + 1}" for number in range(len(have), made.count))
                items[made.name][parent] = (*have, *stand_ins)
    columns = tuple(
        replace(column, choices=_choices(column.choices, items))
        if isinstance(column, SampleColumn)
        else column
        for column in spec.columns
    )
    return replace(spec, columns=columns)


def rounds_left(spec: DatasetSpec, made: GeneratedList, growths: Sequence[Growth]) -> int:
    """Return how many more rounds a list will take, as it went so far; for each parent as far as these are known."""
    first = ceil(made.count / made.batch)
    own = [each for each in growths if each.made is made]
    if made.per is not None and not own:
        return first * next(each.count for each in spec.lists if each.name == made.per)
    left = 0
    for each in own:
        if each.request is not None:
            gain = max(1.0, len(each.items) / len(each.outcomes)) if each.outcomes else made.batch
            left += max(1, ceil((made.count - len(each.items)) / gain))
    return left


def trace_lists(spec: DatasetSpec, settings: Settings, folder: Path) -> None:
    """Write where the items come from, as a split of its own for each list: `list-<name>`, a row for each round."""
    growths = grown(spec, settings) if spec.lists else []
    for made in spec.lists:
        tally = Tally()
        with TraceWriter(folder, list_split(made)) as writer:
            for growth in growths:
                for outcome in growth.outcomes if growth.made is made else ():
                    writer.add(outcome)
                    tally.add(replace(outcome, row=replace(outcome.row, stratum="")))
            tally.accepted.clear()  # what is accepted here are no rows
            tally.missing.clear()
            writer.finish(tally)


@dataclass(slots=True)
class _Live:
    """Takes answers from the store, and asks for the others."""

    store: AnswerStore
    engine: Engine
    _got: dict[str, Answer | RequestFailedError] = field(default_factory=dict)

    def __call__(self, requests: Sequence[Request]) -> Mapping[str, Answer | RequestFailedError]:
        """Return the answers to all requests."""
        found: dict[str, Answer | RequestFailedError] = {
            **self.store.get_many([each.key for each in requests])
        }
        for request in requests:
            if request.key not in found:
                self.engine.submit(request)
        while self.engine.in_flight:
            found.update((request.key, outcome) for request, outcome in self.engine.wait())
        return found


def _asked(spec: DatasetSpec, settings: Settings, budget: Budget | None) -> list[Growth]:
    # A round needs the one before it: in batches of hours each, a list would take weeks.
    now = replace(settings, batch=False)
    models = tuple(dict.fromkeys(each.column.prompt.model.id for each in spec.lists))
    with ExitStack() as stack:
        store = stack.enter_context(AnswerStore(settings.store_path))
        make_backend = open_backend(
            models,
            now,
            Budget(now) if budget is None else budget,
            origin=spec.origin,
            adapters=adapters_of(spec),
        )
        engine = stack.enter_context(Engine(make_backend, store))
        return _grow(spec, settings, _Live(store, engine))


def _grow(spec: DatasetSpec, settings: Settings, ask: _Ask) -> list[Growth]:
    """Let all lists grow side by side, those for the items of others once these are complete."""
    models = dict.fromkeys(each.column.prompt.model.id for each in spec.lists)
    adapters = adapters_of(spec)
    endpoints = {model: endpoint_identity(model, settings, adapters) for model in models}
    growths: list[Growth] = []
    for second in (False, True):
        level = [
            Growth(spec, made, parent, endpoints)
            for made in spec.lists
            if (made.per is not None) is second
            for parent in _parents(made, growths)
        ]
        going = level
        while going:
            requests = {each.request.key: each.request for each in going if each.request is not None}
            found = ask([*requests.values()])
            going = [each for each in going if _fed(each, found)]
        growths += level
    return growths


def _fed(growth: Growth, found: Mapping[str, Answer | RequestFailedError]) -> bool:
    """Give the list its answer, if there is one; whether it goes on."""
    outcome = None if growth.request is None else found.get(growth.request.key)
    if outcome is None:
        return False
    growth.receive(outcome)
    return growth.request is not None


def _stored(store: AnswerStore, requests: Sequence[Request]) -> dict[str, Answer | RequestFailedError]:
    keys = [each.key for each in requests]
    found: dict[str, Answer | RequestFailedError] = {**store.get_many(keys)}
    failed = store.get_failures([key for key in keys if key not in found])
    return found | {key: failure for key, (failure, _) in failed.items()}


def _parents(made: GeneratedList, growths: Sequence[Growth]) -> list[str]:
    if made.per is None:
        return [""]
    parent = next(each for each in growths if each.made.name == made.per)
    return parent.items if parent.complete else []


def _choices(
    choices: PerValue[Weighted], items: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> PerValue[Weighted]:
    def known(weighted: Weighted, parent: str = "") -> Weighted:
        if not weighted.list:
            return weighted
        values = items[weighted.list].get(parent, ())
        return Weighted(values, (1.0,) * len(values), weighted.list)

    default = choices.default
    if default is not None and default.list and "" not in items[default.list]:
        cases = {parent: known(default, parent) for parent in items[default.list]}
        return PerValue(choices.by, cases, None)
    cases = {case: known(weighted) for case, weighted in choices.cases.items()}
    return PerValue(choices.by, cases, None if default is None else known(default))


def _short_message(spec: DatasetSpec, short: Sequence[Growth]) -> str:
    lines = [f"{spec.name} needs lists that the model did not fill:"]
    reasons: list[str] = []
    for growth in short[:5]:
        rejected = [each for outcome in growth.outcomes for each in outcome.rejections]
        taken = [
            each for outcome in growth.outcomes if isinstance(outcome, Example) for each in outcome.sources
        ]
        reasons += [each.reason for each in rejected]
        why = f"; the last answer: {' '.join(taken[-1].text.split())[:100]!r}" if taken else ""
        if rejected:
            why = f"; the last answer was rejected: {rejected[-1].reason}, {rejected[-1].detail}"
        lines.append(
            f"  {_named(growth)} after {len(growth.outcomes)} rounds, {growth.repeated} were there already{why}"
        )
    lines += [f"  and {len(short) - 5} more"] if short[5:] else []
    lines.append("What was answered is kept and costs nothing again. To go on, change one of these:")
    lines += [f"  - {REASONS[name].hint}" for name in dict.fromkeys(reasons) if name in REASONS][:2]
    lines.append(
        "  - ask for fewer (`count`), or say in the prompt along which lines the items are to differ"
    )
    lines.append("  - raise the list's `temperature`, or name a larger model for it (`model`)")
    return "\n".join(lines)


def _missing_message(spec: DatasetSpec, settings: Settings, waiting: Sequence[Growth]) -> str:
    lines = [
        f"{spec.name}: the store {settings.store_path} lacks answers for generated lists, and offline nobody is asked:"
    ]
    for growth in waiting[:5]:
        assert growth.request is not None  # noqa: S101 - it waits
        lines.append(f"  {_named(growth)}; next is request {growth.request.key[:16]}")
    lines += [f"  and {len(waiting) - 5} more"] if waiting[5:] else []
    lines += [
        "No row can be made before they are complete. To go on, do one of these and build again:",
        "  - let the rest be asked: leave out --offline (offline=True); what is there is not asked again",
        "  - import the answers of somebody who has them: synth answers import FILE",
        "  - name the store that holds them: --store or SYNTH_STORE",
    ]
    return "\n".join(lines)


def _named(growth: Growth) -> str:
    of = f" of {growth.parent!r}" if growth.parent else ""
    return f"list {growth.made.name!r}{of}: {len(growth.items)} of {growth.made.count} items"
