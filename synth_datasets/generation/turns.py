"""Which requests are this process's turn to ask: those that no other is asking and that none has answered."""

import time
from collections import deque
from collections.abc import Sequence

from synth_datasets.generation.answer import Answer
from synth_datasets.generation.keeper import AnswerKeeper
from synth_datasets.plan.request import Request

__all__ = ["LOOK_S", "Turns"]

LOOK_S = 0.03
"""How often those that another process is asking are looked at: some microseconds for each."""
_PATIENCE_S = 600.0
"""How long another process may take over a request (it may be suspended) before it is asked here as well."""

Queued = tuple[str, Request]


class Turns:
    """Sorts the requests of one engine; used by its asking thread, but for `done` and `close`."""

    def __init__(self, store: AnswerKeeper) -> None:
        self.ready: deque[Queued] = deque()
        """Claimed, to be asked."""
        self._store = store
        self._claims = store.claims()
        self._elsewhere: dict[str, tuple[Request, float]] = {}
        """Asked by another process or engine, and since when we wait for it."""
        self._look_at = 0.0

    @property
    def waits(self) -> bool:
        """Whether `sort` must be called again in `LOOK_S`, because another process is asking something."""
        return bool(self._elsewhere)

    def sort(self, inbox: deque[Queued], free: int) -> list[tuple[Request, Answer]]:
        """Take from the inbox until `free` requests are ready; return what others have answered meanwhile."""
        answered: list[tuple[Request, Answer]] = []
        now = time.monotonic()
        if self._elsewhere and now >= self._look_at:
            self._look_at = now + LOOK_S
            answered += self._claim([(key, request) for key, (request, _) in self._elsewhere.items()])
        while inbox and len(self.ready) < free:
            answered += self._claim([inbox.popleft() for _ in range(min(len(inbox), free - len(self.ready)))])
        return answered

    def done(self, keys: Sequence[str]) -> None:
        """Let others ask these, or find the answers that are on disk by now."""
        self._claims.release(keys)

    def close(self) -> None:
        """Let others ask whatever is left."""
        self._claims.release()

    def _claim(self, batch: list[Queued]) -> list[tuple[Request, Answer]]:
        ours = self._claims.take([key for key, _ in batch])
        # Only now: an answer is on disk before its claim ends, so what is not there is being asked by nobody.
        found = self._store.get_many(ours)
        self._claims.release(found)
        now = time.monotonic()
        answered: list[tuple[Request, Answer]] = []
        for key, request in batch:
            _, since = self._elsewhere.get(key, (request, now))
            if key in ours or now - since > _PATIENCE_S:
                self._elsewhere.pop(key, None)
                if key in found:
                    answered.append((request, found[key]))
                else:
                    self.ready.append((key, request))
            else:
                self._elsewhere[key] = (request, since)
        return answered
