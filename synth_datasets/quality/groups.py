"""The rows of each value of an attribute: how many, of which class, and how many real ones."""

from collections.abc import Sequence

from synth_datasets.quality.association import associate
from synth_datasets.quality.bias_figures import GroupFigures
from synth_datasets.quality.intervals import difference, wilson

__all__ = ["class_table", "group_figures", "real_association"]


def class_table(
    values: Sequence[str], order: Sequence[str], labels: Sequence[str], names: Sequence[str]
) -> list[list[int]]:
    """Return how many rows of each value have each class."""
    counts: dict[tuple[str, str], int] = {}
    for pair in zip(values, labels, strict=True):
        counts[pair] = counts.get(pair, 0) + 1
    return [[counts.get((value, name), 0) for name in names] for value in order]


def group_figures(
    values: Sequence[str],
    order: Sequence[str],
    labels: Sequence[str],
    names: Sequence[str],
    real: Sequence[str] | None,
) -> tuple[GroupFigures, ...]:
    """Return a figure for each value in `order`; none where no row has any. `real` are the values of real rows."""
    total = sum(value in order for value in values)
    of = sum(value in order for value in real or ())
    found: list[GroupFigures] = []
    for value in order if total else ():
        rows = sum(each == value for each in values)
        theirs = sum(each == value for each in real or ())
        row = class_table(values, [value], labels, names)[0] if labels and rows else []
        found.append(
            GroupFigures(
                value=value,
                rows=rows,
                share=rows / total,
                interval=wilson(rows, total),
                labels={name: count / sum(row) for name, count in zip(names, row, strict=True)}
                if sum(row)
                else {},
                real_share=theirs / of if of else None,
                difference=difference(rows, total, theirs, of) if of else None,
            )
        )
    return tuple(found)


def real_association(
    labels: Sequence[str], values: Sequence[str] | None, order: Sequence[str], names: Sequence[str]
) -> float | None:
    """Return Cramér's V of real rows' values with their labels; None without either."""
    if values is None or not labels:
        return None
    found = associate(class_table(values, order, labels, names))
    return None if found is None else found.v
