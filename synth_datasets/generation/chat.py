"""A request as the body of a chat completion, and a completion as an answer, in the words of OpenAI's API."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from synth_datasets.generation.answer import Answer
from synth_datasets.plan.request import Request

__all__ = ["CHAT_COMPLETIONS", "Body", "Structured", "answer_of", "body_of", "whole_text"]

CHAT_COMPLETIONS = "/chat/completions"
Body = dict[str, Any]
Structured = Literal["json_schema", "json_object", "prompt"]
"""How an endpoint is asked for JSON: by schema, by mode with the schema in the prompt, or by the prompt alone."""

_FINISH_REASONS = ("stop", "length", "content_filter")


def body_of(request: Request, *, structured: Structured = "json_schema", prefill: bool = True) -> Body:
    """Return what is sent; without `prefill` the opening is asked for in words, not begun as the answer."""
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    if not prefill and request.opening:
        messages.pop()
        _ask(messages, f"Begin your answer with exactly these words: {request.opening}")
    body: Body = {"model": request.model, "messages": messages, "seed": request.seed}
    for name, value in request.sampling.items():
        body[name] = list(value) if isinstance(value, tuple) else value
    body.update(request.extra)
    if request.schema is not None:
        body.update(_response_format(request.schema, structured))
        if structured != "json_schema":
            wanted = "one JSON object, and nothing else, that follows this JSON Schema"
            _ask(messages, f"Answer with {wanted}:\n{request.schema}")
    return body


def answer_of(key: str, completion: Mapping[str, Any]) -> Answer:
    """Return the answer in a completion; raises `ValueError` when it is none."""
    try:
        choice = completion["choices"][0]
        message = choice["message"]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("the response holds no message") from error
    text, reasoning = _content(message.get("content"))
    finish_reason = choice.get("finish_reason")
    if not text and isinstance(refusal := message.get("refusal"), str) and refusal:
        text, finish_reason = refusal, "refusal"
    elif finish_reason not in _FINISH_REASONS:
        finish_reason = "stop"
    text, thought = _apart(text)
    apart = message.get("reasoning_content") or message.get("reasoning")
    usage = completion.get("usage") or {}
    details = usage.get("prompt_tokens_details")
    return Answer(
        key=key,
        text=whole_text(text),
        finish_reason=finish_reason,
        model=whole_text(str(completion.get("model") or "")),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        cached_tokens=int(details.get("cached_tokens") or 0) if isinstance(details, dict) else 0,
        reasoning=whole_text((apart if isinstance(apart, str) else "") or reasoning or thought),
    )


def whole_text(text: str) -> str:
    """Return the text with each lone surrogate, which JSON may hold and no file format of text, as U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _ask(messages: list[dict[str, str]], wish: str) -> None:
    """Add a sentence to the last message of the user."""
    last = max(i for i, message in enumerate(messages) if message["role"] == "user")
    messages[last] = {"role": "user", "content": f"{messages[last]['content']}\n\n{wish}"}


def _response_format(schema: str, structured: Structured) -> Body:
    match structured:
        case "json_schema":
            form = {"name": "answer", "strict": True, "schema": _parsed(schema)}
            return {"response_format": {"type": "json_schema", "json_schema": form}}
        case "json_object":
            return {"response_format": {"type": "json_object"}}
        case "prompt":
            return {}


@lru_cache(maxsize=64)
def _parsed(schema: str) -> object:
    return json.loads(schema)


def _content(content: object) -> tuple[str, str]:
    """Return text and thoughts of a message's content: a text, or a list of typed parts."""
    if isinstance(content, str):
        return content, ""
    text, thoughts = "", ""
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            text += part["text"]
        elif isinstance(part, dict) and "thinking" in part:
            thought = part["thinking"]
            thoughts += thought if isinstance(thought, str) else _content(thought)[0]
    return text, thoughts


def _apart(text: str) -> tuple[str, str]:
    """Part the thoughts that a model writes before its answer, as `<think>…</think>`, from the answer."""
    begun = text.lstrip().startswith("<think>")
    thought, closed, rest = text.partition("</think>")
    if not begun and (not closed or "<think>" in thought):
        return text, ""
    # Some chat templates open the thoughts themselves, so that only their end is in the answer.
    return rest.lstrip(), thought.lstrip().removeprefix("<think>").strip()
