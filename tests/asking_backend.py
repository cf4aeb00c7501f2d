"""Asking a fake endpoint through the backend for OpenAI-compatible ones, with a patience that fits tests."""

import asyncio
from collections.abc import Sequence

from fake_endpoint import FakeEndpoint

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.generation.retry import RetryPolicy
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings

__all__ = ["FAST", "KEY", "ask", "fatal", "only", "request"]

KEY = "sk-very-secret-0123456789"
FAST = RetryPolicy(tries=4, first_tries=3, base_s=0.002, cap_s=0.02, patience_s=0.3, most_pauses=3)


def request(number: int = 0, prompt: str = "Write a positive review.", **more: object) -> Request:
    messages = more.pop("messages", (Message("system", "You write."), Message("user", prompt)))
    return Request(endpoint="http://x/v1", model="m", messages=messages, seed=number, **more)


def ask(
    endpoint: FakeEndpoint,
    requests: Sequence[Request],
    *,
    policy: RetryPolicy = FAST,
    notes: list[str] | None = None,
    **settings: object,
) -> list[Answer | Exception]:
    """Ask all at once, within the backend's concurrency, and return outcomes in the order of the requests."""

    async def main() -> list[Answer | Exception]:
        options = {
            "base_url": endpoint.base_url,
            "api_key": KEY,
            "timeout_s": 5.0,
            "concurrency": 8,
            **settings,
        }
        backend = OpenAIBackend(Settings(**options), policy=policy)
        try:
            outcomes = await asyncio.gather(*(backend.ask(one) for one in requests), return_exceptions=True)
        finally:
            await backend.close()
            if notes is not None:
                notes.extend(backend.notes)
        return outcomes

    return asyncio.run(main())


def only(outcomes: list[Answer | Exception]) -> Answer:
    [outcome] = outcomes
    assert isinstance(outcome, Answer), outcome
    return outcome


def fatal(outcomes: list[Answer | Exception], kind: type[Exception] = EndpointError) -> str:
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert errors
    assert {type(error) for error in errors} == {kind}, errors
    return str(errors[0])
