"""Real rows that splits hold beside the generated ones: which, how many, and where they stand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from synth_datasets.spec.seed_data import Seeds

__all__ = ["Kind", "Mix", "in_proportion", "misfit", "value_of"]

Kind = Literal["text", "class", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What `mix:` says."""

    seeds: Seeds
    """The real rows, and how they are dealt to splits: as seeds are."""
    columns: tuple[tuple[str, str], ...]
    """Column of the spec and column of the data."""
    kinds: Mapping[str, Kind]
    """By column of the spec."""
    classes: Mapping[str, tuple[str, ...]]
    """The names of those that are classes."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Label of the data to class."""
    rows: tuple[tuple[str, int | None], ...] = ()
    """Real rows by split; None: all that belong to it."""
    ratio: tuple[tuple[str, float], ...] = ()
    """Real rows for each generated one, by split."""
    per_class: int | None = None
    interleave: bool = True
    source: str = "source"
    """The stored column that tells real rows from generated ones."""

    @property
    def label(self) -> str | None:
        """The first of the columns that is a class."""
        return next((name for name, _ in self.columns if name in self.classes), None)

    @property
    def key(self) -> str:
        """Everything that it changes in a dataset."""
        return json.dumps(
            [
                *(self.seeds.key, self.columns, sorted(self.kinds.items()), sorted(self.labels.items())),
                *(sorted(self.rows), sorted(self.ratio), self.per_class, self.interleave, self.source),
            ]
        )

    def __hash__(self) -> int:
        return hash(self.key)


def in_proportion(mix: Mix, before: Mapping[str, int], after: Mapping[str, int]) -> Mix:
    """Return the mix for splits that have so many generated rows now: counts of real rows become ratios.

    A split has the rows, in the order, that a longer or shorter one of the spec begins with. `all` stays all, and so
    do `shares`, so that no real row moves to another split.
    """
    changed = {
        name: count / before[name]
        for name, count in mix.rows
        if count and before[name] and after[name] != before[name]
    }
    if not changed:
        return mix
    rows = tuple((name, count) for name, count in mix.rows if name not in changed)
    return replace(mix, rows=rows, ratio=(*mix.ratio, *changed.items()))


def misfit(mix: Mix, name: str, text: str) -> str:
    """Return what is wrong with a value of the data for a column of the spec; empty when it fits."""
    try:
        value_of(mix, name, text)
    except ValueError as error:
        return str(error)
    return ""


def value_of(mix: Mix, name: str, text: str) -> object:
    """Return the value that a column of the spec gets; None for an empty one that is no text. Raises ValueError."""
    kind = mix.kinds[name]
    if kind == "text":
        return text
    if not text:
        return None
    if kind == "class":
        meant = mix.labels.get(text, text)
        if meant not in mix.classes[name]:
            raise ValueError(f"no class of {name}")
        return meant
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise ValueError("neither true nor false")
        return text.lower() == "true"
    number = float(text)
    if kind == "number":
        return number
    if not number.is_integer():
        raise ValueError("no whole number")
    return int(number)
