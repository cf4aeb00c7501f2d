"""The rows at both ends of a measure, to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synth_datasets.quality.clip import clip
from synth_datasets.quality.sampling import sample
from synth_datasets.quality.text_map import nearest

__all__ = ["Extreme", "Extremes", "extremes_of", "text_extremes"]

LOOKED_AT = 2_000
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """One row."""

    row: int
    """Counts from 0 over all splits, in their order."""
    value: float
    label: str
    """Of the first label column; empty without one."""
    text: str
    """Clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extremes:
    """A measure's lowest and highest rows."""

    column: str
    measure: str
    """`words`, `likeness` (cosine with the text most like it) or `label_probability` (out of fold)."""
    rows: int
    """Rows that were looked at."""
    lowest: tuple[Extreme, ...]
    """The lowest first."""
    highest: tuple[Extreme, ...]
    """The highest first."""


def text_extremes(
    column: str, texts: Sequence[str], labels: Sequence[str], rows: Sequence[int]
) -> tuple[Extremes, ...]:
    """Return the shortest and longest texts, and of a sample those least and most like another one.

    `rows` are the positions of the texts among all rows.
    """
    words = {at: float(len(text.split())) for at, text in enumerate(texts)}
    looked = sample(len(texts), LOOKED_AT)
    likeness = nearest([texts[at] for at in looked])
    found = [extremes_of(column, "words", words, texts=texts, labels=labels, rows=rows)]
    if likeness is not None:
        near = {at: float(value) for at, value in zip(looked, likeness, strict=True)}
        found.append(extremes_of(column, "likeness", near, texts=texts, labels=labels, rows=rows))
    return tuple(each for each in found if each.lowest)


def extremes_of(
    column: str,
    measure: str,
    values: Mapping[int, float],
    *,
    texts: Sequence[str],
    labels: Sequence[str],
    rows: Sequence[int],
) -> Extremes:
    """Return the ends of the values by position; a text is shown once, and none at both ends."""
    low = _ends(sorted(values, key=lambda at: (values[at], at)), texts, set())
    high = _ends(sorted(values, key=lambda at: (-values[at], at)), texts, {texts[at] for at in low})

    def shown(chosen: Sequence[int]) -> tuple[Extreme, ...]:
        return tuple(
            Extreme(row=rows[at], value=values[at], label=labels[at] if labels else "", text=clip(texts[at]))
            for at in chosen
        )

    return Extremes(column=column, measure=measure, rows=len(values), lowest=shown(low), highest=shown(high))


def _ends(ranked: Sequence[int], texts: Sequence[str], seen: set[str]) -> list[int]:
    found: list[int] = []
    for at in ranked:
        if texts[at] not in seen:
            seen.add(texts[at])
            found.append(at)
        if len(found) == SHOWN:
            break
    return found
