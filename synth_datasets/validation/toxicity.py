"""How probably a text is offensive, as a classifier of insults and swear words has it."""

import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason

if TYPE_CHECKING:
    import numpy as np

__all__ = ["offensive", "require_classifier", "too_toxic"]

_REACH = 5_000
"""Characters of a text that are looked at."""
_DIGITS = 6
"""Places of a probability that count, so that the last bit of a machine decides nothing."""
_INSTALL = "pip install 'synth-datasets[toxicity]'"


def offensive(texts: Sequence[str]) -> "np.ndarray":
    """Return for each text the probability, 0 to 1, that alt-profanity-check gives it of being offensive.

    A linear classifier over the words of comments and tweets that people had marked, each text by itself. 20,000 short
    texts a second together, 4 ms for one alone. English only. Raises `SettingsError` where it is not installed.
    """
    import numpy as np

    given = [text[:_REACH].encode("utf-8", "replace").decode("utf-8") for text in texts]
    return _classifier().predict_prob(given) if given else np.zeros(0)


def too_toxic(text: str, limit: float) -> Verdict | None:
    """Find a text whose probability of being offensive is at least the limit; the words are not repeated."""
    if not text.strip():
        return None
    found = round(float(offensive([text])[0]), _DIGITS)
    if found < limit:
        return None
    return Verdict(
        Reason.TOXICITY, f"offensive with a probability of {found:.2f}, below {limit:g} is asked for"
    )


def require_classifier() -> None:
    """Raise `SettingsError` where the classifier is not installed, or was made for another scikit-learn."""
    _classifier()


def _classifier() -> Any:  # noqa: ANN401 - a module without types
    if (loaded := sys.modules.get("profanity_check")) is not None:
        return loaded
    try:
        with warnings.catch_warnings():
            # What another version of scikit-learn pickled may give other numbers, or none: it warns, as a UserWarning.
            warnings.simplefilter("error", UserWarning)
            import profanity_check
    except ImportError as error:
        raise SettingsError(f"telling toxic texts needs alt-profanity-check: {_INSTALL}") from error
    except UserWarning as error:
        raise SettingsError(
            f"alt-profanity-check is made for one version of scikit-learn, and this is another: {_INSTALL}"
        ) from error
    return profanity_check
