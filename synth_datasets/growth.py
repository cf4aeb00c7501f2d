"""One generated list on its way: the items so far, and what is asked for more."""

import re
from collections.abc import Mapping, Sequence

from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.minhash import normalised
from synth_datasets.plan.plan import Plan
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.spec.lists import KNOWN, PARENT
from synth_datasets.spec.model import DatasetSpec, GeneratedList, PerValue, Split, TextColumn
from synth_datasets.spec.templates import Template
from synth_datasets.validation.judge import judge
from synth_datasets.validation.outcome import Example, Missing, Rejection, Source, Verdict
from synth_datasets.validation.tables import NearTable

__all__ = ["Growth", "list_split"]

LOOK_BACK = 4_000
"""Characters of the latest items that a round names."""
LONGEST = 500
"""Characters of an item; what is longer is no item of a list."""
_NEAR = 0.7
"""Jaccard similarity of 5-grams of characters from which two items are one, as for texts."""
_IDLE = 4
"""Rounds in a row without a new item after which a list is given up."""
_MARK = re.compile(r"^\s*(?:[-*\u2022]|\d{1,4}[.)])\s+")


class Growth:
    """One list on its way: the items so far, and the request for more."""

    def __init__(
        self, spec: DatasetSpec, made: GeneratedList, parent: str, endpoints: Mapping[str, str]
    ) -> None:
        self.made = made
        self.parent = parent
        self.items: list[str] = []
        self.outcomes: list[Example | Missing] = []
        """One for each round that ended."""
        self.repeated = 0
        """Items that were there already."""
        self.request: Request | None = None
        """What is to be asked next; None when the list is complete or given up."""
        self._spec = _own_spec(spec, made)
        self._plan = Plan(self._spec, endpoints)
        self._exact: set[str] = set()
        self._near = NearTable(_NEAR)
        self._attempt = 0
        self._idle = 0
        self._rejections: list[Rejection] = []
        self._ask()

    @property
    def complete(self) -> bool:
        """Whether there are as many items as asked for."""
        return len(self.items) >= self.made.count

    def receive(self, outcome: Answer | RequestFailedError) -> None:
        """Take the new items of an answer, or count what is wrong with it, and move on."""
        request, key = self.request, self._key
        assert request is not None  # noqa: S101 - only who asks is answered
        if isinstance(outcome, RequestFailedError):
            self._reject(Verdict(outcome.reason, outcome.detail), Answer(key=request.key, text=""))
            return
        judged = judge(self.made.column, request, outcome, {}, self._spec)
        if isinstance(judged, Verdict):
            self._reject(judged, outcome)
            return
        before = len(self.items)
        found = judged[self.made.column.fields[0].name]
        for item in found if isinstance(found, list) else []:
            self._take(str(item))
        self._idle = 0 if len(self.items) > before else self._idle + 1
        source = Source.of(self.made.column.name, request, outcome)
        self.outcomes.append(Example(row=key, values={}, sources=(source,), rejections=self._taken()))
        self._ask()

    @property
    def _key(self) -> RowKey:
        return RowKey(list_split(self.made), self.parent, len(self.outcomes))

    def _ask(self) -> None:
        if self.complete or self._idle >= _IDLE:
            self.request = None
            return
        # After a round in vain one is asked as if there were nothing yet: small models copy what they are shown.
        values = {PARENT: self.parent, KNOWN: "" if self._idle % 2 else _latest(self.items)}
        self.request = self._plan.request(self.made.column, self._key, values, self._attempt)

    def _take(self, item: str) -> None:
        text = " ".join(_MARK.sub("", item).split())
        plain = normalised(text)
        if not plain or len(text) > LONGEST or self.complete:
            return
        if plain in self._exact or self._near.find(text) is not None:
            self.repeated += 1
            return
        self._exact.add(plain)
        self._near.add(text)
        self.items.append(text)

    def _reject(self, verdict: Verdict, answer: Answer) -> None:
        name = self.made.column.name
        self._rejections.append(Rejection.of(self._key, name, self._attempt, verdict, answer))
        self._attempt += 1
        if self._attempt < self._spec.attempts:
            self._ask()
            return
        self.request = None
        key = self._key
        self.outcomes.append(Missing(row=key, column=self.made.column.name, rejections=self._taken()))

    def _taken(self) -> tuple[Rejection, ...]:
        rejections = tuple(self._rejections)
        self._rejections.clear()
        self._attempt = 0
        return rejections


def list_split(made: GeneratedList) -> str:
    """Return what the trace of the list is called."""
    return f"list-{made.name}"  # no split of a spec may have a dash


def _own_spec(spec: DatasetSpec, made: GeneratedList) -> DatasetSpec:
    """Return the spec of the list alone, whose rows are rounds."""
    given = [TextColumn(name=name, template=PerValue(None, {}, Template("-"))) for name in (PARENT, KNOWN)]
    return DatasetSpec(
        name=spec.name,
        columns=(*given, made.column),
        splits=(Split(list_split(made), 1),),
        model=made.column.prompt.model,
        seed=spec.seed,
        attempts=spec.attempts,
        origin=spec.origin,
    )


def _latest(items: Sequence[str]) -> str:
    """Return the latest items, one a line, as far as they fit."""
    lines: list[str] = []
    left = LOOK_BACK
    for item in reversed(items):
        left -= len(item) + 3
        if left < 0:
            break
        lines.append(f"- {item}")
    return "\n".join(reversed(lines))
