"""Which real rows a row sees: of its own split's seeds, by its own identity."""

import threading
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from synth_datasets.errors import Problem, SpecError
from synth_datasets.plan.clusters import clusters
from synth_datasets.plan.hub_files import hub_contents
from synth_datasets.plan.identity import bits, pack
from synth_datasets.plan.nearest import Nearest
from synth_datasets.plan.row import RowKey
from synth_datasets.plan.sampling import Choice, mix_vector
from synth_datasets.spec.model import Weighted
from synth_datasets.spec.problems import shown
from synth_datasets.spec.rules_seeds import SeedIdsRule, SeedRowsRule, SeedValueRule
from synth_datasets.spec.seed_data import SeedData, Seeds, seed_data
from synth_datasets.spec.tables import TableError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SeedIndex", "Turns", "choose", "index_of", "joined_ids", "value_of"]

_KEPT = 4
"""Indexes that are kept: a process works on few specs at a time."""


class SeedIndex:
    """Seeds by split and label; what no row has asked for is not worked out.

    Near copies stay together, as do the rows of a group: each cluster belongs to one split, by the column that says so
    or by a hash of its least member, so that a seed more moves no other unless it joins two clusters. A cluster whose
    members are said to be of several splits is used for none.
    """

    def __init__(self, seeds: Seeds) -> None:
        self.seeds = seeds
        self.data = seeds.data or _from_hub(seeds)
        self.place = {identity: at for at, identity in enumerate(self.data.ids)}
        self._lock = threading.RLock()
        self._pools: dict[tuple[str, str | None], _Pool] = {}
        self._splits: list[str | None] | None = None
        self._joined: list[int] | None = None
        self._nearest: Nearest | None = None

    @property
    def texts(self) -> Sequence[str]:
        """The texts of all seeds."""
        return self.data.columns[self.seeds.text]

    def splits(self) -> Sequence[str | None]:
        """Return the split of each seed; None: its near copies lie in several, so that it is used in none."""
        with self._lock:
            if self._splits is None:
                self._splits = list(self._dealt())
            return self._splits

    def pool(self, split: str, label: str | None) -> "_Pool":
        """Return the seeds of the split, of this label or of any."""
        with self._lock:
            if not self._pools:
                self._pools = self._pooled()
            return self._pools.get((split, label), _Pool.empty())

    def count(self, split: str, label: str | None) -> int:
        """Return how many seeds the split has, of this label or of any."""
        return len(self.pool(split, label).rows)

    def few(self, label: str | None) -> tuple[str, str]:
        """Return why a split may have so few of these seeds, as the end of a message, and what to do."""
        name = self.seeds.label
        labels = [None] * len(self.data.ids) if label is None or name is None else self.data.columns[name]
        own = [first for first, has in zip(self._clusters(), labels, strict=True) if has == label]
        groups = len(set(own))
        if groups == len(own):
            whose = "" if self.seeds.split else ", or say whose they are: a `split` column, or `shares`"
            return "", f"add seeds, or show fewer{whose}"
        copies = "near copies" if self.seeds.group is None else "near copies and rows of one `group`"
        so = (
            "are used for none where they lie in several"
            if self.seeds.split
            else "go together into one split"
        )
        why = f"; these {len(own)} seeds are {groups} group{'s' if groups != 1 else ''}, as {copies} {so}"
        return why, "add seeds that differ by more than a word or a number, show fewer, or fill fewer splits"

    def scores(self, text: str) -> "np.ndarray":
        """Return how like each seed is to the text."""
        with self._lock:
            if self._nearest is None:
                self._nearest = Nearest(self.texts)
        return self._nearest.scores(text)

    def _clusters(self) -> list[int]:
        with self._lock:
            if self._joined is None:
                group = self.seeds.group
                self._joined = clusters(self.texts, [] if group is None else [self.data.columns[group]])
            return self._joined

    def _dealt(self) -> Iterator[str | None]:
        joined = self._clusters()
        if self.seeds.split is not None:
            said = self.data.columns[self.seeds.split]
            of: dict[int, set[str]] = defaultdict(set)
            for first, split in zip(joined, said, strict=True):
                of[first].add(split)
            yield from (
                split if len(of[first]) == 1 else None for first, split in zip(joined, said, strict=True)
            )
            return
        names, shares = zip(*self.seeds.shares, strict=True)
        choice = Choice(Weighted(names, shares))
        least: dict[int, int] = {}
        for first, number in zip(joined, self._numbers(), strict=True):
            least[first] = min(number, least.get(first, number))
        drawn = {first: str(choice.draw(number)) for first, number in least.items()}
        yield from (drawn[first] for first in joined)

    def _numbers(self) -> Iterator[int]:
        return (bits(b"seed", pack(identity)) for identity in self.data.ids)

    def _pooled(self) -> "dict[tuple[str, str | None], _Pool]":
        import numpy as np

        numbers = np.fromiter(self._numbers(), np.uint64, len(self.data.ids))
        labels = None if self.seeds.label is None else self.data.columns[self.seeds.label]
        members: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for at, split in enumerate(self.splits()):
            if split is not None:
                members[split, None].append(at)
                if labels is not None:
                    members[split, labels[at]].append(at)
        rows = {key: np.array(found, np.int64) for key, found in members.items()}
        return {key: _Pool(found, numbers[found]) for key, found in rows.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    rows: "np.ndarray"
    """Places in the data, ascending."""
    numbers: "np.ndarray"
    """64 bits of each, which follow from its identity."""

    @classmethod
    def empty(cls) -> "_Pool":
        """Return the seeds of a split that has none."""
        import numpy as np

        return cls(np.empty(0, np.int64), np.empty(0, np.uint64))

    def drawn(self, number: int, count: int) -> list[int]:
        """Return so many, by rendezvous hashing: another seed moves only those rows that choose it."""
        import numpy as np

        scores = self.numbers ^ np.uint64(number)
        mix_vector(scores)
        return self._first(scores, count)

    def nearest(self, scores: "np.ndarray", count: int) -> list[int]:
        """Return the most alike; of equals those whose identity comes first."""
        import numpy as np

        own = scores[self.rows]
        if count < len(own):
            few = np.flatnonzero(own >= np.partition(own, len(own) - count)[len(own) - count])
        else:
            few = np.arange(len(own))
        order = np.lexsort((self.numbers[few], -own[few]))[:count]
        return self.rows[few[order]].tolist()

    def without(self, rows: Sequence[int]) -> "_Pool":
        import numpy as np

        kept = ~np.isin(self.rows, rows)
        return self if kept.all() else _Pool(self.rows[kept], self.numbers[kept])

    def _first(self, scores: "np.ndarray", count: int) -> list[int]:
        import numpy as np

        few = np.argpartition(scores, count - 1)[:count] if count < len(scores) else np.arange(len(scores))
        return self.rows[few[np.argsort(scores[few], kind="stable")]].tolist()


@dataclass(slots=True)
class Turns:
    """How many rows before one, in its split, take from the same seeds: found by going through the split once."""

    rows: Callable[[str], Iterator[RowKey]]
    """The rows of a split in its order."""
    value: Callable[[RowKey], str]
    """What a row's seeds must be labelled; "" where they are not."""
    _walks: "dict[str, _Walk]" = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, key: RowKey) -> int:
        """Return the number of the row among those of its split with the same value; about 10 microseconds a row."""
        with self._lock:
            walk = self._walks.get(key.split)
            if walk is None:
                walk = self._walks[key.split] = _Walk(self.rows(key.split))
            turns = walk.turns[key.stratum]
            while len(turns) <= key.index:
                following = next(walk.rows)
                value = self.value(following)
                walk.turns[following.stratum].append(walk.counts[value])
                walk.counts[value] += 1
            return turns[key.index]


