"""Whether rows fit what they were made for: their own prompt and label rather than others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.quality.embeddings import Embed, embedded, lsa
from synth_datasets.quality.sampling import sample

if TYPE_CHECKING:
    import numpy as np

__all__ = ["LabelFit", "PromptFit", "label_fit", "prompt_fit"]

ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFit:
    """How well rows can be told by their prompts."""

    rows: int
    prompts: int
    """Different prompts of these rows."""
    auc: float | None
    """Chance that a row is more like its own prompt than like another; None with fewer than two prompts."""
    worse: float | None
    """Share of rows that are less like their own prompt than like half of the others."""
    similarity: float | None
    """Mean cosine of a row and its prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFit:
    """How well rows of one label hold together."""

    rows: int
    nearest: float | None
    """Share of rows nearest to the mean of their own label, itself left out; None with fewer than two labels."""
    chance: float | None
    """What always saying the most frequent label would get."""


def prompt_fit(
    texts: Sequence[str], prompts: Sequence[str], *, embed: Embed | None = None, limit: int = ROWS
) -> PromptFit:
    """Return how much more a row is like its own prompt than like the prompts of other rows, on a sample.

    Range of the AUC: 0.5 (no better than by chance) to 1; higher is better. Prompts that differ in what a text
    cannot show (a tone, a length) keep it near 0.5, so compare builds of one spec.
    It cannot tell whether what was asked for is done, only which words are in common; it needs prompts that differ.
    Source: the area under the curve as Hanley & McNeil 1982 (Radiology 143); the figure is ours.
    """
    chosen = sample(len(texts), limit)
    own = [prompts[row] for row in chosen]
    distinct = {prompt: at for at, prompt in enumerate(dict.fromkeys(own))}
    if len(distinct) < 2:  # noqa: PLR2004 - one prompt cannot be told from another
        return PromptFit(rows=len(chosen), prompts=len(distinct), auc=None, worse=None, similarity=None)
    rows = [texts[row] for row in chosen]
    how = embed or lsa([*rows, *distinct])
    alike = embedded(rows, how) @ embedded(list(distinct), how).T
    return _prompt_figures(alike, [distinct[prompt] for prompt in own])


def label_fit(
    texts: Sequence[str], labels: Sequence[str], *, embed: Embed | None = None, limit: int = ROWS
) -> LabelFit:
    """Return the share of rows that lie nearest to the mean of their own label, on a sample.

    Range 0 to 1; compare with `chance`. Higher means that labels speak of different things.
    It cannot tell whether a label is right: sentiment, which few words carry, stays near chance on real reviews.
    Source: the nearest centroid classifier (Rocchio; Manning et al. 2008, Introduction to Information Retrieval, 14.2),
    each row left out of its own mean.
    """
    import numpy as np

    chosen = [row for row in sample(len(texts), limit) if labels[row]]
    names = sorted({labels[row] for row in chosen})
    counts = np.array([sum(labels[row] == name for row in chosen) for name in names])
    if len(names) < 2:  # noqa: PLR2004 - nothing to tell apart
        return LabelFit(rows=len(chosen), nearest=None, chance=None)
    rows = [texts[row] for row in chosen]
    points = embedded(rows, embed or lsa(rows))
    at = np.array([names.index(labels[row]) for row in chosen])
    sums = np.array([points[at == place].sum(axis=0) for place in range(len(names))])
    alike = points @ _unit(sums).T
    own = _unit(sums[at] - points)
    alike[np.arange(len(at)), at] = (points * own).sum(axis=1)
    best = alike.max(axis=1)
    mine = alike[np.arange(len(at)), at]
    return LabelFit(
        rows=len(chosen),
        nearest=float((mine >= best).mean()),
        chance=float(counts.max() / len(chosen)),
    )


def _prompt_figures(alike: "np.ndarray", own: Sequence[int]) -> PromptFit:
    import numpy as np

    rows, prompts = alike.shape
    mine = alike[np.arange(rows), own][:, None]
    below = ((alike < mine).sum(axis=1) + ((alike == mine).sum(axis=1) - 1) / 2) / (prompts - 1)
    return PromptFit(
        rows=rows,
        prompts=prompts,
        auc=float(below.mean()),
        worse=float((below < 0.5).mean()),  # noqa: PLR2004 - half of the others
        similarity=float(mine.mean()),
    )


def _unit(points: "np.ndarray") -> "np.ndarray":
    import numpy as np

    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return points / np.where(lengths > 0, lengths, 1.0)
