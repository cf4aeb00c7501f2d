"""Whether a model can tell synthetic rows from real ones."""

from collections.abc import Sequence

from synth_datasets.minhash import normalised
from synth_datasets.proof.result import Measured, ToldApart
from synth_datasets.quality.sampling import sample
from synth_datasets.quality.slices import wilson

__all__ = ["told_apart"]

_MOST = 2_000
_LEAST = 50
_FOLDS = 5


def told_apart(real: Sequence[str], synthetic: Sequence[str], *, most: int = _MOST) -> ToldApart | None:
    """Return how often a linear model over words is right about where a text comes from, on texts it did not see.

    As many texts of each kind, at most `most`; five folds. Texts of both kinds, and repeated ones, count once or not at
    all: they would push the figure below chance or above. None with fewer than 50 of each. The interval is Wilson's;
    as the folds share their training texts, it is a little too narrow. Source: Lopez-Paz and Oquab 2017, Revisiting
    Classifier Two-Sample Tests (arXiv:1610.06545).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    one, other = ({normalised(text): text for text in texts} for texts in (real, synthetic))
    shared = one.keys() & other.keys()
    left, right = ([text for key, text in texts.items() if key not in shared] for texts in (one, other))
    count = min(len(left), len(right), most)
    if count < _LEAST:
        return None
    texts = [left[at] for at in sample(len(left), count)] + [right[at] for at in sample(len(right), count)]
    labels = [0] * count + [1] * count
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression())
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    # pyrefly: ignore[bad-argument-type] - a list of texts is what the pipeline takes
    made = cross_val_predict(model, texts, labels, cv=folds)
    hits = sum(int(said) == wanted for said, wanted in zip(made, labels, strict=True))
    low, high = wilson(hits, 2 * count)
    return ToldApart(rows=count, accuracy=Measured(value=hits / (2 * count), low=low, high=high))
