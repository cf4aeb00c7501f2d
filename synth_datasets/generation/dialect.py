"""What one endpoint takes of the chat completions API, learnt from its refusals."""

import json
import logging
import re
from dataclasses import dataclass, field
from typing import Self

from synth_datasets.generation.chat import Body, Structured, body_of
from synth_datasets.generation.likelihood import likelihood_body
from synth_datasets.plan.request import Request

__all__ = ["Dialect", "Refusal"]

logger = logging.getLogger(__name__)

_UNKNOWN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra inputs|deprecated"
    r"|only the default|no longer|not available|not implemented|additional propert|invalid (argument|parameter)"
)
_STRUCTURED = re.compile(r"response_format|json_schema|json_object|structured output|guided|grammar|schema")
_PREFILL = re.compile(
    r"prefill|last role|last message|must end with a user|assistant message.{0,40}(final|last)"
)
_NEEDED = frozenset({"model", "messages"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a 400 says."""

    message: str
    param: str = ""
    code: str = ""


@dataclass(slots=True)
class Dialect:
    """How requests to one endpoint are worded; changes with what the endpoint refuses, for all requests after."""

    notes: list[str] = field(default_factory=list)
    """What was changed or left out, a sentence each."""
    _structured: Structured = "json_schema"
    _prefill: bool = True
    _dropped: set[str] = field(default_factory=set)
    _renamed: dict[str, str] = field(default_factory=dict)

    def body(self, request: Request) -> Body:
        """Return what to send, as far as the endpoint is known."""
        if request.reads is not None:
            return likelihood_body(request)
        body = body_of(request, structured=self._structured, prefill=self._prefill)
        for name, other in self._renamed.items():
            if name in body:
                body[other] = body.pop(name)
        for name in self._dropped:
            body.pop(name, None)
        return body

    def deviations(self, request: Request) -> tuple[str, ...]:
        """Return what of this request is left out or worded differently, a few words each."""
        if request.reads is not None:
            return ()
        if self._prefill and self._structured == "json_schema" and not (self._dropped or self._renamed):
            return ()
        plain = body_of(request)
        found = [f"{name} left out" for name in sorted(self._dropped & plain.keys())]
        found += [f"{name} sent as {other}" for name, other in self._renamed.items() if name in plain]
        if request.schema is not None and self._structured != "json_schema":
            found.append(f"JSON Schema asked for by {self._structured}")
        if request.opening and not self._prefill:
            found.append("opening asked for in words")
        return tuple(found)

    def saved(self) -> str:
        """Return the wording as text, without the notes, for `restored`."""
        return json.dumps([self._structured, self._prefill, sorted(self._dropped), self._renamed])

    @classmethod
    def restored(cls, saved: str) -> Self:
        """Return the dialect as it was when `saved` was called."""
        structured, prefill, dropped, renamed = json.loads(saved)
        return cls(_structured=structured, _prefill=prefill, _dropped=set(dropped), _renamed=renamed)

    def answer_limit(self, request: Request) -> int | None:
        """Return the most tokens that an answer may have as the request is sent; None: the endpoint is not told."""
        limit = request.sampling.get("max_tokens")
        told = request.reads is not None or "max_tokens" not in self._dropped
        return limit if isinstance(limit, int) and told else None

    def learn(self, request: Request, sent: Body, refusal: Refusal) -> bool:
        """Whether the request is worth another try, worded differently; each refusal is learnt from once."""
        if self.body(request) != sent:
            return True  # a neighbour's refusal has taught it meanwhile
        said = refusal.message.lower()
        if "max_tokens" in sent and "max_completion_tokens" in said:
            self._renamed["max_tokens"] = "max_completion_tokens"
            self._note("takes max_completion_tokens instead of max_tokens")
        elif "response_format" in sent and (
            refusal.param.startswith("response_format") or _STRUCTURED.search(said)
        ):
            self._structured = "json_object" if self._structured == "json_schema" else "prompt"
            self._note(
                f"does not take this JSON Schema as response_format; asking by {self._structured} instead"
            )
        elif self._prefill and request.opening and _PREFILL.search(said):
            self._prefill = False
            self._note("does not continue an answer that was begun; the opening is asked for in words")
        elif name := self._refused(sent, refusal):
            self._dropped.add(name)
            self._note(f"does not take {name}, which is left out: {refusal.message}")
        else:
            return False
        return True

    def _refused(self, sent: Body, refusal: Refusal) -> str:
        """Return the name of the parameter that the endpoint does not know; empty when it is none."""
        if not _UNKNOWN.search(f"{refusal.message} {refusal.code}".lower().replace("_", " ")):
            return ""
        names = sorted(sent.keys() - _NEEDED, key=len, reverse=True)
        if refusal.param in names:
            return refusal.param
        said = refusal.message.lower()
        return next(
            (name for name in names if re.search(rf"(?<![a-z_]){re.escape(name)}(?![a-z_])", said)), ""
        )

    def _note(self, note: str) -> None:
        self.notes.append(f"the endpoint {note}")
        logger.warning("The endpoint %s", note)
