"""Answers that follow a JSON Schema because nothing else can be said: `llguidance` masks all other tokens."""

from collections.abc import Sequence
from typing import Any

from synth_datasets.errors import EndpointError, SettingsError

__all__ = ["Constraints", "SchemaMask"]

# Spaces as most JSON is written that models have read; a free choice of white space can go on for ever.
_FORM = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}

Matcher = Any  # llguidance's `LLMatcher`: what one answer may go on with
Tensor = Any  # torch's; this module is read where torch is not installed


class Constraints:
    """The schemas of one model's requests, each compiled once (milliseconds; about a second for the first)."""

    def __init__(self, tokenizer: Any, vocabulary: int, ends: frozenset[int]) -> None:  # noqa: ANN401 - transformers' own
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._ends = ends
        self._shared: Any = None
        self._compiled: dict[str, Matcher] = {}

    def matcher(self, schema: str, opening: str = "") -> Matcher:
        """Return what follows one new answer under this schema, of which the opening has been said.

        Raises `SettingsError` without `llguidance` or for a tokenizer that it cannot read, `EndpointError` for a
        schema that it does not know how to hold to, or that no answer with this opening follows.
        """
        if schema not in self._compiled:
            self._compiled[schema] = self._compile(schema)
        matcher = self._compiled[schema].deep_copy()
        if opening and not matcher.consume_tokens(self._shared.tokenize_str(opening)):
            raise EndpointError(f"no answer that begins with {opening!r} follows the schema of `fields`")
        return matcher

    def _compile(self, schema: str) -> Matcher:
        try:
            from llguidance import LLMatcher
            from llguidance.hf import from_tokenizer
        except ImportError as error:
            raise SettingsError(
                f"structured answers (`fields`) of a local model need llguidance ({error}): "
                "pip install 'synth-datasets[transformers]'"
            ) from error
        if self._shared is None:
            try:
                self._shared = from_tokenizer(self._tokenizer, self._vocabulary, sorted(self._ends) or None)
            except ValueError as error:
                raise SettingsError(
                    f"llguidance cannot read this model's tokenizer ({error}), so it cannot give structured answers; "
                    "use a model with a tokenizer.json, or an endpoint"
                ) from error
        matcher = LLMatcher(
            self._shared, LLMatcher.grammar_from_json_schema(schema, overrides=_FORM), log_level=0
        )
        if matcher.is_error():
            raise EndpointError(f"llguidance refuses the schema of `fields`: {matcher.get_error()}")
        return matcher


class SchemaMask:
    """A logits processor that leaves each row the tokens that its matcher allows; a row without one has all."""

    def __init__(self, matchers: Sequence[Matcher | None]) -> None:
        self._matchers = matchers

    def __call__(self, _input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the scores, minus infinity where a token would break the schema."""
        import torch
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

        width = scores.shape[1]
        bits = allocate_token_bitmask(len(self._matchers), width)
        for place, matcher in enumerate(self._matchers):
            if matcher is not None and not matcher.is_stopped():
                fill_next_token_bitmask(matcher, bits, place)
        packed = torch.from_numpy(bits).to(scores.device).unsqueeze(-1)
        allowed = (packed >> torch.arange(32, device=scores.device, dtype=torch.int32)) & 1
        return scores.masked_fill(allowed.flatten(1)[:, :width] == 0, float("-inf"))
