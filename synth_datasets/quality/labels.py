"""How rows spread over classes, and how far that is from what was asked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["LabelFigures", "label_distribution"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFigures:
    """Rows by class of one column."""

    rows: int
    counts: Mapping[str, int]
    """By class, in the order of the names; classes without rows are there with 0."""
    shares: Mapping[str, float]
    """Of all rows, unlabelled ones included; empty without rows."""
    unlabelled: int
    """Rows whose label is None or -1."""
    asked: Mapping[str, int] | None
    """Rows asked for by class; None when nothing was asked."""
    total_variation: float | None
    """Distance from the asked shares; None when nothing was asked or there are no rows."""
    empty: tuple[str, ...]
    """Classes without a row: of those asked for, or of all when nothing was asked."""


def label_distribution(
    labels: Sequence[int | str | None], names: Sequence[str], asked: Mapping[str, int] | None = None
) -> LabelFigures:
    """Count rows by class and compare their shares with the asked ones.

    `labels` are positions in `names` (-1 and None: no label, as `datasets.ClassLabel` has it) or the names
    themselves.
    Definition: total variation distance, half the sum over classes of |share - asked share|; unlabelled
    rows count as a class that nobody asked for. Range 0 (as asked) to 1 (nothing in common); lower is
    better. It is the share of rows that would have to change class.
    It cannot tell whether a label is right, or whether a class's rows are any good.
    Source: Levin & Peres, Markov Chains and Mixing Times, 2nd ed. 2017, proposition 4.2.
    """
    found = Counter(_name(label, names) for label in labels)
    unlabelled, rows = found.pop(None, 0), len(labels)
    counts = {name: found.get(name, 0) for name in names}
    if unknown := sorted(name for name in (asked or {}) if name not in counts):
        raise ValueError(f"asked for {', '.join(unknown)}, which is not among the classes {', '.join(names)}")
    wanted = names if asked is None else [name for name in names if asked.get(name, 0) > 0]
    return LabelFigures(
        rows=rows,
        counts=counts,
        shares={name: count / rows for name, count in counts.items()} if rows else {},
        unlabelled=unlabelled,
        asked=None if asked is None else {name: asked.get(name, 0) for name in names},
        total_variation=_total_variation(counts, unlabelled, asked),
        empty=tuple(name for name in wanted if not counts[name]),
    )


def _name(label: int | str | None, names: Sequence[str]) -> str | None:
    if label is None or label == -1:
        return None
    if isinstance(label, str):
        if label not in names:
            raise ValueError(f"label {label!r} is not among the classes {', '.join(names)}")
        return label
    if not 0 <= label < len(names):
        raise ValueError(f"label {label} is no position among the {len(names)} classes {', '.join(names)}")
    return names[label]


def _total_variation(
    counts: Mapping[str, int], unlabelled: int, asked: Mapping[str, int] | None
) -> float | None:
    rows, total = sum(counts.values()) + unlabelled, sum((asked or {}).values())
    if asked is None or not rows or not total:
        return None
    gaps = sum(abs(count / rows - asked.get(name, 0) / total) for name, count in counts.items())
    return (gaps + unlabelled / rows) / 2
