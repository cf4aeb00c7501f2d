"""The backend for vLLM inside this process, without a server: for a GPU, and models of the Hub or a local folder."""

import os
from typing import Any

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.checkpoint import checkpoint_of
from synth_datasets.generation.transformers_backend import transformers_identity
from synth_datasets.generation.transformers_loading import where_it_lies
from synth_datasets.generation.transformers_model import parameters_of
from synth_datasets.generation.transformers_prompt import prompt_tokens
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["VLLMBackend", "sampling_of", "vllm_identity"]

CONCURRENCY = 256
"""What vLLM's scheduler runs at once by default."""


class VLLMBackend:
    """Hands each request to vLLM's own scheduler, which batches, with the row's seed and its schema.

    **Batches change words**: a seed decides what is drawn from the probabilities, whose last bits depend on what runs
    beside it; an answer comes again only from the store.

    The engine starts with the first request, which takes minutes, takes the GPU for itself, and runs in a process of
    its own; one run asks one model. Loads safetensors only, runs no code from the Hub, and sends no usage statistics.
    Prompts, parameters and their defaults are those of the `transformers` backend.
    """

    def __init__(self, settings: Settings, model_id: str) -> None:
        self.identity = vllm_identity(model_id, settings)
        self.concurrency = settings.concurrency or CONCURRENCY
        self._settings = settings
        self._model_id = model_id
        self._engine: Any = None
        self._revision: str | None = None

    async def ask(self, request: Request) -> Answer:
        """Wait for the whole answer; cancelling takes the request out of the engine.

        Raises `RequestFailedError` (`context_too_long`, `endpoint_error`), `EndpointError` for parameters, messages
        or a schema that are refused, and `SettingsError` when vLLM, the model or a GPU is missing.
        """
        if request.reads is not None:
            raise SettingsError(
                "the vllm backend tells of no text how likely it is, which `perplexity` in `checks` takes: serve the "
                "model (`vllm serve`) and name the endpoint with --base-url, or choose --backend transformers"
            )
        sampling = sampling_of(request)
        engine = self._started(request.revision)
        from vllm import SamplingParams
        from vllm.exceptions import VLLMClientError
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        prompt = prompt_tokens(engine.get_tokenizer(), request)
        room, most = engine.model_config.max_model_len, parameters_of(request).max_tokens
        if len(prompt) + most > room:
            raise RequestFailedError(
                "context_too_long", f"{len(prompt)} tokens and up to {most} more exceed the context of {room}"
            )
        shape = None if request.schema is None else StructuredOutputsParams(json=request.schema)
        output: Any = None
        try:
            params = SamplingParams(
                **sampling, structured_outputs=shape, output_kind=RequestOutputKind.FINAL_ONLY
            )
            async for each in engine.generate({"prompt_token_ids": prompt}, params, request.key):
                output = each
        except (VLLMClientError, ValueError) as error:
            raise EndpointError(
                f"vLLM refuses the request; correct `model` or `fields` in the spec: {error}"
            ) from error
        return answer_of(request, len(prompt), output)

    async def close(self) -> None:
        """End the engine and its process; a second call does nothing."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.shutdown()

    def _started(self, revision: str | None) -> Any:  # noqa: ANN401 - vLLM's own
        if self._engine is None:
            self._revision = revision
            self._engine = self._start(revision)
        elif revision != self._revision:
            raise SettingsError(
                f"vLLM runs one model at a time, and the spec asks {self._model_id} in two revisions: name one of them"
            )
        return self._engine

    def _start(self, revision: str | None) -> Any:  # noqa: ANN401 - vLLM's own
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")  # before it is imported
        try:
            from vllm import AsyncEngineArgs
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise SettingsError(
                f"the vllm backend cannot import vLLM ({error}): pip install 'synth-datasets[vllm]' on a machine with "
                "a GPU, or choose --backend transformers"
            ) from error
        place = checkpoint_of(where_it_lies(self._model_id, self._settings), self._settings)
        try:
            # Blocks this event loop, which serves nothing else: the engine belongs to the loop that it starts in.
            return AsyncLLM.from_engine_args(
                AsyncEngineArgs(
                    model=place,
                    revision=revision,
                    tokenizer_revision=revision,
                    tokenizer_mode="hf",
                    dtype=self._settings.dtype or "auto",
                    load_format="safetensors",
                    disable_log_stats=True,
                )
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise SettingsError(
                f"vLLM cannot run {place!r} here: {error}; its own messages above say more"
            ) from error


def vllm_identity(model_id: str, settings: Settings) -> str:
    """Return `Request.endpoint` for this backend: the Hub id, or a digest of a local folder."""
    return "vllm:" + transformers_identity(model_id, settings).removeprefix("transformers:")


def sampling_of(request: Request) -> dict[str, Any]:
    """Return a request's parameters as `vllm.SamplingParams` names them; raises `EndpointError` for an unknown one."""
    parameters = parameters_of(request)
    named = {name: getattr(parameters.sampling, name) for name in parameters.sampling.names()}
    stop = list(parameters.stop)
    return {**named, "max_tokens": parameters.max_tokens, "stop": stop, "seed": request.seed}


def answer_of(request: Request, prompt_tokens: int, output: Any) -> Answer:  # noqa: ANN401 - a `RequestOutput`
    """Return the answer in vLLM's last word on a request."""
    if output is None or output.outputs[0].finish_reason not in ("stop", "length"):
        reason = "nothing" if output is None else output.outputs[0].finish_reason
        raise RequestFailedError("endpoint_error", f"vLLM ended the request with {reason}")
    [said] = output.outputs
    return Answer(
        key=request.key,
        text=request.opening + said.text,
        finish_reason=said.finish_reason,
        model=request.model,
        prompt_tokens=prompt_tokens,
        completion_tokens=len(said.token_ids),
    )
