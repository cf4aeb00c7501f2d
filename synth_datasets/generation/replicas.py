"""Several endpoints that serve the same model, asked as if they were one."""

import asyncio
import logging
import random
from collections.abc import Collection
from dataclasses import replace

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.endpoints import Roster, endpoint_url
from synth_datasets.generation.line import Line
from synth_datasets.generation.openai_backend import DEFAULT_CONCURRENCY, OpenAIBackend, probe_of
from synth_datasets.generation.rate import Rate
from synth_datasets.generation.replica import Replica, least_loaded
from synth_datasets.generation.replies import RESUME, Trouble
from synth_datasets.generation.retry import Health, RetryPolicy
from synth_datasets.plan.request import Request
from synth_datasets.settings import Settings

__all__ = ["Replicas"]

logger = logging.getLogger(__name__)

_LOOK_S = 1.0
"""How often files of endpoints are looked at."""
_POLICY = RetryPolicy()


class Replicas:
    """Sends each request to one replica, and to another at once when that one fails; made inside its event loop.

    Slots, wording, `Retry-After` and limits told in headers are each replica's own; caps and limits of the user hold
    for all together. One that cannot be reached, refuses everybody or fails three times in a row is set aside, and
    asked for a word after growing pauses until it answers. No request is ever at two replicas at once. A request that
    fails `policy.tries` times where others were answered raises `RequestFailedError`; when every replica is set
    aside, and none comes back for `policy.patience_s`, `EndpointError` names them with what they said last.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        policy: RetryPolicy = _POLICY,
        budget: Budget | None = None,
        allowed: Collection[str] | None = None,
    ) -> None:
        """`allowed` are the endpoints, and files of them, that may be asked; None: all."""
        self.identity = endpoint_url(settings)
        self._settings = replace(settings, endpoints=(), endpoint_name=None)
        self._policy = policy
        self._budget = Budget(settings) if budget is None else budget
        self._rate = Rate(rpm=settings.rpm, tpm=settings.tpm)
        self._health = Health(policy)
        self._draw = random.Random()
        self._known: dict[str, Replica] = {}
        self._waiting = Line()
        self._error: BaseException | None = None
        self._model = ""
        self._tasks: dict[Replica | None, asyncio.Task[None]] = {}
        self._roster = Roster(settings, allowed=allowed)
        self.replicas: list[Replica] = []
        """Those that are listed now."""
        self.concurrency = 0
        """Requests at all replicas together: what the settings say, or so many for each that is listed."""
        self._open()
        if self._roster.changes:
            self._tasks[None] = asyncio.create_task(self._watch())

    @property
    def notes(self) -> list[str]:
        """What the endpoints do not take and how they are asked instead, a sentence each."""
        return list(dict.fromkeys(note for each in self._known.values() for note in each.backend.notes))

    async def ask(self, request: Request) -> Answer:
        """Ask until there is an answer, a lasting failure of this request, or no replica to hope for."""
        self._model = request.model
        failures: list[tuple[Replica, int]] = []
        while True:
            chosen = await self._choose([each for each, _ in failures])
            try:
                outcome, sent_at = await chosen.attempt(request)
            except EndpointError as error:
                self._failed(chosen, error)
                continue
            if isinstance(outcome, Answer):
                self._answered(chosen)
                return outcome
            if isinstance(outcome, Trouble):
                failures.append((chosen, chosen.lives))
                self._failed(chosen, outcome, since=sent_at if outcome.timed_out else None)
                self._blame(failures, outcome)
                if chosen.aside or any(
                    each not in (one for one, _ in failures) for each in self._in_service()
                ):
                    continue  # another may answer now
                await asyncio.sleep(self._policy.backoff_s(len(failures) - 1, self._draw))

    async def close(self) -> None:
        """Close all connections."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await asyncio.gather(*(each.backend.close() for each in self._known.values()))

    # --- the choice

    async def _choose(self, failed: list[Replica]) -> Replica:
        """Return the replica for a request that has failed at those; waits while none has a place."""
        loop = asyncio.get_running_loop()
        while True:
            if self._error is not None:
                raise self._error
            there = self._in_service()
            now = loop.time()
            index = least_loaded([each.load(now, failed.count(each) if failed else 0) for each in there])
            if index is not None:
                return there[index]
            await self._waiting.wait(self._freed)

    def _in_service(self) -> list[Replica]:
        return [each for each in self.replicas if not each.aside]

    def _freed(self) -> None:
        """Let as many look for a place as there may be places; all of them when it is over."""
        if self._waiting:
            free = sum(max(0, each.backend.pace.free) for each in self._in_service())
            self._waiting.let_go(free if self._error is None else None)

    # --- what becomes of them

    def _answered(self, replica: Replica) -> None:
        self._health.answered()
        replica.answered()
        if replica.aside:
            self._return(replica)

    def _failed(
        self,
        replica: Replica,
        trouble: Trouble | EndpointError,
        *,
        since: float | None = None,
        probing: bool = False,
    ) -> None:
        now = asyncio.get_running_loop().time()
        self._health.failed(now if since is None else since)
        if replica.failed(trouble, probing=probing) and not replica.aside:
            replica.aside = True
            if replica in self.replicas:
                self._tasks[replica] = asyncio.create_task(self._revive(replica))
                left = len(self._in_service())
                logger.warning(
                    "%s is set aside: %s; %d of %d go on",
                    replica.name,
                    _said(replica),
                    left,
                    len(self.replicas),
                )
        self._end_if_hopeless()

    def _blame(self, failures: list[tuple[Replica, int]], trouble: Trouble) -> None:
        """Raise when the request has failed often enough where others were answered since."""
        own = sum(replica.lives > lives for replica, lives in failures)
        if len(failures) >= self._policy.tries and own >= self._policy.tries - 1:
            detail = f"{len(failures)} tries at {len({one for one, _ in failures})} replicas, at last: {trouble.detail}"
            raise RequestFailedError("endpoint_error", detail)

    async def _revive(self, replica: Replica) -> None:
        """Ask a replica that was set aside for a word, after growing pauses, until it says one."""
        probe = probe_of(self.identity, self._model)
        try:
            while replica.aside:
                pause_s = min(self._policy.cap_s, self._policy.base_s * 2 ** min(replica.outages, 30))
                replica.outages += 1
                await asyncio.sleep(pause_s * self._draw.uniform(0.5, 1.0))
                try:
                    outcome, _ = await replica.backend.attempt(probe)
                except EndpointError as error:
                    outcome = error
                except RequestFailedError:
                    outcome = None  # it is there to refuse
                if isinstance(outcome, (Trouble, EndpointError)):
                    self._failed(replica, outcome, probing=True)
                elif replica.aside:
                    self._health.answered()
                    replica.lived()
                    self._return(replica)
        except Exception as error:  # noqa: BLE001 - a cap, or a mistake: `ask` raises it
            self._end(error)

    def _return(self, replica: Replica) -> None:
        replica.forget()
        if (task := self._tasks.pop(replica, None)) is not asyncio.current_task() and task is not None:
            task.cancel()
        if replica in self.replicas:
            logger.warning("%s answers again", replica.name)
        self._freed()

    def _end_if_hopeless(self) -> None:
        """End the run when no replica is left to hope for."""
        if self._in_service() or self._error is not None:
            return
        troubles = [each.trouble for each in self.replicas]
        listed = "; ".join(f"{each.name}: {_said(each)}" for each in self.replicas)
        if len(troubles) == 1 and isinstance(troubles[0], EndpointError):
            self._end(troubles[0])
        elif all(isinstance(each, EndpointError) for each in troubles):
            self._end(EndpointError(f"no replica of {self.identity} can be asked. {listed}. {RESUME}"))
        elif all(
            each.unreached >= self._policy.first_tries or isinstance(each.trouble, EndpointError)
            for each in self.replicas
        ):
            self._end(
                EndpointError(
                    f"no replica of {self.identity} can be reached. {listed}. Start them, or correct their URLs "
                    f"(--endpoint, SYNTH_ENDPOINTS). {RESUME}"
                )
            )
        elif self._health.dead(asyncio.get_running_loop().time()):
            self._end(
                EndpointError(
                    f"no replica of {self.identity} has answered for {self._policy.patience_s:g} s. The last of each: "
                    f"{listed}. {RESUME}"
                )
            )

    def _end(self, error: BaseException) -> None:
        self._error = error
        self._freed()

    # --- who is there

    def _open(self) -> None:
        """Take the replicas that are listed, those that were known before as they were."""
        for url in self._roster.urls:
            if url not in self._known:
                # What others leave over when they die must not drown one: by itself it would get half of this.
                most = self._settings.concurrency or 2 * DEFAULT_CONCURRENCY
                own = replace(self._settings, base_url=url, concurrency=most)
                backend = OpenAIBackend(
                    own, policy=self._policy, budget=self._budget, rate=self._rate.beside(), freed=self._freed
                )
                self._known[url] = Replica(url, backend)
        self.replicas = [self._known[url] for url in self._roster.urls]
        self.concurrency = self._settings.concurrency or DEFAULT_CONCURRENCY * len(self.replicas)

    async def _watch(self) -> None:
        """Take in and let go of replicas as the files say; what is on its way to one that has left comes back."""
        try:
            while True:
                await asyncio.sleep(_LOOK_S)
                if not self._roster.look():
                    continue
                before = self.replicas
                self._open()
                self._change(before)
        except Exception as error:  # noqa: BLE001 - `ask` raises it
            self._end(error)

    def _change(self, before: list[Replica]) -> None:
        for each in before:
            if each not in self.replicas:
                logger.warning("%s has left", each.name)
                each.aside = True
                if task := self._tasks.pop(each, None):
                    task.cancel()
        for each in self.replicas:
            if each not in before:
                logger.warning("%s joins", each.name)
                if each.aside:
                    each.forget()
        self._end_if_hopeless()
        self._freed()


def _said(replica: Replica) -> str:
    trouble = replica.trouble
    if isinstance(trouble, Trouble):
        return trouble.detail
    return "no word yet" if trouble is None else str(trouble).removesuffix(RESUME).rstrip(" .")
