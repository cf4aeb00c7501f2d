"""How well a model does on each slice of a dataset, and how often it changes its mind over perturbed texts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.quality import document
from synth_datasets.quality.intervals import wilson
from synth_datasets.quality.predictions import Predict, PredictionError, predicted, read_labels

if TYPE_CHECKING:
    import datasets
    import numpy as np

__all__ = ["SliceScore", "SliceScores", "score_predictions", "score_slices"]

MOST_SLICES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceScore:
    """The rows of one slice; every interval covers 95 %."""

    column: str
    """Empty for all rows together."""
    slice: str
    n: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    """Wilson's score interval (J. Am. Stat. Assoc. 22, 1927)."""
    macro_f1: float
    """Mean over the classes that are expected or predicted in the slice."""
    macro_f1_interval: tuple[float, float]
    """Of the percentiles of a bootstrap over the rows (Efron, Ann. Stat. 7, 1979)."""
    drop: float
    """Accuracy of all rows less this one."""
    original_accuracy: float | None
    """On the same rows as they were before they were perturbed; None when no originals were given."""
    flips: float | None
    """Share of rows for which the prediction differs from that for the original."""
    flips_interval: tuple[float, float] | None
    """Wilson's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceScores:
    """Scores by slice: a function of rows, predictions and seed."""

    text: str
    label: str
    original: str | None
    classes: tuple[str, ...]
    unlabelled: int
    """Rows without a label, which count nowhere."""
    unanswered: int
    """Rows for which nothing was predicted, which count as wrong."""
    overall: SliceScore
    slices: tuple[SliceScore, ...]
    """By column, as they were named, and then in the order of the classes; slices without rows are left out."""

    def to_json(self) -> str:
        """Return the scores as JSON text with a final newline."""
        return json.dumps(document.plain(self), ensure_ascii=False, indent=1) + "\n"


def score_slices(
    dataset: "datasets.Dataset",
    predict: Predict,
    *,
    slices: Sequence[str] | None = None,
    text: str = "text",
    label: str = "label",
    original: str | None = None,
    label_map: Mapping[str, str] | None = None,
    batch_size: int = 32,
    seed: int = 0,
) -> SliceScores:
    """Ask `predict` for a label of each text and score it by slice.

    `predict` takes a list of texts and returns as many labels: names, positions, or what a `transformers` pipeline
    (or another callable that the `evaluate` library's evaluators take) gives. `slices` are columns, all `ClassLabel`
    columns but the label unless given. `original` is the column with the texts before they were perturbed: they are
    predicted as well, and compared. `label_map` says which class a model's own label means. Equal texts are asked once.

    Raises KeyError for a column that is not there and `PredictionError`, a ValueError, for predictions that do not fit.
    """
    classes, _ = _labels_of(dataset, label)
    _check_columns(dataset, [text, *([original] if original else [])])

    def ask(column: str) -> list[int | None]:
        return predicted(predict, dataset[column][:], classes, batch_size=batch_size, label_map=label_map)

    made = ask(text)
    return _scores(
        dataset,
        made,
        ask(original) if original else None,
        slices=slices,
        text=text,
        label=label,
        original=original,
        seed=seed,
    )


def score_predictions(
    dataset: "datasets.Dataset",
    predictions: Sequence[object],
    originals: Sequence[object] | None = None,
    *,
    slices: Sequence[str] | None = None,
    text: str = "text",
    label: str = "label",
    original: str | None = None,
    label_map: Mapping[str, str] | None = None,
    seed: int = 0,
) -> SliceScores:
    """Score predictions that are there already, one a row of the dataset and in its order; else as `score_slices`.

    `originals` are the predictions for the texts before they were perturbed.
    """
    classes, _ = _labels_of(dataset, label)
    for given in (predictions, originals):
        if given is not None and len(given) != len(dataset):
            raise PredictionError(
                f"{len(given)} predictions for {len(dataset)} rows: one a row is needed, in their order"
            )
    made = read_labels(predictions, classes, label_map)
    before = None if originals is None else read_labels(originals, classes, label_map)
    return _scores(dataset, made, before, slices=slices, text=text, label=label, original=original, seed=seed)


def _scores(
    dataset: "datasets.Dataset",
    made: Sequence[int | None],
    before: Sequence[int | None] | None,
    *,
    slices: Sequence[str] | None,
    text: str,
    label: str,
    original: str | None,
    seed: int,
) -> SliceScores:
    import numpy as np

    classes, expected = _labels_of(dataset, label)
    names = _slice_columns(dataset, label) if slices is None else list(slices)
    parts = {name: _slices_of(dataset, name) for name in names}
    rows = _Rows(
        expected=np.array([-1 if at is None else at for at in expected]),
        made=np.array([-1 if at is None else at for at in made]),
        before=None if before is None else np.array([-1 if at is None else at for at in before]),
        classes=len(classes),
        seed=seed,
    )
    labelled = rows.expected >= 0
    if not labelled.any():
        raise PredictionError(f"no row has a label in {label}")
    overall = rows.score(labelled, "", "", None)
    scored = [
        rows.score(where & labelled, name, value, overall.accuracy)
        for name, found in parts.items()
        for value, where in found.items()
        if (where & labelled).any()
    ]
    return SliceScores(
        text=text,
        label=label,
        original=original,
        classes=tuple(classes),
        unlabelled=int((~labelled).sum()),
        unanswered=int((labelled & (rows.made < 0)).sum()),
        overall=overall,
        slices=tuple(scored),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Positions of classes by row; -1 for none."""

    expected: "np.ndarray"
    made: "np.ndarray"
    before: "np.ndarray | None"
    classes: int
    seed: int

    def score(self, where: "np.ndarray", column: str, name: str, whole: float | None) -> SliceScore:
        expected, made = self.expected[where], self.made[where]
        n, right = len(made), int((expected == made).sum())
        before = None if self.before is None else self.before[where]
        flips = None if before is None else int((before != made).sum())
        f1, interval = _macro_f1(expected, made, self.classes, self.seed)
        return SliceScore(
            column=column,
            slice=name,
            n=n,
            accuracy=right / n,
            accuracy_interval=wilson(right, n),
            macro_f1=f1,
            macro_f1_interval=interval,
            drop=0.0 if whole is None else whole - right / n,
            original_accuracy=None if before is None else float((before == expected).mean()),
            flips=None if flips is None else flips / n,
            flips_interval=None if flips is None else wilson(flips, n),
        )


def _macro_f1(
    expected: "np.ndarray", made: "np.ndarray", classes: int, seed: int, resamples: int = 1_000
) -> tuple[float, tuple[float, float]]:
    """Return macro-F1 and its interval; a resample is a multinomial draw of the confusion matrix's cells."""
    import numpy as np

    codes, counts = np.unique(expected * (classes + 1) + made + 1, return_counts=True)
    true, said = codes // (classes + 1), codes % (classes + 1) - 1
    # Of numpy's generators this one alone promises the same draws for ever.
    draws = np.random.RandomState(seed).multinomial(counts.sum(), counts / counts.sum(), resamples)
    every = np.vstack([counts, draws])
    sums = np.zeros(len(every))
    present = np.zeros(len(every))
    for at in range(classes):
        hits = every[:, (true == at) & (said == at)].sum(axis=1)
        either = every[:, true == at].sum(axis=1) + every[:, said == at].sum(axis=1)
        sums += np.where(either > 0, 2 * hits / np.maximum(either, 1), 0.0)
        present += either > 0
    scores = sums / present
    low, high = np.percentile(scores[1:], [2.5, 97.5])
    return float(scores[0]), (float(low), float(high))


def _check_columns(dataset: "datasets.Dataset", names: Sequence[str]) -> None:
    for name in names:
        if name not in dataset.column_names:
            raise KeyError(f"there is no column {name!r}; there are: {', '.join(dataset.column_names)}")


def _labels_of(dataset: "datasets.Dataset", label: str) -> tuple[list[str], list[int | None]]:
    """Return the classes and each row's position among them."""
    from datasets import ClassLabel

    _check_columns(dataset, [label])
    feature, values = dataset.features[label], dataset[label][:]
    if isinstance(feature, ClassLabel):
        return list(feature.names), [None if at is None or at < 0 else at for at in values]
    if not all(value is None or isinstance(value, str | int) for value in values):
        raise PredictionError(
            f"column {label!r} holds no labels: name the column of a class with `label` (--label)"
        )
    names = sorted({str(value) for value in values if value is not None})
    position = {name: at for at, name in enumerate(names)}
    return names, [None if value is None else position[str(value)] for value in values]


def _slice_columns(dataset: "datasets.Dataset", label: str) -> list[str]:
    from datasets import ClassLabel

    return [
        name
        for name, feature in dataset.features.items()
        if isinstance(feature, ClassLabel) and name != label
    ]


def _slices_of(dataset: "datasets.Dataset", column: str) -> "dict[str, np.ndarray]":
    """Return which rows each slice of a column holds."""
    import numpy as np
    from datasets import ClassLabel

    _check_columns(dataset, [column])
    feature, values = dataset.features[column], dataset[column][:]
    if isinstance(feature, ClassLabel):
        named = ["" if at is None or at < 0 else feature.names[at] for at in values]
        order = feature.names
    else:
        named = ["" if value is None else str(value) for value in values]
        order = sorted(set(named))
    if len(order) > MOST_SLICES:
        raise PredictionError(f"column {column!r} has {len(order)} different values: too many for slices")
    rows = np.array(named, dtype=object)
    return {name: rows == name for name in order if name}
