"""What rows share with each other: long word sequences, template phrases, openings."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.quality.clip import PHRASE, clip
from synth_datasets.quality.tokens import tokens

if TYPE_CHECKING:
    import numpy as np

__all__ = ["OpeningFigures", "Phrase", "RepetitionFigures", "openings", "repetition_rate"]


MOST_PHRASES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A word sequence and the rows that hold it."""

    text: str
    """Clipped."""
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepetitionFigures:
    """How many rows share word sequences with other rows."""

    rows: int
    self_repetition: float | None
    """Share of rows with a sequence of 8 words that another row has too; None without rows."""
    template_rate: float | None
    """Share of rows with a sequence of 5 words that at least 1 % of all rows have; None without rows."""
    template_rows: int
    """The number of rows that makes a sequence a template: 1 % of the rows, at least 3."""
    phrases: tuple[Phrase, ...]
    """The most widespread 5-word sequences among those of the template rate; ties in order of appearance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningFigures:
    """How few ways there are in which texts begin."""

    rows: int
    concentration: float | None
    """Share of rows that begin with one of the ten most frequent openings; None without rows."""
    distinct: int
    most_frequent: tuple[Phrase, ...]


def repetition_rate(texts: Sequence[str], *, shown: int = 5) -> RepetitionFigures:
    """Return the shares of rows that repeat what other rows say, word for word.

    Range 0 to 1; lower is better. Real product reviews: below 0.02 and 0; templates: above 0.6 for both. A
    row that repeats only itself does not count; rows under 8 (or 5) words cannot count; an exact duplicate
    does, so read it together with the duplicates.
    It cannot see paraphrase, or the same idea in other words, and legal or technical phrases are rightly
    repeated.
    Source: self-repetition, Salkar et al. 2022 (Self-Repetition in Abstractive Neural Summarizers), with
    8-grams instead of 4-grams, which real reviews share as well; the template rate is ours (cf. Shaib et
    al. 2024, Detection and Measurement of Syntactic Templates).
    """
    rows = len(texts)
    needed = max(3, math.ceil(rows / 100))
    if not rows:
        return RepetitionFigures(
            rows=0, self_repetition=None, template_rate=None, template_rows=needed, phrases=()
        )
    ids, starts = _numbered(texts)
    shared, _ = _shared(ids, starts, size=8, by=2)
    templated, places = _shared(ids, starts, size=5, by=needed)
    return RepetitionFigures(
        rows=rows,
        self_repetition=shared / rows,
        template_rate=templated / rows,
        template_rows=needed,
        phrases=tuple(_phrases(texts, starts, places[:shown], size=5)),
    )


def openings(texts: Sequence[str], *, words: int = 3, top: int = 10, shown: int = 5) -> OpeningFigures:
    """Return the share of rows that begin with one of the `top` most frequent sequences of `words` words.

    Shorter texts count with what they have; empty ones never belong to the most frequent. Range 0 to 1;
    lower is more varied. Real product reviews: about 0.1; templates: 0.5. With few rows it is high whatever
    they say (ten rows: 1).
    It cannot tell a house style that was asked for from a model that has one way to begin.
    Source: the figure is ours.
    """
    begin = Counter(start for text in texts if (start := " ".join(tokens(text)[:words])))
    ranked = sorted(begin.items(), key=lambda item: (-item[1], item[0]))
    return OpeningFigures(
        rows=len(texts),
        concentration=sum(count for _, count in ranked[:top]) / len(texts) if texts else None,
        distinct=len(begin),
        most_frequent=tuple(Phrase(text=clip(start, PHRASE), rows=count) for start, count in ranked[:shown]),
    )


def _numbered(texts: Sequence[str]) -> tuple["np.ndarray", "np.ndarray"]:
    """Return one number a token, all texts in a row, and where each text starts (and the last one ends)."""
    import numpy as np

    vocabulary: dict[str, int] = {}
    numbers: list[int] = []
    starts = [0]
    for text in texts:
        numbers += [vocabulary.setdefault(word, len(vocabulary)) for word in tokens(text)]
        starts.append(len(numbers))
    return np.array(numbers, dtype=np.uint64), np.array(starts, dtype=np.int64)


def _shared(
    ids: "np.ndarray", starts: "np.ndarray", *, size: int, by: int
) -> tuple[int, list[tuple[int, int]]]:
    """Return how many texts hold a sequence that `by` texts hold, and the most widespread ones.

    A sequence is given by how many texts hold it and where it first stands; compared are 64-bit hashes.
    """
    import numpy as np

    if len(ids) < size:
        return 0, []
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    place = np.flatnonzero(owner[: len(ids) - size + 1] == owner[size - 1 :])
    hashes = np.zeros(len(place), dtype=np.uint64)
    for offset in range(size):
        hashes = (hashes ^ _mixed(ids[place + offset])) * np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    order = np.lexsort((place, hashes))
    hashes, owner, place = hashes[order], owner[place[order]], place[order]
    # Places ascend within a hash, so a text's repeats of its own sequence stand side by side and count once.
    fresh = np.ones(len(hashes), dtype=bool)
    fresh[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    hashes, owner, place = hashes[fresh], owner[fresh], place[fresh]
    _, first, group, count = np.unique(hashes, return_index=True, return_inverse=True, return_counts=True)
    flagged = np.unique(owner[count[group] >= by])
    ranked = np.lexsort((place[first], -count))[:MOST_PHRASES]
    frequent = ranked[count[ranked] >= by]
    return len(flagged), list(zip(count[frequent].tolist(), place[first[frequent]].tolist(), strict=True))


def _mixed(ids: "np.ndarray") -> "np.ndarray":
    """Spread small numbers over 64 bits (the finaliser of splitmix64)."""
    import numpy as np

    mixed = ids + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _phrases(
    texts: Sequence[str], starts: "np.ndarray", found: Sequence[tuple[int, int]], *, size: int
) -> list[Phrase]:
    import numpy as np

    phrases: list[Phrase] = []
    for rows, place in found:
        text = int(np.searchsorted(starts, place, side="right")) - 1
        begin = place - int(starts[text])
        phrases.append(
            Phrase(text=clip(" ".join(tokens(texts[text])[begin : begin + size]), PHRASE), rows=rows)
        )
    return phrases
