"""Measures that a spec asks its report for: ours by name, and a person's own, which run only if that person says so."""

from collections.abc import Sequence
from difflib import get_close_matches

from synth_datasets.spec.parts import Parts

__all__ = ["MEASURES", "check_measures", "is_own"]

MEASURES = (
    *(
        "semantic_spread",
        "semantic_duplicates",
        "readability",
        "language",
        "grammar",
        "toxicity",
        "perplexity",
    ),
    *(
        "prompt_fit",
        "label_fit",
        "label_noise",
        "seed_copies",
        "contamination",
        "real",
        "mauve",
        "two_sample",
    ),
)
"""The names of `quality.suite.MEASURES`."""


def is_own(name: str) -> bool:
    """Whether this is a measure of somebody's own: FILE.py:FUNCTION, or what `evaluate` loads by path or Hub id."""
    return ":" in name or "/" in name or name.endswith(".py")


def check_measures(names: Sequence[str], parts: Parts) -> tuple[str, ...]:
    """Note names that are no measures; return all, each once. Nothing is loaded."""
    for at, name in enumerate(names):
        if not is_own(name) and name not in MEASURES:
            close = get_close_matches(name, MEASURES, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(MEASURES)}"
            parts.problem(
                ("measures", at),
                f"there is no measure '{name}'",
                f"{hint}; your own: FILE.py:FUNCTION, or a Hub id",
            )
    return tuple(dict.fromkeys(names))
