"""Measure a dataset: from tables, what was asked and what was rejected to one report."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from synth_datasets.quality import columns, document
from synth_datasets.quality.bias import BiasFigures, BiasPlan, RealRows, measure_bias
from synth_datasets.quality.boilerplate import boilerplate_rate
from synth_datasets.quality.clip import clip
from synth_datasets.quality.comparison import Against
from synth_datasets.quality.completed import CompletedFigures
from synth_datasets.quality.diversity import compression_ratio, distinct_n
from synth_datasets.quality.duplicates import NEAR, duplicate_rate, split_overlap
from synth_datasets.quality.extremes import Extremes
from synth_datasets.quality.figures import (
    ColumnOverlap,
    FamilyVerdict,
    Measured,
    RejectedAnswer,
    RejectionExamples,
    SampleRow,
    Section,
    TextFigures,
)
from synth_datasets.quality.funnel import rejection_funnel
from synth_datasets.quality.labels import label_distribution
from synth_datasets.quality.lengths import length_distribution
from synth_datasets.quality.looks import ColumnNoise, look
from synth_datasets.quality.personal import personal_data_rate
from synth_datasets.quality.repetition import openings, repetition_rate
from synth_datasets.quality.sampling import sample, shuffled
from synth_datasets.quality.text_map import TextMap
from synth_datasets.quality.tokens import unspaced_share
from synth_datasets.quality.truth import judge_bias, judge_truth
from synth_datasets.quality.verdicts import FEW_ROWS, judge_families
from synth_datasets.quality.votes import VoteFigures
from synth_datasets.validation.outcome import Rejection, Tally

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = ["FORMAT", "QualityReport", "measure"]

FORMAT = 1
ROW_LIMIT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """Everything measured about one dataset: a function of the data, so equal data gives equal bytes."""

    format: int
    """1. A reader of this format passes over keys that it does not know."""
    title: str
    row_limit: int
    """Text figures look at no more rows than this, of each split and of the whole; `measured_rows` says how
    many."""
    verdicts: tuple[FamilyVerdict, ...]
    whole: Section
    splits: Mapping[str, Section]
    overlaps: tuple[ColumnOverlap, ...]
    """By text column, each split against each that comes before it."""
    samples: Mapping[str, tuple[SampleRow, ...]]
    """By class of the first label column, or by split when there is none: a fixed random draw."""
    rejections: tuple[RejectionExamples, ...]
    """The most frequent reason first."""
    more: tuple[Measured, ...] = ()
    """What was asked for by name; a build asks for none."""
    votes: tuple[VoteFigures, ...] = ()
    """Of the labels that were verified."""
    noise: tuple[ColumnNoise, ...] = ()
    """Of the first label columns."""
    bias: BiasFigures | None = None
    """None unless the spec declares attributes."""
    completed: CompletedFigures | None = None
    """None unless a split completes real data."""
    maps: tuple[TextMap, ...] = ()
    extremes: tuple[Extremes, ...] = ()
    against: Against | None = None
    """An earlier report beside this one, where that was asked for; a build asks for none."""

    def to_json(self) -> str:
        """Return the report as JSON text with a final newline; `json_schema` describes it."""
        return json.dumps(document.plain(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "QualityReport":
        """Read what `to_json` wrote; raise ValueError that says what does not fit."""
        value = json.loads(text)
        found = value.get("format") if isinstance(value, dict) else None
        if found != FORMAT:
            raise ValueError(
                f"this is no quality report of format {FORMAT} (its format is {found!r}); measure again"
            )
        return document.restore(cls, value)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of `to_json`."""
        found = document.schema(QualityReport)
        properties = {**found["properties"], "format": {"const": FORMAT}}
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "properties": properties}


