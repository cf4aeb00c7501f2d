"""Merge parts: import what they were answered, decide what they could not, and ask again for what that rejects."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from synth_datasets.asking import Asking, Progress
from synth_datasets.endpoints import endpoints_of, model_ids
from synth_datasets.errors import SettingsError
from synth_datasets.generation.backends import default_concurrency, open_backend
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.lists import resolved
from synth_datasets.parts.ask import lists_digest
from synth_datasets.parts.decide import Decided, SplitParts, decide
from synth_datasets.parts.heard import Heard
from synth_datasets.parts.info import Part
from synth_datasets.parts.kept import EXAMPLE
from synth_datasets.parts.merged import Merged
from synth_datasets.parts.read import KeptRows
from synth_datasets.pending import PendingRow
from synth_datasets.plan.plan import Plan
from synth_datasets.settings import Settings
from synth_datasets.spec import fingerprint
from synth_datasets.spec.graph import adapters_of
from synth_datasets.spec.model import DatasetSpec
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
    with AnswerStore(settings.store_path) as store, ThreadPoolExecutor(1, "synth-answers") as beside:
        # SQLite lets go of the interpreter: rows are decided meanwhile, as long as that needs no answer.
        heard = Heard(store, beside.submit(Heard.take_in, store, parts), old_failures=offline)
        if spec.lists:
            _check_lists(spec, settings, parts, heard)
        ready = resolved(spec, settings, offline=True) if spec.lists else spec
        plan = Plan(ready, endpoints_of(spec, settings))
        work = _Merge(plan, settings, [part for part in parts if part.shard.number], heard)
        number = 1
        while True:
            splits = work.splits()
            decided = decide(work.asking, splits)
            if heard.conflicts and work.trusted:
                said(
                    f"The store holds other answers to {heard.conflicts} of the parts' requests: these count, and "
                    "every row is decided anew"
                )
                work.trusted = False
                continue
            if not decided.waiting:
                return work.merged(splits, decided)
            if offline:
                raise work.missing(decided.waiting)
            number += 1
            why = "repeating rows of other parts" if work.trusted else "needing answers that nobody has given"
            said(f"Round {number}: asking again for rows {why}: {len(decided.waiting)}")
            work.ask_again(decided.waiting, budget)


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


def _check_lists(spec: DatasetSpec, settings: Settings, parts: Sequence[Part], heard: Heard) -> None:
    """Raise `SettingsError` where the store has other lists: then all rows would be others, and all paid for again."""
    heard.wait()
    if any(part.lists != lists_digest(spec, settings) for part in parts if part.lists):
        raise SettingsError(
            f"{settings.store_path} holds other answers for the generated lists than the parts: merge with another "
            "store (--store), or make the parts again from this one"
        )


@dataclass(slots=True)
class _Merge:
    """One merge on its way."""

    plan: Plan
    settings: Settings
    parts: Sequence[Part]
    heard: Heard
    trusted: bool = True
    """Whether what the parts say of their rows counts; see `Merged`."""

    @property
    def asking(self) -> Asking:
        return Asking(self.plan, self.heard, None, Progress())

    def splits(self) -> dict[str, SplitParts]:
        spec = self.plan.spec
        return {
            split.name: SplitParts.of(
                [KeptRows.open(part, split.name, spec) for part in self.parts],
                split.num_examples,
                trusted=self.trusted,
            )
            for split in spec.splits
        }

    def ask_again(self, waiting: Sequence[PendingRow], budget: Budget) -> None:
        """Ask for the rows until each is complete, or missing; what is answered is in the store."""
        spec = self.plan.spec
        models, adapters = model_ids(spec), adapters_of(spec)
        make_backend = open_backend(
            models, self.settings, budget, lambda _: None, origin=spec.origin, adapters=adapters
        )
        with Engine(make_backend, self.heard) as engine:
            for row in waiting:
                row.resume()
            asking = Asking(self.plan, self.heard, engine, Progress())
            most = default_concurrency(models, self.settings, adapters)
            asking.finish([*waiting], len(waiting) if self.settings.batch else 4 * most)

    def merged(self, splits: dict[str, SplitParts], decided: Decided) -> Merged:
        """Return what came out, with what rows were that stood in their part and fell, had none been in the way."""
        asking = self.asking
        found: dict[str, dict[int, Example | Missing]] = {}
        for split, changed in decided.changed.items():
            stood = [at for at in changed if splits[split].state[at] == EXAMPLE]
            rows = [PendingRow(self.plan, changed[at].row, self.plan.values(changed[at].row)) for at in stood]
            asking.settle(rows)
            outcomes = {at: row.outcome(self.plan.names) for at, row in zip(stood, rows, strict=True)}
            found[split] = {at: each for at, each in outcomes.items() if not isinstance(each, Unanswered)}
        return Merged(self.plan.spec, self.settings, self.parts, decided, found, trusted=self.trusted)

    def missing(self, waiting: Sequence[PendingRow]) -> AnswerMissingError:
        """Return what to raise where nobody may be asked."""
        outcomes = (row.outcome(self.plan.names) for row in waiting)
        return AnswerMissingError(
            unanswered_message(
                self.plan.spec, outcomes, endpoints=self.plan.endpoints, store=self.settings.store_path
            )
        )
