"""The one actor: it carries letters from the workers to the driver and replies back, and knows nothing else.

What a build must not lose (the store, the budget, the limits a minute) lives in the driver's own process, since an
actor can be killed like any worker. Ray starts this one anew then and repeats the calls that were under way.
"""

import asyncio
import os
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["open_post"]

_CALLS = 100_000
"""At once, all in one event loop: more than there are places for requests in all workers, so that letters, however many
wait for their replies, never keep the driver out."""


class Post:
    """What runs in the actor."""

    def __init__(self) -> None:
        self._life = os.urandom(8)  # replies to letters of an earlier life find nobody
        self._count = 0
        self._inbox: deque[tuple[bytes, bytes]] = deque()
        self._arrived = asyncio.Event()
        self._open: dict[bytes, asyncio.Future[bytes]] = {}

    async def ask(self, letter: bytes) -> bytes:
        """Hand a letter to the driver and return its reply."""
        self._count += 1
        number = self._life + self._count.to_bytes(8)
        reply = self._open[number] = asyncio.get_running_loop().create_future()
        self._inbox.append((number, letter))
        self._arrived.set()
        try:
            return await reply
        finally:
            del self._open[number]

    async def collect(self) -> list[tuple[bytes, bytes]]:
        """Return the letters that have arrived, with their numbers; waits for one."""
        while not self._inbox:
            self._arrived.clear()
            await self._arrived.wait()
        letters = [*self._inbox]
        self._inbox.clear()
        return letters

    async def deliver(self, replies: "Sequence[tuple[bytes, bytes]]") -> None:
        """Give replies to those who wait for them."""
        for number, reply in replies:
            waiting = self._open.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)


def open_post(ray: Any) -> Any:  # noqa: ANN401 - Ray's own types know no actors
    """Start the actor on this node, in Ray's own words: `post.ask.remote(letter)`."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor = ray.remote(
        num_cpus=0, max_restarts=-1, max_task_retries=-1, max_concurrency=_CALLS, scheduling_strategy=here
    )(Post)
    return actor.remote()
