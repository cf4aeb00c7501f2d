"""How many labels a classifier that has not seen them doubts: confident learning, and how far to believe it here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.quality.clip import clip
from synth_datasets.quality.embeddings import Embed
from synth_datasets.quality.out_of_fold import FOLDS, Labelled, OutOfFold, predict_out_of_fold, relabelled

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DoubtfulLabel", "NoiseCheck", "NoiseFigures", "doubts", "label_noise"]

PLANTED = 0.10
FEW_ALARMS = 0.05
RESAMPLES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulLabel:
    """A row whose label the classifier does not believe."""

    row: int
    """As it was handed in; in a report it counts from 0 over all splits."""
    label: str
    likely: str
    probability: float
    """Of the label, by a classifier that has not seen the row."""
    text: str
    """Clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseCheck:
    """What the same method makes of these rows after some of their labels were changed on purpose."""

    changed: int
    found: float
    """Share of the changed labels that it doubts."""
    false_alarms: float
    """Share of the other labels that it doubts; those that are wrong already count here, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFigures:
    """Labels that are probably wrong; every interval covers 95 %."""

    rows: int
    """Rows that were looked at."""
    folds: int
    accuracy: float
    """Share of rows whose label is the most probable class."""
    majority: float
    """Share of the most frequent class, which a blind guess reaches."""
    copies: float
    """Share of rows in groups of near copies too large to be kept together: wrong labels are learnt there."""
    rule: str
    """`confident`: rows off the diagonal of the confident joint are doubted; `likely`: all whose most probable class is
    another, which is the rule where the check shows that it doubts few others."""
    doubted: int
    noise: float
    """Share of wrong labels, estimated from the calibrated confident joint."""
    noise_interval: tuple[float, float]
    """Percentiles of a bootstrap over the rows, predictions and thresholds held fixed."""
    confident: tuple[tuple[str, str, int], ...]
    """Label, likely class and rows, the most frequent first: the confident joint off its diagonal."""
    check: NoiseCheck
    examples: tuple[DoubtfulLabel, ...]
    """The least believed first."""


def label_noise(
    texts: Sequence[str],
    labels: Sequence[int],
    names: Sequence[str],
    *,
    rows: Sequence[int] | None = None,
    predicted: OutOfFold | None = None,
    embed: Embed | None = None,
    gold: Labelled | None = None,
    shown: int = 20,
) -> NoiseFigures:
    """Estimate the share of wrong labels by confident learning over out-of-fold predictions.

    `labels` are positions in `names`, `rows` what the rows are called (0, 1, ... unless given). A row counts for
    class j when the probability of j reaches j's threshold, the mean probability of j over the rows labelled j; of
    several such classes for the most probable. Rows counted for another class than their label's are doubted; the
    counts, calibrated to the rows of each label, give the estimate. A classifier that is weak on these texts doubts
    labels that are right, and so the same is done again with 10 % of the labels changed at random: `check` says how
    many of those are found and how many others are doubted. The
    thresholds pass over about a third of the wrong labels even where classes are told easily; there (at most 5 % of
    the others doubted beyond the estimate) every row whose most probable class is not its label's is doubted instead.
    The estimate does not change with it. Unless `predicted` is given, the classifier sees words, the embedding where
    `embed` is given, and learns from `gold` rows besides.
    Range of the estimate 0 to 1; lower is better.
    It cannot tell a wrong label from a text that is hard for the classifier; noise that follows a rule is learnt as
    truth. Of real reviews of two classes with 10 % of the labels changed, reading the least believed first until 5 % of
    the right ones are read finds 45 % by words alone, 59 % with all-MiniLM-L6-v2; of three classes 29 and 41 %. With as
    many rows of right labels besides it finds 63 % of two classes (56 % without).
    Costs about 1 ms a row of short text. Needs scikit-learn. Raises ValueError for fewer than two classes with rows.
    Source: Northcutt, Jiang & Chuang 2021, Confident Learning, JAIR 70 (arXiv:1911.00068), section 3.
    """
    import numpy as np

    given = np.asarray(labels)
    if len(np.unique(given)) < 2:  # noqa: PLR2004 - nothing to confuse
        raise ValueError("label noise needs rows of at least two classes")
    found = predicted or predict_out_of_fold(texts, labels, len(names), embed=embed, gold=gold)
    confident = doubts(found.probabilities, given)
    joint = _joint(given, confident, len(names))
    noise = _noise(joint, np.bincount(given, minlength=len(names)))
    rule, check = _check(texts, given, len(names), found, noise)
    likely = found.probabilities.argmax(axis=1) if rule == "likely" else confident
    doubted = np.flatnonzero(likely != given)
    own = found.probabilities[np.arange(len(given)), given]
    margin = own - found.probabilities[np.arange(len(given)), likely]
    ranked = sorted(doubted.tolist(), key=lambda row: (margin[row], row))[:shown]
    pairs = [(int(joint[i, j]), i, j) for i, j in zip(*np.nonzero(joint), strict=True) if i != j]
    return NoiseFigures(
        rows=len(given),
        folds=len(found.models) or FOLDS,
        accuracy=float((found.probabilities.argmax(axis=1) == given).mean()),
        majority=float(np.bincount(given).max() / len(given)),
        copies=found.divided,
        rule=rule,
        doubted=len(doubted),
        noise=noise,
        noise_interval=_interval(given, confident, len(names)),
        confident=tuple(
            (names[i], names[j], count) for count, i, j in sorted(pairs, key=lambda p: (-p[0], p[1:]))
        ),
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


def _check(
    texts: Sequence[str], labels: "np.ndarray", classes: int, found: OutOfFold, noise: float
) -> tuple[str, NoiseCheck]:
    """Change labels on purpose, look whether they are found, and choose the rule by that."""
    import numpy as np

    draw = np.random.RandomState(1)
    present = np.unique(labels)
    changed = np.zeros(len(labels), dtype=bool)
    changed[draw.permutation(len(labels))[: max(1, round(PLANTED * len(labels)))]] = True
    other = labels.copy()
    for row in np.flatnonzero(changed):
        other[row] = draw.choice(present[present != labels[row]])
    predicted = relabelled(found, texts, other.tolist(), classes)

    def told(likely: "np.ndarray") -> NoiseCheck:
        doubted = likely != other
        return NoiseCheck(
            changed=int(changed.sum()),
            found=float(doubted[changed].mean()),
            false_alarms=float(doubted[~changed].mean()),
        )

    every = told(predicted.argmax(axis=1))
    return (
        ("likely", every)
        if every.false_alarms - noise <= FEW_ALARMS
        else ("confident", told(doubts(predicted, other)))
    )
