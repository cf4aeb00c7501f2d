"""Whether two things go together in a table of counts: tests, and how strongly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Association", "associate", "cramers_v", "holm", "permuted"]

RESAMPLES = 1_000
LEAST_EXPECTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Two classifications of the same rows."""

    test: str
    """`chi-square`, or `Fisher` where a count of under 5 is expected."""
    p: float
    p_holm: float
    """Corrected for the number of tests of the report."""
    v: float
    """Cramér's V: 0 independent, 1 one follows from the other; corrected for its bias in small tables."""
    v_interval: tuple[float, float]
    """Of the percentiles of a bootstrap over the rows, 95 %."""


def associate(table: Sequence[Sequence[int]]) -> Association | None:
    """Test the rows of a table against its columns; None where all rows, or all columns, but one are empty.

    `p_holm` is p until `holm` has corrected it. A small p says that a difference is there, `v` how large it is.
    Source: Pearson 1900; Fisher 1922; Cramér 1946; the correction of V: Bergsma 2013, A Bias-Correction for Cramér's V.
    """
    import numpy as np
    from scipy import stats

    counts = np.asarray(table)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape, default=0) < 2:  # noqa: PLR2004 - nothing to compare
        return None
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    small = bool((expected < LEAST_EXPECTED).any())
    if not small:
        p = float(stats.chi2_contingency(counts, correction=False).pvalue)
    elif counts.shape == (2, 2):
        p = float(stats.fisher_exact(counts).pvalue)
    else:
        how = stats.MonteCarloMethod(n_resamples=9_999, rng=np.random.RandomState(0))
        p = float(stats.fisher_exact(counts, method=how).pvalue)
    draws = np.random.RandomState(0).multinomial(counts.sum(), (counts / counts.sum()).ravel(), RESAMPLES)
    low, high = np.percentile([cramers_v(draw.reshape(counts.shape)) for draw in draws], [2.5, 97.5])
    return Association(
        test="Fisher" if small else "chi-square",
        p=p,
        p_holm=p,
        v=cramers_v(counts),
        v_interval=(float(low), float(high)),
    )


def cramers_v(counts: "np.ndarray") -> float:
    """Return Cramér's V with Bergsma's correction."""
    import numpy as np

    n = counts.sum()
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / n
    parts = np.divide((counts - expected) ** 2, expected, out=np.zeros(expected.shape), where=expected > 0)
    rows, columns = counts.shape
    phi = max(0.0, float(parts.sum() / n) - (rows - 1) * (columns - 1) / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(phi / least)) if least > 0 else 0.0


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number, step down.

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    order = sorted(range(len(p)), key=lambda at: p[at])
    found, worst = [0.0] * len(p), 0.0
    for step, at in enumerate(order):
        worst = max(worst, min(1.0, p[at] * (len(p) - step)))
        found[at] = worst
    return found


def permuted(
    outcomes: "np.ndarray", values: "np.ndarray", strata: "np.ndarray", rounds: int = RESAMPLES
) -> float:
    """Return the p-value of the spread of group means within strata, over permutations of the values within strata.

    `outcomes` has a row for each row and a column for each number; `values` and `strata` are whole numbers from 0.
    """
    import numpy as np

    cells, size = int(values.max()) + 1, int(strata.max()) + 1
    sizes = np.bincount(strata, minlength=size)[:, None]
    means = np.stack([np.bincount(strata, each, size) for each in outcomes.T], axis=1) / np.maximum(sizes, 1)
    rest = outcomes - means[strata]

    def spread(given: "np.ndarray") -> float:
        place = strata * cells + given
        many = np.maximum(np.bincount(place, minlength=size * cells), 1)
        return float(sum((np.bincount(place, each, size * cells) ** 2 / many).sum() for each in rest.T))

    draw, order = np.random.RandomState(0), np.argsort(strata, kind="stable")
    seen, shuffled = spread(values), np.empty_like(values)
    hits = 0
    for _ in range(rounds):
        shuffled[order] = values[np.lexsort((draw.random_sample(len(values)), strata))]
        hits += spread(shuffled) >= seen - 1e-12
    return (hits + 1) / (rounds + 1)
