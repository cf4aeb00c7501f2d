"""Turns are given in order of arrival, and none is lost with who was cancelled."""

import asyncio

import pytest

from synth_datasets.generation.line import Line


def run(names, work):
    """Return who was let go, in order, when `work` is done with the line that all of them stand in."""

    async def main() -> list[str]:
        line, gone = Line(), []

        async def stand(name: str) -> None:
            await line.wait(lambda: line.let_go(1))
            gone.append(name)

        tasks = {name: asyncio.create_task(stand(name)) for name in names}
        await asyncio.sleep(0)
        work(line, tasks)
        for _ in range(5):
            await asyncio.sleep(0)
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        return gone

    return asyncio.run(main())


@pytest.mark.parametrize(("most", "gone"), [(0, ""), (-1, ""), (2, "ab"), (9, "abc"), (None, "abc")])
def test_the_first_come_are_let_go_and_no_more_than_asked_for(most, gone):
    assert run("abc", lambda line, _: line.let_go(most)) == list(gone)


def test_who_was_cancelled_while_waiting_takes_no_turn():
    def work(line, tasks):
        tasks["a"].cancel()
        asyncio.get_running_loop().call_soon(line.let_go, 1)

    assert run("abc", work) == ["b"]


def test_a_turn_that_came_to_one_who_is_cancelled_goes_to_the_next():
    def work(line, tasks):
        line.let_go(1)
        tasks["a"].cancel()

    assert run("abc", work) == ["b"]


def test_a_line_is_true_while_somebody_waits_in_it():
    said = []
    run("a", lambda line, _: said.append(bool(line)))
    assert said == [True]
    assert not Line()
