"""A run of a billion rows that nobody has made: parts on a thousand endpoints, with what fails in it.

python tests/benchmarks/simulate.py          # the table of SCALING.md

Discrete events, from a seed. It assumes:

- A worker has one core and one endpoint of its own, and asks one part at a time. A free one takes the next part.
- An endpoint answers `places` requests at a time, each in `answer_s`; some endpoints are slow all the time. Where they
  are `shared`, each worker is as fast as endpoints are on average, and one that dies costs what it had in flight.
- A part costs its worker CPU: to start, to deal all rows of the plan, then for each row of its own to walk past those
  of the others, and to ask. These are the measured `Costs`. What it asks is bound by the endpoint or by that core.
- A worker is preempted, an endpoint dies, each after a time drawn from an exponential distribution, and comes back
  after a fixed one. Its part goes to the front of those that wait, and goes on from its store: what was in flight is
  asked again, what was answered is replayed, unless `store_is_lost`.
- Once, if at all, `driver_restarts_at_h`, everything stops for `driver_away_s`, as with a driver of Ray.

Not in it: the second round, the merge, limits of a network or of a shared disk.
"""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass, field, replace

HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """CPU seconds on one core, as `units.py` measured them."""

    start_s: float = 0.74
    deal_s: float = 0.09e-6
    """For each row of the plan, in each part, before its first request."""
    walk_s: float = 0.04e-6
    """For each row of the plan, in each part, beside its requests."""
    ask_s: float = 0.5e-3
    replay_s: float = 0.19e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is to be made, by whom, and what happens."""

    rows: int = 1_000_000_000
    parts: int = 2_000
    endpoints: int = 1_000
    places: int = 128
    answer_s: float = 4.0
    answers_a_row: float = 1.06
    slow_share: float = 0.05
    slow_times: float = 3.0
    worker_lasts_h: float = 24.0
    worker_away_s: float = 300.0
    endpoint_lasts_h: float = 100.0
    endpoint_away_s: float = 900.0
    driver_restarts_at_h: float = math.inf
    driver_away_s: float = 600.0
    store_is_lost: bool = False
    shared: bool = False
    costs: Costs = field(default_factory=Costs)
    seed: int = 1


@dataclass(slots=True)
class Told:
    """What came of it."""

    wall_h: float = 0.0
    tail_h: float = 0.0
    """From when the first endpoint has nothing left to do to the end."""
    asked_twice: float = 0.0
    """Answers."""
    interruptions: int = 0
    answered: float = 0.0
    """Answers that parts hold at the end."""
    cpu_h: float = 0.0
    busy: float = 0.0
    """Share of the endpoints' places and time in which something was answered that is kept."""


@dataclass(slots=True)
class _Part:
    answers: float
    done: float = 0.0


@dataclass(slots=True)
class _Worker:
    """A worker and its endpoint."""

    speed: float
    part: _Part | None = None
    began: float = 0.0
    asks_from: float = 0.0
    away: bool = False
    turn: int = 0
    """How often it was given something or stopped: events of earlier turns are void."""


