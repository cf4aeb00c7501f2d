"""What measures by name are given, and what they find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synth_datasets.quality.embeddings import Embed
from synth_datasets.quality.scorers import Scorer

__all__ = ["Found", "Material"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What there is to measure of one text column; None: it is not at hand."""

    texts: Sequence[str]
    labels: Sequence[str] | None = None
    """The label of each row, '' for none."""
    groups: Sequence[str] | None = None
    """What rows that belong together share, such as a review's id; they stand in their order."""
    prompts: Sequence[str] | None = None
    """The prompt of each row."""
    seeds: Sequence[str] | None = None
    """The real rows that prompts could show."""
    language: str | None = None
    """The code of the language that the texts are to be in."""
    languages: Sequence[str] = ()
    """The languages that the texts are said to be in; empty: nothing is said."""
    real: Sequence[str] | None = None
    real_labels: Sequence[str] | None = None
    """The label of each real row, '' for none."""
    test: Sequence[str] | None = None
    embed: Embed | None = None
    """None: the embedding that needs no model."""
    scorer: Scorer | None = None
    """A small language model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a measure found: numbers by name, and what they rest on."""

    rows: int
    values: Mapping[str, float | None]
    notes: tuple[str, ...] = ()
