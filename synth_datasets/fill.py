"""Fill splits: ask, judge, ask again, until every row of the plan has its example or has used up its attempts."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from itertools import islice, repeat

from synth_datasets.asking import Asking, Progress
from synth_datasets.foresight import Foresight
from synth_datasets.generation.collector import older_objects_spared
from synth_datasets.generation.engine import Engine
from synth_datasets.generation.keeper import AnswerKeeper
from synth_datasets.pending import PendingRow
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.row import RowKey
from synth_datasets.validation.duplicates import Duplicates
from synth_datasets.validation.outcome import Example, Missing, Unanswered

__all__ = ["LOOK_AHEAD", "Progress", "fill"]

LOOK_AHEAD = 256
"""Rows that are planned and looked up in the store at a time, unless the caller says fewer."""
_TOGETHER = 256
"""Rows whose texts are hashed together for the check on duplicates."""


def fill(
    plan: Plan,
    rows: Iterator[RowKey],
    store: AnswerKeeper,
    engine: Engine | None,
    *,
    in_flight: Callable[[int], int],
    progress: Progress | None = None,
    gather: int = 0,
    look_ahead: Callable[[int], int] = lambda _: LOOK_AHEAD,
    duplicates: Duplicates | None = None,
) -> Generator[Example | Missing | Unanswered]:
    """Yield what becomes of each of `rows`, in their order, which must be the plan's decision order.

    A row that repeats an earlier one is asked again, so `rows` must hold all that decide on those that are wanted.
    Without an engine nobody is asked: requests that failed have failed again, and a row whose next answer the store
    does not hold ends as `Unanswered`; those after it are judged as if it were not there.
    Lazy: with `n` rows yielded at most `in_flight(n)` requests wait for an answer, and at most twice `look_ahead(n)`
    rows are asked for, however long the next one takes. What comes out depends on the spec and the answers alone, not
    on timing. Raises what the engine raises when the model cannot be asked any more; every answer that arrived is in
    the store by then.
    Where answers come in rounds, `gather` is how many rows at least are planned ahead; then all that can be foreseen
    for them is asked before anything is waited for.
    `duplicates` are fresh ones of the caller's, who can look into them between rows: an example that was just yielded
    is the last row added.
    """
    with older_objects_spared():
        work = Asking(plan, store, engine, progress if progress is not None else Progress())
        if gather:
            work.foresight = Foresight(plan.spec, work.settle)
        duplicates = Duplicates(plan.spec) if duplicates is None else duplicates
        names = plan.names
        window: deque[PendingRow] = deque()
        decided = 0
        while True:
            least = gather or look_ahead(decided)
            if len(window) < least:
                keys = list(islice(rows, 2 * least - len(window)))
                planned = list(map(PendingRow, repeat(plan), keys, plan.values_of_many(keys)))
                window.extend(planned)
                work.settle(planned)
            if not window:
                return
            head = window.popleft()
            _decide(head, window, work, duplicates, in_flight(decided))
            decided += 1
            yield head.outcome(names)


def _decide(
    head: PendingRow, window: deque[PendingRow], work: Asking, duplicates: Duplicates, allowed: int
) -> None:
    """Wait until the row has an outcome that the rows before it do not contradict; `window` are those after it."""
    while True:
        work.send(allowed, first=head)
        while head.request is not None:
            if work.foresight is not None and work.engine is not None and work.engine.exhausted:
                work.foresight.look([head, *window], duplicates)
                work.send(allowed, first=head)
            work.receive()
            work.send(allowed, first=head)
        if not head.prepared:
            _prepare([head, *islice(window, _TOGETHER)], duplicates)
        found = None if head.missing or head.unanswered else duplicates.find(head.values)
        if found is None:
            break
        head.reject(*found)
        work.progress.rejected += 1
        work.settle([head])
    if work.foresight is not None:
        work.foresight.decided(head)
    if head.missing:
        work.progress.missing += 1
    elif not head.unanswered:
        duplicates.add(head.key, head.values)
        work.progress.accepted += 1


def _prepare(rows: list[PendingRow], duplicates: Duplicates) -> None:
    ready = [row for row in rows if not (row.prepared or row.request or row.missing or row.unanswered)]
    duplicates.prepare([row.values for row in ready])
    for row in ready:
        row.prepared = True
