"""What is to be asked in batches: requests, the queue of each model, and the batches under way."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from synth_datasets.generation.answer import Answer
from synth_datasets.generation.batch_api import Standing
from synth_datasets.generation.batch_state import BatchRecord
from synth_datasets.generation.budget import Bill
from synth_datasets.plan.request import Request

__all__ = ["Asked", "Batch", "BatchPolicy", "Queue", "summary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPolicy:
    """How much trouble is put up with; times in seconds."""

    first_look: float = 0.1
    """How long after a submission the batches are first looked at, as a part of the longest interval."""
    growth: float = 1.5
    tries: int = 3
    """How often a request may come back without an answer."""
    patience_s: float = 3600.0
    """How long nothing but failed calls means that the endpoint is away and not gone."""
    limit_patience_s: float = 26 * 3600.0
    """How long a full queue is waited for: others' batches take up to a day."""


@dataclass(slots=True, eq=False)
class Asked:
    """One request, from when it was asked until it is answered or fails."""

    request: Request
    future: asyncio.Future[Answer | None]
    """None: it is to be asked live."""
    bill: Bill
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it has been asked live."""
    tries: int = 0
    """How often it came back without an answer."""


@dataclass(slots=True)
class Queue:
    """What is to be submitted for one model, and how much at once the account's limits let through."""

    model: str
    size: int
    """The most requests of one batch."""
    most: int = 1000
    """The most batches at once."""
    not_before: float = 0.0
    full_since: float | None = None
    asked: deque[Asked] = field(default_factory=deque)

    def answered(self) -> None:
        """A batch has run: there is room again, perhaps for more."""
        self.size *= 2
        self.most += 1
        self.full_since = None


@dataclass(slots=True)
class Batch:
    """One batch at the provider, and who waits for what it holds."""

    record: BatchRecord
    size: int
    asked: dict[str, Asked] = field(default_factory=dict)
    standing: Standing | None = None


def summary(batches: Iterable[Batch], waiting: int) -> str:
    """Return how the batches stand, in one line; empty when there is nothing to tell."""
    found = list(batches)
    if not found:
        return f"{waiting} requests wait to be submitted" if waiting else ""
    states: dict[str, int] = {}
    for batch in found:
        status = batch.standing.status if batch.standing else "submitted"
        states[status] = states.get(status, 0) + 1
    done = sum(batch.standing.done for batch in found if batch.standing)
    since = time.strftime("%H:%M", time.localtime(min(batch.record.submitted_at for batch in found)))
    shown = ", ".join(f"{count} {status}" for status, count in states.items())
    more = f"; {waiting} requests wait for room" if waiting else ""
    total = sum(batch.size for batch in found)
    return f"batches since {since}: {shown}; {done} of {total} requests done{more}"
