"""How many labels a classifier that has not seen them doubts: confident learning, and how far to believe it here."""

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from synth_datasets.quality.clip import clip
from synth_datasets.quality.embeddings import Embed
from synth_datasets.quality.noise import DoubtfulLabel, NoiseCheck, NoiseFigures, NoNoiseFigures
from synth_datasets.quality.out_of_fold import FOLDS, Labelled, OutOfFold, predict_out_of_fold, relabelled

if TYPE_CHECKING:
    import numpy as np

__all__ = ["doubts", "label_noise", "noise_figures"]

PLANTED = 0.10
FEW_ALARMS = 0.035
"""Aimed at, for the estimate errs: measured it was 2 to 8 %, on average less than 5 %."""
SEEN = 30
"""Changed labels that must be among those compared with the others."""
SMALL = 1_000
"""With fewer rows labels are changed three times over, for a steadier check."""
RESAMPLES = 500
LEAST = 1e-6


def label_noise(
    texts: Sequence[str],
    labels: Sequence[int],
    names: Sequence[str],
    *,
    rows: Sequence[int] | None = None,
    predicted: OutOfFold | None = None,
    embed: Embed | None = None,
    gold: Labelled | None = None,
    groups: Sequence[Hashable] | None = None,
    shown: int = 20,
) -> NoiseFigures | NoNoiseFigures:
    """Estimate the share of wrong labels by confident learning over out-of-fold predictions.

    `labels` are positions in `names`, `rows` what the rows are called (0, 1, ... unless given). A row counts for
    class j when the probability of j reaches j's threshold, the mean probability of j over the rows labelled j; of
    several such classes for the most probable. The counts, calibrated to the rows of each label, give the estimate. A
    classifier that is weak on these texts has no belief in labels that are right, and so the same is done again with
    10 % of the labels changed at random: `check` says how many of those are found and how many others are doubted.
    Doubted is a row with a more probable class than its label's, by a factor that the check sets so that less than
    5 % of the right labels are doubted (measured: 2 to 8 %); for that the share of wrong ones among the labels not
    changed is estimated, as in learning from positive and unlabelled rows. The estimate of wrong labels does not
    change with it. Of fewer than 29 rows none is doubted: one alone would be more than is aimed at.
    Unless `predicted` is given, the classifier sees words, the embedding where `embed` is given, learns from `gold`
    rows besides, and hears the other rows of a row's group where `groups` says which belong together, in their order.
    Range of the estimate 0 to 1; lower is better.
    It cannot tell a wrong label from a text that is hard for the classifier; noise that follows a rule is learnt as
    truth. What it found of 10 % changed labels of real product reviews, and doubted of the others: which of four
    products a whole review is of, by words, 97 and 5 %; whether a sentence is positive or negative, by words 41 and
    4 %, with all-MiniLM-L6-v2 56 and 4 %, with `groups` (the review) as well 65 and 4 %; with that encoder tuned on
    20,000 rated sentences of other kinds of text and `groups` 79 and 4 %, of the sentences that 18 of 20 raters see
    alike 90 and 4 %; of three classes, neutral as well, by words 36 and 6 %.
    Costs about 1 ms a row of short text. Needs scikit-learn. Of fewer than two classes with rows there is no estimate.
    Source: Northcutt, Jiang & Chuang 2021, Confident Learning, JAIR 70 (arXiv:1911.00068), section 3.
    """
    present = len(set(labels))
    if present < 2:  # noqa: PLR2004 - nothing to confuse
        return NoNoiseFigures(rows=len(labels), majority=1.0 if present else None)
    return noise_figures(
        texts,
        labels,
        names,
        rows=rows,
        predicted=predicted,
        embed=embed,
        gold=gold,
        groups=groups,
        shown=shown,
    )


def noise_figures(
    texts: Sequence[str],
    labels: Sequence[int],
    names: Sequence[str],
    *,
    rows: Sequence[int] | None = None,
    predicted: OutOfFold | None = None,
    embed: Embed | None = None,
    gold: Labelled | None = None,
    groups: Sequence[Hashable] | None = None,
    shown: int = 20,
) -> NoiseFigures:
    """Return what `label_noise` does, of rows of at least two classes."""
    import numpy as np

    given = np.asarray(labels)
    found = predicted or predict_out_of_fold(texts, labels, len(names), embed=embed, gold=gold, groups=groups)
    confident = doubts(found.probabilities, given)
    joint = _joint(given, confident, len(names))
    noise = _noise(joint, np.bincount(given, minlength=len(names)))
    check = _check(texts, given, len(names), found)
    likely, margins = _doubts(found.probabilities, given)
    cut = _level(margins, check)
    doubted = np.flatnonzero((margins > 0) & (margins >= cut))
    own = found.probabilities[np.arange(len(given)), given]
    ranked = sorted(doubted.tolist(), key=lambda row: (-margins[row], row))[:shown]
    return NoiseFigures(
        rows=len(given),
        folds=len(found.models) or FOLDS,
        accuracy=float((found.probabilities.argmax(axis=1) == given).mean()),
        majority=float(np.bincount(given).max() / len(given)),
        copies=found.divided,
        rule="confident" if cut else "likely",
        factor=math.exp(cut),
        doubted=len(doubted),
        noise=noise,
        noise_interval=_interval(given, confident, len(names)),
        confident=_pairs(joint, names),
        pairs=_pairs(_joint(given[doubted], likely[doubted], len(names)), names),
        check=check,
        examples=tuple(
            DoubtfulLabel(
                row=row if rows is None else rows[row],
                label=names[given[row]],
                likely=names[likely[row]],
                probability=float(own[row]),
                text=clip(texts[row]),
            )
            for row in ranked
        ),
    )


