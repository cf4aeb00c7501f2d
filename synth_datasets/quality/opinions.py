"""Two plain text classifiers asked as one: one sees words, the other an embedding."""

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Opinions"]

WORDS, POINTS = 3.0, 1.0
"""The C of logistic regression over words, and over unit vectors."""
LEAST = 1e-4


class Opinions:
    """Logistic regressions of the first `words` features and of the others, if there are any.

    Probabilities are the geometric mean of both, scaled to 1. One model of all features would follow the more numerous
    words: on real reviews it finds fewer of the changed labels.
    """

    def __init__(self, words: int) -> None:
        """Take how many features are words."""
        self._words = words
        self._models: list[Any] = []
        self.classes_: np.ndarray

    def fit(self, points: Any, labels: "np.ndarray") -> Self:  # noqa: ANN401 - a sparse matrix of scipy
        """Learn; classes are weighted alike."""
        from sklearn.linear_model import LogisticRegression

        self._models = [
            LogisticRegression(C=strength, class_weight="balanced", max_iter=200).fit(part, labels)
            for strength, part in zip((WORDS, POINTS), self._parts(points), strict=False)
        ]
        self.classes_ = self._models[0].classes_
        return self

    def predict_proba(self, points: Any) -> "np.ndarray":  # noqa: ANN401 - a sparse matrix of scipy
        """Return a row for each point, a column for each of `classes_`."""
        import numpy as np

        said = [
            model.predict_proba(part) for model, part in zip(self._models, self._parts(points), strict=True)
        ]
        if len(said) == 1:
            return said[0]
        both = np.exp(np.mean([np.log(np.clip(each, LEAST, 1)) for each in said], axis=0))
        return both / both.sum(axis=1, keepdims=True)

    def _parts(self, points: Any) -> list[Any]:  # noqa: ANN401 - sparse, then dense
        if points.shape[1] == self._words:
            return [points]
        return [points[:, : self._words], points[:, self._words :].toarray()]
