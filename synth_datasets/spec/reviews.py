"""What people decided about rows: the decisions in the file beside the spec, and what they come to."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from synth_datasets.spec.problems import shown

__all__ = [
    "MAX_TEXT",
    "SUFFIX",
    "VERDICTS",
    "Decision",
    "DecisionFault",
    "Reviews",
    "Ruling",
    "Word",
    "decision_line",
    "last_words",
    "read_decisions",
    "row_digest",
    "rulings_key",
    "rulings_of",
]

SUFFIX = ".review.jsonl"
Word = Literal["accept", "reject", "fix", "withdraw"]
VERDICTS: tuple[Word, ...] = ("accept", "reject", "fix", "withdraw")
MAX_TEXT = 100_000
"""Characters of one value."""
_CAUTION = {"accept": 0, "fix": 1, "reject": 2}
_SHORT = 1_000
_MOST_FAULTS = 5
_TEXTS = ("row", "column", "note", "digest", "gives", "reviewer", "at")
_FORMS = {
    "row": re.compile(r"(?s).+"),
    "reviewer": re.compile(r"(?s).+"),
    "digest": re.compile(r"[0-9a-f]{32}"),
    "at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"),
}
_EXAMPLES = {
    "row": "the id of a row",
    "reviewer": "a name",
    "digest": "32 hex digits",
    "at": "a time such as 2026-01-31T12:00:00Z",
}
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One line of the file: what one person said about one row as it was."""

    row: str
    """The row's id, such as `train/positive/3`."""
    columns: tuple[str, ...]
    """The columns that were judged."""
    digest: str
    """`row_digest` of their values: the decision holds for these and no others."""
    verdict: Word
    """`withdraw` takes back what the same person said before."""
    reviewer: str
    at: str
    """When, in UTC: the last word of a person counts."""
    column: str = ""
    """Of a rejection, the column at fault; empty: the one that a model wrote."""
    values: tuple[tuple[str, str], ...] = ()
    """Of a fix, by column what the row shall hold."""
    gives: str = ""
    """Of a fix, the digest of the row as it then is."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What all that was said about one row as it was comes to."""

    columns: tuple[str, ...]
    digest: str
    verdict: Word
    column: str = ""
    values: tuple[tuple[str, str], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reviews:
    """The decisions that a spec names."""

    file: str
    rulings: Mapping[str, tuple[Ruling, ...]]
    """By row id; each is about other values of the row."""
    key: str
    """Digest of those that change rows; empty when none does."""
    unfit: int = 0
    """Fixes of a column or to a class that the spec does not have: they count for nothing."""


class DecisionFault(Exception):  # noqa: N818 - a fault of the file, told as a problem of the spec
    """Lines that are no decisions: number and what is wrong, at most the first few."""

    def __init__(self, faults: Sequence[tuple[int, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"line {number}: {words}" for number, words in faults))


def row_digest(values: Mapping[str, object], columns: Iterable[str]) -> str:
    """Return 32 hex digits of the named values; a class counts by its name, a number by its text."""
    judged = {name: _plain(values[name]) for name in columns}
    text = json.dumps(judged, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def read_decisions(text: str) -> list[Decision]:
    """Return the decisions in the order of the lines; raises `DecisionFault`.

    A last line that was not finished, as a full disk or a kill leaves it, counts for nothing.
    """
    found: list[Decision] = []
    faults: list[tuple[int, str]] = []
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if line.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            faults.append((number, "a merge was left unfinished: keep the lines of both sides"))
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            if number < len(lines):
                faults.append((number, "this line is no JSON"))
            continue
        made = _decision(record)
        if isinstance(made, str):
            faults.append((number, made))
        else:
            found.append(made)
    if faults:
        raise DecisionFault(faults[:_MOST_FAULTS])
    return found


def decision_line(decision: Decision) -> str:
    """Return the decision as its line in the file, without the line's end; what is empty is left out."""
    record: dict[str, object] = {
        "row": decision.row,
        "verdict": decision.verdict,
        "column": decision.column,
        "values": dict(decision.values),
        "note": decision.note,
        "columns": list(decision.columns),
        "digest": decision.digest,
        "gives": decision.gives,
        "reviewer": decision.reviewer,
        "at": decision.at,
    }
    return json.dumps({name: value for name, value in record.items() if value}, ensure_ascii=False)


def last_words(decisions: Iterable[Decision]) -> dict[tuple[str, str, str], Decision]:
    """Return by reviewer, row and digest what each person said last; the order of the lines does not count.

    What was taken back is not there.
    """
    last: dict[tuple[str, str, str], Decision] = {}
    for each in decisions:
        place = (each.reviewer, each.row, each.digest)
        before = last.get(place)
        if before is None or (before.at, decision_line(before)) < (each.at, decision_line(each)):
            last[place] = each
    return {place: each for place, each in last.items() if each.verdict != "withdraw"}


def rulings_of(decisions: Iterable[Decision]) -> dict[str, tuple[Ruling, ...]]:
    """Return by row what the decisions come to, whatever their order: most reviewers count, each by the last word.

    Where as many say one thing as another, the more cautious counts: a rejection before a fix, a fix before a
    nod; of two fixes (or rejected columns) that as many ask for, the later one.
    """
    votes: dict[tuple[str, str], list[Decision]] = {}
    for (_, row, digest), each in last_words(decisions).items():
        votes.setdefault((row, digest), []).append(each)
    found: dict[str, list[Ruling]] = {}
    for (row, _), said in sorted(votes.items()):
        found.setdefault(row, []).append(_ruling(said))
    return {row: tuple(rulings) for row, rulings in found.items()}


def rulings_key(rulings: Mapping[str, Sequence[Ruling]]) -> str:
    """Return 64 hex digits of the rulings that change rows; empty when there are none."""
    telling = [
        [row, each.digest, each.verdict, each.column, each.values]
        for row, several in sorted(rulings.items())
        for each in several
        if each.verdict != "accept"
    ]
    if not telling:
        return ""
    return hashlib.sha256(json.dumps(telling, separators=(",", ":")).encode()).hexdigest()


def _ruling(said: Sequence[Decision]) -> Ruling:
    count = Counter(each.verdict for each in said)
    verdict = max(count, key=lambda word: (count[word], _CAUTION[word]))
    like = [each for each in said if each.verdict == verdict]
    same = Counter((each.column, each.values) for each in like)
    best = max(like, key=lambda each: (same[each.column, each.values], each.at, decision_line(each)))
    return Ruling(best.columns, best.digest, best.verdict, best.column, best.values, best.note)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part) for part in value]
    return None if value is None else str(value)


def _decision(record: object) -> Decision | str:
    """Return the decision that a line holds, or what is wrong with it."""
    if not isinstance(record, dict):
        return "this line is no JSON object"
    texts = {name: record.get(name, "") for name in _TEXTS}
    columns, values, verdict = record.get("columns"), record.get("values", {}), record.get("verdict")
    if words := _wrong_texts(texts) or _wrong_values(values, verdict):
        return words
    if not isinstance(columns, list) or not columns or not all(isinstance(each, str) for each in columns):
        return "`columns` is no list of names"
    return Decision(
        **texts,
        verdict=cast("Word", verdict),
        columns=tuple(columns),
        values=tuple(sorted(values.items())),
    )


def _wrong_texts(texts: Mapping[str, object]) -> str:
    for name, value in texts.items():
        if not isinstance(value, str) or len(value) > _SHORT or _SURROGATE.search(value):
            return f"`{name}` is no text of at most {_SHORT} characters"
        if name in _FORMS and not _FORMS[name].fullmatch(value):
            return f"`{name}` is not what it must be: {_EXAMPLES[name]}"
    return ""


def _wrong_values(values: object, verdict: object) -> str:
    if verdict not in VERDICTS:
        return f"`verdict` is none of {', '.join(VERDICTS)}"
    if not isinstance(values, dict):
        return "`values` is no mapping of column: text"
    for name, value in values.items():
        if (
            not isinstance(value, str)
            or not value.strip()
            or len(value) > MAX_TEXT
            or _SURROGATE.search(value)
        ):
            return f"the value of '{shown(str(name))}' is no text of 1 to {MAX_TEXT} characters"
    if bool(values) != (verdict == "fix"):
        return "`values` belongs to a fix, and a fix needs it"
    return ""
