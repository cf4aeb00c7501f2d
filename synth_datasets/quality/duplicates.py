"""Rows that say the same: exactly, nearly, within a split and from one split to another."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.minhash import BANDS, PERMUTATIONS, normalised, signatures
from synth_datasets.quality.clip import clip

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "DuplicateFigures",
    "DuplicateGroup",
    "OverlapFigures",
    "duplicate_rate",
    "groups",
    "matches",
    "near_duplicates",
    "split_overlap",
]

NEAR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateGroup:
    """Rows that are linked by near duplicates."""

    rows: int
    examples: tuple[str, ...]
    """The first two different texts of the group, or the one that all share; clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateFigures:
    """The share of rows that could go without losing a text."""

    rows: int
    exact: float | None
    """None without rows."""
    near: float | None
    """Exact ones included; None without rows."""
    threshold: float
    largest: tuple[DuplicateGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapFigures:
    """How much of one split a model has already seen in another."""

    rows: int
    """Rows of the later split."""
    exact: float | None
    """Share of them with an equal text in the other split; None when a split is empty."""
    near: float | None
    """Exact ones included."""
    threshold: float
    examples: tuple[tuple[str, str], ...]
    """Texts of the later split beside their match in the other, clipped."""


def duplicate_rate(texts: Sequence[str], *, threshold: float = NEAR, shown: int = 3) -> DuplicateFigures:
    """Return 1 - groups/rows, where a group is a set of rows linked by equality or by near equality.

    Exact: equal but for case, punctuation and white space. Near: the MinHash estimate of the Jaccard
    similarity of character 5-grams is at least `threshold`, among pairs that locality-sensitive hashing (16
    bands of 4 values) brings together: 64 % of the pairs at similarity 0.5, 99 % at 0.7. Groups are connected
    components, so their ends may differ more than the threshold allows.
    Range 0 to below 1; lower is better. Real product reviews: below 0.01. It grows with the number of rows.
    It cannot see paraphrases or translations; short texts with a common frame may be near duplicates rightly.
    Source: Broder 1997, On the Resemblance and Containment of Documents; Lee et al. 2022, Deduplicating
    Training Data Makes Language Models Better (arXiv:2107.06499).
    """
    plain = [normalised(text) for text in texts]
    groups = _groups(plain, threshold)
    rows = len(texts)
    sizes = Counter(groups)
    members: dict[int, list[int]] = {group: [] for group, size in sizes.most_common(shown) if size > 1}
    for row, group in enumerate(groups):
        if group in members:
            members[group].append(row)
    return DuplicateFigures(
        rows=rows,
        exact=(rows - len(set(plain))) / rows if rows else None,
        near=(rows - len(sizes)) / rows if rows else None,
        threshold=threshold,
        largest=tuple(
            DuplicateGroup(rows=len(found), examples=_two(texts, plain, found)) for found in members.values()
        ),
    )


def split_overlap(
    texts: Sequence[str], earlier: Sequence[str], *, threshold: float = NEAR, shown: int = 3
) -> OverlapFigures:
    """Return the share of texts that are equal or nearly equal to one of an earlier split.

    Equality and nearness as in `duplicate_rate`; for each text and band at most 4 candidates are compared.
    Range 0 to 1; lower is better: what a test split shares with the training split is not tested.
    It cannot see paraphrases; rows of one prompt may be alike in what they say and not overlap here.
    Source: as `duplicate_rate`; the harm of overlap: Lee et al. 2022, section 6.
    """
    exact, near = matches(texts, earlier, threshold)
    measured = bool(earlier) and bool(texts)
    return OverlapFigures(
        rows=len(texts),
        exact=len(exact) / len(texts) if measured else None,
        near=len(near) / len(texts) if measured else None,
        threshold=threshold,
        examples=tuple((clip(texts[row]), clip(earlier[near[row]])) for row in sorted(near)[:shown]),
    )


def matches(
    texts: Sequence[str], earlier: Sequence[str], threshold: float = NEAR
) -> tuple[dict[int, int], dict[int, int]]:
    """Return by row the row of an equal text among the earlier ones, and of an equal or nearly equal one."""
    before, after = [normalised(text) for text in earlier], [normalised(text) for text in texts]
    first: dict[str, int] = {}
    for row, text in enumerate(before):
        first.setdefault(text, row)
    exact = {row: first[text] for row, text in enumerate(after) if text in first}
    still_open = [row for row in range(len(after)) if row not in exact]
    return exact, exact | _matches(before, after, still_open, threshold)


def near_duplicates(texts: Sequence[str], threshold: float = NEAR) -> dict[int, int]:
    """Return the rows that could go, each with the first row of its group; groups as in `duplicate_rate`.

    A million short texts take about 20 CPU seconds and 1 GB.
    """
    return {row: group for row, group in enumerate(groups(texts, threshold)) if row != group}


def groups(texts: Sequence[str], threshold: float = NEAR) -> list[int]:
    """Return for each text its group's first row; groups of equal and nearly equal texts as in `duplicate_rate`."""
    return _groups([normalised(text) for text in texts], threshold)


def _two(texts: Sequence[str], plain: Sequence[str], rows: Sequence[int]) -> tuple[str, ...]:
    other = next((row for row in rows if plain[row] != plain[rows[0]]), None)
    return tuple(clip(texts[row]) for row in (rows[0], other) if row is not None)


def _groups(plain: Sequence[str], threshold: float) -> list[int]:
    """Return for each text the number of its group: the position of the group's first text."""
    first: dict[str, int] = {}
    same = [first.setdefault(text, row) for row, text in enumerate(plain)]
    distinct = [row for text, row in first.items() if text]
    parents = list(range(len(plain)))
    for one, other in _near_pairs([plain[row] for row in distinct], threshold):
        low, high = sorted((_root(parents, distinct[one]), _root(parents, distinct[other])))
        parents[high] = low
    return [_root(parents, row) for row in same]


def _root(parents: list[int], row: int) -> int:
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


def _near_pairs(plain: Sequence[str], threshold: float) -> Iterator[tuple[int, int]]:
    """Yield pairs at or above the threshold: enough to link the members of every bucket."""
    import numpy as np

    if len(plain) < 2:  # noqa: PLR2004 - a pair takes two
        return
    hashed = signatures(plain)
    for keys in _bands(hashed):
        order = np.argsort(keys, kind="stable")
        same = keys[order[1:]] == keys[order[:-1]]
        begins = np.concatenate(([True], ~same))
        heads = order[np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))]
        one = np.concatenate((order[:-1][same], heads[1:][same]))
        other = np.concatenate((order[1:][same], order[1:][same]))
        alike = _similarity(hashed, one, hashed, other) >= threshold
        yield from zip(one[alike].tolist(), other[alike].tolist(), strict=True)


