"""From a queue of requests to batches at the provider, each made once whatever happens meanwhile."""

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import IO, Any

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.batch_api import RESUME, BatchApi, BatchTroubleError, spooled
from synth_datasets.generation.batch_queue import Asked, Batch, BatchPolicy, Queue
from synth_datasets.generation.batch_state import BatchRecord, BatchState
from synth_datasets.generation.dialect import Dialect
from synth_datasets.settings import Settings

__all__ = ["Submitter"]

logger = logging.getLogger(__name__)

_TURN_S = 0.2


class Submitter:
    """Submits what is queued and finds what earlier runs have submitted."""

    def __init__(
        self,
        api: BatchApi,
        state: BatchState,
        dialect: Dialect,
        settings: Settings,
        *,
        policy: BatchPolicy,
        where: str,
    ) -> None:
        """`where` is the endpoint, for messages."""
        self.open: dict[str, Batch] = {}
        """Batches that have not been collected, by token."""
        self._api = api
        self._state = state
        self._dialect = dialect
        self._policy = policy
        self._where = where
        self._most_bytes = settings.batch_bytes
        self._most_requests = settings.batch_requests

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Keep other processes from submitting meanwhile, as these requests may be theirs as well."""
        while True:
            with self._state.turn() as ours:
                if ours:
                    yield
                    return
            await asyncio.sleep(_TURN_S)

    async def attach(self, queue: Queue) -> None:
        """Give the requests that lie in a batch of an earlier run, or of another process, to that batch."""
        tokens = self._state.tokens([asked.request.key for asked in queue.asked])
        records = self._state.records() if tokens else {}
        for token in dict.fromkeys(tokens.values()):
            record = records.get(token)
            if record is not None and not record.batch_id:
                record = await self._recover(record)
            if record is None:
                tokens = {key: other for key, other in tokens.items() if other != token}
            elif token not in self.open:
                self.open[token] = Batch(record, len(self._state.keys(token)))
                logger.info("going on with %s of %d requests", record.batch_id, self.open[token].size)
        staying: deque[Asked] = deque()
        for asked in queue.asked:
            if token := tokens.get(asked.request.key):
                self.open[token].asked[asked.request.key] = asked
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

    async def send(self, queue: Queue, wait_s: float) -> None:
        """Submit the next chunk of the queue, which gets it back when that fails; without room it waits `wait_s`."""
        with spooled() as lines:
            chunk = self._cut(queue, lines)
            if not chunk:
                return
            record = BatchRecord(
                token=secrets.token_hex(16),
                model=queue.model,
                dialect=self._dialect.saved(),
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
                    self.too_much(queue, len(chunk), error.detail, wait_s)
                    return
                raise
        for asked in chunk:
            asked.bill.sent()
        self.open[record.token] = Batch(record, len(chunk), {asked.request.key: asked for asked in chunk})
        logger.info("submitted %s: %d requests for %s", record.batch_id, len(chunk), record.model)

    def _cut(self, queue: Queue, lines: IO[bytes]) -> list[Asked]:
        """Write the next requests as lines, as many as one file may hold, and take them from the queue."""
        chunk: list[Asked] = []
        while queue.asked and len(chunk) < min(self._most_requests, queue.size):
            asked = queue.asked[0]
            try:
                line = _line(asked.request.key, self._dialect.body(asked.request))
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

    def too_much(self, queue: Queue, size: int, detail: str, wait_s: float) -> None:
        """Wait until a batch of ours ends; when there is none, for a while, and then try a smaller one."""
        running = self.running(queue.model)
        now = time.monotonic()
        queue.full_since = queue.full_since or now
        if not running and now - queue.full_since > self._policy.limit_patience_s:
            raise EndpointError(
                f"{self._where} has had no room for a batch of {size} requests for {queue.model} since "
                f"{self._policy.limit_patience_s / 3600:.1f} hours: {detail}. Wait until other batches have ended, or "
                f"raise the account's limit. {RESUME}"
            )
        queue.most = max(1, running)
        if not running:
            queue.size = max(1, size // 2)
            queue.not_before = now + wait_s
        logger.info("%s: %s; going on when there is room", self._where, detail)

    def running(self, model: str) -> int:
        """Return how many batches of the model have not been collected."""
        return sum(batch.record.model == model for batch in self.open.values())


def _line(key: str, body: dict[str, Any]) -> bytes:
    entry = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
