"""How surprising texts are to a small language model: too little is as telling as too much."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.generation.likelihood import Likelihood
from synth_datasets.quality.sampling import sample
from synth_datasets.quality.scorers import Scorer

__all__ = ["PerplexityFigures", "perplexity"]

ROWS = 100
LEAST_REAL = 40
REACH = 2_000
"""Characters of a text that are looked at."""
_MIDDLE = (0.025, 0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerplexityFigures:
    """How well a model foresees texts."""

    rows: int
    """Rows that were looked at: at most `limit`; those of one token have no perplexity."""
    tokens: int
    """Tokens that were foreseen, or not."""
    whole: float | None
    """Over all tokens; None without any."""
    lower_quartile: float | None
    """Of the perplexities of rows, as the next two."""
    median: float | None
    upper_quartile: float | None
    real_whole: float | None
    """Of real rows; None without them."""
    real_median: float | None
    below_real: float | None
    """Share of rows below 97.5 % of the real ones; 0.025 is what real rows have. None with fewer than 40 of them."""
    above_real: float | None


def perplexity(
    texts: Sequence[str], scorer: Scorer, *, real: Sequence[str] | None = None, limit: int = ROWS
) -> PerplexityFigures:
    """Return exp of the mean negative log-likelihood of a token, the first of each text left out, on a sample.

    Range 1 (each token foreseen) to the size of the vocabulary and beyond. Neither end is good: repetition and stock
    phrases come out below real texts, word salad above, so compare with real rows, and look at both `below_real` and
    `above_real`. It compares with the same model only, and short texts are more surprising than long ones.
    It cannot tell whether a text is true, on the subject, or well put, and a model likes best what it wrote itself.
    Source: Jelinek et al. 1977, Perplexity - a measure of the difficulty of speech recognition tasks, JASA 62(S1).
    """
    import numpy as np

    scores = _scores(texts, scorer, limit)
    found = _each(scores)
    true = _scores(real or (), scorer, limit)
    each_real = _each(true)
    low, middle, high = _quantiles(found, (0.25, 0.5, 0.75))
    bounds = _quantiles(each_real, _MIDDLE) if len(each_real) >= LEAST_REAL and found else (None, None)
    return PerplexityFigures(
        rows=len(scores),
        tokens=sum(each.tokens for each in scores),
        whole=_whole(scores),
        lower_quartile=low,
        median=middle,
        upper_quartile=high,
        real_whole=_whole(true),
        real_median=_quantiles(each_real, (0.5,))[0],
        below_real=None if bounds[0] is None else float(np.mean([value < bounds[0] for value in found])),
        above_real=None if bounds[1] is None else float(np.mean([value > bounds[1] for value in found])),
    )


def _scores(texts: Sequence[str], scorer: Scorer, limit: int) -> Sequence[Likelihood]:
    chosen = [texts[row][:REACH] for row in sample(len(texts), limit)]
    return (
        scorer.score([text.encode("utf-8", "replace").decode("utf-8") for text in chosen]) if chosen else ()
    )


def _each(scores: Sequence[Likelihood]) -> list[float]:
    return [math.exp(each.surprise / each.tokens) for each in scores if each.tokens]


def _whole(scores: Sequence[Likelihood]) -> float | None:
    tokens = sum(each.tokens for each in scores)
    return math.exp(sum(each.surprise for each in scores) / tokens) if tokens else None


def _quantiles(values: Sequence[float], at: Sequence[float]) -> tuple[float | None, ...]:
    import numpy as np

    return tuple(float(np.quantile(values, each)) if values else None for each in at)
