"""Models that train in a second: linear ones over words for texts, over a window of words for tags."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from synth_datasets.proof.learners import Fit

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CLASSIFIER", "TAGGER", "classifier", "tagger", "word_by_word"]

CLASSIFIER = "TF-IDF of words and pairs of words, logistic regression (classes weighted alike)"
TAGGER = "logistic regression over each word and two on either side, their shapes and ends"

_HASHES = 1 << 18
_EPOCHS = 8


def classifier(texts: Sequence[str], labels: Sequence[str]) -> Fit:
    """Return what trains on some of these texts and labels others; words are counted once for all trainings.

    The same as `TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)` and `LogisticRegression(class_weight=
    "balanced")` fitted on the training rows alone: words and frequencies of others play no part.
    """
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(ngram_range=(1, 2), dtype=np.float64)
    counts: Any = counter.fit_transform(texts)  # a sparse matrix, whose types promise no rows
    named = np.array(labels, dtype=object)

    def fit(train: "np.ndarray", test: "np.ndarray", seed: int) -> Sequence[str]:
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.linear_model import LogisticRegression

        own = named[train]
        if len(set(own)) == 1:
            return [str(own[0])] * len(test)
        seen = np.flatnonzero(np.asarray(counts[train].sum(axis=0)).ravel())
        weights = TfidfTransformer(sublinear_tf=True).fit(counts[train][:, seen])
        # Of scikit-learn's solvers the one without chance that is quick with many words and few rows.
        model = LogisticRegression(class_weight="balanced", solver="newton-cg", random_state=seed)
        model.fit(weights.transform(counts[train][:, seen]), own.astype(str))
        return [str(name) for name in model.predict(weights.transform(counts[test][:, seen]))]

    return fit


def tagger(sentences: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]) -> Fit:
    """Return what trains on some of these sentences and tags others, each word for itself.

    Stochastic gradient descent on the logistic loss, eight passes, the average of all steps.
    """
    return word_by_word(sentences, labels, _features, loss="log_loss")


def word_by_word(
    sentences: Sequence[Sequence[str]],
    labels: Sequence[Sequence[str]],
    features: Callable[[Sequence[str]], Iterator[list[str]]],
    *,
    loss: Literal["log_loss", "hinge"],
) -> Fit:
    """Return what learns the tag of each word from its features, with a loss of scikit-learn's `SGDClassifier`."""
    import numpy as np
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(_HASHES, input_type="string", alternate_sign=False)
    hashed: Any = hasher.transform(found for sentence in sentences for found in features(sentence))
    begins = np.cumsum([0, *(len(sentence) for sentence in sentences)])
    tags = np.array([tag for sentence in labels for tag in sentence], dtype=object)

    def words(rows: "np.ndarray") -> "np.ndarray":
        return np.concatenate([np.arange(begins[row], begins[row + 1]) for row in rows])

    def fit(train: "np.ndarray", test: "np.ndarray", seed: int) -> Sequence[tuple[str, ...]]:
        from sklearn.linear_model import SGDClassifier

        own, sought = words(train), words(test)
        if len(set(tags[own])) == 1:
            said = np.full(len(sought), tags[own][0], dtype=object)
        else:
            seen = np.flatnonzero(np.asarray(hashed[own].sum(axis=0)).ravel())
            model = SGDClassifier(
                loss=loss, alpha=1e-6, max_iter=_EPOCHS, tol=None, average=True, random_state=seed
            )
            model.fit(hashed[own][:, seen], tags[own].astype(str))
            said = model.predict(hashed[sought][:, seen])
        ends = np.cumsum([0, *(begins[row + 1] - begins[row] for row in test)])
        return [tuple(map(str, said[start:end])) for start, end in pairwise(ends)]

    return fit


def _features(sentence: Sequence[str]) -> Iterator[list[str]]:
    padded = ["<<", "<", *sentence, ">", ">>"]
    for at, word in enumerate(padded[2:-2]):
        near = [f"{step}:{padded[at + 2 + step].lower()}" for step in range(-2, 3)]
        shapes = [f"s{step}:{_shape(padded[at + 2 + step])}" for step in (-1, 0, 1)]
        ends = [f"{size}<{word[:size].lower()}" for size in (2, 3)]
        ends += [f"{size}>{word[-size:].lower()}" for size in (2, 3)]
        pairs = [f"p:{padded[at + 1].lower()} {word.lower()}", f"n:{word.lower()} {padded[at + 3].lower()}"]
        yield ["bias", *near, *shapes, *ends, *pairs]


def _shape(word: str) -> str:
    kinds = "".join(
        "A" if each.isupper() else "a" if each.islower() else "0" if each.isdigit() else "." for each in word
    )
    return "".join(each for at, each in enumerate(kinds) if at == 0 or each != kinds[at - 1])
