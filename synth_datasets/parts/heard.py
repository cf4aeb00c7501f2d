"""The store during a merge: the answers of the parts, and of failures those that say something about this dataset."""

from collections.abc import Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.claims import Claims
from synth_datasets.generation.store import AnswerStore
from synth_datasets.parts.info import ANSWERS, Part
from synth_datasets.plan.request import Request

__all__ = ["Heard", "Taken"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What the parts brought."""

    conflicts: int
    """Requests to which the store has another answer."""
    failed: frozenset[str]


@dataclass
class Heard:
    """A store that the parts' answers are on their way into; whatever needs an answer waits for them.

    A request that failed in a part or in this merge has failed, as it has for a build that goes on. What failed
    before, in other runs, is asked again, unless `old_failures` count because nobody may be asked.
    """

    store: AnswerStore
    coming: "Future[Taken]"
    old_failures: bool
    _failed: set[str] = field(default_factory=set)

    @staticmethod
    def take_in(store: AnswerStore, parts: Sequence[Part]) -> Taken:
        """Take the answers of the parts into the store; raises `SettingsError` that names a part without any."""
        conflicts, failed = 0, set[str]()
        for part in parts:
            if ANSWERS not in part.files:
                continue
            try:
                absorbed = store.absorb(part.folder / ANSWERS)
            except SettingsError as error:
                error.add_note(f"That was of part {part.shard}, {part.folder}.")
                raise
            conflicts += len(absorbed.conflicts)
            failed.update(absorbed.failed)
        return Taken(conflicts, frozenset(failed))

    @property
    def path(self) -> Path:
        """Where the answers lie."""
        return self.store.path

    @property
    def conflicts(self) -> int:
        """Requests to which the store has another answer than a part; waits until all are known."""
        return self.wait().conflicts

    def wait(self) -> Taken:
        """Wait until the answers of all parts are there; raises what went wrong with them."""
        return self.coming.result()

    def get_many(self, keys: Collection[str]) -> dict[str, Answer]:
        """Return the answers that are there."""
        if not keys:
            return {}
        self.wait()
        return self.store.get_many(keys)

    def get_failures(self, keys: Collection[str]) -> dict[str, tuple[RequestFailedError, str]]:
        """Return how those requests failed that have."""
        if self.old_failures:
            return self.store.get_failures(keys)
        return self.store.get_failures(self._failed.union(self.wait().failed).intersection(keys))

    def put_many(self, pairs: Sequence[tuple[Request, Answer]]) -> dict[str, Answer]:
        """Keep the answers; see `AnswerStore`."""
        return self.store.put_many(pairs)

    def put_failures(self, pairs: Sequence[tuple[Request, RequestFailedError]]) -> None:
        """Keep how requests failed, which counts from now on."""
        self.store.put_failures(pairs)
        self._failed.update(request.key for request, _ in pairs)

    def claims(self) -> Claims:
        """Return the claims of one more engine on these answers."""
        return self.store.claims()
