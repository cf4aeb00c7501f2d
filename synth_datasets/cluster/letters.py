"""What a worker writes to the driver; each letter is answered, and does no harm when it arrives twice."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.spent import Need, Spent
from synth_datasets.plan.request import Request

__all__ = [
    "GetFailures",
    "GetMany",
    "Letter",
    "PutFailures",
    "PutMany",
    "Release",
    "Report",
    "Reserve",
    "Settle",
    "Take",
]


@dataclass(frozen=True, slots=True)
class GetMany:
    """Asks for the answers that the store has."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GetFailures:
    """Asks how requests failed."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PutMany:
    """Brings answers; the reply, once all are on disk, holds those that the store keeps in place of these."""

    pairs: Sequence[tuple[Request, Answer]]


@dataclass(frozen=True, slots=True)
class PutFailures:
    """Says how requests failed."""

    pairs: Sequence[tuple[Request, RequestFailedError]]


@dataclass(frozen=True, slots=True)
class Take:
    """Claims requests; the reply is which of them."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """Gives claims up: those, or all."""

    keys: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Reserve:
    """Asks to send a request once; the reply, when caps and limits a minute let it go, is the most that it can use."""

    number: int
    """Of this try, among those of the worker."""
    need: Need


@dataclass(frozen=True, slots=True)
class Settle:
    """Says what tries have used, by their numbers; those that nobody had to let go have none."""

    used: tuple[tuple[int | None, Spent], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Says how far the worker is with its part."""

    asked: int
    reused: int
    accepted: int
    rejected: int


Letter = GetMany | GetFailures | PutMany | PutFailures | Take | Release | Reserve | Settle | Report
