"""One causal language model of `transformers`: from requests of equal parameters to their answers, in one batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import TemplateError

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.seeded_sampling import RowSampler, Sampling
from synth_datasets.plan.request import Request

__all__ = ["LocalModel", "Parameters", "Row", "parameters_of"]

MAX_TOKENS = 512
"""The cap on an answer when the spec has none."""

_SCHEMA = "Answer with one JSON object that follows this JSON Schema, and with nothing else:\n"
_TAIL = 4
"""Tokens of the prompt that are decoded with the answer, so that a leading space is not lost."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What all rows of one batch share."""

    revision: str | None
    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Row:
    """One request on its way through a batch; only `dropped` is set from another thread."""

    request: Request
    parameters: Parameters
    dropped: bool = False
    """Nobody waits for the answer any more."""
    prompt: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    text: str | None = None
    """Set when a stop string has ended the row: what stands before it."""
    ended: bool = False


def parameters_of(request: Request) -> Parameters:
    """Read a request's parameters; raises `EndpointError` for one that is not known here."""
    given: dict[str, Any] = {**request.sampling, **request.extra}
    stop = given.pop("stop", ())
    max_tokens = given.pop("max_tokens", MAX_TOKENS)
    if unknown := sorted(given.keys() - Sampling.names()):
        raise EndpointError(
            f"the transformers backend does not know {', '.join(unknown)}; it knows max_tokens, stop, "
            f"{', '.join(sorted(Sampling.names()))}; correct `model` in the spec"
        )
    return Parameters(
        request.revision,
        Sampling(**given),
        int(max_tokens),
        (stop,) if isinstance(stop, str) else tuple(stop),
    )


class LocalModel:
    """A model and its tokenizer, loaded on CUDA, MPS or the CPU, whichever is there first.

    Float32 on the CPU, the checkpoint's own dtype elsewhere. Loads safetensors only, and runs no code from the
    Hub. Raises `SettingsError` when libraries or the model are missing.
    """

    def __init__(self, model_id: str, revision: str | None) -> None:
        try:
            import torch
            from transformers import (
                AutoModelForCausalLM,
                AutoTokenizer,
                GenerationConfig,
            )
        except ImportError as error:
            raise SettingsError(
                f"the transformers backend cannot import its libraries ({error}): "
                "pip install 'synth-datasets[transformers]'"
            ) from error
        gpu = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(model_id, revision=revision)
            # Pickled weights can run code; a model that a stranger's spec names must not.
            model = AutoModelForCausalLM.from_pretrained(
                model_id, revision=revision, dtype="auto" if gpu else torch.float32, use_safetensors=True
            )
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"transformers cannot load {model_id!r} as a causal language model: {error}"
            ) from error
        self._ends = _ends(model.generation_config, self._tokenizer)
        # Emptied, because `generate` would fill what a call leaves open with sampling that no spec asked for.
        model.generation_config = GenerationConfig(pad_token_id=0)
        self._model = model.to(gpu or "cpu").eval()

    def generate(self, rows: Sequence[Row]) -> list[Answer | RequestFailedError]:
        """Answer rows of equal parameters, in their order; a prompt that does not fit fails alone."""
        room = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        for row in rows:
            row.prompt = self._prompt(row.request)
        fitting = [row for row in rows if room is None or len(row.prompt) + row.parameters.max_tokens <= room]
        if fitting:
            self._run(fitting)
        return [
            self._answer(row)
            if row in fitting
            else RequestFailedError(
                "context_too_long",
                f"{len(row.prompt)} tokens and up to {row.parameters.max_tokens} more exceed the context of {room}",
            )
            for row in rows
        ]

    def _run(self, rows: Sequence[Row]) -> None:
        import torch

        width = max(len(row.prompt) for row in rows)
        ids = torch.tensor([[0] * (width - len(row.prompt)) + row.prompt for row in rows])
        mask = torch.tensor([[0] * (width - len(row.prompt)) + [1] * len(row.prompt) for row in rows])
        ids, mask = ids.to(self._model.device), mask.to(self._model.device)
        shared = rows[0].parameters
        sampler = RowSampler(shared.sampling, [row.request.seed for row in rows], ids, mask)

        def ended(input_ids: Any, _scores: object) -> Any:  # noqa: ANN401 - tensors, as `generate` has them
            for row, token in zip(rows, input_ids[:, -1].tolist(), strict=True):
                self._take(row, token)
            return torch.tensor([row.ended or row.dropped for row in rows], device=input_ids.device)

        try:
            with torch.inference_mode():
                self._model.generate(
                    ids,
                    attention_mask=mask,
                    do_sample=False,
                    max_new_tokens=shared.max_tokens,
                    logits_processor=[sampler],
                    stopping_criteria=[ended],
                )
        except torch.OutOfMemoryError as error:
            raise SettingsError(
                f"a batch of {len(rows)} does not fit into memory: set SYNTH_CONCURRENCY to a smaller number"
            ) from error

    def _take(self, row: Row, token: int) -> None:
        """Add one token to a row, and see whether it ends there."""
        if row.ended or row.dropped:
            return
        row.tokens.append(token)
        if token in self._ends:
            row.ended = True
        elif row.parameters.stop:
            text = self._text(row)
            found = [at for stop in row.parameters.stop if (at := text.find(stop)) >= 0]
            if found:
                row.ended, row.text = True, text[: min(found)]

    def _text(self, row: Row) -> str:
        tail = row.prompt[-_TAIL:]
        before = self._decoded(tail)
        return self._decoded(tail + row.tokens)[len(before) :]

    def _decoded(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def _answer(self, row: Row) -> Answer:
        return Answer(
            key=row.request.key,
            text=row.request.opening + (self._text(row) if row.text is None else row.text),
            finish_reason="stop" if row.ended else "length",
            model=row.request.model,
            prompt_tokens=len(row.prompt),
            completion_tokens=len(row.tokens),
        )

    def _prompt(self, request: Request) -> list[int]:
        messages = _messages(request)
        if not self._tokenizer.chat_template:
            return self._tokenizer(_plain(messages))["input_ids"]
        begun = messages[-1]["role"] == "assistant"
        try:
            return self._tokenizer.apply_chat_template(
                messages, add_generation_prompt=not begun, continue_final_message=begun, return_dict=True
            )["input_ids"]
        except (TemplateError, ValueError) as error:
            raise EndpointError(
                f"the chat template of {request.model} refuses these messages ({error}); "
                "leave out `system` or `opening`, whichever it does not know"
            ) from error


def _ends(generation_config: Any, tokenizer: Any) -> frozenset[int]:  # noqa: ANN401 - transformers' own
    """Collect the tokens that end a turn."""
    named = generation_config.eos_token_id
    several = [*named] if isinstance(named, list) else [named]
    return frozenset(token for token in (*several, tokenizer.eos_token_id) if token is not None)


def _messages(request: Request) -> list[dict[str, str]]:
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    if request.schema is not None:
        last = next(message for message in reversed(messages) if message["role"] == "user")
        last["content"] += f"\n\n{_SCHEMA}{request.schema}"
    return messages


def _plain(messages: Sequence[Mapping[str, str]]) -> str:
    """Write a conversation for a model without a chat template."""
    names = {"system": "", "user": "User: ", "assistant": "Assistant: "}
    begun = messages[-1]["role"] == "assistant"
    turns = [names[message["role"]] + message["content"] for message in messages]
    return "\n\n".join(turns if begun else [*turns, "Assistant:"])
