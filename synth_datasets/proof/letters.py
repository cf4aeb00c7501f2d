"""Models of another kind than the linear ones over words: they see letters, and learn otherwise."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from synth_datasets.proof.learners import Fit
from synth_datasets.proof.linear import word_by_word

if TYPE_CHECKING:
    import numpy as np

__all__ = ["CLASSIFIER", "TAGGER", "classifier", "tagger"]

CLASSIFIER = "TF-IDF of 3 to 5 letters within words, multinomial naive Bayes (classes alike beforehand)"
TAGGER = "linear support vector machine over the letters of each word and of its neighbours"

_SMOOTHING = 0.1


def classifier(texts: Sequence[str], labels: Sequence[str]) -> Fit:
    """Return what trains on some of these texts and labels others; letters are counted once for all trainings.

    The same as `TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)` and `MultinomialNB(
    alpha=0.1, fit_prior=False)` fitted on the training rows alone. It knows how a class writes, not what tells classes
    apart, so it errs in other ways than logistic regression does.
    Source: Rennie et al. 2003, Tackling the Poor Assumptions of Naive Bayes Text Classifiers, section 4.
    """
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5), dtype=np.float64)
    counts: Any = counter.fit_transform(texts)  # a sparse matrix, whose types promise no rows
    named = np.array(labels, dtype=object)

    def fit(train: "np.ndarray", test: "np.ndarray", seed: int) -> Sequence[str]:  # noqa: ARG001 - nothing is drawn
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.naive_bayes import MultinomialNB

        own = counts[train]
        seen = np.flatnonzero(np.asarray(own.sum(axis=0)).ravel())
        weights = TfidfTransformer(sublinear_tf=True)
        model = MultinomialNB(alpha=_SMOOTHING, fit_prior=False)
        model.fit(weights.fit_transform(own[:, seen]), named[train].astype(str))
        return [str(name) for name in model.predict(weights.transform(counts[test][:, seen]))]

    return fit


def tagger(sentences: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]) -> Fit:
    """Return what trains on some of these sentences and tags others by the letters of each word and of two beside it.

    Stochastic gradient descent on the hinge loss, eight passes, the average of all steps.
    """
    return word_by_word(sentences, labels, _letters, loss="hinge")


def _letters(sentence: Sequence[str]) -> Iterator[list[str]]:
    framed = ["", *(f"^{word}$" for word in sentence), ""]
    for before, word, after in zip(framed, framed[1:], framed[2:], strict=False):
        near = [
            f"{side}{each}" for side, beside in (("<", before), (">", after)) for each in _grams(beside, 3, 3)
        ]
        yield ["bias", *near, *_grams(word, 1, 4)]


def _grams(word: str, least: int, most: int) -> list[str]:
    return [word[at : at + size] for size in range(least, most + 1) for at in range(len(word) - size + 1)]
