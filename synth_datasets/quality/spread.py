"""How far apart rows lie in meaning, as far as an embedding shows it: the Vendi score and mean distance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.quality.embeddings import Embed, embedded, lsa
from synth_datasets.quality.sampling import sample

if TYPE_CHECKING:
    import numpy as np

__all__ = ["SpreadFigures", "mean_distance", "semantic_spread", "vendi_score"]

ROWS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadFigures:
    """How many different things rows say."""

    rows: int
    """Rows that were embedded: at most `limit`."""
    vendi: float | None
    """Effective number of different rows; None without rows."""
    distance: float | None
    """Mean cosine distance of two rows; None with fewer than two."""


def semantic_spread(
    texts: Sequence[str], *, embed: Embed | None = None, centre: "np.ndarray | None" = None, limit: int = ROWS
) -> SpreadFigures:
    """Return the Vendi score and the mean pairwise cosine distance of a sample of the texts.

    Unless `embed` is given, the embedding is fitted on the texts themselves. With `centre`, the mean of the embeddings
    of real rows, that is subtracted first: what all texts of a subject share hides what sets them apart.
    Range of the Vendi score: 1 (all rows the same) to the number of dimensions; distance: 0 to 1, little above it at
    most. Higher is more varied, and not better without end: off-topic and truncated rows score above real ones.
    Compares only with the same embedding and number of rows; it cannot see the order of words.
    Source: Friedman & Dieng 2023, The Vendi Score (arXiv:2210.02410).
    """
    chosen = [texts[row] for row in sample(len(texts), limit)]
    if not chosen:
        return SpreadFigures(rows=0, vendi=None, distance=None)
    points = embedded(chosen, embed or lsa(chosen))
    if centre is not None:
        points = embedded(chosen, lambda _: points - centre)
    return SpreadFigures(rows=len(chosen), vendi=vendi_score(points), distance=mean_distance(points))


def vendi_score(points: "np.ndarray") -> float:
    """Return exp of the Shannon entropy of the eigenvalues of K/n, where K holds the inner products of the unit rows.

    From the smaller of the two matrices with these eigenvalues, so the cost is that of the dimensions where there are
    more rows. Rows of zeros count as rows that are like each other.
    Source: Friedman & Dieng 2023 (arXiv:2210.02410), definition 3.1 and section 3.2.
    """
    import numpy as np

    zero = ~points.any(axis=1, keepdims=True)
    points = np.hstack([points, zero.astype(float)])
    rows, dimensions = points.shape
    matrix = points @ points.T if rows < dimensions else points.T @ points
    shares = np.linalg.eigvalsh(matrix / rows)
    shares = shares[shares > 1e-12]  # noqa: PLR2004 - rounding
    return float(np.exp(-(shares * np.log(shares)).sum()))


def mean_distance(points: "np.ndarray") -> float | None:
    """Return the mean of 1 - cosine over all pairs of different unit rows, in time linear in their number."""
    import numpy as np

    rows = len(points)
    if rows < 2:  # noqa: PLR2004 - a pair takes two
        return None
    own = float((points**2).sum())
    return 1 - (float(np.linalg.norm(points.sum(axis=0))) ** 2 - own) / (rows * (rows - 1))
