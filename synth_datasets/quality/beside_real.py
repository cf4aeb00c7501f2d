"""Each general figure of made rows beside the same figure of as many real rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from synth_datasets.quality import out_of_fold
from synth_datasets.quality.embeddings import Embed
from synth_datasets.quality.figures import TextFigures
from synth_datasets.quality.real import RealFigures, compare_with_real, length_distance
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.quality.sampling import sample, shuffled
from synth_datasets.quality.sections import SectionSettings, text_figures
from synth_datasets.quality.two_sample import TwoSampleFigures, two_sample_test

__all__ = ["BesideReal", "FigurePair", "compare_figures", "figure_pairs"]

ROWS = 5_000
NEED = "scikit-learn is not there: pip install 'synth-datasets[quality]'"

Unit = Literal["share", "number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePair:
    """One figure of made rows and of real ones, at one number of rows."""

    name: str
    unit: Unit
    made: float | None
    """None: not measured, as in `real`."""
    real: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideReal:
    """One text column beside real rows."""

    column: str
    source: str
    """What the real rows are."""
    digest: str
    """SHA-256 of their file; empty where they are part of the dataset or its spec."""
    rows: int
    """Rows of each side, drawn at random: most figures change with their number."""
    of_made: int
    of_real: int
    figures: tuple[FigurePair, ...]
    length_distance: float | None
    """Kolmogorov and Smirnov's distance of lengths in words, from one half of the real rows."""
    length_distance_of_real: float | None
    """That of the other half."""
    likeness: RealFigures | None
    """Precision, recall, density, coverage, Fréchet's distance and the Vendi score. None without scikit-learn."""
    told_apart: TwoSampleFigures | None
    """Whether a classifier tells made rows from real ones. None without scikit-learn."""
    notes: tuple[str, ...] = ()
    """What was not measured, and why."""


def compare_figures(
    column: str,
    texts: Sequence[str],
    labels: Sequence[str],
    names: Sequence[str],
    real: RealRows,
    *,
    threshold: float,
    embed: Embed | None = None,
) -> BesideReal:
    """Measure as many made rows as real ones, 5,000 of each at most, and set the figures side by side.

    `labels` are class names, or empty. Some 0.7 ms for each row of a side, and two seconds for the classifier and the
    embedding. Figures of real rows are no goal by themselves: real rows hold typos, copies and other people's data.
    """
    rows = min(len(texts), len(real.texts), ROWS)
    settings = SectionSettings(labels={}, first=None, row_limit=rows, threshold=threshold)
    sides: list[tuple[TextFigures, list[str]]] = []
    for given, classes in ((texts, labels), (real.texts, real.labels)):
        at = sample(len(given), rows)
        sides.append(
            (
                text_figures([given[row] for row in at], [], settings),
                [classes[row] for row in at] if classes else [],
            )
        )
    (made, made_labels), (true, real_labels) = sides
    half, other = _halves(real.texts, rows)
    skilled = out_of_fold.available()
    told = two_sample_test(texts, real.texts) if skilled else None
    return BesideReal(
        column=column,
        source=real.source,
        digest=real.digest,
        rows=rows,
        of_made=len(texts),
        of_real=len(real.texts),
        figures=(*figure_pairs(made, true), *_classes(made_labels, real_labels, names)),
        length_distance=length_distance([texts[row] for row in sample(len(texts), len(half))], half),
        length_distance_of_real=length_distance(other, half),
        likeness=compare_with_real(texts, real.texts, embed=embed) if skilled else None,
        told_apart=told if told is None or real.public else replace(told, real_words=()),
        notes=() if skilled else (NEED,),
    )


def figure_pairs(made: TextFigures, real: TextFigures) -> tuple[FigurePair, ...]:
    """Return each figure that one of both sides has."""
    ours, theirs = dict(_figures(made)), dict(_figures(real))
    return tuple(
        FigurePair(name=name, unit=unit, made=value, real=theirs[name, unit])
        for (name, unit), value in ours.items()
        if value is not None or theirs[name, unit] is not None
    )


def _figures(found: TextFigures) -> Iterator[tuple[tuple[str, Unit], float | None]]:
    yield ("words, median", "number"), found.lengths.words.median
    yield ("characters, median", "number"), found.lengths.characters.median
    yield ("word for word duplicates", "share"), found.duplicates.exact
    yield ("near duplicates", "share"), found.duplicates.near
    yield ("boilerplate", "share"), found.boilerplate.rate
    yield ("personal data", "share"), found.personal.rate if found.personal else None
    for n in (1, 2, 3):
        distinct = next((each for each in found.distinct or () if each.n == n), None)
        yield (f"distinct-{n}", "share"), distinct.value if distinct and distinct.comparable else None
    yield ("compression ratio", "number"), found.compression.value if found.compression else None
    repeated, begun = found.repetition, found.openings
    yield ("rows sharing 8 words in a row", "share"), repeated.self_repetition if repeated else None
    yield ("rows with a phrase that 1 % share", "share"), repeated.template_rate if repeated else None
    yield ("rows with a top-10 opening", "share"), begun.concentration if begun else None


def _classes(made: Sequence[str], real: Sequence[str], names: Sequence[str]) -> tuple[FigurePair, ...]:
    ours, theirs = _shares(made, names), _shares(real, names)
    if not ours or not theirs:
        return ()
    return tuple(
        FigurePair(name=f"rows labelled {name}", unit="share", made=ours[name], real=theirs[name])
        for name in names
    )


def _shares(labels: Sequence[str], names: Sequence[str]) -> Mapping[str, float]:
    total = sum(label in names for label in labels)
    return {name: labels.count(name) / total for name in names} if total else {}


def _halves(texts: Sequence[str], rows: int) -> tuple[list[str], list[str]]:
    """Part real rows at random into two sets of one size."""
    order = shuffled(len(texts))
    size = min(rows, len(texts) // 2)
    return [texts[row] for row in order[:size]], [texts[row] for row in order[size : 2 * size]]
