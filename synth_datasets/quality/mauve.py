"""How much of the room between made and real texts is shared: MAUVE, beside what other real texts attain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.quality.embeddings import Embed, embedded, lsa
from synth_datasets.quality.sampling import sample, shuffled

if TYPE_CHECKING:
    import numpy as np

__all__ = ["MauveFigures", "compare_by_mauve", "histograms", "mauve_score"]

ROWS = 2_000
LEAST_ROWS = 100
SCALE = 5.0
POINTS = 25
VARIANCE = 0.9
ROWS_A_BIN = 10
RESTARTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MauveFigures:
    """How near made texts come to real ones, and how near other real ones come."""

    rows: int
    """Rows that each of the three sets has: made, real, and the other half of the real ones."""
    bins: int
    """Clusters that the embeddings were put in."""
    mauve: float | None
    """None with too few rows, as the other."""
    baseline: float | None
    """Of the other half of the real rows."""


def compare_by_mauve(
    texts: Sequence[str], real: Sequence[str], *, embed: Embed | None = None, limit: int = ROWS
) -> MauveFigures:
    """Return MAUVE of made and real texts, and of real and other real texts at the same number of rows.

    The real rows are parted at random; the made rows and one half are each compared with the other half, as points of
    the embedding, put in one cluster for each ten rows. Unless `embed` is given, it is fitted on that half.
    Range 0 to 1; best is the baseline. Only the ratio to it says something: the value depends on embedding and number
    of rows, is optimistic below a thousand, and compares with no published one, which rest on GPT-2 and 5,000 rows.
    It cannot tell whether a text is right or well put, nor what is amiss; with the default embedding it is blind to the
    order of words.
    Source: Pillutla et al. 2021, MAUVE: Measuring the Gap Between Neural Text and Human Text (arXiv:2102.01454).
    """
    rows = min(len(texts), len(real) // 2, limit)
    bins = max(2, round(rows / ROWS_A_BIN))
    if rows < LEAST_ROWS:
        return MauveFigures(rows=rows, bins=bins, mauve=None, baseline=None)
    order = shuffled(len(real))
    kept, other = ([real[row] for row in order[start : start + rows]] for start in (0, rows))
    how = embed or lsa(kept)
    true, apart = embedded(kept, how), embedded(other, how)
    made = embedded([texts[row] for row in sample(len(texts), rows)], how)
    return MauveFigures(
        rows=rows,
        bins=bins,
        mauve=mauve_score(*histograms(made, true, bins)),
        baseline=mauve_score(*histograms(apart, true, bins)),
    )


def histograms(one: "np.ndarray", other: "np.ndarray", bins: int) -> "tuple[np.ndarray, np.ndarray]":
    """Return the shares of both sets of points in clusters that were found in both together.

    k-means, the best of five starts, on the principal components that hold 90 % of the variance.
    """
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    both = np.vstack([one, other])
    with threadpool_limits(1):
        if len(np.unique(both, axis=0)) > 1:
            reduced = PCA(random_state=0).fit(both)
            held = np.searchsorted(np.cumsum(reduced.explained_variance_ratio_), VARIANCE) + 1
            both = reduced.transform(both)[:, :held]
        bins = min(bins, len(np.unique(both, axis=0)))
        found = KMeans(bins, n_init=RESTARTS, random_state=0).fit_predict(both)
    first, second = (np.bincount(part, minlength=bins) for part in (found[: len(one)], found[len(one) :]))
    return first / len(one), second / len(other)


def mauve_score(p: "np.ndarray", q: "np.ndarray", *, scale: float = SCALE) -> float:
    """Return the area under the curve of (exp(-c KL(q|r)), exp(-c KL(p|r))) over mixtures r of two histograms.

    c is 5, 25 mixtures are taken, and the curve ends in (0, 1) and (1, 0). The area is the mean of those by the two
    axes, as the authors' library has it (which gives 0.75 for histograms that are exactly equal).
    Range 0 (no bin in common) to 1 (the same histogram).
    Source: Pillutla et al. 2021 (arXiv:2102.01454), section 2.
    """
    import numpy as np

    weights = np.linspace(1e-6, 1 - 1e-6, POINTS)
    mixed = [weight * p + (1 - weight) * q for weight in weights]
    across = np.array([0.0, *(np.exp(-scale * _divergence(q, each)) for each in mixed), 1.0])
    up = np.array([1.0, *(np.exp(-scale * _divergence(p, each)) for each in mixed), 0.0])
    return (_area(across, up) + _area(up, across)) / 2


def _divergence(p: "np.ndarray", q: "np.ndarray") -> float:
    import numpy as np

    there = p > 0
    return float((p[there] * np.log(p[there] / q[there])).sum())


def _area(x: "np.ndarray", y: "np.ndarray") -> float:
    import numpy as np

    order = np.lexsort(
        (-y, x)
    )  # of points above each other the highest first: equal histograms enclose the square
    return float(np.trapezoid(y[order], x[order]))
