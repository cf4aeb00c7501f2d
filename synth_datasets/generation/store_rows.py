"""An answer as a row of the store's file, and a row as an answer."""

import zlib
from functools import lru_cache

from synth_datasets.generation.answer import Answer
from synth_datasets.generation.store_file import Row, checksum
from synth_datasets.plan.request import Request

__all__ = ["answer_of", "is_sound", "packed", "row_of", "storable", "text_of", "unpacked"]

_COMPRESS_FROM = 1024  # compressing takes 25 µs, more than all the rest of a put


def row_of(request: Request, answer: Answer) -> Row:
    """Return the row in the order of `COLUMNS`; the notes on the answer are no part of it."""
    text, reasoning = storable(answer.text), storable(answer.reasoning)
    finish, model = answer.finish_reason, storable(answer.model)
    tokens = (answer.prompt_tokens, answer.completion_tokens)
    row = (bytes.fromhex(answer.key), text, finish, model, *tokens, reasoning)
    return (*row, packed(request.canonical()), checksum(row))


def is_sound(row: Row) -> bool:
    """Whether key and answer are as they were written; the request is not covered, and may be left out of the row."""
    return row[-1] == checksum(row[:7])


def answer_of(key: str, row: Row) -> Answer:
    """Return the answer, without notes; `key` is the row's own, in hex digits."""
    _, text, finish_reason, model, prompt_tokens, completion_tokens, reasoning, *_ = row
    return Answer(
        key=key,
        text=text_of(text),
        finish_reason=_same_text(finish_reason),
        model=_same_text(model),
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        reasoning=text_of(reasoning) if reasoning else "",
    )


def storable(text: str) -> str | bytes:
    """Return the text as SQLite takes it: its own is UTF-8, so one with lone surrogates becomes a blob."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_of(stored: str | bytes) -> str:
    """Return the text that `storable` was given."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")


_same_text = lru_cache(maxsize=256)(text_of)
"""`text_of` of what most answers have in common."""


def packed(canonical: str) -> bytes:
    """Return what `Request.canonical()` gives as bytes, with zlib where it is long."""
    plain = canonical.encode("utf-8", "surrogatepass")
    return zlib.compress(plain, 1) if len(plain) >= _COMPRESS_FROM else plain


def unpacked(stored: bytes) -> str:
    """Return what `packed` was given; raises `zlib.error` for bytes that were altered."""
    plain = stored if stored[:1] == b"{" else zlib.decompress(stored)  # zlib never begins with a brace
    return plain.decode("utf-8", "surrogatepass")
