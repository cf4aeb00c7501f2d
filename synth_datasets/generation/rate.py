"""When the next request may go: within what the user allows a minute, and what the endpoint says it has left."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

__all__ = ["Rate", "Ticket"]

MINUTE_S = 60.5
"""Half a second more than a minute, because requests overtake each other on their way."""
LONGEST_S = 60.0
"""Nobody waits longer on the word of a header alone: then the endpoint is asked, and says so itself."""
_LEAST_S = 0.001
_LOOK_S = 1.0
"""A wait is looked at again that often: answers bring news of what is left."""

_KINDS = ("requests", "tokens")
_LIMIT = {kind: f"x-ratelimit-limit-{kind}" for kind in _KINDS}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_SECONDS = (3600.0, 60.0, 1.0, 0.001)


@dataclass(slots=True)
class Ticket:
    """One request that was let go."""

    sent_at: float
    tokens: int
    """Its share of the tokens: a guess until `used` is known."""
    used: int | None = None
    """The tokens that it took; set it when they are told."""


class Rate:
    """Lets requests go one after the other, as soon as no limit forbids it; used inside one event loop.

    The user's limits hold in any minute (a sliding window). What the endpoint tells in `x-ratelimit-limit-*`,
    `-remaining-*` and `-reset-*` is taken for a token bucket that fills evenly: `(limit - remaining) / reset` a second,
    so that a limit a day is told from one a minute. Where that guess is wrong the endpoint's 429 still paces.
    """

    def __init__(
        self,
        *,
        rpm: int | None = None,
        tpm: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._windows = {
            kind: _Window(limit) for kind, limit in zip(_KINDS, (rpm, tpm), strict=True) if limit is not None
        }
        self._told: dict[str, _Bucket] = {}
        self._out = {"requests": 0, "tokens": 0}
        self._queue = asyncio.Lock()

    def beside(self) -> "Rate":
        """Return the one of another endpoint: the user's limits hold for both together, what each tells for itself."""
        other = Rate(clock=self._clock, sleep=self._sleep)
        other._windows = self._windows
        return other

    def turn(self, tokens: int) -> "_Turn":
        """Wait until a request of about so many tokens may go, first come, first served; lasts until it is over."""
        return _Turn(self, tokens)

    async def _begin(self, tokens: int) -> Ticket:
        if not (self._windows or self._told):
            return self._let_go(tokens)
        async with self._queue:
            await self._wait(tokens)
            return self._let_go(tokens)

    def learn(self, headers: Mapping[str, str], ticket: Ticket) -> None:
        """Take note of what the reply to a request tells about the endpoint's limits; call it within its turn."""
        for kind in _KINDS:
            limit = _number(headers.get(_LIMIT[kind]))
            if not limit or (remaining := _number(headers.get(f"x-ratelimit-remaining-{kind}"))) is None:
                continue
            reset = _duration(headers.get(f"x-ratelimit-reset-{kind}"))
            used = limit - remaining
            known = self._told.get(kind)
            per_s = limit / 60 if known is None else known.per_s
            if reset and used > 0:
                per_s = used / reset
            # Those under way are not in `remaining`, or not all of them; this one is.
            others = self._out[kind] - (1 if kind == "requests" else ticket.tokens)
            self._told[kind] = _Bucket(limit, remaining - others, per_s, self._clock())

    def _back(self, ticket: Ticket) -> None:
        self._out["requests"] -= 1
        self._out["tokens"] -= ticket.tokens
        if ticket.used is not None and ticket.used != ticket.tokens:
            if bucket := self._told.get("tokens"):
                bucket.level += ticket.tokens - ticket.used
            if window := self._windows.get("tokens"):
                window.correct(ticket, ticket.used)

    async def _wait(self, tokens: int) -> None:
        began = self._clock()
        while True:
            now = self._clock()
            need = {"requests": 1, "tokens": tokens}
            waits = [window.wait_s(need[kind], now) for kind, window in self._windows.items()]
            if now - began < LONGEST_S:
                waits += [bucket.wait_s(need[kind], now) for kind, bucket in self._told.items()]
            if (wait := max(waits, default=0.0)) <= 0:
                return
            await self._sleep(min(max(wait, _LEAST_S), _LOOK_S))

    def _let_go(self, tokens: int) -> Ticket:
        now = self._clock()
        ticket = Ticket(now, tokens)
        self._out["requests"] += 1
        self._out["tokens"] += tokens
        if window := self._windows.get("requests"):
            window.add(Ticket(now, 1))
        if window := self._windows.get("tokens"):
            window.add(ticket)
        for kind, bucket in self._told.items():
            bucket.take(1 if kind == "requests" else tokens, now)
        return ticket


class _Turn:
    """From when one request may go until it is over."""

    __slots__ = ("_rate", "_ticket", "_tokens")

    def __init__(self, rate: Rate, tokens: int) -> None:
        self._rate = rate
        self._tokens = tokens

    async def __aenter__(self) -> Ticket:
        self._ticket = await self._rate._begin(self._tokens)  # noqa: SLF001 - one thing in two classes
        return self._ticket

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rate._back(self._ticket)  # noqa: SLF001 - one thing in two classes


class _Window:
    """What went within the last minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._went: deque[Ticket] = deque()
        self._total = 0

    def wait_s(self, amount: int, now: float) -> float:
        """Return how long until `amount` more fits; one that never fits goes when nothing else is in the window."""
        while self._went and self._went[0].sent_at + MINUTE_S <= now:
            self._total -= self._went.popleft().tokens
        over = self._total + amount - self._limit
        ends = now
        for ticket in self._went:
            if over <= 0:
                break
            over -= ticket.tokens
            ends = ticket.sent_at + MINUTE_S
        return ends - now

    def add(self, ticket: Ticket) -> None:
        self._went.append(ticket)
        self._total += ticket.tokens

    def correct(self, ticket: Ticket, tokens: int) -> None:
        if self._went and ticket.sent_at >= self._went[0].sent_at:
            self._total += tokens - ticket.tokens
            ticket.tokens = tokens


@dataclass(slots=True)
class _Bucket:
    """What the endpoint has left for us, filling evenly up to its limit."""

    limit: float
    level: float
    per_s: float
    at: float

    def wait_s(self, amount: int, now: float) -> float:
        self._fill(now)
        missing = min(amount, self.limit) - self.level
        return missing / self.per_s if missing > 0 else 0.0

    def take(self, amount: int, now: float) -> None:
        self._fill(now)
        self.level -= amount

    def _fill(self, now: float) -> None:
        self.level = min(self.limit, self.level + (now - self.at) * self.per_s)
        self.at = now


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"\d{1,15}(\.\d{1,6})?", text.strip()) else None


def _duration(text: str | None) -> float | None:
    """Return the seconds of a duration as Go writes it (`1h2m3.5s`, `20ms`), or of a small plain number."""
    if text is None:
        return None
    text = text.strip()
    if (seconds := _number(text)) is not None:
        return seconds if seconds < 10_000_000 else None  # noqa: PLR2004 - more is a date, not a duration
    found = _DURATION.fullmatch(text)
    if not found or not any(found.groups()):
        return None
    return sum(float(part) * unit for part, unit in zip(found.groups(), _SECONDS, strict=True) if part)
