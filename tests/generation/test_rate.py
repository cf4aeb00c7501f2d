"""Requests within limits a minute, by a clock that only moves when somebody sleeps."""

import asyncio
import random
from bisect import bisect_left

import pytest

from synth_datasets.generation.rate import LONGEST_S, Rate


class Clock:
    """Time that passes in `sleep` alone."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def most_in_a_minute(times: list[float], amounts: list[int]) -> int:
    return max(sum(amounts[at : bisect_left(times, time + 60)]) for at, time in enumerate(times))


def gone(
    count: int, *, tokens=lambda: 1, used=lambda asked: None, **limits
) -> tuple[list[float], list[int], float]:
    """Let so many requests go, one after the other; return when, with how many tokens, and the time it took."""
    clock = Clock()

    async def main() -> tuple[list[float], list[int]]:
        rate = Rate(**limits, clock=clock, sleep=clock.sleep)
        times, amounts = [], []
        for _ in range(count):
            asked = tokens()
            async with rate.turn(asked) as ticket:
                times.append(clock.now)
                ticket.used = used(asked)
                amounts.append(asked if ticket.used is None else ticket.used)
        return times, amounts

    times, amounts = asyncio.run(main())
    return times, amounts, clock.now - 1000.0


def test_without_limits_nobody_waits():
    assert gone(1000)[2] == 0


def test_no_minute_has_more_requests_than_allowed_and_few_are_lost():
    times, amounts, took = gone(500, rpm=60)
    assert most_in_a_minute(times, amounts) == 60
    assert took == pytest.approx(8 * 60.5, abs=5)


@pytest.mark.parametrize("seed", range(5))
def test_no_minute_has_more_tokens_than_allowed(seed):
    draw = random.Random(seed)
    times, amounts, _ = gone(300, tpm=1000, tokens=lambda: draw.randint(1, 300))
    assert most_in_a_minute(times, amounts) <= 1000


def test_tokens_that_were_not_used_are_given_back():
    slow = gone(100, tpm=1000, tokens=lambda: 100)[2]
    quick = gone(100, tpm=1000, tokens=lambda: 100, used=lambda asked: asked // 10)[2]
    assert quick < slow / 5


def test_a_request_larger_than_the_limit_goes_alone():
    times, _, _ = gone(3, tpm=10, tokens=lambda: 50)
    assert [round(time - 1000) for time in times] == [0, 60, 121]


def test_requests_go_in_the_order_they_came():
    clock = Clock()

    async def main() -> list[int]:
        rate, order = Rate(rpm=5, clock=clock, sleep=clock.sleep), []

        async def one(number: int) -> None:
            async with rate.turn(1):
                order.append(number)

        await asyncio.gather(*(one(number) for number in range(20)))
        return order

    assert asyncio.run(main()) == list(range(20))


class Bucket:
    """A provider's own limit: refuses what is beyond it and tells what is left, as OpenAI does."""

    def __init__(self, clock: Clock, limit: int, per_s: float) -> None:
        self.clock, self.limit, self.per_s = clock, limit, per_s
        self.level, self.at = float(limit), clock.now
        self.refused = 0

    def ask(self) -> dict[str, str]:
        self.level = min(self.limit, self.level + (self.clock.now - self.at) * self.per_s)
        self.at = self.clock.now
        if self.level >= 1:
            self.level -= 1
        else:
            self.refused += 1
        left = int(self.level)
        return {
            "x-ratelimit-limit-requests": str(self.limit),
            "x-ratelimit-remaining-requests": str(left),
            "x-ratelimit-reset-requests": f"{(self.limit - self.level) / self.per_s:.3f}s",
        }


@pytest.mark.parametrize(("limit", "per_s"), [(60, 1.0), (500, 500 / 60), (20, 1 / 3)])
def test_what_the_endpoint_tells_is_kept_so_that_it_refuses_next_to_nothing(limit, per_s):
    def refused(learning: bool) -> tuple[int, float]:
        clock = Clock()

        async def main() -> int:
            rate, provider = Rate(clock=clock, sleep=clock.sleep), Bucket(clock, limit, per_s)
            for _ in range(3 * limit):
                async with rate.turn(1) as ticket:
                    headers = provider.ask()
                    if learning:
                        rate.learn(headers, ticket)
            return provider.refused

        return asyncio.run(main()), clock.now - 1000.0

    assert refused(learning=False)[0] == 2 * limit
    times, took = refused(learning=True)
    assert times <= 1
    assert took == pytest.approx(2 * limit / per_s, rel=0.1), "and no slower than it must be"


def test_requests_that_are_under_way_are_not_forgotten():
    clock = Clock()

    async def main() -> float:
        rate = Rate(clock=clock, sleep=clock.sleep)
        told = {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "2",
            "x-ratelimit-reset-requests": "58s",
        }
        async with rate.turn(1), rate.turn(1), rate.turn(1) as last:
            rate.learn(told, last)  # of the two that are left, two are perhaps taken
            async with rate.turn(1):
                return clock.now - 1000.0

    assert asyncio.run(main()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-limit-requests": "many", "x-ratelimit-remaining-requests": "0"},
        {"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"},
        {"x-ratelimit-limit-requests": "60"},
        {"x-ratelimit-remaining-tokens": "-5", "x-ratelimit-limit-tokens": "100"},
    ],
)
def test_headers_that_say_nothing_change_nothing(headers):
    clock = Clock()

    async def main() -> float:
        rate = Rate(clock=clock, sleep=clock.sleep)
        for _ in range(100):
            async with rate.turn(10) as ticket:
                rate.learn(headers, ticket)
        return clock.now - 1000.0

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [("1h0m0s", 60), ("6m0s", 60), ("30s", 30), ("500ms", 0.5), ("12", 12), ("1.5s", 1.5)],
)
def test_durations_are_read_as_go_writes_them_and_nobody_waits_hours_on_a_header(reset, seconds):
    clock = Clock()

    async def main() -> float:
        rate = Rate(clock=clock, sleep=clock.sleep)
        async with rate.turn(1) as ticket:
            left = {"x-ratelimit-limit-requests": "1", "x-ratelimit-remaining-requests": "0"}
            rate.learn({**left, "x-ratelimit-reset-requests": reset}, ticket)
        async with rate.turn(1):
            return clock.now - 1000.0

    assert asyncio.run(main()) == pytest.approx(min(seconds, LONGEST_S), abs=0.01)


def test_a_date_instead_of_a_duration_is_not_waited_for():
    clock = Clock()

    async def main() -> float:
        rate = Rate(clock=clock, sleep=clock.sleep)
        async with rate.turn(1) as ticket:
            rate.learn(
                {
                    "x-ratelimit-limit-tokens": "600",
                    "x-ratelimit-remaining-tokens": "0",
                    "x-ratelimit-reset-tokens": "1793350000",
                },
                ticket,
            )
        async with rate.turn(10):
            return clock.now - 1000.0

    assert asyncio.run(main()) == pytest.approx(1.0), "600 a minute, as is usual"
