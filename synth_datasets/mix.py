"""Splits with real rows among the generated ones: the same rows whoever asks, each of them in one split only."""

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import Problem, SpecError
from synth_datasets.features import visible_columns
from synth_datasets.generation.budget import Budget
from synth_datasets.plan.identity import bits, pack
from synth_datasets.plan.part import Part
from synth_datasets.plan.seeds import index_of
from synth_datasets.settings import Settings
from synth_datasets.spec.mix_data import Mix, value_of
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.problems import shown
from synth_datasets.splits import part_rows
from synth_datasets.trace import write_real_ids

if TYPE_CHECKING:
    import numpy as np

__all__ = ["REAL", "SYNTHETIC", "mix_problems", "mixed_rows", "real_counts", "with_real"]

REAL, SYNTHETIC = "real", "synthetic"


def mixed_rows(
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
    """Yield position and stored columns of the rows of the part, real ones at their places; else as `part_rows`.

    Real rows are never asked for, changed or missing. Where generated rows are missing (`keep_short`), positions are.
    The trace gets `<split>.real.jsonl`, which says where each real row stands and what it is called.
    """
    mix = spec.mix
    if mix is None:
        yield from part_rows(
            *(spec, settings, split, part),
            trace=trace,
            eager=eager,
            keep_short=keep_short,
            offline=offline,
            budget=budget,
        )
        return
    real = _real_rows(spec, split)
    places = _places(mix, split, _size(spec, split), len(real))
    generated = part_rows(
        *(spec, settings, split, part if part == Part() else _Generated.within(part, places)),
        trace=trace,
        eager=eager,
        keep_short=keep_short,
        offline=offline,
        budget=budget,
    )
    written: list[tuple[int, str]] = []
    stored = 0
    waiting: tuple[int, dict[str, object]] | None = None
    with closing(generated):
        for position in part.positions(places.total):
            number = int(places.before[position])
            if places.real[position]:
                row = real[position - number]
                written.append((stored, row.id))
                stored += 1
                yield position, {**row.values, mix.source: REAL}
                continue
            waiting = next(generated, None) if waiting is None else waiting
            if waiting is not None and waiting[0] == number:
                stored += 1
                yield position, {**waiting[1], mix.source: SYNTHETIC}
                waiting = None
        # What it says after its last row: the verdict on a shortfall, the counts of the split.
        for _ in generated:
            pass
    if trace is not None:
        write_real_ids(trace, split, written)


def real_counts(spec: DatasetSpec) -> dict[str, dict[str, int]]:
    """Return how many real rows each split holds, by class; "" where no column is a class. Empty without a mix."""
    if spec.mix is None:
        return {}
    label = spec.mix.label
    return {
        split.name: dict(Counter("" if label is None else str(row.values[label]) for row in rows))
        for split in spec.splits
        if (rows := _real_rows(spec, split.name))
    }


def with_real(spec: DatasetSpec, split: str, asked: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Return rows asked for by column and class, with the real ones added where they are labelled."""
    label = None if spec.mix is None else spec.mix.label
    if label not in asked:
        return asked
    real = real_counts(spec).get(split, {})
    counts = {name: count + real.get(name, 0) for name, count in asked[label].items()}
    return {**asked, label: counts}


def mix_problems(spec: DatasetSpec) -> tuple[Problem, ...]:
    """Return what a build would fail for: splits that ask for more real rows than belong to them."""
    found: list[Problem] = []
    for split in spec.splits:
        try:
            _real_rows(spec, split.name)
        except SpecError as error:
            found += error.problems
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    values: dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where the real rows stand in a split."""

    real: "np.ndarray"
    """By position, whether it is one."""
    before: "np.ndarray"
    """How many generated rows come before each position."""

    @property
    def total(self) -> int:
        return len(self.real)


@dataclass(frozen=True, slots=True)
class _Generated(Part):
    """The generated rows of a part of a split that holds real ones as well, by their own numbers."""

    numbers: frozenset[int] = frozenset()

    @classmethod
    def within(cls, part: Part, places: _Places) -> "_Generated":
        """Return the generated rows at the positions of the part."""
        chosen = (at for at in part.positions(places.total) if not places.real[at])
        return cls(numbers=frozenset(int(places.before[at]) for at in chosen))

    def __contains__(self, position: int) -> bool:
        return position in self.numbers

    def positions(self, total: int) -> Iterator[int]:
        return (number for number in sorted(self.numbers) if number < total)

    def size(self, total: int) -> int:
        return sum(1 for _ in self.positions(total))

    def end(self, total: int) -> int:
        return max(self.positions(total), default=-1) + 1


@lru_cache(maxsize=16)
def _places(mix: Mix, split: str, made: int, there: int) -> _Places:
    """Merge real and generated rows by (number + 1/2) / how many there are; of equals the generated one comes first."""
    import numpy as np

    if not mix.interleave:
        real = np.arange(made + there) < there
    else:
        rate = dict(mix.ratio).get(split) or there / max(1, made) or 1.0
        keys = np.concatenate([np.arange(made) + 0.5, (np.arange(there) + 0.5) / rate])
        real = np.argsort(keys, kind="stable") >= made
    before = np.cumsum(~real) - ~real
    return _Places(real, before)


def _real_rows(spec: DatasetSpec, split: str) -> tuple[_Row, ...]:
    """Return the real rows of a split; raises `SpecError` when there are too few, or their values do not fit."""
    if spec.mix is None:
        return ()
    ratio = dict(spec.mix.ratio).get(split)
    # As many as stand before the last generated row: a longer split goes on where this one ends.
    asked = dict(spec.mix.rows).get(split, 0) if ratio is None else int(ratio * _size(spec, split) + 0.5)
    try:
        return () if asked == 0 else _chosen(spec.mix, split, asked, visible_columns(spec))
    except SpecError as error:
        raise SpecError(spec.origin, error.problems) from error


@lru_cache(maxsize=16)
def _chosen(mix: Mix, split: str, asked: int | None, names: tuple[str, ...]) -> tuple[_Row, ...]:
    """Return so many real rows (None: all) that belong to the split, in an order that follows from what they are."""
    index = index_of(mix.seeds)
    mine = [at for at, owner in enumerate(index.splits()) if owner == split]
    mine.sort(key=lambda at: bits(b"mix", pack(index.data.ids[at])))
    empty: dict[str, object] = dict.fromkeys(names)
    found: list[_Row] = []
    counts: Counter[object] = Counter()
    for at in mine:
        if len(found) == asked:
            break
        row = {ours: _value(mix, ours, index.data.columns[theirs][at]) for ours, theirs in mix.columns}
        kind = row.get(mix.label or "")
        if counts[kind] != mix.per_class:
            counts[kind] += 1
            found.append(_Row(index.data.ids[at], {**empty, **row}))
    if asked is not None and len(found) < asked:
        hint = (
            f"ask for {len(found)} at most or `all`, say whose they are (`shares`, or a `split` column), or make fewer "
            "rows (`--num-examples`)"
        )
        message = f"the split '{shown(split)}' asks for {asked} real rows, and {len(found)} belong to it"
        raise SpecError("", [Problem(0, "mix", message, hint)])
    return tuple(found)


def _value(mix: Mix, name: str, text: str) -> object:
    try:
        return value_of(mix, name, text)
    except ValueError as error:  # of data on the Hub, which nobody has looked at before
        hint = "say under `labels` which class it is" if name in mix.classes else ""
        problem = Problem(0, f"mix.columns.{name}", f"'{shown(text[:40])}' does not fit: {error}", hint)
        raise SpecError("", [problem]) from error


def _size(spec: DatasetSpec, split: str) -> int:
    return next(item.num_examples for item in spec.splits if item.name == split)
