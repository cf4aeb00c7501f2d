"""From a request's messages to the tokens that a model of this machine is given."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import TemplateError

from synth_datasets.errors import EndpointError
from synth_datasets.plan.request import Request

__all__ = ["prompt_tokens"]

_SCHEMA = "Answer with one JSON object that follows this JSON Schema, and with nothing else:\n"


def prompt_tokens(tokenizer: Any, request: Request) -> list[int]:  # noqa: ANN401 - transformers' own
    """Return the prompt as the model's chat template writes it; a final assistant message is left open.

    A model without a template gets `User:` and `Assistant:` lines. A JSON Schema is shown after the last user message.
    Raises `EndpointError` when the template refuses the messages.
    """
    messages = _messages(request)
    if not tokenizer.chat_template:
        return tokenizer(_plain(messages))["input_ids"]
    begun = messages[-1]["role"] == "assistant"
    try:
        return tokenizer.apply_chat_template(
            messages, add_generation_prompt=not begun, continue_final_message=begun, return_dict=True
        )["input_ids"]
    except (TemplateError, ValueError) as error:
        raise EndpointError(
            f"the chat template of {request.model} refuses these messages ({error}); "
            "leave out `system` or `opening`, whichever it does not know"
        ) from error


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
