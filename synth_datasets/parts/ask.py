"""Ask for one part of a spec's rows and keep what becomes of them in a folder."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from synth_datasets.asking import Progress
from synth_datasets.disks import disk_advice
from synth_datasets.endpoints import endpoints_of
from synth_datasets.errors import SettingsError, ShortfallError
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.keeper import AnswerKeeper
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.lists import grown, resolved
from synth_datasets.outcomes import asked_outcomes
from synth_datasets.parts.info import (
    ANSWERS,
    PART_FILE,
    Part,
    digests_in,
    package_version,
    read_part,
    write_part,
)
from synth_datasets.parts.kept import RowKeeper
from synth_datasets.parts.shard import Shard
from synth_datasets.parts.unfinished import unfinished
from synth_datasets.plan.part import in_shard
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.row import RowKey
from synth_datasets.settings import Settings
from synth_datasets.shortfall import hopeless, shortfall_message
from synth_datasets.spec import fingerprint, ingredients
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.validation.duplicates import Duplicates
from synth_datasets.validation.outcome import Example, Missing, Unanswered

__all__ = ["ask_part", "lists_digest"]

_TOGETHER = 5_000
"""Answers that are copied into the part at a time."""


def ask_part(
    spec: DatasetSpec,
    settings: Settings,
    shard: Shard,
    folder: Path,
    *,
    overrides: Mapping[str, Any] | None = None,
    keep_short: bool = False,
    budget: Budget | None = None,
    store: AnswerKeeper | None = None,
    told: Callable[[Progress], None] | None = None,
) -> Part:
    """Ask for the rows of that part, judge them, and leave the part in `folder`, which appears whole or not at all.

    Rows are compared with those of the same part alone; what repeats rows of other parts is seen when they are merged.
    Answers go to the store of the settings first, so that an interrupted part goes on; the folder gets a copy of those
    it took, unless another `store` is given, which keeps them. `overrides` are those that the spec has had. A folder
    that holds the same part already is left as it is.

    Raises what a build raises: `ShortfallError` when most rows fail (unless `keep_short`), `BudgetError` at a cap; and
    `SettingsError` where lists that all parts share have not been generated (part 0), or another part is in the way.
    """
    endpoints = endpoints_of(spec, settings)
    if (there := _there(folder, spec, shard, endpoints)) is not None:
        return there
    with disk_advice(folder.parent, "-o"), unfinished(folder) as place:
        with ExitStack() as stack:
            own = None if store is not None else stack.enter_context(AnswerStore(settings.store_path))
            made = _ask(
                *(spec, settings, shard, place),
                store or own,
                keep_short=keep_short,
                budget=budget,
                told=told,
                copied=own,
            )
        part = Part(
            folder=place,
            name=spec.name,
            shard=shard,
            fingerprint=fingerprint(spec),
            ingredients=ingredients(spec),
            endpoints=endpoints,
            package=package_version(),
            spec_file=_keep_spec(spec, place),
            overrides=dict(overrides or {}),
            rows=made.rows,
            keep_short=keep_short,
            answers=made.answers,
            lists=lists_digest(spec, settings),
            files=digests_in(place),
        )
        write_part(part)
        try:
            place.rename(folder)
        except OSError:
            # Another process may have made the same part meanwhile; anything else in its place is told.
            if (there := _there(folder, spec, shard, endpoints)) is None:
                raise
            return there
    return read_part(folder)


def lists_digest(spec: DatasetSpec, settings: Settings) -> str:
    """Return the SHA-256 of what the spec's generated lists hold by the stored answers; empty where it has none."""
    if not spec.lists:
        return ""
    items = [[each.made.name, each.parent, each.items] for each in grown(spec, settings)]
    return sha256(json.dumps(items).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Made:
    rows: dict[str, int]
    answers: int


def _there(folder: Path, spec: DatasetSpec, shard: Shard, endpoints: Mapping[str, str]) -> Part | None:
    """Return the part that is in the folder; raises `SettingsError` when anything else is."""
    if not (folder / PART_FILE).exists():
        if folder.exists() and any(folder.iterdir()):
            raise SettingsError(f"{folder} is not empty and no part; name another folder, or empty it")
        if folder.exists():
            folder.rmdir()
        return None
    part = read_part(folder)
    if part.shard != shard or part.fingerprint != fingerprint(spec):
        what = f"part {part.shard}" if part.shard != shard else "a part made from another spec"
        raise SettingsError(f"{folder} holds {what}; name another folder, or delete it")
    if part.endpoints != endpoints:
        theirs = ", ".join(sorted({*part.endpoints.values()}))
        raise SettingsError(
            f"{folder} holds a part that was asked at {theirs}; name another folder, or delete it"
        )
    return part


def _ask(
    spec: DatasetSpec,
    settings: Settings,
    shard: Shard,
    place: Path,
    store: AnswerKeeper | None,
    *,
    keep_short: bool,
    budget: Budget | None,
    told: Callable[[Progress], None] | None,
    copied: AnswerStore | None,
) -> _Made:
    lists = _shared(spec, settings, shard, budget)
    replaced = Plan(lists, {}).replaced
    generated = replace(lists, mix=None)  # real rows are mixed in when all parts are there
    own = {split.name: in_shard(split.num_examples, shard.of, shard.number - 1) for split in spec.splits}
    rows = {name: int(mask.sum()) for name, mask in own.items()}
    answers = _Answers(copied, place / ANSWERS)
    for growth in grown(spec, settings) if spec.lists else ():
        for outcome in growth.outcomes:
            answers.add(outcome)
    if not shard.number:
        return _Made(dict.fromkeys(rows, 0), answers.finish())
    duplicates = Duplicates(generated)
    with ExitStack() as stack:
        keepers = {
            split.name: stack.enter_context(RowKeeper(place, split.name, generated, replaced, duplicates))
            for split in spec.splits
        }
        outcomes = asked_outcomes(
            *(spec, settings),
            lambda plan: _of_part(plan, own),
            rows=sum(rows.values()),
            title=f"part {shard}",
            budget=budget,
            store=store,
            told=told,
            duplicates=duplicates,
        )
        stack.enter_context(closing(outcomes))
        for outcome in outcomes:
            if isinstance(outcome, Unanswered):
                continue  # no engine leaves one
            split = outcome.row.split
            keepers[split].add(outcome)
            answers.add(outcome)
            if not keep_short and isinstance(outcome, Missing) and hopeless(tally := keepers[split].tally()):
                message = shortfall_message(spec, split, tally, asked=rows[split], stopped_early=True)
                outcomes.throw(ShortfallError(message))
    return _Made(rows, answers.finish())


def _shared(spec: DatasetSpec, settings: Settings, shard: Shard, budget: Budget | None) -> DatasetSpec:
    """Return the spec with its generated lists, which one process generates for all parts."""
    if not spec.lists or not shard.number:
        return resolved(spec, settings, budget=budget)
    try:
        return resolved(spec, settings, offline=True)
    except AnswerMissingError as error:
        raise SettingsError(
            f"{spec.name} draws from generated lists, which must be the same in all parts: generate them once with "
            f"--shard 0/{shard.of}, and give the answers in that part to each machine "
            f"(synth answers import {Shard(0, shard.of).folder}), or let all use one store"
        ) from error


def _of_part(plan: Plan, own: "Mapping[str, Any]") -> Iterator[RowKey]:
    """Yield the part's rows in the order in which duplicates are decided."""
    import numpy as np

    done = dict.fromkeys(own, 0)
    for block in plan.ordered_blocks():
        chosen = np.zeros(len(block), bool)
        for name, mask in own.items():
            at = np.flatnonzero(block.split == block.names.index(name))
            chosen[at] = mask[done[name] : done[name] + len(at)]
            done[name] += len(at)
        yield from map(block.key, np.flatnonzero(chosen).tolist())


def _keep_spec(spec: DatasetSpec, place: Path) -> str:
    """Copy the spec and the files that it names into the part; return where it is."""
    if "://" in spec.origin:
        return spec.origin
    name = f"spec/{Path(spec.origin).name}"
    for path, text in {Path(name).name: spec.source, **spec.files}.items():
        target = place / "spec" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))
    return name


class _Answers:
    """The answers that the part takes, copied from the store, if they are to be, some thousand at a time."""

    def __init__(self, store: AnswerStore | None, path: Path) -> None:
        self._store, self._path = store, path
        self._keys: dict[str, None] = {}
        self._count = 0

    def add(self, outcome: Example | Missing) -> None:
        """Note what the row took."""
        if self._store is None:
            return
        for each in (*outcome.rejections, *outcome.superseded):
            self._keys[each.key] = None
        if isinstance(outcome, Example):
            for source in outcome.sources:
                self._keys[source.key] = None
        if len(self._keys) >= _TOGETHER:
            self._copy()

    def finish(self) -> int:
        """Copy the rest; return how many there are."""
        self._copy()
        return self._count

    def _copy(self) -> None:
        if self._store is not None and self._keys:
            self._count += self._store.copy_to(self._path, list(self._keys))
            self._keys = {}
