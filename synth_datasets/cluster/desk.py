"""The driver's side: it answers the workers' letters from the store, the budget and the limits of the whole run."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from synth_datasets.cluster.letters import (
    GetFailures,
    GetMany,
    Letter,
    PutFailures,
    PutMany,
    Release,
    Report,
    Reserve,
    Settle,
    Take,
)
from synth_datasets.cluster.mail import opened, sealed
from synth_datasets.generation.answer import Answer
from synth_datasets.generation.budget import Bill, Budget
from synth_datasets.generation.claims import Claims
from synth_datasets.generation.rate import Rate, Ticket
from synth_datasets.generation.spent import Spent
from synth_datasets.generation.store import AnswerStore
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["Desk"]

Kept = dict[str, Answer]


@dataclass(slots=True)
class _Lease:
    """One try that was let go."""

    bill: Bill
    ticket: Ticket
    open: AsyncExitStack


@dataclass(slots=True)
class _Sender:
    """What one worker holds while it asks one part."""

    claims: Claims
    claimed: set[str] = field(default_factory=set)
    leases: dict[int, "asyncio.Task[_Lease]"] = field(default_factory=dict)
    report: Report = field(default_factory=lambda: Report(0, 0, 0, 0))
    kept: int = 0
    gone: bool = False


class Desk:
    """Answers letters in a thread of its own, from `open` on until it is closed.

    Letters of a sender that was `dismissed` claim and reserve nothing any more; the answers that they bring are kept.
    Whatever it had reserved counts at its most then, as nobody can tell what became of it.
    """

    def __init__(self, post: Any, store: AnswerStore, budget: Budget, settings: Settings) -> None:  # noqa: ANN401 - an actor of Ray
        self._post = post
        self._store = store
        self._budget = budget
        self._rate = Rate(rpm=settings.rpm, tpm=settings.tpm)
        self._senders: dict[str, _Sender] = {}
        self._unkept: list[tuple[Sequence[tuple[Request, Answer]], asyncio.Future[Kept]]] = []
        self._replies: list[tuple[bytes, bytes]] = []
        self._something = {"to keep": asyncio.Event(), "to send": asyncio.Event()}
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="synth-desk", daemon=True)
        self._failure: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(lambda: self._main and self._main.cancel())
        self._thread.join()

    # --- the caller's thread

    @property
    def reports(self) -> list[Report]:
        """How far each worker is or was, those that were dismissed left out."""
        return [sender.report for sender in [*self._senders.values()] if not sender.gone]

    def check(self) -> None:
        """Raise what has ended the thread, if anything has."""
        if self._failure is not None:
            raise self._failure

    def dismiss(self, name: str, *, finished: bool) -> int:
        """Take back whatever the sender holds; returns how many answers it has brought.

        The counts of one that has `finished` still are part of the progress.
        """
        done: Future[int] = asyncio.run_coroutine_threadsafe(self._dismiss(name, finished), self._loop)
        return done.result()

    # --- the desk's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._serve_all())
        try:
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - `check` raises it in the caller's thread
            self._failure = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _serve_all(self) -> None:
        lasting = [
            asyncio.create_task(work) for work in (self._collect(), self._keep_all(), self._send_all())
        ]
        try:
            await asyncio.gather(*lasting)
        finally:
            ending = [*lasting, *self._serving]
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)
            for name in self._senders:
                await self._dismiss(name, finished=True)

    async def _collect(self) -> None:
        while True:
            for number, letter in await self._post.collect.remote():
                task = asyncio.create_task(self._serve(number, *opened(letter)))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)

    async def _serve(self, number: bytes, name: str, letter: Letter) -> None:
        try:
            reply: object = await self._reply(self._sender(name), letter)
        except Exception as error:  # noqa: BLE001 - it is the worker's to raise
            reply = error
        self._replies.append((number, sealed(reply)))
        self._something["to send"].set()

    async def _send_all(self) -> None:
        while True:
            await self._something["to send"].wait()
            self._something["to send"].clear()
            replies = self._replies.copy()
            self._replies.clear()
            await self._post.deliver.remote(replies)

    async def _keep_all(self) -> None:
        """Commit whatever has arrived since the last commit."""
        while True:
            await self._something["to keep"].wait()
            self._something["to keep"].clear()
            batch = self._unkept.copy()
            self._unkept.clear()
            try:
                kept = await asyncio.to_thread(
                    self._store.put_many, [pair for pairs, _ in batch for pair in pairs]
                )
            except Exception as error:  # noqa: BLE001 - it is the workers' to raise
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            for pairs, done in batch:
                if not done.done():
                    done.set_result({a.key: k for _, a in pairs if (k := kept[a.key]) is not a})

    def _sender(self, name: str) -> _Sender:
        if name not in self._senders:
            self._senders[name] = _Sender(self._store.claims())
        return self._senders[name]

    async def _reply(self, sender: _Sender, letter: Letter) -> object:
        reply: object = None
        match letter:
            case GetMany(keys):
                reply = await asyncio.to_thread(self._store.get_many, keys)
            case GetFailures(keys):
                reply = await asyncio.to_thread(self._store.get_failures, keys)
            case PutMany(pairs):
                reply = await self._keep(sender, pairs)
            case PutFailures(pairs):
                await asyncio.to_thread(self._store.put_failures, pairs)
            case Take(keys):
                reply = self._take(sender, keys)
            case Release(keys):
                self._release(sender, keys)
            case Reserve():
                reply = await self._let_go(sender, letter)
            case Settle(used):
                await self._settle_all(sender, used)
            case Report():
                sender.report = letter
        return reply

    async def _keep(self, sender: _Sender, pairs: Sequence[tuple[Request, Answer]]) -> Kept:
        done: asyncio.Future[Kept] = self._loop.create_future()
        self._unkept.append((pairs, done))
        self._something["to keep"].set()
        others = await done
        sender.kept += len(pairs) - len(others)
        return others

    def _take(self, sender: _Sender, keys: Sequence[str]) -> set[str]:
        if sender.gone:
            return set()
        again = sender.claimed.intersection(keys)  # the letter came before, and its reply was lost
        taken = sender.claims.take([key for key in keys if key not in again])
        sender.claimed |= taken
        return taken | again

    def _release(self, sender: _Sender, keys: Sequence[str] | None) -> None:
        sender.claims.release(keys)
        sender.claimed = set() if keys is None else sender.claimed.difference(keys)

    async def _let_go(self, sender: _Sender, letter: Reserve) -> Spent:
        if sender.gone:
            raise ConnectionAbortedError("this worker was given up, and another one asks its part")
        lease = sender.leases.get(letter.number)
        if lease is None:
            lease = sender.leases[letter.number] = asyncio.create_task(self._lease(letter))
        return (await asyncio.shield(lease)).bill.worst

    async def _lease(self, letter: Reserve) -> _Lease:
        """Wait as a request of this process would: first for the budget, then for its turn."""
        async with AsyncExitStack() as stack:
            bill = await stack.enter_async_context(self._budget.bill_for(letter.need))
            ticket = await stack.enter_async_context(self._rate.turn(letter.need.likely_tokens))
            bill.sent()
            return _Lease(bill, ticket, stack.pop_all())

    async def _settle_all(self, sender: _Sender, tries: Sequence[tuple[int | None, Spent]]) -> None:
        for number, used in tries:
            if number is None:
                self._budget.add(used)
            elif (waiting := sender.leases.pop(number, None)) is not None:
                lease = await waiting
                lease.bill.has_used(used)
                lease.ticket.used = used.tokens if used.answers and not used.untold else None
                await lease.open.aclose()

    async def _dismiss(self, name: str, finished: bool) -> int:
        sender = self._sender(name)
        sender.gone = not finished
        sender.claims.release()
        sender.claimed.clear()
        leases = [*sender.leases.values()]
        sender.leases.clear()
        for lease in leases:
            if not lease.done():
                lease.cancel()
        for lease in await asyncio.gather(*leases, return_exceptions=True):
            if isinstance(lease, _Lease):
                await lease.open.aclose()
        return sender.kept
