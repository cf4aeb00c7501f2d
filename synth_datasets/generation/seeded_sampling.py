"""Sampling for batches whose rows must not know of each other: every row draws from its own seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["RowSampler", "Sampling"]

# The mixing function and its increment are SplitMix64's (Steele, Lea, Flood 2014, "Fast splittable pseudorandom
# number generators"): a counter-based generator, so that noise depends on (seed, step, token) and on nothing else.
_INCREMENT = 0x9E3779B97F4A7C15
_ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_MASK = 2**64 - 1
_MOST_NOISE = 16.7
"""Above all noise that 23 bits can make: -log(-log(1 - 2^-24)) is 16.64."""
_LIKELIEST = 256
"""Tokens that are looked at first; one of them nearly always wins, and that is seen without the others."""

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
    as far as its logits are the same, and goes on the same after a pause: `said` has the tokens of its answer so far.
    Filters follow one another as top_k, top_p, min_p.
    """

    def __init__(
        self,
        sampling: Sampling,
        seeds: Sequence[int],
        prompts: Sequence[Sequence[int]],
        said: Sequence[Sequence[int]],
    ) -> None:
        self._sampling = sampling
        self._keys = [_mix(seed) for seed in seeds]
        self._prompts = prompts
        self._said = said
        self._steps = [len(tokens) for tokens in said]
        self._counts: Tensor = None
        self._known: Tensor = None

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Return the scores whose maximum is this step's token; called by `generate` once a step."""
        scores = self._penalised(input_ids, scores.float())
        if self._sampling.temperature == 0:
            return scores
        keys = [
            _mix(key + step * _INCREMENT & _MASK) for key, step in zip(self._keys, self._steps, strict=True)
        ]
        self._steps = [step + 1 for step in self._steps]
        drawn = _draw(scores / self._sampling.temperature, keys, self._sampling)
        return scores.new_full(scores.shape, -math.inf).scatter_(1, drawn, 0.0)

    def _penalised(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        sampling = self._sampling
        factor = sampling.repetition_penalty
        if not (sampling.frequency_penalty or sampling.presence_penalty or factor != 1):
            return scores
        if self._counts is None:
            self._counts = _counted(self._said, scores)
            self._known = (_counted(self._prompts, scores) + self._counts) > 0
        else:
            newest = input_ids[:, -1:]
            self._counts.scatter_add_(1, newest, scores.new_ones(newest.shape))
            self._known.scatter_(1, newest, value=True)
        if factor != 1:
            lowered = (scores / factor).where(scores > 0, scores * factor)
            scores = lowered.where(self._known, scores)
        counts = self._counts
        return scores - counts * sampling.frequency_penalty - (counts > 0) * sampling.presence_penalty


def _counted(texts: Sequence[Sequence[int]], scores: Tensor) -> Tensor:
    """Return how often each row holds each token."""
    import torch

    counts = torch.zeros_like(scores)
    for count, tokens in zip(counts, texts, strict=True):
        ids = torch.tensor(tokens, dtype=torch.long, device=scores.device)
        count.scatter_add_(0, ids, torch.ones_like(ids, dtype=scores.dtype))
    return counts


def _draw(scores: Tensor, keys: Sequence[int], sampling: Sampling) -> Tensor:
    """Return the token that each row draws, as a column.

    Looks at the likeliest tokens first, and at all only where another could win: to sort a vocabulary and to make
    noise for it takes as long as a small model's own step.
    """
    import torch

    most = scores.shape[1]
    filtered = sampling.top_k > 0 or sampling.top_p < 1 or sampling.min_p > 0
    for size in (min(max(_LIKELIEST, sampling.top_k), most), most):
        if size == most and not filtered:
            return (scores + _noise(keys, torch.arange(most, device=scores.device))).argmax(1, keepdim=True)
        values, ids = scores.topk(size, dim=1)  # the likeliest first
        kept = _kept(values, scores, sampling)
        best, place = (values + _noise(keys, ids)).masked_fill(~kept, -math.inf).max(dim=1, keepdim=True)
        settled = ~kept[:, -1:] | (best >= values[:, -1:] + _MOST_NOISE)
        if size == most or bool(settled.all()):
            break
    return ids.gather(1, place)


def _kept(values: Tensor, scores: Tensor, sampling: Sampling) -> Tensor:
    """Say which of the likeliest tokens, the first of them first, pass the filters; at least the first does."""
    kept = values > -math.inf
    if sampling.top_k:
        kept[:, sampling.top_k :] = False
    if sampling.top_p < 1:
        all_of_them = values[:, : sampling.top_k] if sampling.top_k else scores
        shares = (values - all_of_them.logsumexp(1, keepdim=True)).exp()
        kept &= shares.cumsum(1) - shares < sampling.top_p
    if sampling.min_p:
        kept &= values >= values[:, :1] + math.log(sampling.min_p)
    kept[:, 0] = True
    return kept


def _noise(keys: Sequence[int], tokens: Tensor) -> Tensor:
    """Return Gumbel noise for every row (one key each) and its tokens, made where these are."""
    import torch

    starts = torch.tensor([[_signed(key)] for key in keys], device=tokens.device)
    bits = starts + tokens * _signed(_INCREMENT)
    for shift, factor in _ROUNDS:
        bits = (bits ^ _shifted(bits, shift)) * _signed(factor)
    bits = bits ^ _shifted(bits, 31)
    # 23 bits and a half: what a float32 holds without rounding to 0 or 1.
    uniform = (_shifted(bits, 41).float() + 0.5) / 2**23
    return -(-uniform.log()).log()


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
