"""Which backend answers which model, and what requests call it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

from synth_datasets.errors import SettingsError
from synth_datasets.generation.answer import Answer, Backend
from synth_datasets.generation.batch_backend import MOST_WAITING, BatchBackend
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.embedded import MAX_SERVERS, MAX_TOKENS, EmbeddedBackend
from synth_datasets.generation.endpoints import Roster, asks_replicas, endpoint_url, not_allowed
from synth_datasets.generation.openai_backend import DEFAULT_CONCURRENCY, OpenAIBackend
from synth_datasets.generation.replicas import Replicas
from synth_datasets.generation.transformers_backend import BATCH, TransformersBackend, transformers_identity
from synth_datasets.generation.vllm_backend import CONCURRENCY, VLLMBackend, vllm_identity
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, embedded_identity
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings
from synth_datasets.spec.adapters import Adapter

__all__ = ["Adapters", "default_concurrency", "endpoint_identity", "open_backend", "rows_a_place"]

Adapters = Mapping[str, Sequence[Adapter]]
"""The adapters that each model is asked with, by model id; a model without any has no entry."""
_Kind = Literal["openai", "embedded", "transformers", "vllm"]
_DEFAULTS: Mapping[_Kind, int] = {
    "openai": DEFAULT_CONCURRENCY,
    "embedded": 2 * MAX_SERVERS,
    "transformers": BATCH,
    "vllm": CONCURRENCY,
}


def endpoint_identity(model_id: str, settings: Settings, adapters: Adapters | None = None) -> str:
    """Return `Request.endpoint` for this model: who is asked, without any secret.

    Needs no network, no key and no heavy import. Only weights of the user's own are read, for their digest. A model
    with adapters runs in `transformers`; raises `SettingsError` when the settings say otherwise.
    """
    match _kind(model_id, settings, adapters):
        case "openai":
            return endpoint_url(settings)
        case "embedded":
            return embedded_identity(model_id, settings)
        case "transformers":
            return transformers_identity(model_id, settings)
        case "vllm":
            return vllm_identity(model_id, settings)


def open_backend(
    model_ids: Collection[str],
    settings: Settings,
    budget: Budget | None = None,
    say: Callable[[str], None] | None = None,
    *,
    origin: str = "",
    adapters: Adapters | None = None,
) -> Callable[[], Backend]:
    """Return what makes the backend for all of these models, for `Engine`; `budget` is the run's.

    `origin` is where the spec was read: one from elsewhere asks only endpoints that `settings` allow it. `adapters`
    are those that requests may name, by model id.
    `say` gets a line whenever batches were looked at, from another thread.

    Making it raises `SettingsError` when a key, a library or weights are missing; until then nothing is looked at,
    so that a run whose answers are all in the store needs none of them.
    """
    given = adapters or {}

    def make() -> Backend:
        if "://" in origin:
            _check_allowed([each for each in model_ids if each not in given], settings, origin)
        if settings.batch:
            _check_batches(model_ids, settings, given)
        parts: dict[tuple[str, str], Backend] = {}
        shared: Backend | None = None
        spending = Budget(settings) if budget is None else budget
        kinds = {model_id: _kind(model_id, settings, given) for model_id in sorted(model_ids)}
        # Those that run here come first: a connection that is open would have to be closed where one is missing.
        for model_id, kind in sorted(kinds.items(), key=lambda each: each[1] == "openai"):
            if settings.batch and kind == "openai":
                backend = shared = shared or BatchBackend(settings, budget=spending, say=say)
            elif kind == "openai":
                # One endpoint serves every id, within one limit on what it gets at once.
                backend = shared = shared or _endpoint(settings, spending, origin)
            else:
                own = _here(kind, model_id, settings, given.get(model_id, ()))
                if isinstance(own, EmbeddedBackend):
                    own.prepare()  # what is missing is told before a request is billed, here or at an endpoint
                backend = _Metered(own, spending)
            parts[backend.identity, model_id] = backend
        whole = set(parts.values())
        if len(whole) == 1:
            return whole.pop()
        return _Switch(parts) if not isinstance(shared, BatchBackend) else _GatheringSwitch(parts, shared)

    return make


def _here(kind: _Kind, model_id: str, settings: Settings, adapters: Sequence[Adapter]) -> Backend:
    """Return the backend of a model that runs on this machine."""
    if kind == "embedded":
        return EmbeddedBackend(settings, model_id)
    return (
        VLLMBackend(settings, model_id)
        if kind == "vllm"
        else TransformersBackend(settings, model_id, adapters)
    )


def _endpoint(settings: Settings, budget: Budget, origin: str) -> Backend:
    if not asks_replicas(settings):
        return OpenAIBackend(settings, budget=budget)
    return Replicas(settings, budget=budget, allowed=settings.allow_endpoint if "://" in origin else None)


def _check_batches(model_ids: Collection[str], settings: Settings, adapters: Adapters) -> None:
    """Raise `SettingsError` where no model of them can be asked in batches."""
    kinds = {_kind(model_id, settings, adapters): model_id for model_id in sorted(model_ids)}
    if "openai" not in kinds:
        [(kind, model_id), *_] = kinds.items()
        raise SettingsError(
            f"{model_id} runs on this machine ({kind}), which has no batch API; leave out --batch (batch=True, "
            "SYNTH_BATCH), or ask an endpoint (--model, --base-url)"
        )
    if asks_replicas(settings):
        raise SettingsError(
            "batches lie at one endpoint: name it with --base-url alone, without --endpoint and "
            "--endpoint-name (endpoints, endpoint_name), or leave out --batch (batch=True, SYNTH_BATCH)"
        )


def _check_allowed(model_ids: Collection[str], settings: Settings, origin: str) -> None:
    """Raise `SettingsError` when a spec from elsewhere would ask an endpoint that nobody allowed it."""
    if not any(_kind(each, settings) == "openai" for each in model_ids):
        return
    for endpoint in not_allowed(settings):
        raise SettingsError(
            f"{origin} does not lie on this machine, and it would ask {endpoint} with your key: read it, then allow "
            f"the endpoint with --allow-endpoint {endpoint} (allow_endpoint=..., SYNTH_ALLOW_ENDPOINT, or the config "
            f"file); or ask the embedded model with --model {EMBEDDED_MODEL_ID}"
        )


def default_concurrency(
    model_ids: Collection[str], settings: Settings, adapters: Adapters | None = None
) -> int:
    """Return how many requests keep the backend of these models busy, without making it."""
    if settings.batch:
        return MOST_WAITING
    kinds = {_kind(model_id, settings, adapters) for model_id in model_ids}
    return sum(
        settings.concurrency or _DEFAULTS[kind] * (_replicas(settings) if kind == "openai" else 1)
        for kind in kinds
    )


def rows_a_place(settings: Settings) -> int:
    """Return how far to go ahead of the first row that is not decided, in rows for each place of the backend.

    One of several replicas may be ten times slower than the others, which go on with later rows meanwhile.
    """
    return 16 if asks_replicas(settings) else 4


def _replicas(settings: Settings) -> int:
    return len(Roster(settings).urls) if asks_replicas(settings) else 1


class _Metered:
    """A backend of this process within the budget."""

    def __init__(self, backend: Backend, budget: Budget) -> None:
        self.identity = backend.identity
        self.concurrency = backend.concurrency
        self.inner = backend
        self._budget = budget

    async def ask(self, request: Request) -> Answer:
        """Ask when the budget allows it."""
        limit = request.sampling.get("max_tokens")
        async with self._budget.bill(request, limit if isinstance(limit, int) else MAX_TOKENS) as bill:
            bill.sent()
            answer = await self.inner.ask(request)
            bill.answered(answer)
            return answer

    async def close(self) -> None:
        """Close the backend."""
        await self.inner.close()


class _Switch:
    """Several backends behind one, each within its own concurrency."""

    identity = "several"

    def __init__(self, parts: Mapping[tuple[str, str], Backend]) -> None:
        self._parts = parts
        self._backends = set(parts.values())
        self._turns = {backend: asyncio.Semaphore(backend.concurrency) for backend in self._backends}
        self.concurrency = sum(backend.concurrency for backend in self._backends)

    async def ask(self, request: Request) -> Answer:
        """Pass the request on to the backend it names."""
        backend = self._parts.get((request.endpoint, request.model))
        if backend is None:
            raise SettingsError(f"no backend was opened for {request.model} at {request.endpoint}")
        async with self._turns[backend]:
            return await backend.ask(request)

    async def close(self) -> None:
        """Close every backend, the others also when one fails."""
        ends = await asyncio.gather(*(backend.close() for backend in self._backends), return_exceptions=True)
        if failed := next((end for end in ends if isinstance(end, BaseException)), None):
            raise failed


class _GatheringSwitch(_Switch):
    """Batches beside what runs on this machine: those wait until this has answered, for what its answers lead to."""

    def __init__(self, parts: Mapping[tuple[str, str], Backend], batches: BatchBackend) -> None:
        super().__init__(parts)
        self._batches = batches
        self._here = 0

    async def ask(self, request: Request) -> Answer:
        """Pass the request on to the backend it names."""
        here = self._parts.get((request.endpoint, request.model)) is not self._batches
        self._here += here
        try:
            return await super().ask(request)
        finally:
            self._here -= here

    def gathered(self) -> None:
        """Say that nothing more is asked before an answer, unless one is about to come."""
        if not self._here:
            self._batches.gathered()


def _kind(model_id: str, settings: Settings, adapters: Adapters | None = None) -> _Kind:
    if adapters and model_id in adapters:
        if settings.backend in ("auto", "transformers"):
            return "transformers"
        name = adapters[model_id][0].path
        raise SettingsError(
            f"{model_id} is asked with the adapter {name}, which the transformers backend alone can lay over a model, "
            f"and the backend is {settings.backend}: leave it out (--backend, SYNTH_BACKEND), or serve model and "
            "adapter from an endpoint (vLLM: --enable-lora --lora-modules NAME=FOLDER) and write that NAME as the "
            "model's `id`, without `adapter`"
        )
    if settings.backend == "auto":
        return "embedded" if model_id == EMBEDDED_MODEL_ID else "openai"
    return settings.backend
