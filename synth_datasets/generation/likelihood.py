"""How likely a model finds a text: what is asked of an endpoint, what it says, and the answer that it comes to."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.chat import Body, whole_text
from synth_datasets.plan.request import Request

__all__ = ["COMPLETIONS", "Likelihood", "beginning", "likelihood_answer", "likelihood_body", "told_answer"]

COMPLETIONS = "/completions"
_LONG_TOKEN = 32
"""Characters of a token, which few have: what lies beyond so many for each one need not be sent."""
_MOST_NATS = 700.0
"""A token; beyond it no float holds the perplexity."""
_IMPOSSIBLE = -9_999.0
"""What vLLM says in the place of minus infinity."""


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


def told_answer(completion: Mapping[str, Any], request: Request) -> Answer | None:
    """Return what a completion says of the prompt as an answer, with the bill; None where it says nothing of it.

    Raises `ValueError` for what is no completion, `RequestFailedError` where it leaves out some of the tokens.
    """
    try:
        told = (completion["choices"][0].get("logprobs") or {}).get("token_logprobs") or []
        usage = completion.get("usage") or {}
        written = max(int(usage.get("completion_tokens") or 1), 1)
        stated = int(usage.get("prompt_tokens") or 0)
        prompt = stated if stated > 0 else len(told) - written
        details = usage.get("prompt_tokens_details") or {}
        cached = max(int(details.get("cached_tokens") or 0), 0)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("the response is no completion") from error
    # Some count a token before the text that they do not tell of.
    if len(told) - written < max(prompt - 1, 1):
        return None
    read = told[1 : min(prompt, len(told) - written, request.reads or 0)]
    numbers = [max(float(each), _IMPOSSIBLE) for each in read if isinstance(each, int | float)]
    numbers = [each for each in numbers if not math.isnan(each)]
    if read and not numbers:
        return None
    if len(numbers) < len(read):
        raise RequestFailedError("endpoint_error", "of some tokens it is not told how likely they are")
    return replace(
        likelihood_answer(request, Likelihood(len(numbers), -sum(numbers))),
        model=whole_text(str(completion.get("model") or request.model)),
        prompt_tokens=prompt,
        completion_tokens=max(int(usage.get("completion_tokens") or 0), 0),
        cached_tokens=cached,
    )


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
