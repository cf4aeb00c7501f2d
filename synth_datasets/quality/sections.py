"""The figures of one split, of all of them together, and of one split beside another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from synth_datasets.quality import columns
from synth_datasets.quality.boilerplate import boilerplate_rate
from synth_datasets.quality.diversity import compression_ratio, distinct_n
from synth_datasets.quality.duplicates import duplicate_rate, split_overlap
from synth_datasets.quality.figures import ColumnOverlap, Section, TextFigures
from synth_datasets.quality.funnel import rejection_funnel
from synth_datasets.quality.labels import label_distribution
from synth_datasets.quality.lengths import length_distribution
from synth_datasets.quality.personal import personal_data_rate
from synth_datasets.quality.repetition import openings, repetition_rate
from synth_datasets.quality.sampling import sample
from synth_datasets.quality.tokens import unspaced_share
from synth_datasets.quality.verdicts import FEW_ROWS
from synth_datasets.validation.outcome import Tally

__all__ = ["SectionSettings", "overlaps_of", "section", "text_figures", "total_asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionSettings:
    """How sections are measured."""

    labels: Mapping[str, Sequence[str]]
    """The class names by label column."""
    first: str | None
    """The label column by which lengths are told; None without one."""
    row_limit: int
    threshold: float
    """Likeness from which rows are near duplicates."""


def section(
    data: columns.Columns,
    settings: SectionSettings,
    asked: Mapping[str, Mapping[str, int]] | None,
    tallies: Sequence[Tally],
) -> Section:
    """Measure the rows of a split, or of all; `asked` are the rows asked for by label column and class."""
    positions = sample(data.rows, settings.row_limit)
    classes = [data.labels[settings.first][row] for row in positions] if settings.first else []
    named = columns.named(classes, settings.labels[settings.first]) if settings.first else []
    return Section(
        rows=data.rows,
        labels={
            column: label_distribution(values, settings.labels[column], (asked or {}).get(column))
            for column, values in data.labels.items()
        },
        texts={
            column: text_figures(columns.take(values, positions), named, settings)
            for column, values in data.texts.items()
        },
        funnel=rejection_funnel(tallies) if tallies else None,
    )


def text_figures(texts: Sequence[str], classes: Sequence[str], settings: SectionSettings) -> TextFigures:
    """Measure texts; `classes` are the names of their classes, or empty."""
    lengths = length_distribution(texts)
    names = settings.labels[settings.first] if settings.first else ()
    by_class: dict[str, list[str]] = {name: [] for name in names if name in set(classes)}
    for text, name in zip(texts, classes, strict=False):
        if name in by_class:
            by_class[name].append(text)
    enough = len(texts) >= FEW_ROWS
    return TextFigures(
        measured_rows=len(texts),
        unspaced=unspaced_share(texts),
        lengths=lengths,
        lengths_by_class={name: length_distribution(each, like=lengths) for name, each in by_class.items()},
        boilerplate=boilerplate_rate(texts),
        duplicates=duplicate_rate(texts, threshold=settings.threshold),
        distinct=tuple(distinct_n(texts, n) for n in (1, 2, 3)) if enough else None,
        compression=compression_ratio(texts) if enough else None,
        repetition=repetition_rate(texts) if enough else None,
        openings=openings(texts) if enough else None,
        personal=personal_data_rate(texts),
    )


def overlaps_of(
    data: Mapping[str, columns.Columns], text_columns: Sequence[str], settings: SectionSettings
) -> tuple[ColumnOverlap, ...]:
    """Compare each split with each that comes before it, column by column."""

    def texts(split: str, column: str) -> list[str]:
        return columns.take(data[split].texts[column], sample(data[split].rows, settings.row_limit))

    return tuple(
        ColumnOverlap(
            column=column,
            earlier=earlier,
            later=later,
            overlap=split_overlap(texts(later, column), texts(earlier, column), threshold=settings.threshold),
        )
        for column in text_columns
        for earlier, later in combinations(data, 2)
    )


def total_asked(
    asked: Mapping[str, Mapping[str, Mapping[str, int]]], splits: Iterable[str]
) -> dict[str, dict[str, int]] | None:
    """Add up what was asked of all splits; None for a column unless every split asks something of it."""
    parts = [asked.get(split, {}) for split in splits]
    common = [column for column in (parts[0] if parts else {}) if all(column in part for part in parts)]
    total: dict[str, dict[str, int]] = {}
    for column in common:
        counts = total.setdefault(column, {})
        for part in parts:
            for name, count in part[column].items():
                counts[name] = counts.get(name, 0) + count
    return total
