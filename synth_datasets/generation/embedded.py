"""The embedded model: llama.cpp inside this process, without a key, a server of one's own or a network."""

import asyncio
import json
import os
import queue
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.forced_tokens import ForcedTokensError, forced_likelihood
from synth_datasets.generation.likelihood import likelihood_answer
from synth_datasets.generation.weights import (
    EMBEDDED_MODEL_ID,
    embedded_identity,
    find_weights,
    what_to_install,
)
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["EmbeddedBackend"]

CONTEXT_TOKENS = 4096
"""Prompt and answer of one request together; costs 94 MB of memory a server with the embedded model."""
MAX_TOKENS = 512
"""The cap on an answer when the spec has none, so that no request runs for minutes."""
MAX_SERVERS = 8

_SEEDS = 2**32 - 1  # llama.cpp's seeds are 32 bits wide, and the last one means "draw one at random"


class EmbeddedBackend:
    """Runs a GGUF model on the CPU; equal requests get equal texts, whatever runs beside or ran before them.

    That takes one slot a server and no prompt cache: slots and caches that are shared change the last bits
    of the sums and, with them, the words. So there is one single-threaded server a core, at most 8. Across
    versions of `xllamacpp` and kinds of CPU the texts may differ.

    Servers start on first use, in worker threads (about 0.4 s each; 115 MB beside the weights, which they
    share). Parameters that the spec does not set have llama.cpp's defaults, and `max_tokens` is 512. The text
    of an answer begins with the request's opening. A request that reads takes as long as writing its text.
    """

    def __init__(self, settings: Settings, model_id: str = EMBEDDED_MODEL_ID) -> None:
        self.identity = embedded_identity(model_id, settings)
        servers = min(settings.concurrency or MAX_SERVERS, _usable_cores(), MAX_SERVERS)
        # Twice the servers: the next request waits at hand while an answer is written to the store.
        self.concurrency = settings.concurrency or 2 * servers
        self._settings = settings
        self._model_id = model_id
        self._weights: Path | None = None
        self._finding = threading.Lock()
        self._idle: queue.SimpleQueue[_Server] = queue.SimpleQueue()
        self._workers = ThreadPoolExecutor(servers, thread_name_prefix="synth-embedded")
        self._stopped = threading.Event()
        self._key = secrets.token_hex(32)
        """What keeps the servers' ports on loopback for this process alone."""

    async def ask(self, request: Request) -> Answer:
        """Answer on the next free server; cancelling frees that server within a token (or after the prompt).

        Raises `RequestFailedError` (`context_too_long`, `endpoint_error`), `EndpointError` when the request's
        parameters or schema are refused, and `SettingsError` when runtime or weights are missing.
        """
        reply = _Reply(self._stopped)
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._workers, self._answer, request, reply
            )
        except asyncio.CancelledError:
            reply.cancelled = True
            raise

    async def close(self) -> None:
        """Stop what is being generated, end the servers and their threads; a second call does nothing."""
        self._stopped.set()
        await asyncio.to_thread(self._workers.shutdown, wait=True, cancel_futures=True)
        while not self._idle.empty():
            self._idle.get_nowait()  # dropping the last reference ends the native server

    def _answer(self, request: Request, reply: "_Reply") -> Answer:
        try:
            server = self._idle.get_nowait()
        except queue.Empty:
            server = self._start()
        try:
            if request.reads is not None:
                return self._read(server, request, request.reads, reply)
            # Streamed only so that it can be stopped between two tokens.
            server.handle_chat_completions(_body(request), reply.take)
        except ValueError as error:
            raise _refused(str(error)) from error
        finally:
            self._idle.put(server)
        return reply.answer(request)

    def _read(self, server: "_Server", request: Request, tokens: int, reply: "_Reply") -> Answer:
        text = request.messages[-1].content
        try:
            found = forced_likelihood(server.listening_address, self._key, text, tokens, reply.over)
        except (ForcedTokensError, OSError, HTTPException) as error:
            raise RequestFailedError(
                "endpoint_error", f"the embedded model has not read it: {error}"
            ) from error
        if found is None:
            raise RequestFailedError("endpoint_error", "the embedded model was stopped before the text's end")
        return likelihood_answer(request, found)

    def prepare(self) -> Any:  # noqa: ANN401 - the runtime comes without types
        """Find runtime and weights, as the first request would; raises `SettingsError` where they are missing."""
        try:
            import xllamacpp
        except ImportError as error:
            raise SettingsError(
                f"the embedded model needs xllamacpp, which cannot be imported ({error}):\n"
                f"{what_to_install(self._settings, self._model_id)}\n"
                "or name a model of an endpoint: in the spec, or with --model (model=...)"
            ) from error
        with self._finding:
            if self._weights is None:
                self._weights = find_weights(self._settings, self._model_id)
        return xllamacpp

    def _start(self) -> "_Server":
        """Start one more server; there are never more than there are worker threads."""
        native = self.prepare()
        params = native.CommonParams()
        params.model.path = str(self._weights)
        params.n_parallel = 1
        params.n_ctx = CONTEXT_TOKENS
        params.n_batch, params.n_ubatch = (
            2048,
            512,
        )  # the batch size changes the last bits, so it is not left open
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.n_gpu_layers = 0
        params.fit_params = params.warmup = False
        params.cache_ram_mib = 0
        params.verbosity = 0
        params.api_keys = [self._key]
        if hasattr(params, "cors_origins"):  # not yet in 2026.5, the newest release for Intel Macs
            params.cors_origins = ""
        params.ui = params.endpoint_slots = False
        params.n_threads_http = 1
        try:
            return native.Server(params)
        except (RuntimeError, ValueError) as error:
            raise SettingsError(f"{self._weights}: llama.cpp cannot run this file: {error}") from error


