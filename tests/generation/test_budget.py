"""Bills within a budget, without any endpoint: what is reserved, what waits, and who is told that it is over."""

import asyncio
import pickle
import random
from decimal import Decimal

import pytest

from synth_datasets.errors import BudgetError, EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.budget import Budget
from synth_datasets.generation.spent import most_prompt_tokens
from synth_datasets.plan.request import Message, Request
from synth_datasets.prices import Price
from synth_datasets.settings import Settings

PRICES = {"m": Price(input=Decimal(1), output=Decimal(4))}


def request(content: str = "Write.", **more) -> Request:
    return Request(endpoint="http://x/v1", model="m", messages=(Message("user", content),), seed=1, **more)


def answer(prompt: int, completion: int, cached: int = 0) -> Answer:
    return Answer(
        key="0" * 64, text="x", prompt_tokens=prompt, completion_tokens=completion, cached_tokens=cached
    )


async def spend(budget: Budget, prompt: int, completion: int, *, limit: int = 100, pause: int = 0) -> None:
    async with budget.bill(request(), limit) as bill:
        bill.sent()
        for _ in range(pause):
            await asyncio.sleep(0)
        bill.answered(answer(prompt, completion))


@pytest.mark.parametrize("seed", range(20))
def test_any_number_at_once_stays_below_every_cap(seed):
    draw = random.Random(seed)
    caps = {"max_cost": Decimal("0.02"), "max_total_tokens": 20_000, "max_requests": 120}
    budget = Budget(Settings(prices=PRICES, **caps))
    over = []

    async def one() -> None:
        await spend(budget, draw.randint(1, 250), draw.randint(0, 100), pause=draw.randrange(6))
        spent = budget.spent
        if spent.cost > caps["max_cost"] or spent.tokens > 20_000 or spent.requests > 120:
            over.append(spent)

    async def main() -> list[object]:
        return await asyncio.wait_for(
            asyncio.gather(*(one() for _ in range(300)), return_exceptions=True), 20
        )

    ended = asyncio.run(main())
    assert not over
    assert {type(each) for each in ended} == {type(None), BudgetError}
    assert budget.spent.requests == sum(each is None for each in ended)


def test_one_that_does_not_fit_waits_for_those_under_way_and_goes_when_they_were_cheap():
    # The most that one takes is 378 tokens: three at once do not fit, but twenty one after the other do.
    worst = most_prompt_tokens(request()) + 100
    budget = Budget(Settings(max_total_tokens=worst + 19 * 20))

    async def main() -> None:
        await asyncio.wait_for(asyncio.gather(*(spend(budget, 10, 10, pause=2) for _ in range(20))), 20)

    asyncio.run(main())
    assert budget.spent.tokens == 400


def test_one_that_is_cancelled_while_it_waits_gives_its_turn_away():
    budget = Budget(Settings(max_requests=3))

    async def main() -> list[object]:
        first = [asyncio.create_task(spend(budget, 1, 1, pause=10)) for _ in range(3)]
        waiting = [asyncio.create_task(spend(budget, 1, 1)) for _ in range(5)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in waiting[:4]:
            task.cancel()
        return await asyncio.wait_for(asyncio.gather(*first, *waiting, return_exceptions=True), 20)

    *_, last = asyncio.run(main())
    assert isinstance(last, BudgetError)


def test_one_that_was_never_sent_costs_nothing_and_one_that_was_cut_off_its_most():
    budget = Budget(Settings(prices=PRICES))

    async def main(*, sent: bool, error: BaseException) -> None:
        with pytest.raises(type(error)):  # noqa: PT012 - what is raised inside the bill is the point
            async with budget.bill(request(), 100) as bill:
                if sent:
                    bill.sent()
                raise error

    asyncio.run(main(sent=False, error=ValueError()))
    assert budget.spent.requests == 0
    for refused in (RequestFailedError("bad_request", ""), EndpointError("no key")):
        asyncio.run(main(sent=True, error=refused))
    assert budget.spent.requests == 0
    asyncio.run(main(sent=True, error=ValueError()))
    assert (budget.spent.requests, budget.spent.untold, budget.spent.completion_tokens) == (1, 1, 100)


def test_a_budget_goes_from_one_event_loop_to_the_next():
    budget = Budget(Settings(max_requests=4))
    for _ in range(2):
        asyncio.run(spend(budget, 1, 1))
        asyncio.run(spend(budget, 1, 1))
    with pytest.raises(BudgetError, match="4 requests"):
        asyncio.run(spend(budget, 1, 1))


@pytest.mark.parametrize(
    "text", ["Hello there, how are you?", "日本語の文章です。", "🙂" * 50, "\ud800 half", "a b\n" * 99]
)
def test_no_tokenizer_makes_more_of_a_prompt_than_is_reserved(text):
    assert most_prompt_tokens(request(text)) >= len(text.encode("utf-8", "surrogatepass")) + 16
    schema = '{"type":"object"}'
    assert most_prompt_tokens(request(text, schema=schema)) == most_prompt_tokens(request(text)) + 2 * len(
        schema
    )


def test_a_price_for_cached_tokens_that_is_the_dearer_one_is_reserved():
    dear = {"m": Price(input=Decimal(1), output=Decimal(0), cached_input=Decimal(3))}
    most = most_prompt_tokens(request())
    with pytest.raises(BudgetError, match="may cost up to"):
        asyncio.run(spend(Budget(Settings(prices=dear, max_cost=Decimal(most * 2) / 1_000_000)), 1, 1))


def test_a_budget_with_a_cap_stays_in_its_process():
    with pytest.raises(SettingsError, match="num_proc"):
        pickle.dumps(Budget(Settings(max_requests=1)))
    assert pickle.loads(pickle.dumps(Budget(Settings(rpm=3)))).spent.requests == 0
