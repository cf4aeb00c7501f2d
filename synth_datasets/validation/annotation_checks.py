"""Checks of annotated texts: marks that can be read, and texts that must differ from another column's."""

from collections.abc import Mapping

from synth_datasets.minhash import normalised
from synth_datasets.plan.marks import read_marks
from synth_datasets.plan.mentions import Doubt
from synth_datasets.spec.model import Checks, DatasetSpec
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason

__all__ = ["likeness", "too_similar", "unmarked"]

_GRAM = 5


def unmarked(text: str, checks: Checks) -> str | Verdict:
    """Return the text without the marks that it is to hold, or why they cannot be read."""
    if not checks.marks:
        return text
    try:
        plain, _ = read_marks(text, checks.marks)
    except Doubt as doubt:
        return Verdict(doubt.reason, doubt.detail)
    return plain or Verdict(Reason.EMPTY, "nothing but marks")


def too_similar(given: Mapping[str, object], row: Mapping[str, object], spec: DatasetSpec) -> Verdict | None:
    """Find an answer's text that is too much like the one that it must differ from; `row` is what was there before."""
    for name, text in given.items():
        checks = spec.checks.get(name)
        if checks is None or checks.differs is None:
            continue
        other, limit = checks.differs
        found = likeness(str(text), str(given.get(other, row.get(other, ""))))
        if found >= limit:
            return Verdict(
                Reason.TOO_SIMILAR, f"{name} is {found:.0%} like {other}, below {limit:.0%} is asked for"
            )
    return None


def likeness(one: str, other: str) -> float:
    """Return the Jaccard similarity of the texts' 5-grams of characters; case, punctuation and forms do not count.

    1.0 for texts that are equal in that way, also for those shorter than a 5-gram.
    """
    first, second = normalised(one), normalised(other)
    if first == second:
        return 1.0
    grams = [
        {text[at : at + _GRAM] for at in range(max(1, len(text) - _GRAM + 1))} for text in (first, second)
    ]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])
