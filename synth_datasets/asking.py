"""What is asked and not yet answered: rows fed from the store as far as it goes, then from the model."""

from collections import deque
from dataclasses import dataclass, field

from synth_datasets.foresight import Foresight
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.keeper import AnswerKeeper
from synth_datasets.pending import PendingRow
from synth_datasets.plan.plan import Plan

__all__ = ["Asking", "Progress"]


@dataclass(slots=True)
class Progress:
    """What this run has done so far; changed in place while `fill` runs."""

    asked: int = 0
    """Requests handed to the model."""
    reused: int = 0
    """Answers that the store already had."""
    accepted: int = 0
    rejected: int = 0
    missing: int = 0


@dataclass(slots=True)
class Asking:
    """What is asked and not yet answered: the rows that wait, by request."""

    plan: Plan
    store: AnswerKeeper
    engine: Engine | None
    progress: Progress
    unsent: deque[PendingRow] = field(default_factory=deque)
    waiting: dict[str, list[PendingRow]] = field(default_factory=dict)
    foresight: "Foresight[PendingRow] | None" = None

    def settle(self, rows: list[PendingRow]) -> None:
        """Feed the rows from the store as far as it goes; what it does not hold is queued to be asked."""
        while rows:
            asked = [row.request.key for row in rows if row.request is not None]
            found: dict[str, Answer | RequestFailedError] = {**self.store.get_many(asked)}
            if self.engine is None and len(found) < len(asked):
                failed = self.store.get_failures([key for key in asked if key not in found])
                found.update((key, failure) for key, (failure, _) in failed.items())
            going = []
            for row in rows:
                if row.request is None:
                    continue
                answer = found.get(row.request.key)
                if answer is None and self.engine is None:
                    row.stop()
                elif answer is None and (row.given or row.rejections):
                    self.unsent.appendleft(row)  # a row that has begun is finished before another begins
                elif answer is None:
                    self.unsent.append(row)
                else:
                    self.progress.reused += not row.foreseen
                    self._feed(row, answer)
                    going.append(row)
            rows = going

    def send(self, allowed: int, *, first: PendingRow) -> None:
        """Hand on queued requests while fewer than `allowed` are in flight; the row `first` never waits."""
        if first.request is not None and first.request.key not in self.waiting:
            self.unsent.remove(first)
            self._submit(first)
        while self.unsent and self.engine is not None and self.engine.in_flight < allowed:
            self._submit(self.unsent.popleft())

    def finish(self, rows: list[PendingRow], allowed: int) -> None:
        """Take each row to its own end, whatever the others hold; at most `allowed` requests wait for an answer."""
        assert self.engine is not None  # noqa: S101 - without one nobody is asked
        self.settle(rows)
        while self.unsent or self.waiting:
            while self.unsent and self.engine.in_flight < allowed:
                self._submit(self.unsent.popleft())
            self.receive()

    def receive(self) -> None:
        """Wait for at least one answer and feed the rows that asked for it."""
        assert self.engine is not None  # noqa: S101 - without one no row is left waiting
        for request, outcome in self.engine.wait():
            rows = self.waiting.pop(request.key)
            for row in rows:
                self._feed(row, outcome)
            self.settle(rows)

    def _submit(self, row: PendingRow) -> None:
        assert row.request is not None  # noqa: S101 - only rows with a request are queued
        assert self.engine is not None  # noqa: S101 - without one no row is queued
        waiting = self.waiting.setdefault(row.request.key, [])
        if not waiting:
            self.engine.submit(row.request)
            self.progress.asked += 1
        waiting.append(row)

    def _feed(self, row: PendingRow, outcome: Answer | RequestFailedError) -> None:
        before = len(row.rejections)
        row.receive(outcome)
        self.progress.rejected += 0 if row.foreseen else len(row.rejections) - before
