"""Made rows beside real ones: likeness in distribution, always against what other real rows attain."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.quality.clouds import ManifoldFigures, frechet_distance, manifolds
from synth_datasets.quality.embeddings import Embed, embedded, lsa
from synth_datasets.quality.sampling import sample, shuffled
from synth_datasets.quality.spread import vendi_score
from synth_datasets.quality.tokens import tokens

__all__ = ["LEAST_ROWS", "RealFigures", "compare_with_real", "length_distance"]

ROWS = 2_000
LEAST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RealFigures:
    """How near made rows come to real ones, and how near other real rows come."""

    rows: int
    """Rows that each of the three sets has: made, real, and the other half of the real ones."""
    made: ManifoldFigures | None
    """None with too few rows, as are those below."""
    baseline: ManifoldFigures | None
    """Of the other half of the real rows."""
    frechet: float | None
    frechet_baseline: float | None
    vendi: float | None
    """Effective number of different rows, of embeddings less the mean of the real ones."""
    vendi_baseline: float | None


def compare_with_real(
    texts: Sequence[str], real: Sequence[str], *, embed: Embed | None = None, limit: int = ROWS
) -> RealFigures:
    """Return precision, recall, density, coverage, Fréchet's distance and the Vendi score, each with its baseline.

    The real rows are parted at random; the made rows and one half are compared with the other, all of one number. The
    baseline is what real rows attain, and only the ratio to it says something: raw values change with the number of
    rows and the embedding. Unless `embed` is given, it is fitted on the half that is compared with.
    Range as of each figure. Best is the baseline itself. Above it, coverage or the Vendi score mean no improvement.
    It cannot see the order of words (with the default embedding), nor whether labels are right. Precision and density
    are high for a few typical rows said over and over: never read them without coverage.
    Source: Kynkäänniemi et al. 2019 (arXiv:1904.06991), Naeem et al. 2020 (arXiv:2002.09797), Heusel et al. 2017
    (arXiv:1706.08500) and Friedman & Dieng 2023 (arXiv:2210.02410).
    """
    rows = min(len(texts), len(real) // 2, limit)
    if rows < LEAST_ROWS:
        return RealFigures(
            rows=rows,
            made=None,
            baseline=None,
            frechet=None,
            frechet_baseline=None,
            vendi=None,
            vendi_baseline=None,
        )
    order = shuffled(len(real))
    kept, other = ([real[row] for row in order[start : start + rows]] for start in (0, rows))
    how = embed or lsa(kept)
    true, apart, made = (
        embedded(each, how) for each in (kept, other, [texts[row] for row in sample(len(texts), rows)])
    )
    centre = true.mean(axis=0)
    return RealFigures(
        rows=rows,
        made=manifolds(true, made),
        baseline=manifolds(true, apart),
        frechet=frechet_distance(true, made),
        frechet_baseline=frechet_distance(true, apart),
        vendi=vendi_score(embedded([""] * rows, lambda _: made - centre)),
        vendi_baseline=vendi_score(embedded([""] * rows, lambda _: apart - centre)),
    )


def length_distance(texts: Sequence[str], real: Sequence[str]) -> float | None:
    """Return the greatest difference between the shares of texts up to a length, in words; None where a set is empty.

    Range 0 (the same lengths) to 1; lower is nearer to the real data.
    It cannot tell why lengths differ, or what the texts say.
    Source: the two-sample statistic of Kolmogorov and Smirnov (Smirnov 1939).
    """
    import numpy as np

    if not texts or not real:
        return None
    one, other = (np.sort([len(tokens(text)) for text in each]) for each in (texts, real))
    places = np.concatenate((one, other))
    shares = (np.searchsorted(each, places, side="right") / len(each) for each in (one, other))
    return float(np.abs(next(shares) - next(shares)).max())
