"""One causal language model of `transformers`: rows of equal sampling to their answers, together."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.constrained import Constraints, Matcher, SchemaMask
from synth_datasets.generation.likelihood import Likelihood
from synth_datasets.generation.read_tokens import read_likelihood
from synth_datasets.generation.seeded_sampling import RowSampler, Sampling
from synth_datasets.generation.transformers_loading import Loaded
from synth_datasets.generation.transformers_memory import measure
from synth_datasets.generation.transformers_prompt import prompt_tokens
from synth_datasets.plan.request import Request

__all__ = ["LocalModel", "Parameters", "Row", "Tell", "parameters_of"]

MAX_TOKENS = 512
"""The cap on an answer when the spec has none."""

_TAIL = 4
"""Tokens of the prompt that are decoded with the answer, so that a leading space is not lost."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A request's parameters; rows of one batch share the first three."""

    revision: str | None
    adapter: str | None
    sampling: Sampling
    max_tokens: int
    stop: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Row:
    """One request on its way to its answer, in one batch or several; only `dropped` is set from another thread."""

    request: Request
    parameters: Parameters
    dropped: bool = False
    """Nobody waits for the answer any more."""
    prompt: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    text: str | None = None
    """Set when a stop string has ended the row: what stands before it."""
    matcher: Matcher | None = None
    """Of a row with a schema."""
    ended: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more is generated for it."""
        return self.ended or self.dropped or len(self.tokens) >= self.parameters.max_tokens

    @property
    def longest(self) -> int:
        """The tokens of its prompt and of the longest answer that it may have."""
        return len(self.prompt) + self.parameters.max_tokens


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
        request.adapter,
        Sampling(**given),
        int(max_tokens),
        (stop,) if isinstance(stop, str) else tuple(stop),
    )


Tell = Callable[[Row, Answer | RequestFailedError | EndpointError], None]
"""Takes a row and what became of it, in the thread that generates."""


class LocalModel:
    """A loaded model that answers rows of equal sampling together; used by one thread.

    A row's state is its tokens: it may leave a batch and go on in another, from where it was.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._model = loaded.model
        self._tokenizer = loaded.tokenizer
        self._ends = loaded.ends
        config = loaded.model.config.get_text_config()
        self._context = getattr(config, "max_position_embeddings", None)
        self._constraints = Constraints(loaded.tokenizer, config.vocab_size, loaded.ends)
        self._room = measure(loaded.model)
        self._most: int | None = None
        """Rows of a batch, once one has been too large."""

    def read(self, row: Row) -> None:
        """Make the row's prompt, and its matcher if it has a schema.

        Raises `RequestFailedError` (`context_too_long`) when prompt and `max_tokens` do not fit, `EndpointError` when
        the chat template or llguidance refuses the request, `SettingsError` without llguidance.
        """
        row.prompt = prompt_tokens(self._tokenizer, row.request)
        if self._context is not None and row.longest > self._context:
            raise RequestFailedError(
                "context_too_long",
                f"{len(row.prompt)} tokens and up to {row.parameters.max_tokens} more exceed the context of "
                f"{self._context}",
            )
        if row.request.schema is not None:
            row.matcher = self._constraints.matcher(row.request.schema, row.request.opening)

    def likelihood(self, text: str, tokens: int) -> Likelihood:
        """Return how likely the first tokens of a text are, of which the model's context may hold fewer."""
        return read_likelihood(self._model, self._tokenizer, text, min(tokens, self._context or tokens))

    def fitting(self, longest: int) -> int:
        """Return how many rows, the longest of this many tokens, make one batch."""
        fitting = self._room.rows(longest)
        return fitting if self._most is None else min(fitting, self._most)

    def run(self, rows: Sequence[Row], tell: Tell, crowded: Callable[[], bool]) -> None:
        """Generate, and tell each answer as it ends; returns when all have, or earlier, with rows to be resumed.

        Earlier: when half of the rows have ended and `crowded()` says that others would fill their places, and when
        memory ran out, after which batches are half as large. Raises `SettingsError` when not even one row fits.
        """
        import torch

        try:
            with torch.inference_mode():
                self._run(rows, tell, crowded)
        except torch.OutOfMemoryError as error:
            if len(rows) == 1:
                raise SettingsError(
                    f"not even one row of {rows[0].longest} tokens fits into memory: lower `max_tokens`, or choose a "
                    "smaller model, another --dtype or another --device"
                ) from error
            self._most = (len(rows) + 1) // 2
            error.__traceback__ = None  # its frames hold the tensors that were too many

    def _run(self, rows: Sequence[Row], tell: Tell, crowded: Callable[[], bool]) -> None:
        import torch

        ids, mask = self._padded(rows)
        cache = None
        while rows:
            ids, cache = self._generate(rows, ids, mask, cache, tell)
            left = [place for place, row in enumerate(rows) if not row.over]
            if not left or crowded():
                return
            # The rows that have ended leave, so that the others need not carry them along.
            rows = [rows[place] for place in left]
            kept = torch.tensor(left, device=ids.device)
            ids = ids[kept]
            mask = torch.nn.functional.pad(mask[kept], (0, ids.shape[1] - mask.shape[1]), value=1)
            cache = _selected(cache, kept)

    def _padded(self, rows: Sequence[Row]) -> tuple[Any, Any]:
        """Return what the rows hold so far as one tensor, filled up on the left, and the mask of what is theirs."""
        import torch

        texts = [row.prompt + row.tokens for row in rows]
        width = max(map(len, texts))
        ids = torch.tensor([[0] * (width - len(text)) + text for text in texts])
        mask = torch.tensor([[0] * (width - len(text)) + [1] * len(text) for text in texts])
        return ids.to(self._model.device), mask.to(self._model.device)

    def _generate(self, rows: Sequence[Row], ids: Any, mask: Any, cache: Any, tell: Tell) -> tuple[Any, Any]:  # noqa: ANN401 - tensors, as `generate` has them
        """Go on until half of the rows have ended; return all tokens, and the cache of all but the last."""
        import torch

        def ended(input_ids: Any, _scores: object) -> Any:  # noqa: ANN401 - tensors, too
            for row, token in zip(rows, input_ids[:, -1].tolist(), strict=True):
                if not row.over:
                    self._take(row, token)
                    if row.over and not row.dropped:
                        tell(row, self._answer(row))
            enough = sum(row.over for row in rows) * 2 >= len(rows)
            return torch.full((len(rows),), enough, device=input_ids.device)

        matchers = [row.matcher for row in rows]
        sampler = RowSampler(
            rows[0].parameters.sampling,
            [row.request.seed for row in rows],
            [row.prompt for row in rows],
            [row.tokens for row in rows],
        )
        output = self._model.generate(
            ids,
            attention_mask=mask,
            past_key_values=cache,
            do_sample=False,
            max_new_tokens=max(row.parameters.max_tokens - len(row.tokens) for row in rows),
            logits_processor=[*([SchemaMask(matchers)] if any(matchers) else []), sampler],
            stopping_criteria=[ended],
            return_dict_in_generate=True,
        )
        return output.sequences, output.past_key_values

    def _take(self, row: Row, token: int) -> None:
        """Add one token to a row, and see whether it ends there."""
        row.tokens.append(token)
        if row.matcher is not None:
            row.matcher.consume_token(token)
        if token in self._ends or (row.matcher is not None and row.matcher.is_stopped()):
            row.ended = True
        if row.ended:
            return
        if row.parameters.stop:
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


def _selected(cache: Any, kept: Any) -> Any:  # noqa: ANN401 - transformers' own, and a tensor
    """Return the cache of these rows, or None where its kind cannot part with rows: it is made anew then."""
    with contextlib.suppress(AttributeError, NotImplementedError, ValueError):
        cache.batch_select_indices(kept)
        return cache
    return None