@dataclass(slots=True)
class _Walk:
    rows: Iterator[RowKey]
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    turns: "dict[str, array[int]]" = field(default_factory=lambda: defaultdict(lambda: array("L")))


@lru_cache(maxsize=_KEPT)
def index_of(seeds: Seeds) -> SeedIndex:
    """Return the index of these seeds, one for all plans of a process; reads the Hub if they lie there."""
    return SeedIndex(seeds)


def choose(
    rule: SeedRowsRule,
    seeds: Seeds,
    row: tuple[RowKey, int],
    values: Mapping[str, object],
    turn: Callable[[RowKey], int],
) -> list[str]:
    """Return the ids of the seeds that the row sees, who comes with 64 random bits of its own.

    Raises `SpecError` when its split has too few.
    """
    key, number = row
    index = index_of(seeds)
    label = None if rule.same is None else str(values[rule.same])
    pool = index.pool(key.split, label)
    if rule.apart is not None:
        taken = values[rule.apart]
        assert isinstance(taken, list)  # noqa: S101 - a column of ids
        pool = pool.without([index.place[identity] for identity in taken])
    if len(pool.rows) < rule.count:
        of = "" if label is None else f" of label '{shown(label)}'"
        message = (
            f"the split '{shown(key.split)}' has {len(pool.rows)} seeds{of}, and a row shows {rule.count}"
        )
        why, hint = index.few(label)
        raise SpecError(seeds.origin, [Problem(0, "seeds", message + why, hint)])
    if rule.way == "vary":
        places = [int(pool.rows[turn(key) % len(pool.rows)])]
    elif rule.way == "near" and rule.near is not None:
        places = pool.nearest(index.scores(str(values[rule.near])), rule.count)
    else:
        places = pool.drawn(number, rule.count)
    return [index.data.ids[place] for place in places]


def value_of(rule: SeedValueRule, seeds: Seeds, values: Mapping[str, object]) -> str | list[str]:
    """Return what the row's seeds have in the rule's column."""
    index = index_of(seeds)
    column = index.data.columns[rule.column]
    ids = values[rule.rows]
    assert isinstance(ids, list)  # noqa: S101 - a column of ids
    found = [column[index.place[identity]] for identity in ids]
    if rule.classes and (strange := [value for value in found if value not in rule.classes]):
        message = (
            f"the seeds have '{shown(strange[0])}' in '{shown(rule.column)}', which is none of `classes`"
        )
        problem = Problem(0, "seeds", message, "add it there, or name a column whose values are")
        raise SpecError(seeds.origin, [problem])
    return found if rule.many else found[0]


def joined_ids(rule: SeedIdsRule, values: Mapping[str, object]) -> list[str]:
    """Return every seed that the row has seen, each once, in the order of the columns."""
    seen: dict[str, None] = {}
    for name in rule.rows:
        ids = values[name]
        assert isinstance(ids, list)  # noqa: S101 - a column of ids
        seen.update(dict.fromkeys(ids))
    return list(seen)


def _from_hub(seeds: Seeds) -> SeedData:
    try:
        return seed_data(seeds, hub_contents(seeds.source))
    except TableError as error:
        problems = [Problem(0, "seeds", fault.message, fault.hint) for fault in error.faults]
        raise SpecError(seeds.origin or str(seeds.source), problems) from error
    except SpecError as error:
        raise SpecError(seeds.origin, error.problems) from error
