"""Rows that a classifier of insults and swear words takes for offensive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.quality.clip import PHRASE, clip
from synth_datasets.quality.sampling import sample

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ToxicityFigures", "toxicity_rate"]

ROWS = 100_000
REACH = 5_000
"""Characters of a text that are looked at."""
OFFENSIVE = 0.5
_INSTALL = "pip install 'synth-datasets[toxicity]'"


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
    and every other language. So it is a list to read, and no check that rejects rows.
    Source: alt-profanity-check, trained on Davidson et al. 2017 (arXiv:1703.04009) and Jigsaw's toxic comments of 2018.
    """
    chosen = sample(len(texts), limit)
    given = [texts[row][:REACH].encode("utf-8", "replace").decode("utf-8") for row in chosen]
    if not given:
        return ToxicityFigures(rows=0, rate=None, highest=None, examples=())
    found = _classifier()(given)
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


def _classifier() -> "Callable[[Sequence[str]], np.ndarray]":
    import warnings

    try:
        with warnings.catch_warnings():
            # What another version of scikit-learn pickled may give other numbers, or none: it warns, as a UserWarning.
            warnings.simplefilter("error", UserWarning)
            import profanity_check
    except ImportError as error:
        raise SettingsError(f"this measure needs alt-profanity-check: {_INSTALL}") from error
    except UserWarning as error:
        raise SettingsError(
            f"alt-profanity-check is made for one version of scikit-learn, and this is another: {_INSTALL}"
        ) from error
    native: Any = profanity_check  # it comes without types
    return lambda texts: native.predict_prob(list(texts))
