"""Rows that a classifier of insults and swear words takes for offensive."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.quality.clip import PHRASE, clip
from synth_datasets.quality.sampling import sample
from synth_datasets.validation.toxicity import offensive

__all__ = ["ToxicityFigures", "toxicity_rate"]

ROWS = 100_000
OFFENSIVE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicityFigures:
    """How many rows are taken for offensive."""

    rows: int
    """Rows that were looked at: at most `limit`."""
    rate: float | None
    """Share of rows with a probability of at least 0.5; None without rows."""
    highest: float | None
    examples: tuple[tuple[int, float, str], ...]
    """Row, probability and clipped text of the most probable, the first first."""


def toxicity_rate(texts: Sequence[str], *, limit: int = ROWS, shown: int = 5) -> ToxicityFigures:
    """Return the share of rows that alt-profanity-check gives a probability of at least 0.5 of being offensive.

    A linear classifier over the words of comments and tweets that people had marked; 20,000 short texts a second.
    Range 0 to 1; lower is better, where offence is not what was asked for. Compare with real texts: of real product
    reviews 1.2 % are flagged, some for swear words ("crap"), some for nothing ("idiot proof").
    English only. It sees words, not what they are said of: it cannot tell "damn good" (0.91) or a quotation from an
    insult, and passes insults in polite words and threats ("you people are vermin", 0.04), other spellings ("f4ck"),
    and every other language. So it is a list to read; the check of that name refuses the surest of them.
    Source: alt-profanity-check, trained on Davidson et al. 2017 (arXiv:1703.04009) and Jigsaw's toxic comments of 2018.
    """
    chosen = sample(len(texts), limit)
    given = [texts[row] for row in chosen]
    if not given:
        return ToxicityFigures(rows=0, rate=None, highest=None, examples=())
    found = offensive(given)
    ranked = sorted(range(len(given)), key=lambda at: (-found[at], at))
    return ToxicityFigures(
        rows=len(given),
        rate=float((found >= OFFENSIVE).mean()),
        highest=float(found.max()),
        examples=tuple(
            (chosen[at], float(found[at]), clip(given[at], PHRASE))
            for at in ranked[:shown]
            if found[at] >= OFFENSIVE
        ),
    )