class _Server(Protocol):
    """The part of `xllamacpp.Server` that is used."""

    listening_address: str
    """A port on loopback, for what the methods do not give."""

    def handle_chat_completions(
        self, body: dict[str, object], on_chunk: Callable[[Mapping[str, Any]], bool]
    ) -> None:
        """Answer one chat completion, and call `on_chunk` for each chunk until it returns True."""


@dataclass(slots=True)
class _Reply:
    """What has arrived of one answer; `take` is called in the server's thread, once a token."""

    stopped: threading.Event
    cancelled: bool = False
    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    finish_reason: str = ""
    usage: Mapping[str, object] = field(default_factory=dict)
    error: Mapping[str, object] = field(default_factory=dict)

    def take(self, chunk: Mapping[str, Any]) -> bool:
        """Keep one chunk of the stream; True stops the generation."""
        match chunk:
            case {"error": {**error}}:
                self.error = error
            case {"choices": [{"delta": {**delta}, "finish_reason": reason}]}:
                self.text.append(str(delta.get("content") or ""))
                self.reasoning.append(str(delta.get("reasoning_content") or ""))
                self.finish_reason = str(reason or "")
            case {"usage": {**usage}}:
                self.usage = usage
        return self.over()

    def over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.cancelled or self.stopped.is_set()

    def answer(self, request: Request) -> Answer:
        """Return the whole answer, or raise what went wrong."""
        if self.error:
            raise _failure(self.error)
        if not self.finish_reason:
            raise RequestFailedError(
                "endpoint_error", "the embedded model was stopped before its answer ended"
            )
        text = "".join(self.text)
        return Answer(
            key=request.key,
            # Releases before 2026.10 stream the opening as well.
            text=text if text.startswith(request.opening) else request.opening + text,
            finish_reason=self.finish_reason,
            model=request.model,  # the library would say the file's path, which is nobody else's business
            prompt_tokens=_count(self.usage, "prompt_tokens"),
            completion_tokens=_count(self.usage, "completion_tokens"),
            reasoning="".join(self.reasoning),
        )


def _body(request: Request) -> dict[str, object]:
    sampling = {
        name: list(value) if isinstance(value, tuple) else value for name, value in request.sampling.items()
    }
    limit = sampling.get("max_tokens", MAX_TOKENS)
    body: dict[str, object] = {
        **request.extra,
        **sampling,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "seed": request.seed % _SEEDS,
        "max_tokens": limit,
        "n_predict": limit,  # llama.cpp's own name for it, which would win if it came as an extra
        "cache_prompt": False,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.schema is not None:
        schema = {"name": "answer", "strict": True, "schema": json.loads(request.schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _failure(error: Mapping[str, object]) -> RequestFailedError | EndpointError:
    message = str(error.get("message", "unknown error"))
    match error.get("type"):
        case "exceed_context_size_error":
            return RequestFailedError("context_too_long", message)
        case "invalid_request_error":
            return _refused(message)
        case _:
            return RequestFailedError("endpoint_error", message)


def _refused(message: str) -> EndpointError:
    return EndpointError(
        f"the embedded model refused the request; correct `model` or `fields` in the spec: {message}"
    )


def _count(usage: Mapping[str, object], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0


def _usable_cores() -> int:
    """Count the cores that this process may use, which containers and `taskset` make fewer than there are."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        return os.cpu_count() or 1
