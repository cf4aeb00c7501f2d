"""Accuracy, macro-F1 and span F1 from counts a row, so that a resample of rows is one matrix product."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["class_counts", "class_scores", "macro_f1", "span_counts", "span_scores", "spans_of"]

Span = tuple[str, int, int]


def class_counts(expected: "np.ndarray", made: "np.ndarray", classes: int) -> "np.ndarray":
    """Return for each row a one at the cell of the confusion matrix that it falls into, flat."""
    import numpy as np

    cells = np.zeros((len(expected), classes * classes), np.float64)
    cells[np.arange(len(expected)), expected * classes + made] = 1.0
    return cells


def class_scores(sums: "np.ndarray") -> "np.ndarray":
    """Return accuracy and macro-F1 along a new last axis, of sums of `class_counts`.

    Macro-F1 is the mean over the classes that are expected or predicted, as scikit-learn has it.
    """
    import numpy as np

    classes = round(sums.shape[-1] ** 0.5)
    matrix = sums.reshape(*sums.shape[:-1], classes, classes)
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    either = matrix.sum(-1) + matrix.sum(-2)
    scores = np.where(either > 0, 2 * hits / np.maximum(either, 1e-12), 0.0)
    present = np.maximum((either > 0).sum(-1), 1)
    total = np.maximum(matrix.sum((-1, -2)), 1e-12)
    return np.stack([hits.sum(-1) / total, scores.sum(-1) / present], -1)


def macro_f1(expected: Sequence[object], made: Sequence[object]) -> float:
    """Return the mean over the classes, expected or predicted, of the harmonic mean of precision and recall.

    Source: scikit-learn's `f1_score(average="macro")`; Lewis et al. 2004, RCV1, section 5.
    """
    import numpy as np

    names = {name: at for at, name in enumerate(dict.fromkeys([*expected, *made]))}
    one, other = (np.array([names[each] for each in given], np.int64) for given in (expected, made))
    return float(class_scores(class_counts(one, other, len(names)).sum(0))[1])


@dataclass(frozen=True, slots=True)
class _Open:
    label: str
    start: int


def spans_of(tags: Sequence[str]) -> list[Span]:
    """Return label, first word and end of each span that IOB2 tags mark.

    As conlleval of CoNLL-2000 reads them: an `I-` that continues no span of its label begins one.
    """
    found: list[Span] = []
    current: _Open | None = None
    for at, tag in enumerate((*tags, "O")):
        kind, _, label = tag.partition("-")
        goes_on = kind == "I" and current is not None and current.label == label
        if goes_on:
            continue
        if current is not None:
            found.append((current.label, current.start, at))
        current = _Open(label, at) if kind in ("B", "I") and label else None
    return found


def span_counts(expected: Sequence[Sequence[str]], made: Sequence[Sequence[str]]) -> "np.ndarray":
    """Return for each sentence: spans right, spans predicted, spans expected, tags right, tags."""
    import numpy as np

    counts = np.zeros((len(expected), 5), np.float64)
    for at, (wanted, given) in enumerate(zip(expected, made, strict=True)):
        one, other = set(spans_of(wanted)), set(spans_of(given))
        right = sum(tag == said for tag, said in zip(wanted, given, strict=True))
        counts[at] = len(one & other), len(other), len(one), right, len(wanted)
    return counts


def span_scores(sums: "np.ndarray") -> "np.ndarray":
    """Return the share of right tags and the F1 of spans along a new last axis, of sums of `span_counts`.

    A span counts when its label and both its ends are right; all labels together (micro). Source: Tjong Kim Sang and
    De Meulder 2003, Introduction to the CoNLL-2003 Shared Task; conlleval.
    """
    import numpy as np

    right, said, wanted, tags_right, tags = (sums[..., at] for at in range(5))
    # Nothing to find and nothing found is no mistake.
    both = said + wanted
    f1 = np.where(both > 0, 2 * right / np.maximum(both, 1e-12), 1.0)
    return np.stack([tags_right / np.maximum(tags, 1e-12), f1], -1)
