"""The backend that asks nobody: what the store does not hold is missing."""

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer
from synth_datasets.plan.request import Request

__all__ = ["AnswerMissingError", "OfflineBackend", "offline_backend"]


class AnswerMissingError(EndpointError):
    """The store does not hold an answer that is needed, and nobody may be asked."""


class OfflineBackend:
    """Refuses every request."""

    identity = "offline"
    concurrency = 1

    async def ask(self, request: Request) -> Answer:
        """Raise `AnswerMissingError`."""
        raise AnswerMissingError(
            f"the store holds no answer {request.key[:12]} of {request.model} at {request.endpoint}, and nothing "
            "may be asked offline; build without it once, or use the store that was built with (--store)"
        )

    async def close(self) -> None:
        """Let go of nothing."""


def offline_backend() -> OfflineBackend:
    """Return a backend for `Engine` that asks nobody."""
    return OfflineBackend()
