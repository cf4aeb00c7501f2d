"""How much of a set of texts is said only once: distinct n-grams and compressibility."""

import lzma
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synth_datasets.quality.sampling import shuffled
from synth_datasets.quality.tokens import tokens

__all__ = ["CompressionFigures", "DistinctFigures", "compression_ratio", "distinct_n"]

TOKEN_BUDGET = 5_000
SAMPLE_BYTES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctFigures:
    """The share of distinct n-grams in a fixed amount of text."""

    n: int
    value: float | None
    """None when no text holds n tokens."""
    tokens: int
    """Tokens looked at: `budget`, or fewer when the texts hold no more."""
    budget: int
    comparable: bool
    """Whether the budget was used up; only then does the value compare with another set's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressionFigures:
    """How many times smaller the texts become when compressed together."""

    value: float | None
    """None without any text."""
    sample_bytes: int
    """UTF-8 bytes that were compressed: at most `limit_bytes`."""
    limit_bytes: int
    comparable: bool
    """Whether the limit was reached; a smaller sample gives a smaller ratio."""


def distinct_n(texts: Sequence[str], n: int = 2, *, budget: int = TOKEN_BUDGET) -> DistinctFigures:
    """Return the number of distinct n-grams divided by the number of n-grams.

    Taken over the first `budget` tokens of the texts in a fixed shuffled order; no n-gram crosses from one
    text to the next. The budget is part of the definition: the ratio of one and the same corpus falls as
    the sample grows.
    Range above 0 (one phrase over and over) to 1 (no n-gram twice); more repetition gives less.
    Higher is not better without end: shuffled words, off-topic and truncated text score above real text.
    It cannot see paraphrases, and it does not compare across languages or ways to cut words.
    Source: Li et al. 2016, A Diversity-Promoting Objective Function for Neural Conversation Models, section
    5.1 (arXiv:1510.03055); the budget is ours.
    """
    if n < 1 or budget < 1:
        raise ValueError(f"n and budget are at least 1, not {n} and {budget}")
    seen: set[tuple[str, ...]] = set()
    total = used = 0
    for words in _first_tokens(texts, budget):
        grams = list(zip(*(words[start:] for start in range(n)), strict=False))
        seen.update(grams)
        total += len(grams)
        used += len(words)
    value = len(seen) / total if total else None
    return DistinctFigures(n=n, value=value, tokens=used, budget=budget, comparable=used == budget)


def compression_ratio(texts: Sequence[str], *, limit_bytes: int = SAMPLE_BYTES) -> CompressionFigures:
    """Return bytes before divided by bytes after compression with xz (LZMA2, preset 6).

    Taken over the first `limit_bytes` of the texts in a fixed shuffled order, one a line, in UTF-8; the
    last text is cut. xz, not gzip: its window spans the whole sample, gzip's 32 kB miss what repeats
    further apart.
    Range about 0 to the thousands; higher is more redundant. Real short English reviews: 2.5 to 3; hand
    templates: 10.
    It cannot tell phrases from facts, and it does not compare across languages, scripts or sample sizes: a
    short sample has a smaller ratio (the container alone takes about 60 bytes).
    Source: Shaib et al. 2024, Standardizing the Measurement of Text Diversity (arXiv:2403.00553); xz and
    the sample are ours.
    """
    data = _first_bytes(texts, limit_bytes)
    value = len(data) / len(lzma.compress(data, preset=6)) if data.strip() else None
    return CompressionFigures(
        value=value, sample_bytes=len(data), limit_bytes=limit_bytes, comparable=len(data) == limit_bytes
    )


def _first_tokens(texts: Sequence[str], budget: int) -> Iterator[list[str]]:
    left = budget
    for position in shuffled(len(texts)):
        if not left:
            return
        words = tokens(texts[position])[:left]
        left -= len(words)
        yield words


def _first_bytes(texts: Sequence[str], limit: int) -> bytes:
    data = bytearray()
    for position in shuffled(len(texts)):
        if len(data) >= limit:
            break
        data += texts[position].encode("utf-8", "surrogatepass") + b"\n"
    return bytes(data[:limit])
