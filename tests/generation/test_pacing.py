"""Slots that follow the endpoint's complaints."""

import asyncio

from synth_datasets.generation.pacing import Pace


def test_no_more_run_at_once_than_there_are_slots():
    async def main() -> int:
        pace, running, most = Pace(3), 0, 0

        async def work() -> None:
            nonlocal running, most
            async with pace:
                running += 1
                most = max(most, running)
                await asyncio.sleep(0)
                running -= 1

        await asyncio.gather(*(work() for _ in range(50)))
        return most

    assert asyncio.run(main()) == 3


def test_one_volley_of_complaints_halves_once_and_the_next_again():
    async def main() -> list[float]:
        pace = Pace(64)
        async with pace as first:
            pass
        news = [pace.complained(sent_at=first, pause_s=0) for _ in range(10)]
        halved = pace.slots
        async with pace as second:
            news.append(pace.complained(sent_at=second, pause_s=0))
        assert news == [True, *[False] * 9, True]
        return [halved, pace.slots]

    assert asyncio.run(main()) == [32, 16]


def test_a_few_complaints_among_answers_hardly_slow_the_rest():
    """Three in sixty, round trip after round trip."""

    async def main() -> list[float]:
        pace, slots = Pace(64), []
        for _ in range(8):
            async with pace as sent_at:
                for _ in range(57):
                    pace.answered()
                for _ in range(3):
                    pace.complained(sent_at=sent_at, pause_s=0)
                slots.append(pace.slots)
        return slots

    slots = asyncio.run(main())
    assert slots[0] == 64 * (1 - 1 / 58)
    assert min(slots) > 60


def test_slots_come_back_with_answers_and_never_exceed_the_start():
    async def main() -> tuple[int, float]:
        pace = Pace(32)
        for _ in range(5):
            pace.complained(sent_at=asyncio.get_running_loop().time(), pause_s=0)
        assert pace.slots == 1
        answers = 0
        while pace.slots < 32:
            pace.answered()
            answers += 1
        pace.answered()
        return answers, pace.slots

    answers, slots = asyncio.run(main())
    assert 100 < answers < 400
    assert slots == 32


def test_a_pause_holds_everybody_until_it_is_over():
    async def main() -> tuple[float, float]:
        pace, loop = Pace(4), asyncio.get_running_loop()
        begun = loop.time()
        pace.complained(sent_at=begun, pause_s=0.05)
        pace.complained(sent_at=begun, pause_s=0.01)  # a shorter one does not shorten it

        async def enter() -> float:
            async with pace as sent_at:
                return sent_at - begun

        times = await asyncio.gather(*(enter() for _ in range(6)))
        return min(times), max(times)

    earliest, latest = asyncio.run(main())
    assert earliest >= 0.049
    assert latest < 5


def test_a_cancelled_turn_goes_to_the_next():
    async def main() -> str:
        pace = Pace(1)
        order: list[str] = []

        async def work(name: str) -> None:
            async with pace:
                order.append(name)

        async with pace:
            waiting = [asyncio.create_task(work(name)) for name in "abc"]
            await asyncio.sleep(0)
        waiting[0].cancel()  # its turn was just given
        await asyncio.gather(*waiting, return_exceptions=True)
        return "".join(order)

    assert asyncio.run(main()) == "bc"
