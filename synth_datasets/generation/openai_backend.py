"""Any OpenAI-compatible endpoint, asked until it answers."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.chat import CHAT_COMPLETIONS, Body
from synth_datasets.generation.dialect import Dialect, Refusal
from synth_datasets.generation.likelihood import COMPLETIONS
from synth_datasets.generation.pacing import Pace
from synth_datasets.generation.rate import Rate, Ticket
from synth_datasets.generation.replies import RESUME, Reply, Throttled, Trouble, verdict_of
from synth_datasets.generation.retry import Health, RetryPolicy
from synth_datasets.generation.wire import Wire
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings
from synth_datasets.urls import OPENAI_URL, public_url

if TYPE_CHECKING:
    import openai

__all__ = ["DEFAULT_CONCURRENCY", "OpenAIBackend", "Outcome", "probe_of"]

logger = logging.getLogger(__name__)

DEFAULT_CONCURRENCY = 64

_TRUSTED_PAUSES = 3
"""From then on, pauses that have not helped grow beyond what the endpoint asks for."""
_LONG_PAUSE_S = 30.0
_MOST_REFUSALS = 20
"""So many refusals and no answer are not the prompts' fault."""
_POLICY = RetryPolicy()
Outcome = Answer | Trouble | Throttled | None
"""None: the request is worded differently now and worth another try."""

T = TypeVar("T")


