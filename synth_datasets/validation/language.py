"""Whether a text is in the language that was asked for, as py3langid tells it."""

from functools import lru_cache
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError
from synth_datasets.spec.languages import LANGUAGES, language_code
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

__all__ = ["needs_identifier", "require_identifier", "wrong_language"]

_SURE = 0.5
"""The least probability of another language: a word or two can be of many."""
_TIMES = 20
"""How much more probable the other language must be: neighbours such as Danish and Norwegian look alike."""
_REACH = 5_000
"""Characters of a text that are looked at."""


def wrong_language(text: str, asked: str) -> Verdict | None:
    """Find a text in another language than the one asked for, a code or an English name.

    Some 0.05 ms a text. A text that could be either is let through, and so is one where only a part is in another
    language.
    """
    code = language_code(asked)
    if code is None:
        return Verdict(Reason.WRONG_LANGUAGE, f"{asked[:40]!r} is no language that can be told")
    shares = {}
    for label, share in _identifier().rank(text[:_REACH]):
        known = language_code(str(label)) or str(label)
        shares[known] = shares.get(known, 0.0) + float(share)
    found = max(shares, key=lambda each: shares[each])
    if found == code or shares[found] < _SURE or shares[found] < _TIMES * shares.get(code, 0.0):
        return None
    name = LANGUAGES.get(found, found)
    return Verdict(Reason.WRONG_LANGUAGE, f"{name} ({shares[found]:.0%}), {LANGUAGES[code]} is asked for")


def needs_identifier(spec: DatasetSpec) -> bool:
    """Whether some check of the spec tells languages apart."""
    return any(checks.language is not None for checks in spec.checks.values())


def require_identifier(spec: DatasetSpec) -> None:
    """Raise `SettingsError` where a check needs the package and it is not there, before anything is asked."""
    if needs_identifier(spec):
        _identifier()


@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise SettingsError(
            "a `language` check needs py3langid: pip install 'synth-datasets[language]'"
        ) from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
