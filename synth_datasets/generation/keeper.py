"""What is needed of whatever keeps the answers of a run: the store of this machine, or one that is asked from afar."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.plan.request import Request

__all__ = ["AnswerKeeper", "KeyClaims"]


class KeyClaims(Protocol):
    """The requests that one engine is asking; see `generation.claims.Claims`."""

    def take(self, keys: Collection[str]) -> set[str]:
        """Claim those of the keys that nobody else has claimed, and return them; never waits for anyone's answer."""
        ...

    def release(self, keys: Collection[str] | None = None) -> None:
        """Let others ask those of the keys that were claimed here; None: all of them."""
        ...


class AnswerKeeper(Protocol):
    """Answers by request key, for any number of threads; see `generation.store.AnswerStore`."""

    @property
    def path(self) -> Path:
        """Where the answers lie, for messages."""
        ...

    def get_many(self, keys: Collection[str]) -> dict[str, Answer]:
        """Return the answers that are there."""
        ...

    def get_failures(self, keys: Collection[str]) -> Mapping[str, tuple[RequestFailedError, str]]:
        """Return how those requests failed that did, with what was asked."""
        ...

    def put_many(self, pairs: Sequence[tuple[Request, Answer]]) -> dict[str, Answer]:
        """Keep the answers, on disk when this returns; returns the answer that is kept for each key."""
        ...

    def put_failures(self, pairs: Sequence[tuple[Request, RequestFailedError]]) -> None:
        """Keep how requests failed."""
        ...

    def claims(self) -> KeyClaims:
        """Return the claims of one more engine on these answers."""
        ...
