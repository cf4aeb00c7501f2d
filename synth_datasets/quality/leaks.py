"""Rows that give away a test set, and rows that copy the examples a model was shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.quality.clip import clip
from synth_datasets.quality.duplicates import NEAR, matches
from synth_datasets.quality.tokens import tokens
from synth_datasets.validation.contamination import TEST_GRAM
from synth_datasets.validation.tokens import passages

__all__ = ["CopyFigures", "contaminated", "contamination", "copied", "seed_copies"]

SEED_GRAM = 5
COVERED = 0.5
_LEAST_WORDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFigures:
    """How many rows hold what stands in another set."""

    rows: int
    copied: int
    """Rows that do."""
    rate: float | None
    """Their share; None where one of the sets is empty."""
    held: float | None
    """Share of the other set's rows that some row holds."""
    examples: tuple[tuple[str, str], ...]
    """Rows beside what they hold, clipped."""


def contamination(texts: Sequence[str], test: Sequence[str], *, shown: int = 3) -> CopyFigures:
    """Return the share of rows that hold part of a test set: 13 words in a row, or nearly all of a test row.

    In scripts without spaces as many characters as say as much: 26 of Chinese or Japanese, 52 of Thai.
    Near: as in `duplicate_rate`, so that test rows under 13 words are found as well. Range 0 to 1; 0 is what to
    expect, though sets of one source have set phrases in common (real reviews: 0.003). A model that learns from such
    rows is not tested by that set.
    It cannot see paraphrases and translations of test rows.
    Source: Brown et al. 2020, Language Models are Few-Shot Learners, appendix C (arXiv:2005.14165), for 13 words.
    """
    return _figures(texts, test, contaminated(texts, test), shown)


def contaminated(texts: Sequence[str], test: Sequence[str]) -> dict[int, int]:
    """Return the contaminated rows, each with the first test row found in it; see `contamination`."""
    _, found = matches(texts, test)
    held: dict[
        int, int
    ] = {}  # by hashes: the passages of a million rows would not fit; they never leave the process
    for row, text in enumerate(test):
        for gram in map(hash, passages(tokens(text), TEST_GRAM)):
            held.setdefault(gram, row)
    for row, text in enumerate(texts):
        if row not in found and held:
            match = next(
                (held[gram] for gram in map(hash, passages(tokens(text), TEST_GRAM)) if gram in held), None
            )
            if match is not None:
                found[row] = match
    return dict(sorted(found.items()))


def seed_copies(texts: Sequence[str], seeds: Sequence[str], *, shown: int = 3) -> CopyFigures:
    """Return the share of rows that copy seeds: half their words lie in sequences of 5 words of the seeds.

    In scripts without spaces a sequence has 10 characters of Chinese or Japanese, 20 of Thai.
    Texts under 10 words count only when they are near duplicates of a seed. Range 0 to 1; lower is better: a copy adds
    nothing to the seeds, and gives away their words.
    It cannot see a seed that was put in other words.
    Source: the share of covered tokens of Touvron et al. 2023 (arXiv:2307.09288), A.6; 5 words and a half are ours.
    """
    return _figures(texts, seeds, copied(texts, seeds), shown)


def copied(texts: Sequence[str], seeds: Sequence[str]) -> dict[int, int]:
    """Return the rows that copy, each with the first seed found in it; see `seed_copies`."""
    _, found = matches(texts, seeds, NEAR)
    held: dict[int, int] = {}
    for row, text in enumerate(seeds):
        for gram in map(hash, passages(tokens(text), SEED_GRAM)):
            held.setdefault(gram, row)
    for row, text in enumerate(texts):
        words = tokens(text)
        if row in found or len(words) < _LEAST_WORDS:
            continue
        covered = end = 0
        first = -1
        for at, passage in enumerate(passages(words, SEED_GRAM)):
            if (gram := hash(passage)) in held:
                first = held[gram] if first < 0 else first
                covered += at + len(passage) - max(at, end)
                end = at + len(passage)
        if covered >= COVERED * len(words):
            found[row] = first
    return dict(sorted(found.items()))


def _figures(texts: Sequence[str], others: Sequence[str], found: dict[int, int], shown: int) -> CopyFigures:
    measured = bool(texts) and bool(others)
    return CopyFigures(
        rows=len(texts),
        copied=len(found),
        rate=len(found) / len(texts) if measured else None,
        held=len(set(found.values())) / len(others) if measured else None,
        examples=tuple((clip(texts[row]), clip(others[other])) for row, other in list(found.items())[:shown]),
    )
