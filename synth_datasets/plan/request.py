"""What is sent to the model for one column of one row, and the key that names it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from synth_datasets.spec.model import Scalar

__all__ = ["Message", "Request"]

KEY_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation that is sent."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question, complete: equal requests may share an answer, different ones never do."""

    endpoint: str
    """Who is asked: a public URL, or the name of a local backend with the digest of its weights."""
    model: str
    messages: tuple[Message, ...]
    """A final assistant message is the opening that the answer continues."""
    sampling: Mapping[str, Scalar | tuple[str, ...]] = field(default_factory=dict)
    """Sampling parameters by the names of the chat completions API; only those that are set."""
    extra: Mapping[str, Scalar] = field(default_factory=dict)
    """Sampling parameters beyond that API."""
    revision: str | None = None
    adapter: str | None = None
    """The digest of the weights that are laid over the model's own; None is not part of the key."""
    schema: str | None = None
    """The JSON Schema the answer must follow, as canonical JSON; None: plain text."""
    reads: int | None = None
    """How many tokens of the one message are read for their likelihood, in place of an answer; None: it is answered,
    and this is not part of the key."""
    seed: int
    attempt: int = 0
    _key: str = field(default="", init=False, repr=False, compare=False)
    _frame: tuple[str, str] = field(default=("", ""), init=False, repr=False, compare=False)
    """Of the canonical text, what comes before the messages and after them, where many requests share it."""

    @property
    def opening(self) -> str:
        """The text the answer begins with; empty when none is asked for."""
        return self.messages[-1].content if self.messages[-1].role == "assistant" else ""

    def canonical(self) -> str:
        """Return all that can change the answer as JSON: different requests never give the same text."""
        before, after = self._frame if self._frame[0] else self._framed()
        messages = ",".join([f'["{turn.role}",{_quoted(turn.content)}]' for turn in self.messages])
        adapter = "" if self.adapter is None else f'"adapter":{_quoted(self.adapter)},'
        return f'{{{adapter}"attempt":{self.attempt},{before},"messages":[{messages}],{after},"seed":{self.seed}}}'

    def alike(self, messages: tuple[Message, ...], *, seed: int, attempt: int) -> "Request":
        """Return the request that differs in these alone; costs half of making one and its key from scratch."""
        if not self._frame[0]:
            object.__setattr__(self, "_frame", self._framed())
        request = Request(
            endpoint=self.endpoint,
            model=self.model,
            messages=messages,
            sampling=self.sampling,
            extra=self.extra,
            revision=self.revision,
            adapter=self.adapter,
            schema=self.schema,
            reads=self.reads,
            seed=seed,
            attempt=attempt,
        )
        object.__setattr__(request, "_frame", self._frame)
        return request

    def _framed(self) -> tuple[str, str]:
        """Return the members whose names come before `messages` in the alphabet, and those after; see `canonical`."""
        before = {"endpoint": self.endpoint, "extra": dict(self.extra), "format": KEY_FORMAT}
        after = {
            "model": self.model,
            "revision": self.revision,
            "sampling": dict(self.sampling),
            "schema": self.schema,
            **({} if self.reads is None else {"reads": self.reads}),
        }
        return _encode(before)[1:-1], _encode(after)[1:-1]

    @classmethod
    def parse(cls, canonical: str) -> "Request":
        """Return the request that `canonical()` has written, however its JSON is spaced or escaped.

        Raises `ValueError` for anything else.
        """
        data = json.loads(canonical)
        try:
            if data.pop("format") != KEY_FORMAT:
                raise ValueError("written by another version of synth-datasets")
            request = cls(
                endpoint=data["endpoint"],
                model=data["model"],
                revision=data["revision"],
                adapter=data.get("adapter"),
                messages=tuple(Message(role, content) for role, content in data["messages"]),
                sampling={
                    name: tuple(value) if isinstance(value, list) else value
                    for name, value in data["sampling"].items()
                },
                extra=data["extra"],
                schema=data["schema"],
                reads=data.get("reads"),
                seed=data["seed"],
                attempt=data["attempt"],
            )
            sound = data.keys() - {"adapter", "reads"} == _FIELDS and _well_typed(request)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("not a request") from error
        if not sound:
            raise ValueError("not a request")
        return request

    @property
    def key(self) -> str:
        """64 hex digits: the SHA-256 of `canonical()`, computed once."""
        if not self._key:
            canonical = self.canonical().encode("utf-8", "surrogatepass")
            object.__setattr__(self, "_key", hashlib.sha256(canonical).hexdigest())
        return self._key


_FIELDS = {
    "endpoint",
    "model",
    "revision",
    "messages",
    "sampling",
    "extra",
    "schema",
    "seed",
    "attempt",
}


def _well_typed(request: Request) -> bool:
    texts = [request.endpoint, request.model]
    texts += [part for message in request.messages for part in (message.role, message.content)]
    texts += [text for text in (request.revision, request.adapter, request.schema) if text is not None]
    values = [*request.sampling.values(), *request.extra.values()]
    return (
        all(isinstance(text, str) for text in texts)
        and bool(request.messages)
        and all(message.role in ("system", "user", "assistant") for message in request.messages)
        and type(request.seed) is int
        and type(request.attempt) is int
        and (request.reads is None or type(request.reads) is int)
        and not any(value is None or isinstance(value, dict) for value in values)
    )


# One encoder for all requests: `json.dumps` would make a new one for each. Its way with a text is `_quoted`.
_quoted = json.encoder.encode_basestring
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
