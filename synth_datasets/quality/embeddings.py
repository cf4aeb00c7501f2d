"""Texts as points, near each other where they use the same words; any function may take the default's place."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError
from synth_datasets.quality.tokens import tokens

if TYPE_CHECKING:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

__all__ = ["Embed", "embedded", "grams", "lsa", "require", "vectorizer"]

Embed = Callable[[Sequence[str]], "np.ndarray"]
"""Takes texts and gives an array with a row for each."""

DIMENSIONS = 128
REACH = 20_000
"""Characters of a text that are looked at."""


def lsa(reference: Sequence[str], dimensions: int = DIMENSIONS) -> Embed:
    """Return a function that embeds texts by latent semantic analysis of the reference.

    TF-IDF of words and pairs of words (sublinear in the count), reduced by a truncated singular value decomposition to
    at most `dimensions`. The same reference gives the same points on one machine; 20,000 short texts take 2 seconds.
    Blind to the order of words beyond pairs, and to synonyms that never share a context in the reference.
    Source: Deerwester et al. 1990, Indexing by Latent Semantic Analysis; Halko et al. 2009 (arXiv:0909.4061).
    """
    require()
    import numpy as np
    from sklearn.decomposition import TruncatedSVD

    words = vectorizer()
    counted = words.fit_transform([*reference, "\x00"])  # so that there is a word, whatever the texts hold
    with np.errstate(
        invalid="ignore"
    ):  # points without any variance have no shares of it, which are not asked for
        reduced = TruncatedSVD(min(dimensions, *counted.shape), random_state=0).fit(counted)

    def embed(texts: Sequence[str]) -> "np.ndarray":
        return reduced.transform(words.transform(texts)) if texts else np.ones((0, 1))

    return embed


def embedded(texts: Sequence[str], embed: Embed) -> "np.ndarray":
    """Return unit rows of float64; a text without any known word is the zero row."""
    import numpy as np

    found = np.asarray(embed(list(texts)), dtype=np.float64)
    if found.ndim != 2 or len(found) != len(texts) or not np.isfinite(found).all():  # noqa: PLR2004 - rows, columns
        raise SettingsError(
            f"the embedder gave an array of shape {found.shape} for {len(texts)} texts: expected a row of numbers each"
        )
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(lengths > 1e-12, lengths, 1.0)  # noqa: PLR2004 - rounding


def vectorizer() -> "TfidfVectorizer":
    """Return scikit-learn's TF-IDF over `grams`."""
    require()
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(analyzer=grams, sublinear_tf=True, max_features=200_000)


def grams(text: str) -> list[str]:
    """Return the words of a text and its pairs of words."""
    words = tokens(text[:REACH])
    if not words and not text.strip("\x00"):
        words = ["\x00", "\x00"]  # texts without a character are alike, and no set is without a word
    return [*words, *(f"{one} {other}" for one, other in pairwise(words))]


def require() -> None:
    """Raise `SettingsError` unless scikit-learn is there."""
    try:
        import sklearn as _  # noqa: F401
    except ImportError as error:
        raise SettingsError(
            "this measure needs scikit-learn: pip install 'synth-datasets[quality]'"
        ) from error
