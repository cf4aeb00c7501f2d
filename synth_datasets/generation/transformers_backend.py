"""The backend for models of the Hugging Face Hub, or of a local folder, that run inside this process."""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from synth_datasets.errors import EndpointError
from synth_datasets.generation.adapter_weights import adapter_for
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.likelihood import likelihood_answer
from synth_datasets.generation.transformers_loading import load_model, where_it_lies
from synth_datasets.generation.transformers_model import LocalModel, Row, parameters_of
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, WEIGHTS_SHA256
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings
from synth_datasets.spec.adapters import Adapter

__all__ = ["TransformersBackend", "next_batch", "transformers_identity"]

BATCH = 256
"""Requests that wait at once, to be sorted into batches; how many are in one, the device decides."""

_MOMENT_S = 0.005
"""How long a batch waits for one more request, again and again while more come."""

_SAMPLES, _SAMPLE = 256, 1 << 16


class TransformersBackend:
    """Generates requests that wait together, in batches of like length; each row draws from its own seed.

    A batch has as many rows as the device holds, and at most `settings.concurrency`; where memory runs out all the
    same it is made half as large and goes on. Rows that have ended leave it; others that wait take their places.

    On the CPU the model runs in float32, and an answer is the same alone and in any batch: what padding changes
    in the last bits of a logit would have to meet a tie to change a word. **In bfloat16, so on most GPUs, this does
    not hold**: the batch does change words, and an answer comes again only from the store. Nor does it hold between
    kinds of machines, or versions of torch.

    A final assistant message is continued, and the answer's text begins with it. A model without a chat template
    gets `User:` and `Assistant:` lines. A JSON Schema is shown to the model after the last user message, and
    `llguidance` holds the answer to it. Without `temperature` it is 1; `max_tokens` is 512. Requests that read go
    between the batches, one by one, without a template.
    """

    def __init__(self, settings: Settings, model_id: str, adapters: Collection[Adapter] = ()) -> None:
        self.identity = transformers_identity(model_id, settings)
        self.concurrency = settings.concurrency or BATCH
        self._settings = settings
        self._model_id = model_id
        self._adapters = adapters
        self._waiting: dict[Row, asyncio.Future[Answer]] = {}
        """All rows without an answer, who has waited longest first; changed by the event loop alone."""
        self._models: dict[tuple[str | None, str | None], LocalModel] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="synth-transformers")
        self._turns: asyncio.Task[None] | None = None

    async def ask(self, request: Request) -> Answer:
        """Wait for a place in a batch and for the answer; cancelling ends the row within a token.

        Raises `RequestFailedError` (`context_too_long`), `EndpointError` for parameters that are not known here,
        messages that the chat template or a schema that llguidance refuses, and `SettingsError` when libraries,
        model or memory are missing.
        """
        if request.reads is not None:
            return await asyncio.get_running_loop().run_in_executor(self._worker, self._read, request)
        row = Row(request, parameters_of(request))
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[row] = answer
        if self._turns is None or self._turns.done():
            self._turns = asyncio.create_task(self._take_turns())
        try:
            return await answer
        finally:
            row.dropped = True
            self._waiting.pop(row, None)

    async def close(self) -> None:
        """Stop what is being generated and let go of the model; a second call does nothing."""
        for row, answer in self._waiting.items():
            row.dropped = True  # the thread sees it after the token it is at
            answer.cancel()
        self._waiting.clear()
        if self._turns is not None:
            await asyncio.wait([self._turns])
        await asyncio.to_thread(self._worker.shutdown, wait=True)
        self._models.clear()

    async def _take_turns(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await self._gather()
            try:
                await loop.run_in_executor(self._worker, self._turn, loop)
            except Exception as error:  # noqa: BLE001 - whatever it is, the engine raises it for its caller
                for answer in self._waiting.values():
                    if not answer.done():
                        answer.set_exception(error)
                self._waiting.clear()
            await asyncio.sleep(0)  # answers that were told last are given out first

    async def _gather(self) -> None:
        """Wait a moment for who else asks: a batch takes seconds, and a row that misses it waits for its end."""
        before = 0
        while before < len(self._waiting) < self.concurrency:
            before = len(self._waiting)
            await asyncio.sleep(_MOMENT_S)

    def _settle(self, row: Row, outcome: Answer | RequestFailedError | EndpointError) -> None:
        answer = self._waiting.pop(row, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, Answer):
            answer.set_result(outcome)
        else:
            answer.set_exception(outcome)

    # --- in the worker's thread

    def _read(self, request: Request) -> Answer:
        model = self._model(request.revision, request.adapter)
        return likelihood_answer(request, model.likelihood(request.messages[-1].content, request.reads or 0))

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer a batch of those that wait."""

        def tell(row: Row, outcome: Answer | RequestFailedError | EndpointError) -> None:
            loop.call_soon_threadsafe(self._settle, row, outcome)

        def crowded() -> bool:
            return any(_go_together(row, batch[0]) and row not in taken for row in self._open())

        first = next(iter(self._open()), None)
        if first is None:
            return
        model = self._model(first.parameters.revision, first.parameters.adapter)
        alike = [row for row in self._open() if _go_together(row, first)]
        for row in alike:
            if not row.prompt:
                try:
                    model.read(row)
                except (RequestFailedError, EndpointError) as error:
                    row.dropped = True
                    tell(row, error)
        batch = next_batch([row for row in alike if not row.dropped], self.concurrency, model.fitting)
        taken = set(batch)
        if batch:
            model.run(batch, tell, crowded)

    def _open(self) -> list[Row]:
        return [row for row in list(self._waiting) if not row.over]

    def _model(self, revision: str | None, adapter: str | None) -> LocalModel:
        which = (revision, adapter)
        if which not in self._models:
            weights = adapter_for(adapter, self._adapters)
            self._models[which] = LocalModel(load_model(self._model_id, revision, self._settings, weights))
        return self._models[which]


def next_batch(rows: Sequence[Row], most: int, fitting: Callable[[int], int]) -> list[Row]:
    """Take who has waited longest, and of the others those nearest in length, as many as fit beside it.

    At most `most`, and as many as `fitting` says for the longest prompt and answer among them, in tokens.
    """
    if not rows:
        return []
    size = len(rows[0].prompt)
    batch: list[Row] = []
    longest = 0
    for row in sorted(rows, key=lambda row: abs(len(row.prompt) - size)):
        longest = max(longest, row.longest)
        if batch and len(batch) >= min(most, fitting(longest)):
            break
        batch.append(row)
    return batch


def _go_together(one: Row, other: Row) -> bool:
    first, second = one.parameters, other.parameters
    return (first.revision, first.adapter, first.sampling) == (
        second.revision,
        second.adapter,
        second.sampling,
    )


def transformers_identity(model_id: str, settings: Settings | None = None) -> str:
    """Return `Request.endpoint` for this backend: the Hub id, or a digest of a local folder or the embedded model.

    A digest of samples: sizes, and 256 pieces of 64 KiB of each large file. Another training run changes
    them all, and reading tens of gigabytes to tell is not worth it.
    """
    if model_id == EMBEDDED_MODEL_ID:
        return f"transformers:sha256:{WEIGHTS_SHA256}"
    folder = Path(model_id if settings is None else where_it_lies(model_id, settings)).expanduser()
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
