"""What an answer turned out to be: values for a row, or a rejection with its reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict, TypeVar

from synth_datasets.generation.answer import Answer
from synth_datasets.plan.request import Request
from synth_datasets.plan.row import RowKey
from synth_datasets.validation.reasons import Reason

__all__ = ["Example", "Missing", "Rejection", "Source", "Tally", "TallyJson", "Unanswered", "Verdict"]

_Name = TypeVar("_Name", str, tuple[str, str, str])

# Failed requests: nothing came back that could be judged.
_UNANSWERED = frozenset([Reason.ENDPOINT_ERROR, Reason.CONTEXT_TOO_LONG])


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer is refused: why."""

    reason: str
    """One of `reasons.REASONS`."""
    detail: str
    """What was found, for a person: `12 characters, at least 20 are asked for`."""
    column: str = ""
    """Whose answer is refused; empty: that of the column that was asked, otherwise one asked before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An answer that no row uses, kept whole."""

    row: RowKey
    column: str
    attempt: int
    reason: str
    """One of `reasons.REASONS`."""
    detail: str
    """As in `Verdict`."""
    text: str
    """The raw answer; empty when the request itself failed."""
    key: str
    """The request's key."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    notes: tuple[str, ...] = ()
    """As in `Answer`."""

    @classmethod
    def of(
        cls, row: RowKey, column: str, attempt: int, verdict: Verdict, answer: "Answer | Source"
    ) -> "Rejection":
        """Return the answer as refused by the verdict."""
        return cls(
            row=row,
            column=column,
            attempt=attempt,
            reason=verdict.reason,
            detail=verdict.detail,
            text=answer.text,
            key=answer.key,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            notes=answer.notes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one model column of one example comes from."""

    column: str
    attempt: int
    key: str
    seed: int
    messages: tuple[tuple[str, str], ...]
    """Role and content of every message that was sent; the role of a text that was only read is `read`."""
    text: str
    """The raw answer."""
    model: str
    prompt_tokens: int
    completion_tokens: int
    notes: tuple[str, ...] = ()
    """As in `Answer`."""

    @classmethod
    def of(cls, column: str, request: Request, answer: Answer) -> "Source":
        """Return the answer to the request as one that a row uses."""
        return cls(
            column=column,
            attempt=request.attempt,
            key=request.key,
            seed=request.seed,
            messages=tuple(
                [("read" if request.reads else message.role, message.content) for message in request.messages]
            ),
            text=answer.text,
            model=answer.model,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            notes=answer.notes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One accepted row."""

    row: RowKey
    values: Mapping[str, object]
    """Every column, hidden ones included, in the order of the spec."""
    sources: tuple[Source, ...]
    rejections: tuple[Rejection, ...]
    """What this row rejected before it was accepted, in the order it was decided."""
    superseded: tuple[Source, ...] = ()
    """Accepted answers that fell with the one they were about, such as a judge's on a text that it refused."""
    ruled: tuple[str, ...] = ()
    """Digests of the decisions by hand that held for the row, those on its rejected answers too."""
    mended: tuple[str, ...] = ()
    """The columns that hold what a person wrote or chose in place of what the row held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A row whose attempts are used up: every answer for one of its columns was rejected."""

    row: RowKey
    column: str
    """The model column that is short."""
    rejections: tuple[Rejection, ...]
    superseded: tuple[Source, ...] = ()
    """As in `Example`, with the accepted answers of the row's other columns."""
    ruled: tuple[str, ...] = ()
    """As in `Example`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A row that stands still: nobody may be asked, and the store does not hold the next answer."""

    row: RowKey
    column: str
    """The model column that was to be asked."""
    request: Request
    rejections: tuple[Rejection, ...]
    ruled: tuple[str, ...] = ()
    """As in `Example`."""


class TallyJson(TypedDict):
    """A tally as it is written; keys sorted, so that equal tallies give equal files."""

    answers: int
    accepted: dict[str, int]
    rejected: list[tuple[str, str, str, int]]
    """Stratum, column, reason, count."""
    missing: dict[str, int]
    prompt_tokens: int
    completion_tokens: int
    notes: NotRequired[dict[str, int]]
    """Left out when there are none."""


@dataclass(slots=True)
class Tally:
    """Counts over one split: a function of the spec and the answers, not of the run."""

    answers: int = 0
    """Answers that were judged, accepted or not; one a model column and attempt."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Rows by stratum."""
    rejected: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Answers by stratum, column and reason."""
    missing: Counter[str] = field(default_factory=Counter)
    """Rows whose attempts are used up, by stratum."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    notes: Counter[str] = field(default_factory=Counter)
    """Answers by what of their request the endpoint did not take."""

    def add(self, outcome: Example | Missing) -> None:
        """Count a row and every answer that was judged on the way to it."""
        stratum = outcome.row.stratum
        if isinstance(outcome, Example):
            self.accepted[stratum] += 1
            self._sources(outcome.sources)
        else:
            self.missing[stratum] += 1
        self._sources(outcome.superseded)
        for rejection in outcome.rejections:
            self.notes.update(rejection.notes)
            self.rejected[stratum, rejection.column, str(rejection.reason)] += 1
            if rejection.reason not in _UNANSWERED:
                self._answered(rejection.prompt_tokens, rejection.completion_tokens)

    def join(self, other: "Tally", *, sign: int = 1) -> None:
        """Count what the other one does, too; with `sign` -1, count it no longer."""
        self.answers += sign * other.answers
        self.prompt_tokens += sign * other.prompt_tokens
        self.completion_tokens += sign * other.completion_tokens
        _shift(self.accepted, other.accepted, sign)
        _shift(self.rejected, other.rejected, sign)
        _shift(self.missing, other.missing, sign)
        _shift(self.notes, other.notes, sign)

    def to_json(self) -> TallyJson:
        """Return what `json.dump` can write and `from_json` reads back."""
        counts: TallyJson = {
            "answers": self.answers,
            "accepted": dict(sorted(self.accepted.items())),
            "rejected": [(*place, count) for place, count in sorted(self.rejected.items())],
            "missing": dict(sorted(self.missing.items())),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        }
        if self.notes:
            counts["notes"] = dict(sorted(self.notes.items()))
        return counts

    @classmethod
    def from_json(cls, data: TallyJson) -> "Tally":
        """Read what `to_json` gave, also after it has been through a file."""
        return cls(
            answers=data["answers"],
            accepted=Counter(data["accepted"]),
            rejected=Counter(
                {(stratum, column, reason): n for stratum, column, reason, n in data["rejected"]}
            ),
            missing=Counter(data["missing"]),
            prompt_tokens=data["prompt_tokens"],
            completion_tokens=data["completion_tokens"],
            notes=Counter(data.get("notes", {})),
        )

    def funnel(self) -> list[str]:
        """Return the way from answers to rows in a few lines, reasons by count."""
        reasons = Counter[str]()
        for (_, _, reason), count in self.rejected.items():
            reasons[reason] += count
        missing = f", {self.missing.total()} rows missing" if self.missing.total() else ""
        head = f"{self.answers} answers: {self.accepted.total()} rows, {reasons.total()} rejected{missing}"
        ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        return [head, *(f"  {count:>6} {reason}" for reason, count in ranked)]

    def _sources(self, sources: tuple[Source, ...]) -> None:
        for source in sources:
            if source.notes:
                self.notes.update(source.notes)
            self._answered(source.prompt_tokens, source.completion_tokens)

    def _answered(self, prompt_tokens: int, completion_tokens: int) -> None:
        self.answers += 1
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens


def _shift(own: Counter[_Name], given: Counter[_Name], sign: int) -> None:
    """Add the counts, or take them away; what comes to nothing is no entry."""
    for name, count in given.items():
        own[name] += sign * count
        if not own[name]:
            del own[name]
