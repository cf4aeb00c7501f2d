"""Whether there are seeds enough for every row, and how they are dealt: found before anything is asked."""

from collections import Counter
from collections.abc import Iterator

from synth_datasets.errors import Problem
from synth_datasets.plan.order import strata_in, strata_of, stratified
from synth_datasets.plan.seeds import SeedIndex, index_of
from synth_datasets.spec.model import DatasetSpec, DerivedColumn, Split
from synth_datasets.spec.problems import shown
from synth_datasets.spec.rules_seeds import SEEDS, SeedRowsRule

__all__ = ["seed_problems", "seeds_dealt"]


def seed_problems(spec: DatasetSpec) -> tuple[Problem, ...]:
    """Return what a build would fail for: a split, or a class in it, that has fewer seeds than its rows are to show.

    Looks at all seeds, which takes some 40 microseconds each; seeds on the Hub are read.
    """
    if spec.seeds is None:
        return ()
    index = index_of(spec.seeds)
    return tuple(
        problem
        for column in spec.columns
        if isinstance(column, DerivedColumn) and isinstance(column.rule, SeedRowsRule)
        for split in spec.splits
        if split.num_examples
        for problem in _short(column.name, column.rule, split, spec, index)
    )


def seeds_dealt(spec: DatasetSpec) -> dict[str, int]:
    """Return how many seeds each split has; "" counts those that no split may use."""
    if spec.seeds is None:
        return {}
    counts = Counter(index_of(spec.seeds).splits())
    found = {split.name: counts.pop(split.name, 0) for split in spec.splits}
    return {**found, "": sum(counts.values())}


def _short(
    column: str, rule: SeedRowsRule, split: Split, spec: DatasetSpec, index: SeedIndex
) -> Iterator[Problem]:
    name = column.removesuffix(SEEDS)
    labels: list[str | None] = [None]
    if rule.same is not None:
        first = stratified(spec)
        if first is None or rule.same != first.name:
            return  # what the rows' values are, only the rows can tell
        labels = list(strata_in(split, strata_of(spec))[0])
    for label in labels:
        there = index.count(split.name, label)
        wanted = rule.count + (rule.apart is not None)
        if there < wanted:
            of = "" if label is None else f" of label '{shown(label)}'"
            and_own = ", its own among them" if rule.apart is not None else ""
            place = f"in the split '{shown(split.name)}'"
            seeds = "seed" if wanted == 1 else "seeds"
            message = f"'{shown(name)}' needs {wanted} {seeds}{of} {place}{and_own}; there are {there}"
            why, hint = index.few(label)
            yield Problem(0, f"columns.{name}", message + why, hint)