class OpenAIBackend:
    """Sends chat completions, and completions for requests that read; made inside the event loop that uses it.

    What may pass is tried again: 5xx, lost connections, timeouts and cut bodies with exponential backoff, 429
    for as long as the endpoint asks for patience. A request that fails while its neighbours, or a one-word
    probe, are answered raises `RequestFailedError`; an endpoint that answers nobody for `policy.patience_s`
    raises `EndpointError`. Parameters that the endpoint refuses are left out or worded differently: see `notes`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        policy: RetryPolicy = _POLICY,
        budget: Budget | None = None,
        rate: Rate | None = None,
        freed: Callable[[], None] | None = None,
    ) -> None:
        """`rate` and `freed` (called whenever a slot may have come free) are those of a run over several endpoints."""
        url = settings.base_url or OPENAI_URL
        self.identity = public_url(url)
        self.concurrency = settings.concurrency or DEFAULT_CONCURRENCY
        self._policy = policy
        self._wire = Wire(settings, concurrency=self.concurrency)
        self.secrets = self._wire.secrets
        """What must not appear in any message."""
        self.dialect = Dialect()
        self.pace = Pace(self.concurrency, freed=freed)
        self._rate = Rate(rpm=settings.rpm, tpm=settings.tpm) if rate is None else rate
        self._budget = Budget(settings) if budget is None else budget
        self._health = Health(policy)
        self._vain_pauses = 0
        self._refusals = 0
        self._probing = asyncio.Lock()
        self._no_probe_before = 0.0
        self._draw = random.Random()

    @property
    def notes(self) -> list[str]:
        """What the endpoint does not take and how it is asked instead, a sentence each."""
        return self.dialect.notes

    async def ask(self, request: Request) -> Answer:
        """Ask until there is an answer, a lasting failure of this request, or an endpoint to give up."""
        failures = 0
        answers_seen = 0
        while True:
            outcome, sent_at = await self.attempt(request)
            if isinstance(outcome, Answer):
                return outcome
            if isinstance(outcome, Trouble):
                failures += 1
                now = asyncio.get_running_loop().time()
                self._health.failed(sent_at if outcome.timed_out else now)
                await self._bear(outcome, request, failures, answers_seen)
                answers_seen = self._health.answers

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def attempt(self, request: Request) -> tuple[Outcome, float]:
        """Send the request once, as soon as slots, caps and limits let it; returns also when that was.

        Raises what no other try here can mend.
        """
        answer_limit = self.dialect.answer_limit(request)
        async with self.pace, self._budget.bill(request, answer_limit) as bill:
            async with self._rate.turn(bill.likely_tokens) as ticket:
                sent_at = asyncio.get_running_loop().time()
                bill.sent()
                outcome = await self._exchange(request, ticket)
                if isinstance(outcome, Answer):
                    self.pace.answered()
                    self._vain_pauses = 0
                    bill.answered(outcome)
                    ticket.used = outcome.prompt_tokens + outcome.completion_tokens or None
                elif not isinstance(outcome, Trouble) or outcome.connecting:
                    bill.refused()
            if isinstance(outcome, Throttled):
                self._throttle(outcome, sent_at)
        return outcome, sent_at

    async def _exchange(self, request: Request, ticket: Ticket) -> Outcome:
        """Send the request once; raises what cannot be mended by another try."""
        body, notes = self.dialect.body(request), self.dialect.deviations(request)
        path = CHAT_COMPLETIONS if request.reads is None else COMPLETIONS
        reply = await self._wire.post(body, path)
        if isinstance(reply, Trouble):
            return reply
        self._rate.learn(reply.headers, ticket)
        return self.read(reply, request, body, notes)

    def read(self, reply: Reply, request: Request, sent: Body, notes: tuple[str, ...]) -> Outcome:
        """Return what the reply to the request, worded as in `sent`, means, and learn from it.

        Raises what cannot be mended by another try; `notes` become the answer's.
        """
        self._health.reached = True
        verdict = verdict_of(reply, request, where=self.identity, secrets=self.secrets)
        if isinstance(verdict, Refusal):
            if not self.dialect.learn(request, sent, verdict):
                raise self._beyond_learning(request, verdict)
            return None
        if isinstance(verdict, Exception):
            raise verdict
        if isinstance(verdict, Answer):
            self._health.answered()
            return replace(verdict, notes=notes) if notes else verdict
        return verdict

    async def call(
        self, send: Callable[["openai.AsyncOpenAI"], Awaitable[T]], *, limit_s: float | None = None
    ) -> T | Reply | Trouble:
        """Use the endpoint's client: what that gives, the reply when it is an error, or why there is none."""
        import httpx2
        import openai

        try:
            async with asyncio.timeout(limit_s or self._wire.timeout_s):
                return await send(self._wire.client())
        except openai.APIStatusError as error:
            return Reply(error.status_code, error.response.content, error.response.headers)
        except (TimeoutError, openai.APIConnectionError, httpx2.TransportError) as error:
            return self._wire.lost(error)

    # --- what to do about it

    async def _bear(self, trouble: Trouble, request: Request, failures: int, answers_seen: int) -> None:
        """Wait before the next try, or raise when another try is no use.

        `answers_seen` is how many answers there were at the failure before this one: with more now, the
        neighbours vouch for the endpoint.
        """
        loop = asyncio.get_running_loop()
        policy, health = self._policy, self._health
        if trouble.connecting and not health.reached and failures >= policy.first_tries:
            raise EndpointError(
                f"{self.identity} cannot be reached: {trouble.detail}. Start it, or correct the base URL "
                f"(--base-url, OPENAI_BASE_URL). {RESUME}"
            )
        if health.dead(loop.time()):
            raise EndpointError(
                f"{self.identity} has answered nothing for {policy.patience_s:g} s; the last failure: "
                f"{trouble.detail}. {_advice(trouble)}{RESUME}"
            )
        used_up = failures >= policy.tries and not trouble.connecting
        if used_up and (health.answers > answers_seen or await self._alive(request.model)):
            raise RequestFailedError("endpoint_error", f"{failures} tries, at last: {trouble.detail}")
        await asyncio.sleep(policy.backoff_s(failures - 1, self._draw))

    async def _alive(self, model: str) -> bool:
        """Ask for a word, to tell a request that cannot be answered from an endpoint that cannot answer."""
        loop = asyncio.get_running_loop()
        answers = self._health.answers
        async with self._probing:
            if self._health.answers > answers:
                return True
            if loop.time() < self._no_probe_before:
                return False
            probe = probe_of(self.identity, model)
            async with self.pace, self._budget.bill(probe, 16) as bill:
                bill.sent()
                reply = await self._wire.post(self.dialect.body(probe))
            if isinstance(reply, Reply) and reply.alive and not self._unreadable(reply, probe):
                self._health.answered()
                return True
            self._no_probe_before = loop.time() + self._policy.cap_s / 2
            return False

    def _unreadable(self, reply: Reply, probe: Request) -> bool:
        return isinstance(verdict_of(reply, probe, where=self.identity, secrets=self.secrets), Trouble)

    def _throttle(self, throttled: Throttled, sent_at: float) -> None:
        """Pause everybody; raises when patience has not helped for a quarter of an hour."""
        wait_s, vain, policy = throttled.wait_s, self._vain_pauses, self._policy
        if wait_s is not None and wait_s > policy.longest_pause_s:
            raise EndpointError(
                f"{self.identity} asks to wait {wait_s / 3600:.1f} hours: {throttled.detail}. {RESUME}"
            )
        if vain > policy.most_pauses:
            raise EndpointError(
                f"{self.identity} has asked for patience {vain} times in a row and answered nothing: "
                f"{throttled.detail}. Lower the concurrency (SYNTH_CONCURRENCY), or come back later. {RESUME}"
            )
        pause_s = wait_s or 0.0
        if wait_s is None or vain >= _TRUSTED_PAUSES:
            pause_s = max(pause_s, policy.backoff_s(vain, self._draw))
        self._health.alive()
        if self.pace.complained(sent_at=sent_at, pause_s=pause_s):
            self._vain_pauses += 1
            level = logging.WARNING if pause_s > _LONG_PAUSE_S else logging.INFO
            logger.log(
                level,
                "%s asks for patience; %.1f s pause, then %d at once",
                self.identity,
                pause_s,
                self.pace.slots,
            )

    def _beyond_learning(self, request: Request, refusal: Refusal) -> Exception:
        """Return the error for a refusal that no other wording mends: the spec's own, or this request's."""
        own: dict[str, object] = {**request.sampling, **request.extra}
        if refusal.param in own or (named := _quoted(refusal.message, own)):
            name = refusal.param if refusal.param in own else named
            return EndpointError(
                f"{self.identity} refuses {name}={own[name]!r}: {refusal.message}. Correct it in the spec. {RESUME}"
            )
        self._refusals += 1
        if self._health.answers == 0 and self._refusals >= _MOST_REFUSALS:
            return EndpointError(
                f"{self.identity} has refused all of the first {self._refusals} requests, at last with: "
                f"{refusal.message}. {RESUME}"
            )
        return RequestFailedError("bad_request", refusal.message)


def probe_of(endpoint: str, model: str) -> Request:
    """Return a request that any endpoint which serves the model can answer, in a word."""
    message = Message("user", "Say yes.")
    return Request(endpoint=endpoint, model=model, messages=(message,), sampling={"max_tokens": 16}, seed=0)


def _quoted(message: str, names: dict[str, object]) -> str:
    """Return the name that the message has in quotes; empty when there is none."""
    return next((name for name in names if any(f"{q}{name}{q}" in message for q in "'\"`")), "")


def _advice(trouble: Trouble) -> str:
    return "Raise SYNTH_TIMEOUT or lower SYNTH_CONCURRENCY if it is only slow. " if trouble.timed_out else ""
