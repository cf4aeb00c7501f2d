"""Texts as points of a plane: nearby where they use the same words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.quality.clip import PHRASE, clip
from synth_datasets.quality.sampling import sample
from synth_datasets.quality.tokens import tokens

if TYPE_CHECKING:
    import numpy as np

__all__ = ["TextMap", "nearest", "text_map", "weights"]

POINTS = 500
VOCABULARY = 2_000
REACH = 2_000
"""Characters of a text that are looked at."""
SCALE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMap:
    """A fixed random sample of a column's texts as points, real ones beside them where they were given."""

    column: str
    of_rows: int
    of_real: int
    """Rows that the points stand for; 0 without real ones."""
    groups: tuple[str, ...]
    """Classes of the first label column; empty without one."""
    explained: float
    """Share of the variance of the TF-IDF vectors that two axes show: little, for texts."""
    x: tuple[int, ...]
    """From 0 to 1,000, as `y`; the outermost percent at each end lies at the end."""
    y: tuple[int, ...]
    group: tuple[int, ...]
    """Position in `groups`; -1 for none."""
    real: tuple[bool, ...]
    texts: tuple[str, ...]
    """Clipped."""


def text_map(
    column: str,
    texts: Sequence[str],
    classes: Sequence[str],
    names: Sequence[str],
    *,
    real: Sequence[str] = (),
    real_classes: Sequence[str] = (),
) -> TextMap | None:
    """Return the map; None for fewer than three texts, or where they have no word in common.

    TF-IDF of the 2,000 most frequent words (those of at least two texts), centred, and projected on its first two right
    singular vectors; real texts and made ones share the axes. Two axes show a few percent of what tells texts apart:
    clusters that are seen are there, and points that lie together may still differ.
    Source: Deerwester et al. 1990, Indexing by Latent Semantic Analysis.
    """
    import numpy as np

    made, given = sample(len(texts), POINTS), sample(len(real), POINTS)
    shown = [texts[row] for row in made] + [real[row] for row in given]
    vectors = weights(shown)
    if len(made) < 3 or vectors is None:  # noqa: PLR2004 - two points always lie on a line
        return None
    centred = vectors - vectors.mean(axis=0)
    values, axes = np.linalg.eigh(centred @ centred.T)
    total = float(np.trace(centred @ centred.T))
    if total <= 0:
        return None
    points = axes[:, [-1, -2]] * np.sqrt(np.maximum(values[[-1, -2]], 0))
    group = {name: at for at, name in enumerate(names)}
    kinds = [classes[row] for row in made] if classes else [""] * len(made)
    kinds += [real_classes[row] for row in given] if real_classes else [""] * len(given)
    across, up = (_placed(points[:, axis]) for axis in (0, 1))
    return TextMap(
        column=column,
        of_rows=len(texts),
        of_real=len(real),
        groups=tuple(names),
        explained=float(values[-2:].sum() / total),
        x=across,
        y=up,
        group=tuple(group.get(kind, -1) for kind in kinds),
        real=(False,) * len(made) + (True,) * len(given),
        texts=tuple(clip(text, PHRASE) for text in shown),
    )


def weights(texts: Sequence[str]) -> "np.ndarray | None":
    """Return TF-IDF vectors of length 1 (0 for a text without a frequent word); None where no word is in two texts."""
    import numpy as np

    counted = [Counter(tokens(text[:REACH])) for text in texts]
    spread = Counter(word for words in counted for word in words)
    kept = sorted((word for word, rows in spread.items() if rows > 1), key=lambda word: (-spread[word], word))
    if not kept:
        return None
    place = {word: at for at, word in enumerate(kept[:VOCABULARY])}
    vectors = np.zeros((len(texts), len(place)), dtype=np.float32)
    for row, words in enumerate(counted):
        for word, count in words.items():
            if word in place:
                vectors[row, place[word]] = 1 + np.log(count)
    vectors *= np.log(len(texts) / np.array([spread[word] for word in place], dtype=np.float32)) + 1
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def nearest(texts: Sequence[str]) -> "np.ndarray | None":
    """Return each text's cosine with the one most like it, itself left out; None where no word is in two texts."""
    import numpy as np

    vectors = weights(texts)
    if vectors is None or len(texts) < 2:  # noqa: PLR2004 - one text has no other
        return None
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    return likeness.max(axis=1)


def _placed(values: "np.ndarray") -> tuple[int, ...]:
    """Put values on a scale from the first to the last percent of them; the few beyond lie at its ends.

    The side of the greatest is right or up, for the sign of an axis means nothing.
    """
    import numpy as np

    if abs(values.min()) > values.max():
        values = -values
    low, high = np.percentile(values, [1, 99])
    if high <= low:
        low, high = float(values.min()), float(values.max())
    width = high - low or 1.0
    return tuple(round(SCALE * min(max((float(value) - low) / width, 0.0), 1.0)) for value in values)