def _level(margins: "np.ndarray", check: NoiseCheck) -> float:
    """Return the margin from which on as large a share is doubted as of the rows that were not changed.

    The same share and not the same margin: to models that learned fewer wrong labels margins are wider.
    """
    import numpy as np

    if len(margins) * FEW_ALARMS < 1:
        return math.inf
    return max(0.0, float(np.quantile(margins, 1 - check.false_alarms, method="higher")))


def _pairs(joint: "np.ndarray", names: Sequence[str]) -> tuple[tuple[str, str, int], ...]:
    """Return what counts off the diagonal, the most frequent first."""
    import numpy as np

    found = [(int(joint[i, j]), i, j) for i, j in zip(*np.nonzero(joint), strict=True) if i != j]
    return tuple((names[i], names[j], count) for count, i, j in sorted(found, key=lambda p: (-p[0], p[1:])))


def doubts(probabilities: "np.ndarray", labels: "np.ndarray") -> "np.ndarray":
    """Return for each row the class that it confidently belongs to; its label where there is none."""
    import numpy as np

    classes = probabilities.shape[1]
    # A class without rows has no mean; no probability reaches 2.
    thresholds = np.array(
        [probabilities[labels == at, at].mean() if (labels == at).any() else 2.0 for at in range(classes)]
    )
    reached = probabilities >= thresholds
    best = np.where(reached, probabilities, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), best, labels)


def _joint(labels: "np.ndarray", likely: "np.ndarray", classes: int) -> "np.ndarray":
    import numpy as np

    return np.bincount(labels * classes + likely, minlength=classes * classes).reshape(classes, classes)


def _noise(joint: "np.ndarray", rows: "np.ndarray") -> float:
    """Return what the joint says off its diagonal, each label's counts scaled to the rows that have it."""
    import numpy as np

    sums = joint.sum(axis=-1, keepdims=True)
    shares = np.divide(joint, sums, out=np.zeros(joint.shape), where=sums > 0)
    kept = np.diagonal(shares, axis1=-2, axis2=-1)
    return float((rows * (1 - kept)).sum() / rows.sum())


def _interval(labels: "np.ndarray", likely: "np.ndarray", classes: int) -> tuple[float, float]:
    import numpy as np

    joint = _joint(labels, likely, classes).ravel()
    draws = np.random.RandomState(0).multinomial(joint.sum(), joint / joint.sum(), RESAMPLES)
    values = [
        _noise(draw.reshape(classes, classes), draw.reshape(classes, classes).sum(axis=1)) for draw in draws
    ]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _doubts(probabilities: "np.ndarray", labels: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    """Return for each row the most probable class besides its label's, and the logarithm of how many times it is so."""
    import numpy as np

    rows = np.arange(len(labels))
    rest = probabilities.copy()
    rest[rows, labels] = -1.0
    likely = rest.argmax(axis=1)
    logs = np.log(np.clip(probabilities, LEAST, None))
    return likely, logs[rows, likely] - logs[rows, labels]


def _check(texts: Sequence[str], labels: "np.ndarray", classes: int, found: OutOfFold) -> NoiseCheck:
    """Change labels on purpose, set by them from which margin on a label is doubted, and count what that finds."""
    import numpy as np

    draw = np.random.RandomState(1)
    present = np.unique(labels)
    planted: list[np.ndarray] = []
    others: list[np.ndarray] = []
    for _ in range(3 if len(labels) < SMALL else 1):
        changed = np.zeros(len(labels), dtype=bool)
        changed[draw.permutation(len(labels))[: max(1, round(PLANTED * len(labels)))]] = True
        other = labels.copy()
        for row in np.flatnonzero(changed):
            other[row] = draw.choice(present[present != labels[row]])
        margins = _doubts(relabelled(found, texts, other.tolist(), classes), other)[1]
        planted.append(margins[changed])
        others.append(margins[~changed])
    wrong, rest = np.concatenate(planted), np.concatenate(others)
    cut = _cut(wrong, rest)
    return NoiseCheck(
        changed=len(wrong),
        found=float(((wrong > 0) & (wrong >= cut)).mean()),
        false_alarms=float(((rest > 0) & (rest >= cut)).mean()),
    )


def _cut(planted: "np.ndarray", others: "np.ndarray") -> float:
    """Return the least margin, from 0 up, from which on few of the right labels seem to be doubted.

    The others are right ones and, in an unknown share, wrong ones, which look as the planted ones do. The share can be
    no larger than the least ratio of others to planted ones beyond any margin, and is taken for the least upper bound
    of it, one standard error above (best bin estimation: Garg et al. 2021, arXiv:2111.00980).
    """
    import numpy as np

    cuts = np.unique(np.concatenate([[0.0], planted[planted > 0], others[others > 0]]))
    count = len(planted) - np.searchsorted(np.sort(planted), cuts)
    found = count / len(planted)
    doubted = 1 - np.searchsorted(np.sort(others), cuts) / len(others)
    seen = count >= SEEN
    ratios = doubted[seen] / found[seen] * (1 + count[seen] ** -0.5)
    wrong = min(0.5, float(ratios.min())) if seen.any() else 0.0
    right = (doubted - wrong * found) / (1 - wrong)
    few = np.flatnonzero(right <= FEW_ALARMS)
    return float(cuts[few[0]]) if len(few) else float(cuts[-1]) + 1.0
