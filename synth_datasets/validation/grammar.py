"""How many findings of grammar, spelling and style a rule-based checker has in a text."""

from functools import lru_cache
from typing import Any

from synth_datasets.errors import SettingsError
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.tokens import tokens

__all__ = ["findings", "require_linter", "ungrammatical"]

_REACH = 5_000
"""Characters of a text that the checker is given."""


def findings(text: str) -> tuple[list[str], int]:
    """Return the kind of each finding of Harper, and how many words it was given: 5,000 characters at most.

    English only; 10 ms a short text, the first one of a process half a second. Raises `SettingsError` where harper-py
    is not installed. Source: Harper (github.com/Automattic/harper); its rules change with its version.
    """
    given = text[:_REACH].encode("utf-8", "replace").decode("utf-8")
    return [str(lint.lint_kind) for lint in _linter().lint(given)], len(tokens(given))


def ungrammatical(text: str, most: float) -> Verdict | None:
    """Find a text with more findings for 100 words than `most`; one without words is let through."""
    kinds, words = findings(text)
    if not words or 100 * len(kinds) <= most * words:
        return None
    listed = ", ".join(sorted(set(kinds)))
    said = f"{100 * len(kinds) / words:.1f} findings for 100 words, at most {most:g} are asked for: {listed}"
    return Verdict(Reason.GRAMMAR, said)


def require_linter() -> None:
    """Raise `SettingsError` where the checker is not installed."""
    _linter()


@lru_cache(maxsize=1)
def _linter() -> Any:  # noqa: ANN401 - a class without types
    try:
        from harper import Linter
    except ImportError as error:
        raise SettingsError(
            "checking grammar needs harper-py: pip install 'synth-datasets[grammar]'"
        ) from error
    return Linter()
