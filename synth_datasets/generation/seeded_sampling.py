"""Sampling for batches whose rows must not know of each other: every row draws from its own seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["RowSampler", "Sampling"]

# The mixing function and its increment are SplitMix64's (Steele, Lea, Flood 2014, "Fast splittable pseudorandom
# number generators"): a counter-based generator, so that noise depends on (seed, step, token) and on nothing else.
_INCREMENT = 0x9E3779B97F4A7C15
_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_MASK = 2**64 - 1

Tensor = Any  # torch's; this module is read where torch is not installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """The parameters that this sampler knows, by the names that vLLM's server gives them."""

    temperature: float = 1.0
    """0: the most likely token, always."""
    top_p: float = 1.0
    top_k: int = 0
    """0: all tokens."""
    min_p: float = 0.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    """Counts what the prompt holds as well, as in transformers."""

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return what may be set."""
        return frozenset(item.name for item in fields(cls))


class RowSampler:
    """A logits processor after which the greedy choice is a sample: Gumbel noise is added to what may be drawn.

    The most likely token after adding Gumbel noise is a draw from the softmax (the Gumbel-max trick). Noise is a
    function of the row's seed, the step and the token, so that a row draws the same whatever rows are beside it,
    as far as its logits are the same.
    """

    def __init__(
        self, sampling: Sampling, seeds: Sequence[int], prompt_ids: Tensor, prompt_mask: Tensor
    ) -> None:
        self._sampling = sampling
        self._keys = [_mix(seed) for seed in seeds]
        self._prompt_ids = prompt_ids
        self._prompt_mask = prompt_mask
        self._warpers = _warpers(sampling)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the scores whose maximum is this step's token; called by `generate` once a step."""
        step = input_ids.shape[1] - self._prompt_ids.shape[1]
        scores = self._penalised(scores.float(), input_ids[:, self._prompt_ids.shape[1] :])
        if self._sampling.temperature == 0:
            return scores
        scores = scores / self._sampling.temperature
        for warp in self._warpers:
            scores = warp(input_ids, scores)
        return scores + _noise([key + step * _INCREMENT & _MASK for key in self._keys], scores)

    def _penalised(self, scores: Tensor, generated: Tensor) -> Tensor:
        sampling = self._sampling
        counts = scores.new_zeros(scores.shape)
        counts.scatter_add_(1, generated, scores.new_ones(generated.shape))
        if (factor := sampling.repetition_penalty) != 1:
            said = counts.scatter_add(1, self._prompt_ids, self._prompt_mask.to(scores)) > 0
            lowered = (scores / factor).where(scores > 0, scores * factor)
            scores = lowered.where(said, scores)
        return scores - counts * sampling.frequency_penalty - (counts > 0) * sampling.presence_penalty


def _noise(keys: Sequence[int], scores: Tensor) -> Tensor:
    """Return Gumbel noise for every row (one key each) and token, made where the scores are."""
    import torch

    starts = torch.tensor([[_signed(_mix(key))] for key in keys], device=scores.device)
    bits = starts + torch.arange(scores.shape[1], device=scores.device) * _signed(_INCREMENT)
    for shift, factor in _ROUNDS:
        bits = (bits ^ _shifted(bits, shift)) * _signed(factor)
    bits = bits ^ _shifted(bits, 31)
    # 23 bits and a half: what a float32 holds without rounding to 0 or 1.
    uniform = (_shifted(bits, 41).float() + 0.5) / 2**23
    return -(-uniform.log()).log()


def _warpers(sampling: Sampling) -> list[Callable[[Tensor, Tensor], Tensor]]:
    from transformers import (
        MinPLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    return [
        *([TopKLogitsWarper(sampling.top_k)] if sampling.top_k else []),
        *([TopPLogitsWarper(sampling.top_p)] if sampling.top_p < 1 else []),
        *([MinPLogitsWarper(sampling.min_p)] if sampling.min_p else []),
    ]


def _mix(value: int) -> int:
    value = value + _INCREMENT & _MASK
    for shift, factor in _ROUNDS:
        value = (value ^ value >> shift) * factor & _MASK
    return value ^ value >> 31


def _signed(value: int) -> int:
    """Read 64 bits as torch's int64, whose products wrap like unsigned ones."""
    return value - 2**64 if value >= 2**63 else value


def _shifted(bits: Tensor, by: int) -> Tensor:
    """Shift to the right and fill with zeros; int64 would fill with the sign."""
    return (bits >> by) & (2 ** (64 - by) - 1)
