"""The store, the claims and the budget of a run as its workers see them: all of it is kept by the driver."""

import asyncio
import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from synth_datasets.cluster.letters import (
    GetFailures,
    GetMany,
    PutFailures,
    PutMany,
    Release,
    Reserve,
    Settle,
    Take,
)
from synth_datasets.cluster.mail import Mail
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.budget import Bill, Budget
from synth_datasets.generation.spent import Spent
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["RemoteBudget", "RemoteStore", "without_limits"]


class RemoteStore:
    """The driver's `AnswerStore`: what `put_many` has returned is on its disk. Some 3 ms a call."""

    def __init__(self, mail: Mail, path: Path) -> None:
        """`path` is where the driver has the file, for messages."""
        self.path = path
        self._mail = mail

    def get_many(self, keys: Collection[str]) -> dict[str, Answer]:
        """Return the answers that are there."""
        found: dict[str, Answer] = self._mail.ask(GetMany(tuple(keys))) if keys else {}
        return found

    def get_failures(self, keys: Collection[str]) -> dict[str, tuple[RequestFailedError, str]]:
        """Return how those requests failed that did, with what was asked."""
        found: dict[str, tuple[RequestFailedError, str]] = (
            self._mail.ask(GetFailures(tuple(keys))) if keys else {}
        )
        return found

    def put_many(self, pairs: Sequence[tuple[Request, Answer]]) -> dict[str, Answer]:
        """Keep the answers; returns the one that is kept for each of the keys."""
        others: dict[str, Answer] = self._mail.ask(PutMany(pairs)) if pairs else {}
        return {answer.key: others.get(answer.key, answer) for _, answer in pairs}

    def put_failures(self, pairs: Sequence[tuple[Request, RequestFailedError]]) -> None:
        """Keep how requests failed."""
        if pairs:
            self._mail.ask(PutFailures(pairs))

    def claims(self) -> "RemoteClaims":
        """Return the claims of one more engine."""
        return RemoteClaims(self._mail)


class RemoteClaims:
    """Claims that the driver holds for this worker, against other workers and other builds on its store."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail

    def take(self, keys: Collection[str]) -> set[str]:
        """Claim those of the keys that nobody else has claimed, and return them."""
        taken: set[str] = self._mail.ask(Take(tuple(keys))) if keys else set()
        return taken

    def release(self, keys: Collection[str] | None = None) -> None:
        """Let others ask those of the keys that were claimed here; None: all of them."""
        if keys is None or keys:
            self._mail.tell(Release(None if keys is None else tuple(keys)))


def without_limits(settings: Settings) -> Settings:
    """Return the settings without caps and limits a minute: they hold for the run, and the driver keeps them."""
    return replace(settings, max_cost=None, max_requests=None, max_total_tokens=None, rpm=None, tpm=None)


class RemoteBudget(Budget):
    """The driver's budget and limits a minute, asked before each request where there are any."""

    def __init__(self, settings: Settings, mail: Mail) -> None:
        super().__init__(without_limits(settings))
        self._limited = without_limits(settings) != settings
        self._mail = mail
        self._numbers = itertools.count()
        self._let_go: dict[int, int] = {}
        """Number of the try by the id of its bill, while the bill is open."""
        self._unsaid: list[tuple[int | None, Spent]] = []
        self._saying: asyncio.Task[None] | None = None

    async def reserve(self, bill: Bill) -> None:
        """Wait until the driver lets the request go."""
        if self._limited:
            number = next(self._numbers)
            bill.worst = await self._mail.asked(Reserve(number, bill.need))
            self._let_go[id(bill)] = number

    def settle(self, bill: Bill, used: Spent) -> None:
        """Count what the request has used, and tell the driver: together with others while one letter is on its way."""
        super().settle(bill, used)
        self._unsaid.append((self._let_go.pop(id(bill), None), used))
        if self._saying is None or self._saying.done():
            self._saying = asyncio.get_running_loop().create_task(self._say())

    def close(self) -> None:
        """Tell the driver what it has not been told yet."""
        if self._unsaid:
            self._mail.ask(Settle(tuple(self._unsaid)))
            self._unsaid.clear()

    async def _say(self) -> None:
        while self._unsaid:
            letter = Settle(tuple(self._unsaid))
            self._unsaid.clear()
            await self._mail.asked(letter)
