"""How long texts are, in characters and in words."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.quality.tokens import tokens

__all__ = ["LengthFigures", "Lengths", "bin_edges", "histogram", "length_distribution", "spread"]

BINS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Five numbers, the mean and a histogram of one kind of length; None without texts."""

    minimum: int | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    maximum: int | None
    mean: float | None
    edges: tuple[int, ...]
    """Where bins begin, and where the last one ends; a bin holds its beginning and not its end."""
    counts: tuple[int, ...]
    """Texts by bin. The last bin also holds all that is longer, so that one giant does not flatten the
    rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthFigures:
    """How long the texts of one column are."""

    texts: int
    empty: int
    """Texts without a character other than white space."""
    characters: Lengths
    words: Lengths


def length_distribution(texts: Sequence[str], *, like: LengthFigures | None = None) -> LengthFigures:
    """Describe the lengths of texts in characters (Unicode code points) and in words (`tokens`).

    With `like`, the histograms have the bins of that distribution, so that the two can be laid side by side.
    Quartiles interpolate linearly between ranks.
    Not a score: what is right depends on the task. Compare classes with each other (a model that finds the
    label from the length alone has learned nothing) and with the bounds of the spec.
    It cannot tell whether texts are complete, or what they say. Words of scripts written without spaces are
    characters.
    Source: Hyndman & Fan 1996, Sample Quantiles in Statistical Packages, definition 7 (the default of numpy and R).
    """
    return LengthFigures(
        texts=len(texts),
        empty=sum(not text.strip() for text in texts),
        characters=spread([len(text) for text in texts], like.characters.edges if like else ()),
        words=spread([len(tokens(text)) for text in texts], like.words.edges if like else ()),
    )


def spread(values: Sequence[int], edges: tuple[int, ...] = ()) -> Lengths:
    """Describe lengths; with `edges`, the histogram has these bins instead of its own."""
    ranked = sorted(values)
    if not ranked:
        return Lengths(
            minimum=None,
            lower_quartile=None,
            median=None,
            upper_quartile=None,
            maximum=None,
            mean=None,
            edges=(),
            counts=(),
        )
    edges = edges or bin_edges(ranked)
    return Lengths(
        minimum=ranked[0],
        lower_quartile=_quantile(ranked, 0.25),
        median=_quantile(ranked, 0.5),
        upper_quartile=_quantile(ranked, 0.75),
        maximum=ranked[-1],
        mean=sum(ranked) / len(ranked),
        edges=edges,
        counts=histogram(ranked, edges),
    )


def bin_edges(values: Sequence[int]) -> tuple[int, ...]:
    """Return at most about 24 bins of a round width from the least value to the 99th percentile."""
    ranked = sorted(values)
    top = math.ceil(_quantile(ranked, 0.99)) + 1
    width = _round_up((top - ranked[0]) / BINS)
    first = ranked[0] // width * width
    return tuple(range(first, top + width, width))


def histogram(values: Sequence[int], edges: tuple[int, ...]) -> tuple[int, ...]:
    """Count values by bin; what lies outside goes to the first or last bin."""
    counts = [0] * (len(edges) - 1)
    for value in values:
        counts[min(max(bisect_right(edges, value) - 1, 0), len(counts) - 1)] += 1
    return tuple(counts)


def _quantile(ranked: Sequence[int], share: float) -> float:
    place = (len(ranked) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (place - below)


def _round_up(width: float) -> int:
    """Return the least of 1, 2, 5, 10, 20, 50 … that is no less."""
    if width <= 1:
        return 1
    power = 10 ** math.floor(math.log10(width))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= width)
