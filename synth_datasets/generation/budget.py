"""What one run may spend: nothing is sent that could take it over a cap, whatever the answer costs."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from types import TracebackType
from typing import Self

from synth_datasets.errors import BudgetError, EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.spent import Need, Spent, SpentSum, most_prompt_tokens
from synth_datasets.plan.request import Request
from synth_datasets.prices import money
from synth_datasets.settings import Settings

__all__ = ["Bill", "Budget"]

_WHOLE, _NOTHING = Decimal(1), Decimal(0)


class Budget:
    """The caps of the settings and what has been spent under them; one object a run, used by all its splits.

    A request takes a `Bill` before it is sent. The bill reserves the most that it can cost, waits while that does not
    fit beside what is reserved for others, and raises `BudgetError` when it does not fit and nothing is under way any
    more, so that every answer which was paid for has arrived. Threads and event loops may share it; processes may not.
    """

    def __init__(self, settings: Settings) -> None:
        self.currency = settings.currency
        self._settings = settings
        self._lock = threading.Lock()
        self._spent = SpentSum()
        self._reserved = SpentSum()
        self._waiting: deque[Callable[[], None]] = deque()
        self._excess: dict[str, tuple[int, int]] = {}
        caps = (settings.max_cost, settings.max_requests, settings.max_total_tokens)
        self.capped = any(cap is not None for cap in caps)
        """Whether there is a cap at all."""

    @property
    def spent(self) -> Spent:
        """What has been used so far, without what is under way."""
        with self._lock:
            return self._spent.read()

    def bill(self, request: Request, answer_limit: int | None, *, share: Decimal = _WHOLE) -> "Bill":
        """Return the bill for one try; `answer_limit` is the most tokens that the answer may have, if there is one.

        `share` is what part of its price the model has this way, such as a half in a batch.
        """
        return self.bill_for(
            Need(
                model=request.model,
                endpoint=request.endpoint,
                prompt_tokens=most_prompt_tokens(request),
                answer_limit=answer_limit,
                share=share,
            )
        )

    def bill_for(self, need: Need) -> "Bill":
        """Return the bill for one try of which that much is known."""
        return Bill(self, need)

    def __reduce__(self) -> tuple[type["Budget"], tuple[Settings]]:
        if self.capped:
            raise SettingsError("a cap holds in one process only; build without num_proc")
        return Budget, (self._settings,)

    def _try(self, bill: "Bill") -> bool:
        """Reserve the most that the bill's request can cost; whether it fits. Raises when it never will."""
        if not self.capped:
            return True
        with self._lock:
            worst = bill.worst
            whole = SpentSum()
            for part in (self._spent, self._reserved, worst):
                whole.add(part)
            if (full := self._over(whole)) and not self._reserved.requests:
                self._wake()
                raise BudgetError(self._message(full, worst))
            if not full:
                self._reserved.add(worst)
                self._wake()
            return not full

    async def reserve(self, bill: "Bill") -> None:
        """Reserve the most that the bill's request can cost, once that fits."""
        while not self._try(bill):
            await bill.turn()

    def settle(self, bill: "Bill", used: Spent) -> None:
        """Put what the bill's request has used in the place of what was reserved for it."""
        with self._lock:
            if self.capped:
                self._reserved.add(bill.worst, sign=-1)
            self._spent.add(used)
            if used.requests and not used.untold:
                # Templates with a system prompt of their own, or thinking beyond the limit: expected from now on.
                prompt, answer = self._excess.get(bill.need.model, (0, 0))
                self._excess[bill.need.model] = (
                    max(prompt, used.prompt_tokens - bill.need.prompt_tokens),
                    max(answer, used.completion_tokens - (bill.need.answer_limit or used.completion_tokens)),
                )
            self._wake()

    def add(self, used: Spent) -> None:
        """Count what was used elsewhere, in another process of this run."""
        with self._lock:
            self._spent.add(used)

    def _wait(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._waiting.append(wake)
            if not self._reserved.requests:
                self._wake()  # the last one settled between the try and this

    def _wake(self) -> None:
        """Let the next one try, who wakes the one after: not everybody at every answer."""
        if self._waiting:
            self._waiting.popleft()()

    def worst(self, need: Need) -> Spent:
        """Return the most that such a request can use, as far as is known by now."""
        if need.answer_limit is None:
            if self._settings.max_cost is not None or self._settings.max_total_tokens is not None:
                raise BudgetError(
                    f"{need.endpoint} is sent no limit on an answer's length for {need.model}, so what "
                    "a request may cost is not known, and nothing more is asked under a cap; set `max_tokens` of the "
                    "model in the spec (or --max-tokens), or take the cap away"
                )
            return self.priced(need.model, need.prompt_tokens, 0, untold=1, share=need.share)
        prompt, answer = self._excess.get(need.model, (0, 0))
        return self.priced(
            need.model, need.prompt_tokens + prompt, need.answer_limit + answer, untold=1, share=need.share
        )

    def priced(
        self,
        model: str,
        prompt_tokens: int,
        completion_tokens: int,
        *,
        cached_tokens: int = 0,
        untold: int = 0,
        answers: int = 0,
        share: Decimal = _WHOLE,
    ) -> Spent:
        """Return one request with its cost; `untold` ones at the dearest price of a prompt token."""
        price = self._settings.prices.get(model)
        if price is not None and untold:
            price = replace(price, input=price.most_input, cached_input=None)
        return Spent(
            requests=1,
            answers=answers,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            cached_tokens=cached_tokens,
            cost=_NOTHING
            if price is None
            else share * price.cost(prompt_tokens, completion_tokens, cached_tokens),
            unpriced=frozenset() if price is not None else frozenset([model]),
            untold=untold,
        )

    def _over(self, whole: "SpentSum") -> str:
        """Return which cap would be passed; empty when none."""
        caps = self._settings
        if caps.max_requests is not None and whole.requests > caps.max_requests:
            return "max_requests"
        if (
            caps.max_total_tokens is not None
            and whole.prompt_tokens + whole.completion_tokens > caps.max_total_tokens
        ):
            return "max_total_tokens"
        if caps.max_cost is not None and whole.cost > caps.max_cost:
            return "max_cost"
        return ""

    def _message(self, cap: str, worst: Spent) -> str:
        caps = self._settings
        shown, next_one = {
            "max_requests": (f"{caps.max_requests} requests", "there is no other to send"),
            "max_total_tokens": (
                f"{caps.max_total_tokens or 0:,} tokens",
                f"the next request may take up to {worst.tokens:,}",
            ),
            "max_cost": (
                money(caps.max_cost or Decimal(0), self.currency),
                f"the next request may cost up to {money(worst.cost, self.currency)}",
            ),
        }[cap]
        option = f"--{cap.replace('_', '-')}"
        spent = self._spent.read().shown(self.currency)
        tail = "" if cap == "max_requests" else f", and {next_one}"
        return (
            f"the cap of {shown} ({option}) ends this run before it is passed: spent {spent}{tail}. "
            "Every answer is kept and never asked again. Run again to go on: the cap counts from zero in each "
            "run; raise it to need fewer"
        )


class Bill:
    """One try of one request in the budget, from before it is sent until it is known what it used.

    A bill that is closed without a word counts at its most once the request was `sent`, and not at all before; one
    that ends in a refusal of the request counts nothing.
    """

    def __init__(self, budget: Budget, need: Need) -> None:
        self.need = need
        self._budget = budget
        self._used: Spent | None = Spent()

    @cached_property
    def worst(self) -> Spent:
        """The most that the request can use, as far as is known when this is first read."""
        return self._budget.worst(self.need)

    @property
    def likely_tokens(self) -> int:
        """A guess at prompt and answer together, as endpoints make it before they have answered."""
        return self.need.likely_tokens

    def sent(self) -> None:
        """Say that the request may arrive from now on."""
        self._used = None

    def refused(self) -> None:
        """Say that nobody will charge for it: it was turned away, or never arrived."""
        self._used = Spent()

    def answered(self, answer: Answer) -> None:
        """Say what came back; an answer without figures counts at its most."""
        if answer.prompt_tokens or answer.completion_tokens:
            used = self._budget.priced(
                self.need.model,
                answer.prompt_tokens,
                answer.completion_tokens,
                cached_tokens=min(answer.cached_tokens, answer.prompt_tokens),
                answers=1,
                share=self.need.share,
            )
        else:
            used = replace(self.worst, answers=1)
        self.has_used(used)

    def has_used(self, used: Spent) -> None:
        """Say what it has used, where that is known already."""
        self._used = used

    async def __aenter__(self) -> Self:
        await self._budget.reserve(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (RequestFailedError, EndpointError, SettingsError)):
            self.refused()
        used = self.worst if self._used is None else self._used
        self._budget.settle(self, used)

    async def turn(self) -> None:
        """Wait until another request has settled, or has let this one go before it."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()

        def done() -> None:
            if not turn.done():
                turn.set_result(None)

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(done)

        self._budget._wait(wake)  # noqa: SLF001 - one thing in two classes
        try:
            await turn
        except asyncio.CancelledError:
            with self._budget._lock:  # noqa: SLF001 - one thing in two classes
                if wake in self._budget._waiting:  # noqa: SLF001
                    self._budget._waiting.remove(wake)  # noqa: SLF001
                else:
                    self._budget._wake()  # noqa: SLF001 - the turn that was given goes to the next
            raise
