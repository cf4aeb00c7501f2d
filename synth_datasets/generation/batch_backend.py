"""The batch API of an OpenAI-compatible endpoint: half the price, and answers within a day."""

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Any

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.batch_api import ENDED, RESUME, BatchApi, BatchTroubleError, Standing, spooled
from synth_datasets.generation.batch_state import BatchRecord, BatchState
from synth_datasets.generation.budget import Bill, Budget
from synth_datasets.generation.dialect import Dialect
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.generation.replies import Reply
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["MOST_WAITING", "BatchBackend", "BatchPolicy"]

logger = logging.getLogger(__name__)

MOST_WAITING = 100_000
"""Requests that wait for an answer at once, some kilobytes each."""
_TURN_S = 0.2
_QUIET_S = 0.2
_HEAR_S = 5.0
"""How long the caller may take over a live answer before the rest is submitted without what follows from it."""
_TIDY = 1000

Say = Callable[[str], None]


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


class BatchBackend:
    """Gathers requests, submits them as batches and hands out their answers; made inside the event loop that uses it.

    Nothing is submitted before `gathered` is called: then everything asked so far goes out, one model a file, within
    the provider's limits. A batch is on record before, between and after the calls that make it, so that a run
    that ends at any instant is gone on with by the next one, and no batch is submitted twice. The first request of
    each kind is asked live: a wrong key, an unknown model and a refused parameter show in seconds, not after hours.
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
        self._longest_s = settings.batch_poll_s
        self._most_bytes = settings.batch_bytes
        self._most_requests = settings.batch_requests
        self._say = say or (lambda _: None)
        self._asked: dict[str, _Asked] = {}
        self._fresh: list[_Asked] = []
        self._queues: dict[str, _Queue] = {}
        self._open: dict[str, _Batch] = {}
        self._kinds: set[object] = set()
        self._gathered = asyncio.Event()
        self._heard = asyncio.Event()
        self._calls = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._poll_s = self._longest_s * self._policy.first_look
        self._trouble_since: float | None = None
        self._worker: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    async def ask(self, request: Request) -> Answer:
        """Wait for the answer, which may take a day; see the class."""
        if self._error is not None:
            raise self._error
        calls = self._calls
        answer_limit = self._live.dialect.answer_limit(request)
        async with self._budget.bill(request, answer_limit, share=self._price) as bill:
            if calls != self._calls:
                self._come_late()
            asked = _Asked(request, asyncio.get_running_loop().create_future(), bill)
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

    def gathered(self) -> None:
        """Say that nothing more will be asked before an answer comes."""
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
            if self._open and isinstance(error, EndpointError) and RESUME not in str(error):
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
        waits = bool(self._open) or any(queue.asked for queue in self._queues.values())
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
        async with self._turn():
            for queue in due:
                await self._attach(queue)
                while await self._try_kinds(queue):
                    await self._hear()
                    await self._attach(queue)
                while queue.asked and self._running(queue.model) < queue.most:
                    await self._send(queue)
        self._show()

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Keep other processes from submitting meanwhile, as these requests may be theirs as well."""
        while True:
            with self._state.turn() as ours:
                if ours:
                    yield
                    return
            await asyncio.sleep(_TURN_S)

    async def _attach(self, queue: "_Queue") -> None:
        """Give the requests that lie in a batch of an earlier run, or of another process, to that batch."""
        tokens = self._state.tokens([asked.request.key for asked in queue.asked])
        records = self._state.records() if tokens else {}
        for token in dict.fromkeys(tokens.values()):
            record = records.get(token)
            if record is not None and not record.batch_id:
                record = await self._recover(record)
            if record is None:
                tokens = {key: other for key, other in tokens.items() if other != token}
            elif token not in self._open:
                self._open[token] = _Batch(record, len(self._state.keys(token)))
                logger.info("going on with %s of %d requests", record.batch_id, self._open[token].size)
        staying: deque[_Asked] = deque()
        for asked in queue.asked:
            if token := tokens.get(asked.request.key):
                self._open[token].asked[asked.request.key] = asked
                asked.bill.sent()
            else:
                staying.append(asked)
        queue.asked = staying

    async def _recover(self, record: BatchRecord) -> BatchRecord | None:
        """Find out whether the provider has made this batch; None, and its requests are free again, if not."""
        if record.file_id:
            found = await self._api.find(record)
            if found is None:
                # A call that is still on its way must not make it after we have looked.
                await self._api.discard(record)
                found = await self._api.find(record)
            if found is not None:
                return self._state.note(record, batch_id=found)
        self._state.release(record.token)
        return None

    async def _try_kinds(self, queue: "_Queue") -> bool:
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

    async def _send(self, queue: "_Queue") -> None:
        """Submit the next chunk of the queue, which gets it back when that fails."""
        with spooled() as lines:
            chunk = self._cut(queue, lines)
            if not chunk:
                return
            record = BatchRecord(
                token=secrets.token_hex(16),
                model=queue.model,
                dialect=self._live.dialect.saved(),
                submitted_at=time.time(),
            )
            self._state.begin(record, [asked.request.key for asked in chunk])
            try:
                file_id, file_at = await self._api.upload(record, lines)
                record = self._state.note(record, file_id=file_id, file_at=file_at)
                record = self._state.note(record, batch_id=await self._api.create(record))
            except Exception as error:
                queue.asked.extendleft(reversed(chunk))
                if isinstance(error, BatchTroubleError) and error.limit:
                    self._too_much(queue, len(chunk), error.detail)
                    return
                raise
        for asked in chunk:
            asked.bill.sent()
        self._open[record.token] = _Batch(record, len(chunk), {asked.request.key: asked for asked in chunk})
        logger.info("submitted %s: %d requests for %s", record.batch_id, len(chunk), record.model)

    def _cut(self, queue: "_Queue", lines: IO[bytes]) -> list["_Asked"]:
        """Write the next requests as lines, as many as one file may hold, and take them from the queue."""
        chunk: list[_Asked] = []
        while queue.asked and len(chunk) < min(self._most_requests, queue.size):
            asked = queue.asked[0]
            try:
                line = _line(asked.request.key, self._live.dialect.body(asked.request))
            except UnicodeEncodeError:
                problem = RequestFailedError(
                    "bad_request", "the prompt holds a lone surrogate, which is no text"
                )
                queue.asked.popleft().future.set_exception(problem)
                continue
            if chunk and lines.tell() + len(line) > self._most_bytes:
                break
            lines.write(line)
            chunk.append(queue.asked.popleft())
        lines.seek(0)
        return chunk

    def _too_much(self, queue: "_Queue", size: int, detail: str) -> None:
        """Wait until a batch of ours ends; when there is none, for a while, and then try a smaller one."""
        running = self._running(queue.model)
        now = time.monotonic()
        queue.full_since = queue.full_since or now
        if not running and now - queue.full_since > self._policy.limit_patience_s:
            raise EndpointError(
                f"{self.identity} has had no room for a batch of {size} requests for {queue.model} since "
                f"{self._policy.limit_patience_s / 3600:.1f} hours: {detail}. Wait until other batches have ended, or "
                f"raise the account's limit. {RESUME}"
            )
        queue.most = max(1, running)
        if not running:
            queue.size = max(1, size // 2)
            queue.not_before = now + self._poll_s
        logger.info("%s: %s; going on when there is room", self.identity, detail)

    # --- collecting

    async def _look(self) -> None:
        """Ask how the batches stand, and collect those that have ended."""
        for batch in list(self._open.values()):
            batch.standing = await self._api.retrieve(batch.record)
            if batch.standing.status in ENDED:
                await self._collect(batch, batch.standing)
        self._show()

    async def _collect(self, batch: "_Batch", standing: Standing) -> None:
        """Hand out what the batch has answered; queue or fail the rest."""
        reworded, why, fatal = await self._hand_out(batch, standing)
        del self._open[batch.record.token]
        left = [asked for asked in batch.asked.values() if not asked.future.done()]
        self._state.release(batch.record.token, [asked.request.key for asked in left])
        logger.info("%s %s: %d of %d to ask again", standing.batch_id, standing.status, len(left), batch.size)
        queue = self._queue(batch.record.model)
        if standing.status == "failed" and standing.over_limit:
            queue.asked.extendleft(reversed(left))
            self._too_much(queue, batch.size, standing.errors)
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

    async def _hand_out(
        self, batch: "_Batch", standing: Standing
    ) -> tuple[set[str], str, EndpointError | None]:
        """Settle what the batch's files settle.

        Returns which requests are to be worded differently, why the last of the rest has no answer, and what would
        stop every request: the files are read to their ends before that is raised.
        """
        fatal: EndpointError | None = None
        reworded: set[str] = set()
        why = f"the batch {standing.status} without an answer"
        dialect = Dialect.restored(batch.record.dialect)
        for file_id in standing.files:
            with await self._api.download(batch.record, file_id) as content:
                for key, reply, detail in _results(content):
                    asked = batch.asked.get(key)
                    if asked is None or asked.future.done():
                        continue
                    why = detail or why
                    try:
                        if reply is not None and self._read(asked, reply, dialect):
                            reworded.add(key)
                    except EndpointError as error:
                        fatal = error
        return reworded, why, fatal

    def _read(self, asked: "_Asked", reply: Reply, dialect: Dialect) -> bool:
        """Settle the request if the reply does; whether it is to be asked again in other words."""
        request = asked.request
        try:
            outcome = self._live.read(reply, request, dialect.body(request), dialect.deviations(request))
        except RequestFailedError as error:
            asked.future.set_exception(error)
            return False
        if isinstance(outcome, Answer):
            asked.future.set_result(outcome)
        return outcome is None

    def _running(self, model: str) -> int:
        return sum(batch.record.model == model for batch in self._open.values())

    def _queue(self, model: str) -> "_Queue":
        return self._queues.setdefault(model, _Queue(model, self._most_requests))

    def _show(self) -> None:
        waiting = sum(len(queue.asked) for queue in self._queues.values())
        if text := _summary(self._open.values(), waiting):
            self._say(text)


@dataclass(slots=True, eq=False)
class _Asked:
    request: Request
    future: asyncio.Future[Answer | None]
    """None: it is to be asked live."""
    bill: Bill
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it has been asked live."""
    tries: int = 0
    """How often it came back without an answer."""


@dataclass(slots=True)
class _Queue:
    """What is to be submitted for one model, and how much at once the account's limits let through."""

    model: str
    size: int
    """The most requests of one batch."""
    most: int = 1000
    """The most batches at once."""
    not_before: float = 0.0
    full_since: float | None = None
    asked: deque[_Asked] = field(default_factory=deque)

    def answered(self) -> None:
        """A batch has run: there is room again, perhaps for more."""
        self.size *= 2
        self.most += 1
        self.full_since = None


@dataclass(slots=True)
class _Batch:
    """One batch at the provider, and who waits for what it holds."""

    record: BatchRecord
    size: int
    asked: dict[str, _Asked] = field(default_factory=dict)
    standing: Standing | None = None


def _kind(request: Request) -> object:
    """Return what requests that an endpoint takes or refuses alike have in common."""
    names = (*sorted(request.sampling), *sorted(request.extra))
    return request.model, names, request.schema, bool(request.opening)


def _line(key: str, body: dict[str, Any]) -> bytes:
    entry = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _results(content: Iterable[bytes]) -> Iterable[tuple[str, Reply | None, str]]:
    """Yield key, reply and error of each line of an output or error file; lines that are none are passed over."""
    for line in content:
        try:
            entry = json.loads(line)
            key, response, error = str(entry["custom_id"]), entry.get("response"), entry.get("error")
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        detail = str(error.get("message") or error.get("code") or "") if isinstance(error, dict) else ""
        if isinstance(response, dict) and response.get("body") is not None:
            status = response.get("status_code")
            yield (
                key,
                Reply(status if isinstance(status, int) else 200, json.dumps(response["body"]).encode()),
                detail,
            )
        else:
            yield key, None, detail


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


def _summary(batches: Iterable[_Batch], waiting: int) -> str:
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
