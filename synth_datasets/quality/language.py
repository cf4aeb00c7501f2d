"""How texts read, in which language they are, and how many mistakes a rule-based checker finds in them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.quality.sampling import sample
from synth_datasets.validation.grammar import findings, require_linter
from synth_datasets.validation.language import wrong_language
from synth_datasets.validation.readability import reading_ease

__all__ = [
    "GrammarFigures",
    "LanguageFigures",
    "ReadabilityFigures",
    "grammar_rate",
    "readability",
    "wrong_language_rate",
]

LANGUAGE_ROWS = 10_000
GRAMMAR_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadabilityFigures:
    """How easily texts are read."""

    texts: int
    """Texts that have a reading ease."""
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageFigures:
    """How many rows are in another language than the one asked for."""

    rows: int
    """Rows that were looked at: at most `limit`."""
    rate: float | None
    """None without rows."""
    examples: tuple[str, ...]
    """What was found in the first such rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrammarFigures:
    """What a grammar checker has to say."""

    rows: int
    """Rows that were looked at: at most `limit`."""
    per_100_words: float | None
    """Findings for 100 words; None without words."""
    kinds: tuple[tuple[str, int], ...]
    """The most frequent kinds of findings."""


def readability(texts: Sequence[str]) -> ReadabilityFigures:
    """Return the quartiles of Flesch's reading ease over the texts that have one; see `reading_ease`.

    About 100 is the plainest English, 60 to 70 plain, below 30 academic. Not a score: what is right depends on the
    readers; compare with real texts. English only, and texts of a few words are off by 20 points.
    It cannot tell whether a text is clear, or right.
    Source: Flesch 1948, A New Readability Yardstick, Journal of Applied Psychology 32(3).
    """
    import numpy as np

    found = [ease for text in texts if (ease := reading_ease(text)) is not None]
    if not found:
        return ReadabilityFigures(texts=0, lower_quartile=None, median=None, upper_quartile=None)
    low, middle, high = (float(value) for value in np.quantile(found, (0.25, 0.5, 0.75)))
    return ReadabilityFigures(texts=len(found), lower_quartile=low, median=middle, upper_quartile=high)


def wrong_language_rate(
    texts: Sequence[str], language: str = "en", *, limit: int = LANGUAGE_ROWS, shown: int = 3
) -> LanguageFigures:
    """Return the share of a sample of rows that are in another language, as far as py3langid is sure of it.

    Range 0 to 1; lower is better. Real English reviews: below 0.01. A text that could be either counts as right.
    It cannot tell texts of a word or two, close neighbours (Danish, Norwegian), or parts in another language.
    Source: Lui & Baldwin 2012, langid.py: An Off-the-shelf Language Identification Tool (ACL).
    """
    chosen = [texts[row] for row in sample(len(texts), limit)]
    found = [
        verdict.detail for text in chosen if text.strip() and (verdict := wrong_language(text, language))
    ]
    rate = len(found) / len(chosen) if chosen else None
    return LanguageFigures(rows=len(chosen), rate=rate, examples=tuple(found[:shown]))


def grammar_rate(texts: Sequence[str], *, limit: int = GRAMMAR_ROWS) -> GrammarFigures:
    """Return how many findings of grammar, spelling and style Harper has for 100 words of a sample of the texts.

    Range 0 and up. Neither end is good: templates have below 1, real reviews 5 to 11 (two thirds of these for want of
    capitals), shuffled words 11. Compare with real texts. English only; 30 to 95 texts a second.
    It cannot tell whether a text makes sense, and takes names it does not know for misspelled.
    Source: Harper (github.com/Automattic/harper), through harper-py; its rules change with its version.
    """
    require_linter()
    chosen = [texts[row] for row in sample(len(texts), limit)]
    found = list(map(findings, chosen))
    kinds, words = Counter(kind for each, _ in found for kind in each), sum(count for _, count in found)
    ranked = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    return GrammarFigures(
        rows=len(chosen),
        per_100_words=100 * kinds.total() / words if words else None,
        kinds=tuple(ranked[:5]),
    )
