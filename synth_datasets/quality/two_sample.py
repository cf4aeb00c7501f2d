"""Whether a classifier can tell made rows from real ones, and by which words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.minhash import normalised
from synth_datasets.quality.embeddings import vectorizer
from synth_datasets.quality.sampling import sample, shuffled

if TYPE_CHECKING:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

__all__ = ["TwoSampleFigures", "two_sample_p_value", "two_sample_test"]

ROWS = 1_000
LEAST_ROWS = 50
FOLDS = 5
_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSampleFigures:
    """How well a classifier tells two sets apart."""

    rows: int
    """Rows of each set."""
    accuracy: float | None
    """Share that is given to the right set by what has not learned from it; None with too few rows."""
    auc: float | None
    """Chance that it finds a made row more like the made ones than a real row; the mean over the folds."""
    p_value: float | None
    """Chance of an accuracy as high or higher if the two sets were alike."""
    made_words: tuple[str, ...]
    """Words and pairs that speak most for a made row."""
    real_words: tuple[str, ...]

    @property
    def tested(self) -> int:
        """Rows that the accuracy is the share of."""
        return 2 * self.rows


def two_sample_test(texts: Sequence[str], real: Sequence[str], *, limit: int = ROWS) -> TwoSampleFigures:
    """Learn to tell four fifths of the rows of both sets apart by their words, try it on the others, five times over.

    Logistic regression over TF-IDF of words and pairs, on equally many rows of both sets; texts that stand in both are
    left out, for they would be learned with the wrong answer. Each row is tested once (stratified cross-validation in a
    fixed order), so that no figure hangs on one division; a CPU second for a thousand short rows of each.
    Range of the accuracy: 0.5 (cannot be told apart) to 1; lower is nearer to the real data. Not a failure by itself:
    one stock phrase in every row gives 1, and the words say so.
    It cannot tell whether what differs matters. The folds share what they learn from, so the p-value is a little bolder
    than that of one division.
    Source: Lopez-Paz & Oquab 2017, Revisiting Classifier Two-Sample Tests (arXiv:1610.06545), who hold one half out.
    """
    shared = {normalised(text) for text in texts} & {normalised(text) for text in real}
    made, true = ([text for text in each if normalised(text) not in shared] for each in (texts, real))
    rows = min(len(made), len(true), limit)
    if rows < LEAST_ROWS:
        return TwoSampleFigures(
            rows=rows, accuracy=None, auc=None, p_value=None, made_words=(), real_words=()
        )
    data = [each[row] for each in (true, made) for row in _drawn(len(each), rows)]
    return _tested(data, rows)


def two_sample_p_value(accuracy: float, rows: int) -> float:
    """Return the chance of this accuracy or a higher one on `rows` held-out rows of sets that are alike.

    By the normal distribution of mean 1/2 and variance 1/(4 rows).
    Source: Lopez-Paz & Oquab 2017, section 3.
    """
    return 0.5 * math.erfc((accuracy - 0.5) / math.sqrt(0.5 / rows))


def _drawn(count: int, rows: int) -> list[int]:
    chosen = sample(count, rows)
    return [chosen[at] for at in shuffled(rows)]


def _tested(data: Sequence[str], rows: int) -> TwoSampleFigures:
    import numpy as np
    from sklearn.metrics import roc_auc_score

    made = np.arange(2 * rows) >= rows
    fold = np.arange(2 * rows) % rows % FOLDS
    right, areas = 0, list[float]()
    for number in range(FOLDS):
        chances = _chances(data, made, np.flatnonzero(fold != number), np.flatnonzero(fold == number))
        truth = made[fold == number]
        right += int(((chances > 0.5) == truth).sum())  # noqa: PLR2004 - more likely than not
        areas.append(float(roc_auc_score(truth, chances)))
    words = vectorizer()
    weights = _model().fit(words.fit_transform(data), made).coef_[0]
    names, order = words.get_feature_names_out(), np.argsort(weights, kind="stable")
    accuracy = right / (2 * rows)
    return TwoSampleFigures(
        rows=rows,
        accuracy=accuracy,
        auc=sum(areas) / FOLDS,
        p_value=two_sample_p_value(accuracy, 2 * rows),
        made_words=tuple(str(names[at]) for at in order[::-1][:_WORDS]),
        real_words=tuple(str(names[at]) for at in order[:_WORDS]),
    )


def _chances(
    data: Sequence[str], made: "np.ndarray", learned: "np.ndarray", sought: "np.ndarray"
) -> "np.ndarray":
    """Return for each row sought how likely it is a made one, by what these rows teach."""
    words = vectorizer()
    model = _model().fit(words.fit_transform([data[at] for at in learned]), made[learned])
    return model.predict_proba(words.transform([data[at] for at in sought]))[:, 1]


def _model() -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10.0, max_iter=300)
