"""A line of those who wait for a turn, in order of arrival."""

import asyncio
from collections import deque
from collections.abc import Callable

__all__ = ["Line"]


class Line:
    """Coroutines of one event loop; who was cancelled while waiting is passed over."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    async def wait(self, passed_on: Callable[[], None]) -> None:
        """Wait until `let_go` comes to this one; `passed_on` is called when its turn came and it is cancelled."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                passed_on()
            raise

    def let_go(self, most: int | None) -> None:
        """Give a turn to the first `most`; None: to all."""
        left = len(self._waiting) if most is None else most
        while left > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                left -= 1
