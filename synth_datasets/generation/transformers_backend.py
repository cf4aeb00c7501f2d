"""The backend for models of the Hugging Face Hub, or of a local folder, that run inside this process."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.transformers_model import LocalModel, Row, parameters_of
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["TransformersBackend", "transformers_identity"]

BATCH = 16

_SAMPLES, _SAMPLE = 256, 1 << 16


class TransformersBackend:
    """Generates requests that wait together, in batches of like length; each row draws from its own seed.

    On the CPU the model runs in float32, and an answer is the same alone and in any batch: what padding changes
    in the last bits of a logit would have to meet a tie to change a word. **On a GPU this does not hold**: in
    bfloat16 the batch does change words, and an answer comes again only from the store. Nor does it hold
    between kinds of machines, or versions of torch.

    A final assistant message is continued, and the answer's text begins with it. A model without a chat template
    gets `User:` and `Assistant:` lines. A JSON Schema is shown to the model after the last user message, but not
    enforced. Without `temperature` it is 1; `max_tokens` is 512.
    """

    def __init__(self, settings: Settings, model_id: str) -> None:
        self.identity = transformers_identity(model_id)
        self.concurrency = settings.concurrency or BATCH
        self._model_id = model_id
        self._waiting: list[tuple[Row, asyncio.Future[Answer]]] = []
        self._models: dict[str | None, LocalModel] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="synth-transformers")
        self._turns: asyncio.Task[None] | None = None

    async def ask(self, request: Request) -> Answer:
        """Wait for a place in a batch and for the answer; cancelling ends the row within a token.

        Raises `RequestFailedError` (`context_too_long`), `EndpointError` for parameters that are not known here or
        messages that the chat template refuses, and `SettingsError` when libraries, model or memory are missing.
        """
        row = Row(request, parameters_of(request))
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, answer))
        if self._turns is None or self._turns.done():
            self._turns = asyncio.create_task(self._take_turns())
        try:
            return await answer
        finally:
            row.dropped = True

    async def close(self) -> None:
        """Stop what is being generated and let go of the model; a second call does nothing."""
        for _, answer in self._waiting:
            answer.cancel()
        self._waiting.clear()
        if self._turns is not None:
            self._turns.cancel()
            await asyncio.wait([self._turns])
        await asyncio.to_thread(self._worker.shutdown, wait=True)
        self._models.clear()

    async def _take_turns(self) -> None:
        await asyncio.sleep(0)  # whoever asks in this round of the loop gets into the first batch
        while batch := self._next_batch():
            rows = [row for row, _ in batch]
            work = asyncio.get_running_loop().run_in_executor(self._worker, self._generate, rows)
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError:
                for row, answer in batch:
                    row.dropped = True  # the thread sees it after the token it is at
                    answer.cancel()
                await asyncio.wait([work])
                raise
            finally:
                _hand_out(batch, work)

    def _next_batch(self) -> list[tuple[Row, asyncio.Future[Answer]]]:
        """Take who has waited longest, and of those with equal parameters the ones nearest in length."""
        waiting = [pair for pair in self._waiting if not pair[0].dropped]
        if not waiting:
            return []
        first, _ = waiting[0]
        alike = [pair for pair in waiting if pair[0].parameters == first.parameters]
        alike.sort(key=lambda pair: abs(_size(pair[0].request) - _size(first.request)))
        batch = alike[: self.concurrency]
        self._waiting = [pair for pair in waiting if pair not in batch]
        return batch

    def _generate(self, rows: list[Row]) -> list[Answer | RequestFailedError]:
        revision = rows[0].parameters.revision
        if revision not in self._models:
            self._models[revision] = LocalModel(self._model_id, revision)
        return self._models[revision].generate(rows)


def transformers_identity(model_id: str) -> str:
    """Return `Request.endpoint` for this backend: the Hub id, or a digest of a local folder.

    A digest of samples: sizes, and 256 pieces of 64 KiB of each large file. Another training run changes
    them all, and reading tens of gigabytes to tell is not worth it.
    """
    folder = Path(model_id).expanduser()
    if not folder.is_dir():
        return f"transformers:{model_id}"
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.suffix in (".safetensors", ".json", ".jinja", ".model", ".txt"):
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            _add(digest, path)
    return f"transformers:sha256:{digest.hexdigest()}"


def _add(digest: "hashlib._Hash", path: Path) -> None:
    size = path.stat().st_size
    step = max(_SAMPLE, size // _SAMPLES)
    with path.open("rb") as file:
        for start in range(0, size, step):
            file.seek(start)
            digest.update(file.read(_SAMPLE))


def _hand_out(
    batch: list[tuple[Row, asyncio.Future[Answer]]], work: "asyncio.Future[list[Answer | RequestFailedError]]"
) -> None:
    error = work.exception()
    outcomes = [error] * len(batch) if error is not None else work.result()
    for (_, answer), outcome in zip(batch, outcomes, strict=True):
        if answer.done():
            continue
        if isinstance(outcome, Answer):
            answer.set_result(outcome)
        else:
            answer.set_exception(outcome)


def _size(request: Request) -> int:
    return sum(len(message.content) for message in request.messages)
