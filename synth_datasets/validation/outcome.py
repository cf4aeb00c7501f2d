"""What an answer turned out to be: values for a row, or a rejection with its reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from synth_datasets.plan.row import RowKey

__all__ = ["Example", "Missing", "Rejection", "Source", "Tally"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An answer that no row uses, kept whole."""

    row: RowKey
    column: str
    attempt: int
    reason: str
    """One of a fixed set of snake_case words, such as `too_short`, `refusal`, `near_duplicate`."""
    detail: str
    """What was found, for a person: `12 characters, at least 20 are asked for`."""
    text: str
    """The raw answer; empty when the request itself failed."""
    key: str
    """The request's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one model column of one example comes from."""

    column: str
    attempt: int
    key: str
    seed: int
    messages: tuple[tuple[str, str], ...]
    """Role and content of every message that was sent."""
    text: str
    """The raw answer."""
    model: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One accepted row."""

    row: RowKey
    values: Mapping[str, object]
    """Every column, hidden ones included, in the order of the spec."""
    sources: tuple[Source, ...]
    rejections: tuple[Rejection, ...]
    """What this row rejected before it was accepted, in the order it was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A row whose attempts are used up: every answer for one of its columns was rejected."""

    row: RowKey
    column: str
    """The model column that is short."""
    rejections: tuple[Rejection, ...]


@dataclass(slots=True)
class Tally:
    """Counts over one split: a function of the spec and the answers, not of the run."""

    answers: int = 0
    """Answers that were judged, accepted or not; one a model column and attempt."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Rows by stratum."""
    rejected: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Answers by stratum, column and reason."""
    missing: Counter[str] = field(default_factory=Counter)
    """Rows whose attempts are used up, by stratum."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
