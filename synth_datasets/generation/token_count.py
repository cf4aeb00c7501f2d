"""How many tokens a prompt will have: by the model's tokenizer when it is at hand, otherwise by its size."""

from collections.abc import Callable

from synth_datasets.generation.likelihood import beginning
from synth_datasets.generation.transformers_loading import where_it_lies
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["BY_SIZE", "token_counter"]

BY_SIZE = "estimated at 4 bytes of UTF-8 a token"
"""About right for English with today's tokenizers; other scripts have more bytes a letter, and more tokens."""
_BYTES = 4
_MESSAGE_TOKENS = 4

Count = Callable[[Request], int]


def token_counter(model_id: str, settings: Settings) -> tuple[Count, str]:
    """Return what counts the tokens of a request's prompt, and how it does, for a person; opens no connection.

    A tokenizer is only known for `transformers` and `vllm`, and only used when its files are on this machine.
    """
    if (
        settings.backend in ("transformers", "vllm")
        and (count := _by_tokenizer(where_it_lies(model_id, settings))) is not None
    ):
        return count, "counted with the model's tokenizer"
    return _by_size, BY_SIZE


def _by_size(request: Request) -> int:
    if request.reads is not None:
        return max(
            1,
            len(beginning(request.messages[-1].content, request.reads).encode("utf-8", "replace")) // _BYTES,
        )
    size = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in request.messages)
    schema = len(request.schema or "")
    return (size + schema) // _BYTES + _MESSAGE_TOKENS * len(request.messages)


def _by_tokenizer(model_id: str) -> Count | None:
    try:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(model_id, local_files_only=True)
    except (ImportError, OSError, ValueError):
        return None

    def count(request: Request) -> int:
        if request.reads is not None:
            return min(request.reads, len(tokenizer(request.messages[-1].content)["input_ids"]))
        turns = [{"role": message.role, "content": message.content} for message in request.messages]
        if tokenizer.chat_template:
            text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        else:
            text = "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)
        return len(tokenizer(str(text), add_special_tokens=False)["input_ids"])

    return count
