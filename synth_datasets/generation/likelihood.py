"""How likely a model finds a text: what is asked of an endpoint, what it says, and the answer that it comes to."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synth_datasets.generation.answer import Answer
from synth_datasets.generation.chat import Body
from synth_datasets.plan.request import Request

__all__ = ["COMPLETIONS", "Likelihood", "beginning", "likelihood_answer", "likelihood_body", "likelihood_of"]

COMPLETIONS = "/completions"
_LONG_TOKEN = 32
"""Characters of a token, which few have: what lies beyond so many for each one need not be sent."""
_MOST_NATS = 700.0
"""A token; beyond it no float holds the perplexity."""


@dataclass(frozen=True, slots=True)
class Likelihood:
    """What a model makes of one text."""

    tokens: int
    """All but the first, which has nothing before it."""
    surprise: float
    """Their negative log-likelihood, in nats."""


def beginning(text: str, tokens: int) -> str:
    """Return what is read of a text for its first `tokens`: in it are these, unless they are very long ones."""
    return text[: tokens * _LONG_TOKEN]


def likelihood_body(request: Request) -> Body:
    """Return what `/completions` is sent for a request that reads: the text, to be repeated with likelihoods."""
    return {
        "model": request.model,
        "prompt": beginning(request.messages[-1].content, request.reads or 0),
        "echo": True,
        "logprobs": 1,
        "max_tokens": 1,
        "temperature": 0,
    }


def likelihood_of(completion: Mapping[str, Any], tokens: int) -> Likelihood | None:
    """Return what a completion says of the first `tokens` of its prompt; None where it says nothing of the prompt.

    Raises `ValueError` for what is no completion.
    """
    try:
        told = (completion["choices"][0].get("logprobs") or {}).get("token_logprobs") or []
        prompt = int(completion["usage"]["prompt_tokens"])
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("the response is no completion") from error
    if prompt < 1 or len(told) < prompt:
        return None
    read: Sequence[object] = told[1 : min(prompt, tokens)]
    numbers = [float(each) for each in read if isinstance(each, int | float) and math.isfinite(each)]
    return Likelihood(len(numbers), -sum(numbers)) if len(numbers) == len(read) else None


def likelihood_answer(request: Request, found: Likelihood) -> Answer:
    """Return the likelihood as a request's answer: perplexity, to six digits, and the tokens that it is a mean over.

    Perplexity is exp of the mean negative log-likelihood of a token; null where there is none but the first.
    """
    mean = found.surprise / found.tokens if found.tokens else None
    figure = None if mean is None else float(f"{math.exp(min(max(mean, 0.0), _MOST_NATS)):.6g}")
    return Answer(
        key=request.key,
        text=json.dumps({"perplexity": figure, "tokens": found.tokens}),
        model=request.model,
        prompt_tokens=found.tokens + 1,
    )
