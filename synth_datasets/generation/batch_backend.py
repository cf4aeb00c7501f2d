"""The batch API of an OpenAI-compatible endpoint: half the price, and answers within a day."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.batch_api import ENDED, RESUME, BatchApi, BatchTroubleError, Standing
from synth_datasets.generation.batch_queue import Asked, Batch, BatchPolicy, Queue, summary
from synth_datasets.generation.batch_results import settle
from synth_datasets.generation.batch_state import BatchState
from synth_datasets.generation.batch_submit import Submitter
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["MOST_WAITING", "BatchBackend", "BatchPolicy"]

logger = logging.getLogger(__name__)

MOST_WAITING = 100_000
"""Requests that wait for an answer at once, some kilobytes each."""
_QUIET_S = 0.2
_HEAR_S = 5.0
"""How long the caller may take over a live answer before the rest is submitted without what follows from it."""
_TIDY = 1000

Say = Callable[[str], None]


class BatchBackend:
    """Gathers requests, submits them as batches and hands out their answers; made inside the event loop that uses it.

    Nothing is submitted before `gathered` is called: then everything asked so far goes out, one model a file, within
    the provider's limits. A batch is on record before, between and after the calls that make it, so that a run
    that ends at any instant is gone on with by the next one, and no batch is submitted twice. The first request of
    each kind is asked live: a wrong key, an unknown model and a refused parameter show in seconds, not after hours.
    So is every request that reads, for which there is no batch; what they lead to goes into the next one.
    """

    concurrency = MOST_WAITING

    def __init__(
        self,
        settings: Settings,
        *,
        budget: Budget | None = None,
        say: Say | None = None,
        policy: BatchPolicy | None = None,
    ) -> None:
        """`say` gets a line on how the batches stand whenever that was looked up."""
        self._budget = Budget(settings) if budget is None else budget
        self._price = settings.batch_price
        self._live = OpenAIBackend(settings, budget=self._budget)
        self.identity = self._live.identity
        self._api = BatchApi(self._live)
        self._store = settings.store_path
        self._state = BatchState(self._store)
        self._policy = policy or BatchPolicy()
        self._submitter = Submitter(
            self._api, self._state, self._live.dialect, settings, policy=self._policy, where=self.identity
        )
        self._longest_s = settings.batch_poll_s
        self._most_requests = settings.batch_requests
        self._say = say or (lambda _: None)
        self._asked: dict[str, Asked] = {}
        self._fresh: list[Asked] = []
        self._queues: dict[str, Queue] = {}
        self._kinds: set[object] = set()
        self._gathered = asyncio.Event()
        self._heard = asyncio.Event()
        self._calls = 0
        self._reading = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._poll_s = self._longest_s * self._policy.first_look
        self._trouble_since: float | None = None
        self._worker: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    async def ask(self, request: Request) -> Answer:
        """Wait for the answer, which may take a day; see the class."""
        if self._error is not None:
            raise self._error
        if request.reads is not None:
            return await self._read(request)
        calls = self._calls
        answer_limit = self._live.dialect.answer_limit(request)
        async with self._budget.bill(request, answer_limit, share=self._price) as bill:
            if calls != self._calls:
                self._come_late()
            asked = Asked(request, asyncio.get_running_loop().create_future(), bill)
            self._asked[request.key] = asked
            self._fresh.append(asked)
            if self._worker is None:
                self._worker = asyncio.create_task(self._work())
            try:
                answer = await asked.future
            finally:
                del self._asked[request.key]
            if answer is not None:
                bill.answered(answer)
                return answer
        try:
            return await self._live.ask(request)
        except RequestFailedError:
            raise
        except Exception as error:
            self._error = error  # nothing is submitted any more
            raise
        finally:
            asked.tried.set()

    async def _read(self, request: Request) -> Answer:
        self._reading += 1
        try:
            return await self._live.ask(request)
        finally:
            self._reading -= 1

    def gathered(self) -> None:
        """Say that nothing more will be asked before an answer comes."""
        if self._reading:
            return  # texts that are refused are asked again, in the same batch
        self._calls += 1
        self._heard.set()
        if self._fresh:
            self._gathered.set()

    def _come_late(self) -> None:
        """Have what waited for the budget submitted as well, together with what comes soon after it."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(_QUIET_S, self.gathered)

    async def close(self) -> None:
        """Stop looking; what was submitted keeps running at the provider."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        await self._live.close()
        self._state.close()

    # --- the worker

    async def _work(self) -> None:
        try:
            self._tidy()
            while True:
                await self._rest()
                try:
                    await self._submit()
                    await self._look()
                except BatchTroubleError as trouble:
                    await self._bear(trouble)
                else:
                    self._trouble_since = None
        except Exception as error:  # noqa: BLE001 - `ask` raises it
            self._error = error
            if self._submitter.open and isinstance(error, EndpointError) and RESUME not in str(error):
                error.add_note(RESUME)
            # One is enough to end the run; the same error from each of many thousands would gather their notes.
            waiting = (asked for asked in self._asked.values() if not asked.future.done())
            if (first := next(waiting, None)) is not None:
                first.future.set_exception(error)

    def _tidy(self) -> None:
        """Forget the requests whose answers the store has; until they are seen there they stay with their batch."""
        with AnswerStore(self._store, read_only=True) as store:
            for token in self._state.records():
                keys = self._state.keys(token)
                for start in range(0, len(keys), _TIDY):
                    self._state.release(token, store.get_many(keys[start : start + _TIDY]))

    async def _rest(self) -> None:
        """Wait until something new was gathered, or it is time to look."""
        waits = bool(self._submitter.open) or any(queue.asked for queue in self._queues.values())
        if waits and not self._gathered.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._gathered.wait()
            self._poll_s = min(self._longest_s, self._poll_s * self._policy.growth)
        else:
            await self._gathered.wait()
        if self._gathered.is_set():
            self._poll_s = self._longest_s * self._policy.first_look
            self._take_in()

    def _take_in(self) -> None:
        self._gathered.clear()
        for asked in self._fresh:
            self._queue(asked.request.model).asked.append(asked)
        self._fresh.clear()

    async def _bear(self, trouble: BatchTroubleError) -> None:
        """Wait before the next try; raises when nothing has worked for too long."""
        now = time.monotonic()
        self._trouble_since = self._trouble_since or now
        if now - self._trouble_since > self._policy.patience_s:
            raise EndpointError(
                f"{self.identity} has not dealt with batches for {self._policy.patience_s:g} s; the last failure: "
                f"{trouble.detail}. {RESUME}"
            ) from trouble
        logger.warning("%s: %s; trying again", self.identity, trouble.detail)
        await asyncio.sleep(min(trouble.wait_s or self._poll_s, self._policy.patience_s))

    # --- submitting

    async def _submit(self) -> None:
        now = time.monotonic()
        due = [queue for queue in self._queues.values() if queue.asked and now >= queue.not_before]
        if not due:
            return
        async with self._submitter.turn():
            for queue in due:
                await self._submitter.attach(queue)
                while await self._try_kinds(queue):
                    await self._hear()
                    await self._submitter.attach(queue)
                while queue.asked and self._submitter.running(queue.model) < queue.most:
                    await self._submitter.send(queue, self._poll_s)
        self._show()

    async def _try_kinds(self, queue: Queue) -> bool:
        """Ask the first request of each new kind live, which teaches how the endpoint wants it worded.

        Returns whether there was any.
        """
        before = len(self._kinds)
        for asked in list(queue.asked):
            kind = _kind(asked.request)
            if kind not in self._kinds:
                self._kinds.add(kind)
                queue.asked.remove(asked)
                asked.future.set_result(None)
                await asked.tried.wait()
                if self._error is not None:
                    raise self._error
        return len(self._kinds) > before

    async def _hear(self) -> None:
        """Let what the live answers lead to go along with the rest, instead of into a batch of its own."""
        self._heard.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HEAR_S):
                await self._heard.wait()
        self._take_in()

    # --- collecting

    async def _look(self) -> None:
        """Ask how the batches stand, and collect those that have ended."""
        for batch in list(self._submitter.open.values()):
            batch.standing = await self._api.retrieve(batch.record)
            if batch.standing.status in ENDED:
                await self._collect(batch, batch.standing)
        self._show()

    async def _collect(self, batch: Batch, standing: Standing) -> None:
        """Hand out what the batch has answered; queue or fail the rest."""
        reworded, why, fatal = await settle(batch, standing, self._api, self._live)
        del self._submitter.open[batch.record.token]
        left = [asked for asked in batch.asked.values() if not asked.future.done()]
        self._state.release(batch.record.token, [asked.request.key for asked in left])
        logger.info("%s %s: %d of %d to ask again", standing.batch_id, standing.status, len(left), batch.size)
        queue = self._queue(batch.record.model)
        if standing.status == "failed" and standing.over_limit:
            queue.asked.extendleft(reversed(left))
            self._submitter.too_much(queue, batch.size, standing.errors, self._poll_s)
            return
        if fatal is None and left and standing.status in ("failed", "cancelled"):
            fatal = EndpointError(_unfinished(self.identity, standing, len(left)))
        if fatal is not None:
            raise fatal
        queue.answered()
        for asked in left:
            asked.tries += asked.request.key not in reworded
            if asked.tries < self._policy.tries:
                queue.asked.append(asked)
            else:
                asked.future.set_exception(
                    RequestFailedError("endpoint_error", f"{asked.tries} tries, at last: {why}")
                )
        if left:
            self._gathered.set()

    def _queue(self, model: str) -> Queue:
        return self._queues.setdefault(model, Queue(model, self._most_requests))

    def _show(self) -> None:
        waiting = sum(len(queue.asked) for queue in self._queues.values())
        if text := summary(self._submitter.open.values(), waiting):
            self._say(text)


def _kind(request: Request) -> object:
    """Return what requests that an endpoint takes or refuses alike have in common."""
    names = (*sorted(request.sampling), *sorted(request.extra))
    return request.model, names, request.schema, bool(request.opening)


def _unfinished(where: str, standing: Standing, left: int) -> str:
    if standing.status == "cancelled":
        return (
            f"the batch {standing.batch_id} at {where} was cancelled with {left} requests unanswered. What it had "
            "answered is kept; run again to submit the rest, or without --batch to ask the rest live."
        )
    return (
        f"the batch {standing.batch_id} at {where} failed: {standing.errors or 'no reason was given'}. Correct that "
        f"and run again: only what has no answer is submitted. {RESUME}"
    )