def _matches(
    before: Sequence[str], after: Sequence[str], open_rows: Sequence[int], threshold: float
) -> dict[int, int]:
    import numpy as np

    open_rows = [row for row in open_rows if after[row]]
    if not before or not open_rows:
        return {}
    left, right = signatures(before), signatures([after[row] for row in open_rows])
    found: dict[int, int] = {}
    for keys, sought in zip(_bands(left), _bands(right), strict=True):
        order = np.argsort(keys, kind="stable")
        start = np.searchsorted(keys[order], sought)
        for step in range(4):
            place = np.minimum(start + step, len(order) - 1)
            candidate = order[place]
            meets = np.flatnonzero(keys[candidate] == sought)
            alike = meets[_similarity(left, candidate[meets], right, meets) >= threshold]
            for row, match in zip(alike.tolist(), candidate[alike].tolist(), strict=True):
                found.setdefault(open_rows[row], match)
    return found


def _bands(hashed: "np.ndarray") -> Iterator["np.ndarray"]:
    import numpy as np

    for start in range(0, PERMUTATIONS, PERMUTATIONS // BANDS):
        keys = np.zeros(len(hashed), dtype=np.uint64)
        for column in range(start, start + PERMUTATIONS // BANDS):
            keys = (keys ^ hashed[:, column].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            keys ^= keys >> np.uint64(31)
        yield keys


def _similarity(
    left: "np.ndarray", one: "np.ndarray", right: "np.ndarray", other: "np.ndarray"
) -> "np.ndarray":
    """Estimate the Jaccard similarity of pairs of rows, in slices that keep the memory small."""
    import numpy as np

    parts = [
        (left[one[start : start + 65_536]] == right[other[start : start + 65_536]]).mean(axis=1)
        for start in range(0, len(one), 65_536)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)
