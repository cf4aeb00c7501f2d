"""How far reviewers agree, and what they came to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from synth_datasets.spec.reviews import Decision, last_words

__all__ = ["Agreement", "agreements", "cohens_kappa"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two reviewers, over the rows that both have judged as the same values."""

    one: str
    other: str
    rows: int
    share: float
    """Of rows with the same word."""
    kappa: float | None
    """None when chance alone would make them agree always: both said one and the same word throughout."""


def agreements(decisions: Iterable[Decision]) -> list[Agreement]:
    """Return each pair of reviewers with rows in common, by name; what they compare is `accept`, `reject` or `fix`."""
    words: dict[str, dict[tuple[str, str], str]] = {}
    for (reviewer, row, digest), each in last_words(decisions).items():
        words.setdefault(reviewer, {})[row, digest] = each.verdict
    found: list[Agreement] = []
    for one, other in combinations(sorted(words), 2):
        common = sorted(words[one].keys() & words[other].keys())
        if common:
            left, right = ([words[name][place] for place in common] for name in (one, other))
            share = sum(map(str.__eq__, left, right)) / len(common)
            found.append(Agreement(one, other, len(common), share, cohens_kappa(left, right)))
    return found


def cohens_kappa(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Return (observed - expected) / (1 - expected) agreement of two raters on the same items.

    Source: Cohen 1960, A Coefficient of Agreement for Nominal Scales. 1 is perfect, 0 what chance gives, below 0 worse;
    None where it is not defined: without items, or when both used one and the same word only.
    """
    total = len(one)
    if not total:
        return None
    observed = sum(map(str.__eq__, one, other)) / total
    left, right = Counter(one), Counter(other)
    expected = sum(left[word] * right[word] for word in left) / total**2
    return None if expected == 1 else (observed - expected) / (1 - expected)