class _Simulation:
    def __init__(self, run: Run) -> None:
        self.run, self.told = run, Told()
        self._draw = random.Random(run.seed)
        self._now = 0.0
        self._events: list[tuple[float, int, str, int, int]] = []
        self._number = 0
        slow = set(self._draw.sample(range(run.endpoints), round(run.slow_share * run.endpoints)))
        speeds = [1 / run.slow_times if at in slow else 1.0 for at in range(run.endpoints)]
        mean = sum(speeds) / run.endpoints
        self._workers = [_Worker(mean if run.shared else speed) for speed in speeds]
        each = run.rows * run.answers_a_row / run.parts
        self._waiting = deque(_Part(each) for _ in range(run.parts))
        self._left = run.parts
        self._idle_since: float | None = None

    def simulate(self) -> Told:
        run, told = self.run, self.told
        for at in range(run.endpoints):
            self._fails_some_day(at)
            self._give(at)
        if math.isfinite(run.driver_restarts_at_h):
            self._at(run.driver_restarts_at_h * HOUR, "driver", 0, 0)
        while self._left:
            self._now, _, what, at, turn = heapq.heappop(self._events)
            getattr(self, f"_{what}")(at, turn)
        told.wall_h = self._now / HOUR
        told.tail_h = 0.0 if self._idle_since is None else (self._now - self._idle_since) / HOUR
        told.busy = told.answered / (self._now * run.endpoints * run.places / run.answer_s)
        return told

    # --- events

    def _finished(self, at: int, turn: int) -> None:
        worker = self._workers[at]
        if turn != worker.turn or worker.part is None:
            return
        part, worker.part = worker.part, None
        self._count_cpu(worker, part, part.answers)
        part.done = part.answers
        self.told.answered += part.answers
        self._left -= 1
        self._give(at)

    def _worker_fails(self, at: int, _: int) -> None:
        self._stop(at, self.run.worker_away_s)
        self._at(self._lasts(self.run.worker_lasts_h), "worker_fails", at, 0)

    def _endpoint_fails(self, at: int, _: int) -> None:
        if self.run.shared:
            self.told.asked_twice += self.run.places
        else:
            self._stop(at, self.run.endpoint_away_s)
        self._at(self._lasts(self.run.endpoint_lasts_h), "endpoint_fails", at, 0)

    def _driver(self, _: int, __: int) -> None:
        for at in range(self.run.endpoints):
            self._stop(at, self.run.driver_away_s)

    def _back(self, at: int, turn: int) -> None:
        worker = self._workers[at]
        if turn == worker.turn:
            worker.away = False
            self._give(at)

    # --- parts

    def _give(self, at: int) -> None:
        worker = self._workers[at]
        worker.turn += 1
        if not self._waiting:
            if self._idle_since is None:
                self._idle_since = self._now
            return
        part = worker.part = self._waiting.popleft()
        costs = self.run.costs
        before = costs.start_s + costs.deal_s * self.run.rows + part.done * self._beside(costs.replay_s)
        worker.began = self._now
        worker.asks_from = self._now + before
        ends = worker.asks_from + (part.answers - part.done) / self._rate(worker)
        self._at(ends, "finished", at, worker.turn)

    def _stop(self, at: int, away_s: float) -> None:
        """Take the worker away, and its part to the front of those that wait."""
        worker = self._workers[at]
        worker.turn += 1
        worker.away = True
        self._at(self._now + away_s, "back", at, worker.turn)
        part, worker.part = worker.part, None
        if part is None:
            return
        self.told.interruptions += 1
        new = max(0.0, self._now - worker.asks_from) * self._rate(worker)
        self._count_cpu(worker, part, part.done + new)
        part.done = min(part.answers, part.done + new)
        if self._now > worker.asks_from:
            self.told.asked_twice += min(self.run.places, part.answers - part.done)
        if self.run.store_is_lost:
            self.told.asked_twice += part.done
            part.done = 0.0
        self._waiting.appendleft(part)
        for other, idle in enumerate(self._workers):
            if idle.part is None and not idle.away:
                self._give(other)
                return

    def _beside(self, own_s: float) -> float:
        """Return the CPU seconds for one answer, with the way past the rows of other parts."""
        return own_s + self.run.costs.walk_s * self.run.parts / self.run.answers_a_row

    def _rate(self, worker: _Worker) -> float:
        """Return the answers in a second: as the endpoint gives them, or as the worker's core can take them."""
        return min(worker.speed * self.run.places / self.run.answer_s, 1 / self._beside(self.run.costs.ask_s))

    def _count_cpu(self, worker: _Worker, part: _Part, upto: float) -> None:
        asked = (upto - part.done) * self._beside(self.run.costs.ask_s)
        self.told.cpu_h += (asked + min(self._now, worker.asks_from) - worker.began) / HOUR

    # --- time

    def _fails_some_day(self, at: int) -> None:
        self._at(self._lasts(self.run.worker_lasts_h), "worker_fails", at, 0)
        self._at(self._lasts(self.run.endpoint_lasts_h), "endpoint_fails", at, 0)

    def _lasts(self, hours: float) -> float:
        return self._now + (self._draw.expovariate(1 / (hours * HOUR)) if math.isfinite(hours) else math.inf)

    def _at(self, time: float, what: str, at: int, turn: int) -> None:
        self._number += 1
        heapq.heappush(self._events, (time, self._number, what, at, turn))


def simulate(run: Run) -> Told:
    """Return what comes of the run."""
    return _Simulation(run).simulate()


UNDISTURBED = {"slow_share": 0.0, "worker_lasts_h": math.inf, "endpoint_lasts_h": math.inf}


def cases() -> list[tuple[str, Run]]:
    """Return the runs of the table, with what is said of each."""
    run = Run()
    return [
        ("nothing fails", replace(run, **UNDISTURBED)),
        ("as assumed", run),
        ("as assumed", replace(run, parts=1_000)),
        ("as assumed", replace(run, parts=5_000)),
        ("as assumed", replace(run, parts=10_000)),
        ("as assumed, and the walk is free", replace(run, parts=10_000, costs=Costs(deal_s=0.0, walk_s=0.0))),
        ("all stops after 3 h, for 10 min", replace(run, driver_restarts_at_h=3.0)),
        ("stores die with their workers", replace(run, store_is_lost=True)),
        ("stores die with their workers", replace(run, parts=10_000, store_is_lost=True)),
        ("workers last 4 h", replace(run, worker_lasts_h=4.0)),
        ("a quarter of the endpoints slow", replace(run, slow_share=0.25)),
        ("all workers share the endpoints", replace(run, shared=True)),
        ("100 endpoints", replace(run, endpoints=100)),
    ]


def table() -> str:
    """Return the table of SCALING.md."""
    lines = [
        "| | parts | wall h | of it tail | interrupted | asked twice | CPU h | endpoints busy |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, run in cases():
        told = simulate(run)
        share = told.asked_twice / (run.rows * run.answers_a_row)
        cells = (
            name,
            f"{run.parts:,}",
            f"{told.wall_h:.1f}",
            f"{told.tail_h:.1f}",
            f"{told.interruptions:,}",
            f"{told.asked_twice:,.0f} ({share:.2%})",
            f"{told.cpu_h:,.0f}",
            f"{told.busy:.0%}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201 - what a script is for