def measure(
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    *,
    text_columns: Sequence[str],
    label_columns: Mapping[str, Sequence[str]] | None = None,
    asked: Mapping[str, Mapping[str, Mapping[str, int]]] | None = None,
    tallies: Mapping[str, Tally] | None = None,
    rejections: Iterable[Rejection] = (),
    title: str = "",
    row_limit: int = ROW_LIMIT,
    near_threshold: float = NEAR,
    samples_by_class: int = 3,
    votes: Sequence[VoteFigures] = (),
    completed: CompletedFigures | None = None,
    bias: BiasPlan | None = None,
    real: RealRows | None = None,
) -> QualityReport:
    """Measure the splits in `tables`, each alone and all together, in about 0.35 ms a row of short text.

    `label_columns` gives the class names of each label column (its values are positions in them, or names),
    `asked` the rows by split, label column and class, `tallies` the counts by split, `rejections` is read
    once, in order, and three answers a reason are kept; `bias` names the attributes to look at, `real` gives
    real rows to show beside these on the map. Order of splits, columns and rows matters: the first split is the
    one that later ones must not overlap. Raises KeyError for a column that a table lacks and ValueError for one
    that holds no text.
    """
    labels, tallies, asked = label_columns or {}, tallies or {}, asked or {}
    first_label = next(iter(labels), None)
    data = {split: columns.read(table, text_columns, labels) for split, table in tables.items()}
    settings = _Settings(labels=labels, first=first_label, row_limit=row_limit, threshold=near_threshold)
    splits = {
        split: _section(each, settings, asked.get(split), [tallies[split]] if split in tallies else [])
        for split, each in data.items()
    }
    together = columns.concatenate(list(data.values()), text_columns, labels)
    if len(splits) == 1:
        whole = next(iter(splits.values()))
    else:
        whole = _section(
            together,
            settings,
            _total(asked, tables),
            [tallies[split] for split in tables if split in tallies],
        )
    overlaps = _overlaps(data, text_columns, settings)
    looks = look(together, labels, row_limit=row_limit, real=real)
    biased = None if bias is None else _bias(bias, tables, together, labels)
    more_families = {"truth": judge_truth(votes, looks.noise), "bias": judge_bias(biased)}
    return QualityReport(
        format=FORMAT,
        title=title,
        row_limit=row_limit,
        verdicts=judge_families(
            splits, whole, overlaps, {name: found for name, found in more_families.items() if found}
        ),
        whole=whole,
        splits=splits,
        overlaps=overlaps,
        samples=_samples(tables, data, labels, samples_by_class),
        rejections=_rejected(rejections),
        votes=tuple(votes),
        noise=looks.noise,
        bias=biased,
        completed=completed,
        maps=looks.maps,
        extremes=looks.extremes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    labels: Mapping[str, Sequence[str]]
    first: str | None
    row_limit: int
    threshold: float


def _section(
    data: columns.Columns,
    settings: _Settings,
    asked: Mapping[str, Mapping[str, int]] | None,
    tallies: Sequence[Tally],
) -> Section:
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
            column: _figures(columns.take(values, positions), named, settings)
            for column, values in data.texts.items()
        },
        funnel=rejection_funnel(tallies) if tallies else None,
    )


def _figures(texts: Sequence[str], classes: Sequence[str], settings: _Settings) -> TextFigures:
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


def _bias(
    plan: BiasPlan,
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    data: columns.Columns,
    labels: Mapping[str, Sequence[str]],
) -> BiasFigures:
    label, text = plan.bias.label, plan.bias.text
    names = labels.get(label or "", ())
    return measure_bias(
        plan,
        columns.take(data.texts[text], range(data.rows)) if text is not None and text in data.texts else [],
        columns.named(data.labels[label], names) if label is not None and label in data.labels else [],
        names,
        {
            each.name: columns.worded(tables, each.name, labels.get(each.name))
            for each in plan.bias.attributes
            if not each.terms
        },
    )


def _overlaps(
    data: Mapping[str, columns.Columns], text_columns: Sequence[str], settings: _Settings
) -> tuple[ColumnOverlap, ...]:
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


def _total(
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


def _samples(
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    data: Mapping[str, columns.Columns],
    labels: Mapping[str, Sequence[str]],
    count: int,
) -> dict[str, tuple[SampleRow, ...]]:
    """Draw rows for each class, from the first split as far as it has them."""
    first = next(iter(labels), None)
    found: dict[str, list[SampleRow]] = {name: [] for name in (labels[first] if first else tables)}
    for split, each in data.items():
        names = columns.named(each.labels[first], labels[first]) if first else [split] * each.rows
        for position in shuffled(each.rows):
            chosen = found.get(names[position])
            if chosen is not None and len(chosen) < count:
                chosen.append(
                    SampleRow(
                        split=split, position=position, values=columns.shown(tables[split], position, labels)
                    )
                )
            if all(len(rows) >= count for rows in found.values()):
                break
    return {name: tuple(rows) for name, rows in found.items() if rows}


def _rejected(rejections: Iterable[Rejection]) -> tuple[RejectionExamples, ...]:
    counts: dict[str, int] = {}
    examples: dict[str, list[RejectedAnswer]] = {}
    for each in rejections:
        counts[each.reason] = counts.get(each.reason, 0) + 1
        kept = examples.setdefault(each.reason, [])
        if len(kept) < 3:  # noqa: PLR2004 - enough to see what the reason means
            kept.append(
                RejectedAnswer(
                    row=str(each.row),
                    column=each.column,
                    attempt=each.attempt,
                    detail=clip(each.detail),
                    text=clip(each.text),
                )
            )
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        RejectionExamples(reason=reason, count=count, examples=tuple(examples[reason]))
        for reason, count in ranked
    )
