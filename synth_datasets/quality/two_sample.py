"""Whether a classifier can tell made rows from real ones, and by which words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.minhash import normalised
from synth_datasets.quality.embeddings import vectorizer
from synth_datasets.quality.sampling import sample, shuffled

__all__ = ["TwoSampleFigures", "two_sample_p_value", "two_sample_test"]

ROWS = 2_000
LEAST_ROWS = 50
_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSampleFigures:
    """How well a classifier tells two sets apart."""

    rows: int
    """Rows of each set, half of them to learn from."""
    accuracy: float | None
    """Share of the other half that it gives to the right set; None with too few rows."""
    auc: float | None
    """Chance that it finds a made row more like the made ones than a real row."""
    p_value: float | None
    """Chance of an accuracy as high or higher if the two sets were alike."""
    made_words: tuple[str, ...]
    """Words and pairs that speak most for a made row."""
    real_words: tuple[str, ...]


def two_sample_test(texts: Sequence[str], real: Sequence[str], *, limit: int = ROWS) -> TwoSampleFigures:
    """Learn to tell half of the rows of both sets apart by their words, and try it on the other half.

    Logistic regression over TF-IDF of words and pairs, on equally many rows of both sets; texts that stand in both are
    left out, for they would be learned with the wrong answer.
    Range of the accuracy: 0.5 (cannot be told apart) to 1; lower is nearer to the real data. Not a failure by itself:
    one stock phrase in every row gives 1, and the words say so.
    It cannot tell whether what differs matters.
    Source: Lopez-Paz & Oquab 2017, Revisiting Classifier Two-Sample Tests (arXiv:1610.06545).
    """
    shared = {normalised(text) for text in texts} & {normalised(text) for text in real}
    made, true = ([text for text in each if normalised(text) not in shared] for each in (texts, real))
    rows = min(len(made), len(true), limit) // 2 * 2
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
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    made = np.arange(2 * rows) >= rows
    learned = np.arange(2 * rows) % 2 == 0
    words = vectorizer()
    points = words.fit_transform([data[at] for at in range(0, 2 * rows, 2)])
    model = LogisticRegression(C=10.0, max_iter=300).fit(points, made[learned])
    chances = model.predict_proba(words.transform([data[at] for at in range(1, 2 * rows, 2)]))[:, 1]
    truth = made[~learned]
    accuracy = float(((chances > 0.5) == truth).mean())  # noqa: PLR2004 - more likely than not
    names, order = words.get_feature_names_out(), np.argsort(model.coef_[0], kind="stable")
    return TwoSampleFigures(
        rows=rows,
        accuracy=accuracy,
        auc=float(roc_auc_score(truth, chances)),
        p_value=two_sample_p_value(accuracy, len(truth)),
        made_words=tuple(str(names[at]) for at in order[::-1][:_WORDS]),
        real_words=tuple(str(names[at]) for at in order[:_WORDS]),
    )
