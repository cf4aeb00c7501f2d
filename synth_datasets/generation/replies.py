"""What an HTTP reply of an OpenAI-compatible endpoint means: an answer, a passing trouble, or the end."""

# ruff: noqa: PLR2004 - status codes are best known by their numbers

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.chat import answer_of
from synth_datasets.generation.dialect import Refusal
from synth_datasets.generation.likelihood import told_answer
from synth_datasets.generation.retry import retry_after_s
from synth_datasets.plan.request import Request
from synth_datasets.secret_kinds import without_secrets

__all__ = ["RESUME", "Reply", "Throttled", "Trouble", "Verdict", "shown", "verdict_of"]

RESUME = "Answers so far are kept; run again to ask only for the rest."


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether the endpoint dealt with the request, if only to refuse it."""
        return self.status < 500 and self.status not in (408, 429)


@dataclass(frozen=True, slots=True)
class Trouble:
    """No usable reply, for a reason that may pass."""

    detail: str
    connecting: bool = False
    """The endpoint was not reached, so no request is at fault."""
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Throttled:
    """The endpoint asks for patience."""

    detail: str
    wait_s: float | None
    """None: it does not say how long."""


Verdict = Answer | Trouble | Throttled | Refusal | RequestFailedError | EndpointError

_BEGINNING = 40
"""So many characters of a response tell what kind of thing it is."""
_FILTERED = re.compile(
    r"content.?(filter|policy|management)|responsible.?ai|moderation|flagged|safety (system|policy)"
)
_TOO_LONG = re.compile(
    r"context.?(length|window|size)|maximum context|too many tokens|(prompt|input|request) is too (long|large)"
    r"|reduce the length|string_above_max_length|exceeds? the (available|maximum) (context|number of tokens)"
)
_NO_MONEY = re.compile(
    r"insufficient.?(quota|balance|credit|funds)|exceeded your current quota|billing|payment required"
)
_NO_MODEL = re.compile(
    r"model.?not.?found|model.{0,80}(does not exist|not exist|not found|is not available)|unknown model"
)


def verdict_of(reply: Reply, request: Request, *, where: str, secrets: frozenset[str]) -> Verdict:
    """Return what the reply means for `request`; exceptions are returned, not raised.

    `where` is the endpoint's public URL; `secrets` never appear in the result.
    """
    if 200 <= reply.status < 300:
        return _completion(reply, request, where, secrets)
    refusal = _refusal(reply.content, secrets)
    return _refused(reply, refusal, request, where)


def shown(text: str, secrets: frozenset[str]) -> str:
    """Return the text fit for a message: in one line, not too long, without a secret that the other side echoes."""
    for secret in secrets:
        text = text.replace(secret, "***")
    line = without_secrets(" ".join(text.split()))  # before it is cut: half a key is known for none
    return line if len(line) <= 300 else line[:299] + "…"


def _completion(reply: Reply, request: Request, where: str, secrets: frozenset[str]) -> Verdict:
    try:
        completion = json.loads(reply.content)
    except (ValueError, RecursionError):
        told = shown(reply.content.decode("utf-8-sig", "replace"), secrets)
        if told.startswith("<"):
            return _not_an_endpoint(where, "a web page came back")
        begins = f"it begins with {told[:_BEGINNING]!r}" if told else "it is empty"
        return Trouble(f"the response (status {reply.status}) is not whole JSON: {begins}")
    if isinstance(completion, dict) and completion.get("error"):
        # Some gateways report what failed behind them with status 200.
        error = completion["error"]
        code = error.get("code") if isinstance(error, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        inner = Reply(status, reply.content, reply.headers)
        return _refused(inner, _refusal(reply.content, secrets), request, where)
    try:
        return (
            answer_of(request.key, completion)
            if request.reads is None
            else _likelihood(completion, request, where)
        )
    except (ValueError, AttributeError, TypeError, OverflowError):
        return Trouble(f"the response is no {'chat ' if request.reads is None else ''}completion")


def _likelihood(completion: Mapping[str, Any], request: Request, where: str) -> Verdict:
    try:
        found = told_answer(completion, request)
    except RequestFailedError as error:
        return error
    return _tells_none(where, "it repeats no prompt") if found is None else found


def _refused(reply: Reply, refusal: Refusal, request: Request, where: str) -> Verdict:  # noqa: PLR0911 - a table
    said = f"{refusal.code} {refusal.message}".lower()
    told = f"({reply.status}): {refusal.message}" if refusal.message else f"({reply.status})"
    match reply.status:
        case 429 if not _NO_MONEY.search(said):
            return Throttled(refusal.message, retry_after_s(reply.headers, time.time()))
        case 402 | 429:
            return EndpointError(
                f"{where} reports that the account's quota is used up {told}. Top it up. {RESUME}"
            )
        case 408 | 409 | 425:
            return Trouble(f"status {reply.status}: {refusal.message}")
        case status if status >= 500:
            return Trouble(f"status {status}: {refusal.message}")
        case 401:
            return _bad_key(where, told)
        case 404 | 405 | 410 if not _NO_MODEL.search(said):
            if request.reads is not None:
                return _tells_none(where, f"POST {where}/completions gives {told}")
            return _not_an_endpoint(where, f"POST {where}/chat/completions gives {told}")
        case status if status >= 400:
            return _bad_request(reply.status, refusal, request, where, told)
        case _:
            return _not_an_endpoint(where, f"it answers with status {told}")


def _bad_request(status: int, refusal: Refusal, request: Request, where: str, told: str) -> Verdict:
    said = f"{refusal.code} {refusal.message}".lower()
    if _FILTERED.search(said):
        return Answer(key=request.key, text="", finish_reason="content_filter", model=request.model)
    if status == 413 or _TOO_LONG.search(said):
        return RequestFailedError("context_too_long", refusal.message or "the prompt is too long")
    if _NO_MODEL.search(said):
        return EndpointError(
            f"{where} does not serve the model {request.model} {told}. Correct `model` in the spec or the base "
            f"URL (--base-url, OPENAI_BASE_URL). {RESUME}"
        )
    if status == 403:
        return EndpointError(
            f"{where} does not let this API key use {request.model} {told}. Use another key (SYNTH_API_KEY) or "
            f"model. {RESUME}"
        )
    if "api key" in said or "api_key" in said:
        return _bad_key(where, told)
    return refusal if request.reads is None else _tells_none(where, told)


def _bad_key(where: str, told: str) -> EndpointError:
    return EndpointError(
        f"{where} does not accept the API key {told}. Set SYNTH_API_KEY to a valid one "
        f"(OPENAI_API_KEY is sent to OpenAI and to OPENAI_BASE_URL only). {RESUME}"
    )


def _tells_none(where: str, found: str) -> EndpointError:
    return EndpointError(
        f"{where} does not tell how likely a text is ({found}), which `perplexity` in `checks` takes: /completions "
        "with `echo` and `logprobs`, as vLLM and SGLang have it. Leave out the `model` below `perplexity`, and the "
        f"embedded one reads. {RESUME}"
    )


def _not_an_endpoint(where: str, found: str) -> EndpointError:
    return EndpointError(
        f"{where} does not look like an OpenAI-compatible endpoint: {found}. Check the base URL "
        f"(--base-url, OPENAI_BASE_URL); most end in /v1. {RESUME}"
    )


def _refusal(content: bytes, secrets: frozenset[str]) -> Refusal:
    """Read an error body in the shapes that OpenAI, vLLM, FastAPI, Google and plain proxies give it."""
    try:
        found: Any = json.loads(content)
    except (ValueError, RecursionError):
        return Refusal(shown(content.decode("utf-8", "replace"), secrets))
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return Refusal(shown(str(found), secrets))
    error = found.get("error") or found
    if not isinstance(error, dict):
        return Refusal(shown(str(error), secrets))
    message = error.get("message") or error.get("detail") or found.get("detail") or json.dumps(error)
    if isinstance(message, list):
        message = "; ".join(_validation(item) for item in message)
    codes = " ".join(str(error[name]) for name in ("code", "type", "status") if error.get(name))
    return Refusal(shown(str(message), secrets), shown(str(error.get("param") or ""), secrets), codes)


def _validation(item: object) -> str:
    if not isinstance(item, dict):
        return str(item)
    return f"{'.'.join(str(part) for part in item.get('loc', ()))}: {item.get('msg', '')}"
