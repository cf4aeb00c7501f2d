"""What came back for one request, and what a backend must offer to bring it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from synth_datasets.plan.request import Request

__all__ = ["Answer", "Backend", "Gathering", "RequestFailedError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as the store keeps it; `key` is the request's."""

    key: str
    text: str
    """As the model gave it; it may or may not begin with the opening, which the request holds as well."""
    finish_reason: str = "stop"
    """`stop`, `length`, `content_filter` or `refusal` in OpenAI's words."""
    model: str = ""
    """The model that the endpoint says has answered."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt tokens, what the provider had cached; for the bill of this run, not kept in the store."""
    reasoning: str = ""
    """Thinking text that the endpoint keeps apart from the answer."""
    notes: tuple[str, ...] = ()
    """What of the request the endpoint does not take and how it was asked instead, a few words each."""


class RequestFailedError(Exception):
    """This one request cannot be answered, others may be: the row loses an attempt, its neighbours nothing.

    `reason` is the snake_case reason for the rejection, such as `endpoint_error` or `context_too_long`.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class Backend(Protocol):
    """Asks one model; made, used and closed inside one event loop."""

    identity: str
    """`Request.endpoint` of every request that this backend is given."""
    concurrency: int
    """How many `ask` calls may run at once."""

    async def ask(self, request: Request) -> Answer:
        """Send the request until it is answered.

        Retries what is worth retrying. Raises `RequestFailedError` for what only concerns this request, and
        `EndpointError` or `SettingsError` for what would stop every other one as well.
        """
        ...

    async def close(self) -> None:
        """Let go of connections, processes and memory."""
        ...


@runtime_checkable
class Gathering(Backend, Protocol):
    """A backend that sends requests together and must know when no more of them will come."""

    def gathered(self) -> None:
        """Say that nothing more is asked before one of the requests is answered."""
        ...
