"""Measure a dataset: from tables, what was asked and what was rejected to one report."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from synth_datasets.quality import columns, document
from synth_datasets.quality.beside_real import BesideReal, compare_figures
from synth_datasets.quality.bias import BiasPlan, bias_beside, measure_bias
from synth_datasets.quality.bias_figures import BiasFigures
from synth_datasets.quality.comparison import Against
from synth_datasets.quality.completed import CompletedFigures
from synth_datasets.quality.duplicates import NEAR
from synth_datasets.quality.embeddings import Embed
from synth_datasets.quality.extremes import Extremes
from synth_datasets.quality.figures import (
    ColumnOverlap,
    FamilyVerdict,
    Measured,
    NearCheck,
    RejectionExamples,
    SampleRow,
    Section,
)
from synth_datasets.quality.judged_real import judge_real
from synth_datasets.quality.looks import ColumnNoise, look, maps_of
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.quality.sections import SectionSettings, overlaps_of, section, total_asked
from synth_datasets.quality.shown_rows import rejection_examples, sample_rows
from synth_datasets.quality.text_map import TextMap
from synth_datasets.quality.truth import judge_bias, judge_truth
from synth_datasets.quality.verdicts import judge_families
from synth_datasets.quality.votes import VoteFigures
from synth_datasets.validation.outcome import Rejection, Tally

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = ["FORMAT", "QualityReport", "measure", "set_beside"]

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
    """What was asked for by name; a build asks for what its adapter remembers, where it has one."""
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
    real: tuple[BesideReal, ...] = ()
    """A text column beside real rows, where some are given, or the spec has some (`mix`, `seeds`)."""
    near_checks: tuple[NearCheck, ...] = ()
    """Of the text columns whose near duplicates the spec refuses; the figures count from a likeness of their own on."""
    against: Against | None = None
    """An earlier report beside this one, where that was asked for; a build asks for none."""

    def to_json(self) -> str:
        """Return the report as JSON text with a final newline; `json_schema` describes it."""
        return json.dumps(document.plain(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "QualityReport":
        """Read what `to_json` wrote; raise ValueError that says what does not fit."""
        try:
            value = json.loads(text)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
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
    near_checks: Sequence[NearCheck] = (),
    samples_by_class: int = 3,
    votes: Sequence[VoteFigures] = (),
    completed: CompletedFigures | None = None,
    bias: BiasPlan | None = None,
    real: RealRows | None = None,
    real_at: Sequence[int] = (),
    embed: Embed | None = None,
) -> QualityReport:
    """Measure the splits in `tables`, each alone and all together, in about 0.35 ms a row of short text.

    `label_columns` gives the class names of each label column (its values are positions in them, or names),
    `asked` the rows by split, label column and class, `tallies` the counts by split, `rejections` is read
    once, in order, and three answers a reason are kept; `bias` names the attributes to look at, and `near_checks` what
    the report tells of the checks. `real` are real rows to set beside these, in all figures and on the map, by `embed`
    if that is given; `real_at` the positions of those that stand among the rows, counted over all splits: without
    `real` they are what the others are compared with. Order of splits, columns and rows matters: the first split is
    the one that later ones must not overlap. Raises KeyError for a column that a table lacks and ValueError for one
    that holds no text.
    """
    labels, tallies, asked = label_columns or {}, tallies or {}, asked or {}
    first_label = next(iter(labels), None)
    data = {split: columns.read(table, text_columns, labels) for split, table in tables.items()}
    settings = SectionSettings(
        labels=labels, first=first_label, row_limit=row_limit, threshold=near_threshold
    )
    splits = {
        split: section(each, settings, asked.get(split), [tallies[split]] if split in tallies else [])
        for split, each in data.items()
    }
    together = columns.concatenate(list(data.values()), text_columns, labels)
    if len(splits) == 1:
        whole = next(iter(splits.values()))
    else:
        whole = section(
            together,
            settings,
            total_asked(asked, tables),
            [tallies[split] for split in tables if split in tallies],
        )
    looks = look(together, labels, row_limit=row_limit)
    report = QualityReport(
        format=FORMAT,
        title=title,
        row_limit=row_limit,
        verdicts=(),
        whole=whole,
        splits=splits,
        overlaps=overlaps_of(data, text_columns, settings),
        samples=sample_rows(tables, data, labels, samples_by_class),
        rejections=rejection_examples(rejections),
        votes=tuple(votes),
        noise=looks.noise,
        completed=completed,
        extremes=looks.extremes,
        near_checks=tuple(near_checks),
    )
    return set_beside(
        *(report, tables, together),
        labels=labels,
        near_threshold=near_threshold,
        bias=bias,
        real=real,
        real_at=real_at,
        embed=embed,
    )


def set_beside(
    report: QualityReport,
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    together: columns.Columns,
    *,
    labels: Mapping[str, Sequence[str]],
    near_threshold: float = NEAR,
    bias: BiasPlan | None = None,
    real: RealRows | None = None,
    real_at: Sequence[int] = (),
    embed: Embed | None = None,
) -> QualityReport:
    """Return the report with what real rows have a part in measured anew; all else stays, as it is of the same rows.

    `together` are the columns of all `tables` (`columns.read_all`); the other parameters are those of `measure`.
    """
    made = columns.without(together, real_at) if real_at else together
    real = real or _among(together, real_at, labels)
    compared = _beside(made, real, labels, near_threshold, embed)
    biased = None if bias is None else _bias(report.bias, bias, tables, together, labels)
    more_families = {
        "truth": judge_truth(report.votes, report.noise),
        "bias": judge_bias(biased),
        "real": judge_real(compared),
    }
    return replace(
        report,
        verdicts=judge_families(
            *(report.splits, report.whole, report.overlaps),
            {name: found for name, found in more_families.items() if found},
        ),
        bias=biased,
        maps=maps_of(made, labels, row_limit=report.row_limit, real=real),
        real=compared,
    )


def _among(data: columns.Columns, at: Sequence[int], labels: Mapping[str, Sequence[str]]) -> RealRows | None:
    """Return the real rows that stand among the others, by the first text column; None without any."""
    texts = next(iter(data.texts.values()), None)
    if not at or texts is None:
        return None
    first = next(iter(labels), None)
    return RealRows(
        texts=columns.take(texts, at),
        labels=columns.named([data.labels[first][row] for row in at], labels[first]) if first else [],
        source="the real rows of this dataset",
        public=True,
    )


def _beside(
    made: columns.Columns,
    real: RealRows | None,
    labels: Mapping[str, Sequence[str]],
    threshold: float,
    embed: Embed | None,
) -> tuple[BesideReal, ...]:
    column = (real.of if real else "") or next(iter(made.texts), "")
    if real is None or not real.texts or column not in made.texts or not made.rows:
        return ()
    first = next(iter(labels), None)
    names = labels[first] if first else ()
    classes = columns.named(made.labels[first], names) if first else []
    texts = columns.take(made.texts[column], range(made.rows))
    return (compare_figures(column, texts, classes, names, real, threshold=threshold, embed=embed),)


def _bias(
    known: BiasFigures | None,
    plan: BiasPlan,
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    data: columns.Columns,
    labels: Mapping[str, Sequence[str]],
) -> BiasFigures:
    label, text = plan.bias.label, plan.bias.text
    names = labels.get(label or "", ())
    given = (
        columns.take(data.texts[text], range(data.rows)) if text is not None and text in data.texts else [],
        columns.named(data.labels[label], names) if label is not None and label in data.labels else [],
        names,
        {
            each.name: columns.worded(tables, each.name, labels.get(each.name))
            for each in plan.bias.attributes
            if not each.terms
        },
    )
    return measure_bias(plan, *given) if known is None else bias_beside(plan, *given, known=known)
