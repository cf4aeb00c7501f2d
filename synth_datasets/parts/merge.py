"""Merge parts: import what they were answered, decide what they could not, and ask again for what that rejects."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from synth_datasets.asking import Asking, Progress
from synth_datasets.errors import SettingsError
from synth_datasets.generation.backends import default_concurrency, open_backend
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.lists import resolved
from synth_datasets.parts.decide import Decided, SplitParts, decide
from synth_datasets.parts.info import ANSWERS, Part
from synth_datasets.parts.kept import EXAMPLE, KeptRows
from synth_datasets.parts.merged import Merged
from synth_datasets.pending import PendingRow
from synth_datasets.plan.plan import Plan
from synth_datasets.settings import Settings
from synth_datasets.spec import fingerprint
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.splits import endpoints_of, model_ids
from synth_datasets.unanswered import unanswered_message
from synth_datasets.validation.outcome import Example, Missing, Unanswered

__all__ = ["merge"]


def merge(
    spec: DatasetSpec,
    settings: Settings,
    parts: Sequence[Part],
    *,
    offline: bool = False,
    budget: Budget | None = None,
    said: Callable[[str], None] = lambda _: None,
) -> Merged:
    """Return the parts as one dataset, once every row of it is decided.

    `parts` are a whole (`info.the_whole`). Their answers go into the store of the settings. Rows that repeat rows of
    other parts are asked again, in rounds, which `said` hears of; `offline` asks nobody and raises
    `AnswerMissingError` instead. Raises `SettingsError` for parts of another spec or other endpoints than these.
    """
    _check(spec, settings, parts)
    budget = Budget(settings) if budget is None else budget
    with AnswerStore(settings.store_path) as store:
        conflicts: list[str] = []
        for part in parts:
            if (part.folder / ANSWERS).exists():
                conflicts += store.absorb(part.folder / ANSWERS)
        if conflicts:
            said(
                f"The store holds other answers to {len(conflicts)} of the parts' requests: these count, and every row "
                "is decided anew"
            )
        ready = resolved(spec, settings, offline=True) if spec.lists else spec
        plan = Plan(ready, endpoints_of(spec, settings))
        dealt = [part.folder for part in parts if part.shard.number]
        number = 1
        while True:
            with ExitStack() as stack:
                splits = {
                    split.name: SplitParts.of(
                        [KeptRows.open(folder, split.name, ready, stack) for folder in dealt],
                        split.num_examples,
                        trusted=not conflicts,
                    )
                    for split in spec.splits
                }
                asking = Asking(plan, store, None, Progress())
                decided = decide(asking, splits)
                if not decided.waiting:
                    overruled = _overruled(asking, splits, decided)
                    return Merged(ready, settings, dealt, decided, overruled, trusted=not conflicts)
            if offline:
                raise _missing(plan, settings, decided.waiting)
            number += 1
            said(
                f"Round {number}: {len(decided.waiting)} rows repeat rows of other parts and are asked again"
            )
            _ask_again(plan, settings, store, decided.waiting, budget)


def _check(spec: DatasetSpec, settings: Settings, parts: Sequence[Part]) -> None:
    wrong = [part for part in parts if part.fingerprint != fingerprint(spec)]
    if wrong:
        raise SettingsError(
            f"{wrong[0].folder} was made from another spec than {spec.origin or spec.name}: merge it with the "
            "spec that it carries (leave out --spec), or make the part again"
        )
    asked, here = dict(parts[0].endpoints), endpoints_of(spec, settings)
    if asked != here:
        theirs, ours = (", ".join(sorted({*each.values()})) for each in (asked, here))
        raise SettingsError(
            f"the parts were asked at {theirs}, and this merge would ask at {ours}: say where it is asked as "
            "you did for the parts (--base-url or --endpoint, --backend). Nobody is asked for what the parts hold"
        )


def _ask_again(
    plan: Plan, settings: Settings, store: AnswerStore, waiting: list[PendingRow], budget: Budget
) -> None:
    """Ask for the rows until each is complete, or missing; what is answered is in the store."""
    models = model_ids(plan.spec)
    make_backend = open_backend(models, settings, budget, lambda _: None, origin=plan.spec.origin)
    with Engine(make_backend, store) as engine:
        for row in waiting:
            row.resume()
        Asking(plan, store, engine, Progress()).finish(waiting, 4 * default_concurrency(models, settings))


def _overruled(
    asking: Asking, splits: dict[str, SplitParts], decided: Decided
) -> dict[str, dict[int, Example | Missing]]:
    """Return what rows were that stood in their part and fell: as they are where no other row is in the way."""
    found: dict[str, dict[int, Example | Missing]] = {}
    for split, changed in decided.changed.items():
        stood = [at for at in changed if splits[split].state[at] == EXAMPLE]
        rows = [PendingRow(asking.plan, changed[at].row, asking.plan.values(changed[at].row)) for at in stood]
        asking.settle(rows)
        outcomes = {at: row.outcome(asking.plan.names) for at, row in zip(stood, rows, strict=True)}
        found[split] = {at: each for at, each in outcomes.items() if not isinstance(each, Unanswered)}
    return found


def _missing(plan: Plan, settings: Settings, waiting: Sequence[PendingRow]) -> AnswerMissingError:
    outcomes = (row.outcome(plan.names) for row in waiting)
    return AnswerMissingError(
        unanswered_message(plan.spec, outcomes, endpoints=plan.endpoints, store=settings.store_path)
    )
