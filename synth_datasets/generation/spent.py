"""What requests use and may use, as values: tokens, money, and how many."""

from dataclasses import asdict, dataclass
from decimal import Decimal

from synth_datasets.generation.likelihood import beginning
from synth_datasets.plan.request import Request
from synth_datasets.prices import money

__all__ = ["Need", "Spent", "SpentSum", "counted", "most_prompt_tokens"]

_MESSAGE_TOKENS = 16
"""What a chat template adds to a message, with room to spare."""
_FRAME_TOKENS = 256
"""What it adds to a conversation, and a sentence that asks for JSON or for an opening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a run has used: requests that may be billed, and their tokens."""

    requests: int = 0
    """Sent, and neither refused (4xx) nor lost before they arrived; each try counts."""
    answers: int = 0
    """Requests that were answered."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Those of the prompt tokens that the provider had cached, where it says so."""
    cost: Decimal = Decimal(0)
    """For the models that have a price."""
    unpriced: frozenset[str] = frozenset()
    """Models that were asked and have none."""
    untold: int = 0
    """Requests whose usage nobody told (timeouts, 5xx, servers without figures); counted at their most."""

    @property
    def tokens(self) -> int:
        """Of prompts and answers together."""
        return self.prompt_tokens + self.completion_tokens

    def shown(self, currency: str) -> str:
        """Return it in one line: requests, tokens, and money where every model has a price."""
        if not self.requests:
            return "no request"
        cached = f", {self.cached_tokens:,} of them cached" if self.cached_tokens else ""
        text = f"{counted(self.requests, 'request')}, {self.prompt_tokens:,} prompt tokens{cached}"
        text += f", {self.completion_tokens:,} completion tokens"
        if not self.unpriced:
            text += f", {money(self.cost, currency)}"
        if self.untold:
            text += f" (at most: {counted(self.untold, 'request')} did not say what it used)"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What is known of one try of a request before it is sent."""

    model: str
    endpoint: str
    prompt_tokens: int
    """At most."""
    answer_limit: int | None
    """The most tokens that the answer may have, if there is a limit."""
    share: Decimal = Decimal(1)
    """What part of its price the model has this way, such as a half in a batch."""

    @property
    def likely_tokens(self) -> int:
        """A guess at prompt and answer together, as endpoints make it before they have answered."""
        return self.prompt_tokens // 4 + (self.answer_limit or 0)


def most_prompt_tokens(request: Request) -> int:
    """Return a bound on the prompt's tokens: no tokenizer of bytes or of characters with byte fallback makes more.

    A token stands for at least one byte; a schema may be written into the prompt, in another notation.
    """
    size = _FRAME_TOKENS + _MESSAGE_TOKENS * len(request.messages)
    for message in request.messages:
        text = message.content if request.reads is None else beginning(message.content, request.reads)
        size += len(text.encode("utf-8", "surrogatepass"))
    return size if request.schema is None else size + 2 * len(request.schema.encode("utf-8", "surrogatepass"))


@dataclass(slots=True)
class SpentSum:
    """A sum of many requests, changed in place; its figures are those of `Spent`."""

    requests: int = 0
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: frozenset[str] = frozenset()
    untold: int = 0

    def add(self, other: "Spent | SpentSum", *, sign: int = 1) -> None:
        """Add the other's figures, or take them away."""
        self.requests += sign * other.requests
        self.answers += sign * other.answers
        self.prompt_tokens += sign * other.prompt_tokens
        self.completion_tokens += sign * other.completion_tokens
        self.cached_tokens += sign * other.cached_tokens
        self.untold += sign * other.untold
        if other.cost:
            self.cost += sign * other.cost
        if not other.unpriced <= self.unpriced:
            self.unpriced |= other.unpriced

    def read(self) -> Spent:
        """Return the sum as it is now."""
        return Spent(**asdict(self))


def counted(number: int, noun: str) -> str:
    """Return `1 request`, `2 requests`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
