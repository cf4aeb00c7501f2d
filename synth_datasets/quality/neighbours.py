"""What the other rows of a row's group say of its label: sentences of one review, turns of one conversation."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["among_neighbours", "group_codes", "neighbours"]

REACH = 2
"""Rows before and after, within the group, that are looked at one by one; of the others it takes the mean."""
DROPPED = 0.10
"""Share of the rows, the least believed ones, that the second fit leaves out."""
LEAST = 1e-4


def group_codes(groups: Sequence[Hashable]) -> "np.ndarray":
    """Number the groups in the order in which they first appear."""
    import numpy as np

    places: dict[Hashable, int] = {}
    return np.array([places.setdefault(group, len(places)) for group in groups], dtype=int)


def among_neighbours(
    probabilities: "np.ndarray", labels: "np.ndarray", groups: "np.ndarray", placed: "np.ndarray"
) -> "np.ndarray":
    """Return the probabilities that follow from a row's own and its neighbours' probabilities and labels.

    A logistic regression learns out of fold what neighbours tell: the labels and the predictions of the two rows before
    and after, and their sums over the group's other rows, divided by its size. The row's own label is not looked at. A
    group has to lie in one fold. It is fitted twice, the second time without the tenth of the rows that the first one
    believes least.
    """
    import numpy as np

    classes = probabilities.shape[1]
    said = np.log(np.clip(probabilities, LEAST, 1))
    said -= said.mean(axis=1, keepdims=True)
    given = np.eye(classes)[labels]
    given -= given.mean(axis=0)
    points = np.hstack([said, *neighbours(said, groups), *neighbours(given, groups)])
    first = _out_of_fold(points, labels, placed, np.ones(len(labels), dtype=bool), classes)
    own = first[np.arange(len(labels)), labels]
    return _out_of_fold(points, labels, placed, own >= np.quantile(own, DROPPED), classes)


def neighbours(values: "np.ndarray", groups: "np.ndarray") -> "list[np.ndarray]":
    """Return sums over the rows 1, 2, ... places away in the group, and over the group's others, by the group's size.

    By its size, the row itself included: of few others less is heard, and of a row alone nothing.
    """
    import numpy as np

    order = np.argsort(groups, kind="stable")
    inside, row = groups[order], values[order]
    found = []
    for away in range(1, REACH + 1):
        same = (inside[away:] == inside[:-away])[:, None]
        near = np.zeros_like(row)
        near[:-away] += np.where(same, row[away:], 0)
        near[away:] += np.where(same, row[:-away], 0)
        back = np.empty_like(near)
        back[order] = near
        found.append(back)
    sums = np.zeros((int(groups.max()) + 1, values.shape[1]))
    np.add.at(sums, groups, values)
    return [*found, (sums[groups] - values) / np.bincount(groups)[groups][:, None]]


def _out_of_fold(
    points: "np.ndarray", labels: "np.ndarray", placed: "np.ndarray", learned: "np.ndarray", classes: int
) -> "np.ndarray":
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    found = np.zeros((len(labels), classes))
    with threadpool_limits(1):
        for fold in np.unique(placed):
            others, here = learned & (placed != fold), np.flatnonzero(placed == fold)
            present = np.unique(labels[others])
            if len(present) < 2:  # noqa: PLR2004 - nothing to tell apart
                found[np.ix_(here, present)] = 1.0
                continue
            model: Any = LogisticRegression(C=0.3, class_weight="balanced", max_iter=300)
            model.fit(points[others], labels[others])
            found[np.ix_(here, model.classes_)] = model.predict_proba(points[here])
    return found
