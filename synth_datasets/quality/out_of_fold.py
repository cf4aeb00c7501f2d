"""A plain text classifier that predicts every row without having seen it, nor its near copies."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from synth_datasets.quality.duplicates import NEAR, near_duplicates
from synth_datasets.quality.embeddings import Embed, embedded
from synth_datasets.quality.neighbours import among_neighbours, group_codes
from synth_datasets.quality.opinions import Opinions

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FOLDS", "Labelled", "OutOfFold", "available", "predict_out_of_fold", "relabelled"]

FOLDS = 5
FEATURES = 30_000
REACH = 2_000
"""Characters of a text that are looked at."""
TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Texts whose labels are taken for right."""

    texts: Sequence[str]
    labels: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Predictions by models that were trained on the other folds."""

    probabilities: "np.ndarray"
    """Row by class."""
    folds: "np.ndarray"
    """Which fold each row is in."""
    features: Callable[[Sequence[str]], Any]
    """What turns texts into features: learned without labels, of all rows."""
    models: tuple[Any, ...]
    """By fold: trained on all others."""
    divided: float
    """Share of rows whose near copies are in other folds as well: they are predicted by what has seen a copy."""
    gold: Labelled | None = None
    """Rows that every model was trained on besides."""
    words: int = 0
    """How many of the features are words; what follows is the embedding."""
    groups: "np.ndarray | None" = None
    """Numbers of the groups whose rows say something of each other; `models` and `predict` know nothing of them."""

    def predict(self, rows: Sequence[int], texts: Sequence[str]) -> "np.ndarray":
        """Return the classes of other texts for these rows, each by the model that has not seen the row."""
        import numpy as np
        from threadpoolctl import threadpool_limits

        found = np.zeros(len(rows), dtype=int)
        if not rows:
            return found
        features = self.features(texts)
        with threadpool_limits(1):
            for fold, model in enumerate(self.models):
                here = np.flatnonzero(self.folds[list(rows)] == fold)
                if len(here):
                    found[here] = model.classes_[model.predict_proba(features[here]).argmax(axis=1)]
        return found


def available() -> bool:
    """Whether scikit-learn is there (extra `quality`)."""
    return find_spec("sklearn") is not None


def predict_out_of_fold(
    texts: Sequence[str],
    labels: Sequence[int],
    classes: int,
    *,
    folds: int = FOLDS,
    embed: Embed | None = None,
    gold: Labelled | None = None,
    groups: Sequence[Hashable] | None = None,
) -> OutOfFold:
    """Return each row's class probabilities; about 0.5 ms a row of short text with three classes.

    Logistic regression over TF-IDF of words and pairs of words and, where `embed` is given, a second one over the
    embedding of the text: the probabilities are their geometric mean, which finds more than one model of both. Classes
    are weighted alike, and `gold` rows are learned from in every fold. Near copies of one text are in one fold, so that
    none is predicted by a model that was trained on its copy, unless there are more of them than a fold holds. Rows of
    one of `groups` are in one fold, too, and what the others say, their labels and predictions, is heard as well
    (`among_neighbours`); within a group rows stand in the order of the text. Folds follow from texts and groups alone.
    """
    import numpy as np

    words = _words(texts)
    every = None if embed is None else embedded(texts, embed)
    centre = None if every is None else every.mean(axis=0)

    def features(given: Sequence[str]) -> Any:  # noqa: ANN401 - a sparse matrix of scipy
        counted = words.transform([text[:REACH] for text in given])
        if embed is None or every is None:
            return counted
        from scipy.sparse import csr_matrix, hstack

        points = (every if given is texts else embedded(given, embed)) - centre
        lengths = np.linalg.norm(points, axis=1, keepdims=True)
        return hstack([counted, csr_matrix(points / np.where(lengths > TINY, lengths, 1.0))]).tocsr()

    codes = None if groups is None or not len(texts) else group_codes(groups)
    placed, divided = _folds(texts, folds, codes)
    found = OutOfFold(
        np.zeros((len(texts), classes)),
        placed,
        features,
        (None,) * folds,
        divided,
        gold,
        len(words.vocabulary_),
        codes,
    )
    probabilities, models = _trained(found, texts, labels, classes)
    return replace(found, probabilities=probabilities, models=models)


def relabelled(found: OutOfFold, texts: Sequence[str], labels: Sequence[int], classes: int) -> "np.ndarray":
    """Return the probabilities that models trained on other labels give, everything else being equal."""
    return _trained(found, texts, labels, classes)[0]


def _words(texts: Sequence[str]) -> Any:  # noqa: ANN401 - a vectorizer of scikit-learn
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        min_df=2,
        max_features=FEATURES,
        token_pattern=r"(?u)\b\w+\b|[^\w\s]",  # noqa: S106 - no password
    )
    try:
        words.fit([text[:REACH] for text in texts])
    except ValueError:  # no word is in two texts
        words.set_params(min_df=1)
        words.fit([text[:REACH] if text[:REACH].strip() else "-" for text in texts])
    return words


def _trained(
    found: OutOfFold, texts: Sequence[str], labels: Sequence[int], classes: int
) -> "tuple[np.ndarray, tuple[Any, ...]]":
    import numpy as np
    from scipy.sparse import vstack
    from sklearn.dummy import DummyClassifier
    from threadpoolctl import threadpool_limits

    points, given = found.features(texts), np.asarray(labels)
    sure = np.asarray(found.gold.labels if found.gold else (), dtype=int)
    beside = found.features(found.gold.texts) if found.gold and len(sure) else points[:0]
    probabilities = np.zeros((len(labels), classes))
    models: list[Any] = []
    with threadpool_limits(1):  # with more threads than free cores this takes a hundred times as long
        for fold in range(len(found.models)):
            inside = found.folds == fold
            learned = np.concatenate([given[~inside], sure])
            model = Opinions(found.words) if len(np.unique(learned)) > 1 else DummyClassifier()
            model.fit(vstack([points[~inside], beside]).tocsr(), learned)
            if inside.any():
                chances = np.asarray(model.predict_proba(points[inside]))
                here = np.flatnonzero(inside)
                for at, name in enumerate(np.asarray(model.classes_).tolist()):
                    probabilities[here, name] = chances[:, at]
            models.append(model)
    if found.groups is not None:
        probabilities = among_neighbours(probabilities, given, found.groups, found.folds)
    return probabilities, tuple(models)


def _folds(texts: Sequence[str], folds: int, groups: "np.ndarray | None") -> "tuple[np.ndarray, float]":
    """Return a fold for each row, and the share of rows whose near copies are in other folds as well.

    Groups of near copies, or the groups that are given, the largest first, each into the emptiest fold. Of near copies
    a group that no fold can hold is divided; given groups stay whole, and near copies in other groups are not looked
    for.
    """
    import numpy as np

    members: dict[int, list[int]] = {}
    copies = near_duplicates(texts, NEAR) if groups is None else dict(enumerate(groups.tolist()))
    for row in range(len(texts)):
        members.setdefault(copies.get(row, row), []).append(row)
    room = max(1, len(texts) // folds) if groups is None else len(texts)
    every = [[row] for group in members.values() if len(group) > room for row in group]
    divided = len(every) / len(texts) if texts else 0.0
    every += [group for group in members.values() if len(group) <= room]
    # Equal sizes in a fixed random order: rows that stand beside each other are often alike.
    order = np.random.RandomState(0).permutation(len(every))
    placed, sizes = np.zeros(len(texts), dtype=int), [0] * folds
    for at in sorted(order, key=lambda at: -len(every[at])):
        fold = sizes.index(min(sizes))
        placed[every[at]] = fold
        sizes[fold] += len(every[at])
    return placed, divided
