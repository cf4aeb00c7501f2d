"""What a quality report holds: figures by split and column, verdicts, and rows to look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from synth_datasets.quality.boilerplate import BoilerplateFigures
from synth_datasets.quality.diversity import CompressionFigures, DistinctFigures
from synth_datasets.quality.duplicates import DuplicateFigures, OverlapFigures
from synth_datasets.quality.funnel import Funnel
from synth_datasets.quality.labels import LabelFigures
from synth_datasets.quality.lengths import LengthFigures
from synth_datasets.quality.personal import PersonalFigures
from synth_datasets.quality.repetition import OpeningFigures, RepetitionFigures

__all__ = [
    "ColumnOverlap",
    "FamilyVerdict",
    "Measured",
    "NearCheck",
    "RejectedAnswer",
    "RejectionExamples",
    "SampleRow",
    "Section",
    "TextFigures",
    "Verdict",
]

Verdict = Literal["pass", "warn", "fail", "unmeasured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearCheck:
    """What the spec's check on near duplicates refused in a text column, on any split."""

    column: str
    threshold: float
    """Likeness from which the later text was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFigures:
    """The figures of one text column."""

    measured_rows: int
    """Rows that were looked at; fewer than the section's when it is larger than the report's row limit."""
    unspaced: float
    """Share of words that are single characters, for their script has no spaces."""
    lengths: LengthFigures
    lengths_by_class: Mapping[str, LengthFigures]
    """By class of the first label column, with the same bins; empty without one."""
    boilerplate: BoilerplateFigures
    duplicates: DuplicateFigures
    distinct: tuple[DistinctFigures, ...] | None
    """For n = 1, 2, 3; None: too few rows."""
    compression: CompressionFigures | None
    """None: too few rows."""
    repetition: RepetitionFigures | None
    """None: too few rows."""
    openings: OpeningFigures | None
    """None: too few rows."""
    personal: PersonalFigures | None = None
    """None: the report was made before this was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The figures of one split, or of all splits together."""

    rows: int
    labels: Mapping[str, LabelFigures]
    """By label column."""
    texts: Mapping[str, TextFigures]
    """By text column."""
    funnel: Funnel | None
    """None when no tally was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOverlap:
    """What one text column of a split has in common with that of an earlier split."""

    column: str
    earlier: str
    later: str
    overlap: OverlapFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A figure that was asked for by name, of one text column over all splits."""

    name: str
    column: str
    rows: int
    """Rows that were looked at."""
    values: Mapping[str, float | None]
    """By what each is called; None: it could not be measured, and `notes` say why."""
    direction: str
    """Which way is better, in words."""
    source: str
    """The paper or library that defines it; empty for one's own."""
    limits: str
    """What it cannot tell."""
    notes: tuple[str, ...]
    """What the numbers rest on: words, examples, baselines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyVerdict:
    """What one family of figures says, and why."""

    family: str
    verdict: Verdict
    reasons: tuple[str, ...]
    """At least one sentence, with the figure and the bound that it met or missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """A row to look at."""

    split: str
    position: int
    """Counts from 0 within the split."""
    values: Mapping[str, str]
    """By column, as text, clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedAnswer:
    """An answer that no row uses, to look at."""

    row: str
    column: str
    attempt: int
    detail: str
    text: str
    """Clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionExamples:
    """The first answers that were rejected for one reason."""

    reason: str
    count: int
    """Of those that were handed in; the funnel has the counts of the build."""
    examples: tuple[RejectedAnswer, ...]
