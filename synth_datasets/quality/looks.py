"""A closer look at texts and labels: which labels are doubted, a map, and the rows at the ends of measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from synth_datasets.quality import columns, out_of_fold
from synth_datasets.quality.extremes import Extremes, extremes_of, text_extremes
from synth_datasets.quality.label_noise import noise_figures
from synth_datasets.quality.noise import NoiseFigures
from synth_datasets.quality.out_of_fold import OutOfFold
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.quality.sampling import sample
from synth_datasets.quality.text_map import TextMap, text_map

__all__ = ["ColumnNoise", "Looks", "look", "maps_of"]

NOISE_ROWS = 5_000
NOISE_CELLS = 50_000
"""Rows times classes: what a prediction takes time for."""
NOISE_LEAST = 200
NOISE_LABELS = 1
"""Label columns that are looked at: the others are mostly attributes that texts need not show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNoise:
    """Doubted labels of one column, by the words of one text column."""

    column: str
    label: str
    of_rows: int
    """Rows with a label; `figures.rows` of them were looked at."""
    figures: NoiseFigures | None
    """None: not measured, and `reason` says why."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What does not change with real rows beside the others."""

    noise: tuple[ColumnNoise, ...]
    extremes: tuple[Extremes, ...]


def look(data: columns.Columns, labels: Mapping[str, Sequence[str]], *, row_limit: int) -> Looks:
    """Look at all text columns, each label column by the first of them."""
    first = next(iter(labels), None)
    noise: list[ColumnNoise] = []
    extremes: list[Extremes] = []
    for column, values in data.texts.items():
        at = sample(data.rows, row_limit)
        texts = columns.take(values, at)
        classes = columns.named([data.labels[first][row] for row in at], labels[first]) if first else []
        leading = column == next(iter(data.texts))
        extremes += text_extremes(column, texts, classes, at)
        if leading:
            for label in list(labels)[:NOISE_LABELS]:
                doubted, ends = _noise(data, column, label, labels[label])
                noise.append(doubted)
                extremes += ends if label == first else ()
    return Looks(noise=tuple(noise), extremes=tuple(extremes))


def maps_of(
    made: columns.Columns,
    labels: Mapping[str, Sequence[str]],
    *,
    row_limit: int,
    real: RealRows | None = None,
) -> tuple[TextMap, ...]:
    """Return a map of each text column of rows that are not real; on that of one the `real` texts stand beside."""
    maps = (_map(made, column, labels, row_limit, real) for column in made.texts)
    return tuple(each for each in maps if each is not None)


def _map(
    made: columns.Columns,
    column: str,
    labels: Mapping[str, Sequence[str]],
    row_limit: int,
    real: RealRows | None,
) -> TextMap | None:
    first = next(iter(labels), None)
    at = sample(made.rows, row_limit)
    beside = real if real is not None and column == (real.of or next(iter(made.texts))) else None
    found = text_map(
        column,
        columns.take(made.texts[column], at),
        columns.named([made.labels[first][row] for row in at], labels[first]) if first else [],
        labels[first] if first else (),
        real=beside.texts if beside else (),
        real_classes=beside.labels if beside else (),
    )
    if found is None or beside is None or beside.public:
        return found
    kept = zip(found.texts, found.real, strict=True)
    return replace(found, texts=tuple("" if is_real else text for text, is_real in kept))


def _noise(
    data: columns.Columns, column: str, label: str, names: Sequence[str]
) -> tuple[ColumnNoise, tuple[Extremes, ...]]:
    place = {name: at for at, name in enumerate(names)}
    given = columns.named(data.labels[label], names)
    rows = [row for row, name in enumerate(given) if name]

    def unmeasured(reason: str) -> tuple[ColumnNoise, tuple[Extremes, ...]]:
        return ColumnNoise(column=column, label=label, of_rows=len(rows), figures=None, reason=reason), ()

    if len(rows) < NOISE_LEAST:
        return unmeasured(f"too few rows ({len(rows):,}, at least {NOISE_LEAST} are needed)")
    if len(names) > NOISE_CELLS // NOISE_LEAST:
        return unmeasured(f"{len(names):,} classes are too many")
    if not out_of_fold.available():
        return unmeasured("scikit-learn is not there: pip install 'synth-datasets[quality]'")
    chosen = [rows[at] for at in sample(len(rows), min(NOISE_ROWS, NOISE_CELLS // len(names)))]
    labels = [place[given[row]] for row in chosen]
    texts = columns.take(data.texts[column], chosen)
    if len(set(labels)) < 2:  # noqa: PLR2004 - nothing to confuse
        return unmeasured("all rows have one label")
    predicted = out_of_fold.predict_out_of_fold(texts, labels, len(names))
    found = noise_figures(texts, labels, names, rows=chosen, predicted=predicted)
    return (
        ColumnNoise(column=column, label=label, of_rows=len(rows), figures=found),
        (
            _believed(
                column, predicted, labels=labels, texts=texts, names=[names[at] for at in labels], rows=chosen
            ),
        ),
    )


def _believed(
    column: str,
    predicted: OutOfFold,
    *,
    labels: Sequence[int],
    texts: Sequence[str],
    names: Sequence[str],
    rows: Sequence[int],
) -> Extremes:
    own = {at: float(predicted.probabilities[at, label]) for at, label in enumerate(labels)}
    return extremes_of(column, "label_probability", own, texts=texts, labels=names, rows=rows)
