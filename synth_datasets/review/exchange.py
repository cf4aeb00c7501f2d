"""Decisions to and from other tools: a table for a spreadsheet, records as Argilla reads them."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from synth_datasets.errors import SettingsError
from synth_datasets.review.decisions import decide
from synth_datasets.review.order import Sign
from synth_datasets.review.rows import BuiltRow, Judged
from synth_datasets.spec.reviews import Decision, Word, last_words

__all__ = ["Taken", "argilla_records", "csv_table", "format_of", "take_argilla", "take_csv"]

FIX = "fix."
"""Begins the columns of a table that hold what a row shall hold instead."""
ASKED = "fix_"
"""The same for questions of Argilla, whose names hold letters, digits, `_` and `-`."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was read from another tool."""

    decisions: tuple[Decision, ...]
    """New ones: what the file already says by the same reviewer is left out."""
    strangers: int
    """Decisions on rows that the build does not have, or that hold other values there."""


@dataclass(frozen=True, slots=True)
class _Said:
    row: str
    digest: str
    verdict: str
    reviewer: str
    values: Mapping[str, str]
    note: str = ""


def csv_table(
    rows: Iterable[BuiltRow],
    judged: Judged,
    signs: Mapping[str, Sequence[Sign]],
    decisions: Iterable[Decision],
) -> str:
    """Return a table with a line for each decision, and one for each row without any.

    To be filled in: `verdict` (accept, reject, fix), `reviewer`, `note`, and in `fix.COLUMN` what the row shall hold.
    What a spreadsheet would take for a formula begins with an apostrophe.
    """
    shown, fixes = (*judged.columns, *judged.others), [FIX + name for name in judged.fixable]
    head = ["row", "digest", *shown, "why", _VERDICT, "reviewer", "note", *fixes]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(head)
    for row, said in _with_decisions(rows, decisions):
        given = dict(said.values) if said else {}
        table.writerow(
            _plain(cell)
            for cell in [
                row.id,
                row.digest,
                *(_text(row.values[name]) for name in shown),
                "; ".join(sign.words for sign in signs.get(row.id, ())),
                *((said.verdict, said.reviewer, said.note) if said else ("", "", "")),
                *(given.get(name, "") for name in judged.fixable),
            ]
        )
    return out.getvalue()


def take_csv(
    text: str, rows: Iterable[BuiltRow], judged: Judged, known: Iterable[Decision], *, reviewer: str, at: str
) -> Taken:
    """Return the decisions of a table as `csv_table` writes it; lines without a verdict say nothing.

    `reviewer` is who has decided where the table does not say. Raises `SettingsError` where a text was changed, or a
    row is to be fixed, and `fix.COLUMN` is empty: nobody's work is lost without a word.
    """
    built = {row.id: row for row in rows}
    # With semicolons, as spreadsheets write it where 1,5 is a number.
    delimiter = ";" if text.startswith(("row;", '"row";')) else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    missing = {"row", "digest", _VERDICT} - {*(reader.fieldnames or ())}
    if missing:
        raise SettingsError(
            f"the table has no column {', '.join(sorted(missing))}; `--export` makes one that has"
        )

    def said() -> Iterator[_Said]:
        for line in reader:
            cells = {name: _formula(value or "") for name, value in line.items() if isinstance(name, str)}
            values = {
                name.removeprefix(FIX): cell for name, cell in cells.items() if name.startswith(FIX) and cell
            }
            if verdict := cells[_VERDICT].strip().lower():
                _look_at_line(cells, values, verdict, built.get(cells["row"]), judged)
                by = cells.get("reviewer", "").strip() or reviewer
                yield _Said(cells["row"], cells["digest"], verdict, by, values, cells.get("note", ""))

    return _taken(said(), built.values(), judged, known, at)


def _look_at_line(
    cells: Mapping[str, str], values: Mapping[str, str], verdict: str, row: BuiltRow | None, judged: Judged
) -> None:
    """Refuse a line whose meaning would be lost: a fix with nothing to put in place, a change where none is read."""
    if row is None or row.digest != cells["digest"]:
        return
    columns = ", ".join(FIX + name for name in judged.fixable)
    if verdict == "fix" and not values:
        raise SettingsError(f"{row.id}: to fix a row write what it shall hold into {columns}")
    for name, classes in judged.fixable.items():
        same = (
            cells.get(name, "").split() == str(row.values.get(name)).split()
        )  # spreadsheets touch white space
        if name in cells and not (classes or same or values or verdict == "reject"):
            raise SettingsError(
                f"{row.id}: {name} was changed, which says nothing: write what it shall hold into {FIX}{name}"
            )


def argilla_records(
    rows: Iterable[BuiltRow],
    judged: Judged,
    signs: Mapping[str, Sequence[Sign]],
    decisions: Iterable[Decision],
) -> str:
    """Return the rows as `rg.Dataset.records.from_json` of Argilla 2 reads them.

    Fields: the judged columns and those beside them, as texts. Questions to define there: `verdict` (a label question:
    accept, reject, fix), `note` (a text question, not required), and `fix_COLUMN`, a label question with the classes or
    a text question, whose suggestion is the row's own value. `metadata` names row, digest and split. Reviewers are told
    apart by a UUID made of their name, which is not in the file.
    """
    said: dict[tuple[str, str], list[Decision]] = {}
    for (_, row_id, digest), each in last_words(decisions).items():
        said.setdefault((row_id, digest), []).append(each)
    records: list[dict[str, object]] = []
    for row in rows:
        responses: dict[str, list[dict[str, str]]] = {}
        for each in said.get((row.id, row.digest), ()):
            note = {"note": each.note} if each.note else {}
            fixes = {ASKED + name: value for name, value in each.values}
            for question, value in {_VERDICT: str(each.verdict), **note, **fixes}.items():
                response = {"value": value, "user_id": str(_user(each.reviewer))}
                responses.setdefault(question, []).append(response)
        shown = (*judged.columns, *judged.others)
        records.append(
            {
                "id": row.id,
                "fields": {name: _text(row.values[name]) for name in shown},
                "metadata": {"row": row.id, "digest": row.digest, "split": row.split}
                | ({"why": "; ".join(sign.words for sign in signs[row.id])} if signs.get(row.id) else {}),
                "suggestions": {
                    ASKED + name: {"value": _text(row.values[name]), "score": None, "agent": "synth_datasets"}
                    for name in judged.fixable
                },
                "responses": responses,
                "vectors": {},
                "_server_id": None,
            }
        )
    return json.dumps(records, ensure_ascii=False, indent=1) + "\n"


def take_argilla(
    text: str, rows: Iterable[BuiltRow], judged: Judged, known: Iterable[Decision], *, reviewer: str, at: str
) -> Taken:
    """Return the decisions of records as `rg.Dataset.records.to_json` writes them.

    Without an answer to `verdict` a record counts when a `fix_COLUMN` differs from the row. A user who is none of the
    known reviewers is called by the first letters of the UUID; `reviewer` is who has answered without a user.
    """
    known = list(known)
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError("this is no JSON, as `records.to_json` of Argilla writes it") from error
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise SettingsError("expected a list of records, as `records.to_json` of Argilla writes it")
    names = {str(_user(name)): name for name in [reviewer, *(each.reviewer for each in known)]}

    def said() -> Iterator[_Said]:
        for record in records:
            metadata = record.get("metadata") or {}
            row_id = str(metadata.get("row", record.get("id", "")))
            answers: dict[str, dict[str, str]] = {}
            for question, responses in (record.get("responses") or {}).items():
                for each in responses:
                    user = str(each.get("user_id") or "")
                    answers.setdefault(user, {})[question] = str(each.get("value", ""))
            for user, given in answers.items():
                fixes = {
                    name.removeprefix(ASKED): value for name, value in given.items() if name.startswith(ASKED)
                }
                verdict = given.get(_VERDICT, "fix" if fixes else "")
                by = names.get(user) or (user.split("-")[0] if user not in ("", "None") else reviewer)
                if verdict:
                    values = fixes if verdict == "fix" else {}
                    yield _Said(
                        row_id, str(metadata.get("digest", "")), verdict, by, values, given.get("note", "")
                    )

    return _taken(said(), rows, judged, known, at)


def _with_decisions(
    rows: Iterable[BuiltRow], decisions: Iterable[Decision]
) -> Iterator[tuple[BuiltRow, Decision | None]]:
    said: dict[tuple[str, str], list[Decision]] = {}
    for (_, row_id, digest), each in sorted(last_words(decisions).items()):
        said.setdefault((row_id, digest), []).append(each)
    for row in rows:
        for each in said.get((row.id, row.digest), [None]):
            yield row, each


def _taken(
    said: Iterable[_Said], rows: Iterable[BuiltRow], judged: Judged, known: Iterable[Decision], at: str
) -> Taken:
    built = {row.id: row for row in rows}
    before = last_words(known)
    new: list[Decision] = []
    strangers = 0
    for each in said:
        row = built.get(each.row)
        if row is None or row.digest != each.digest:
            strangers += 1
            continue
        word: Word = each.verdict  # pyrefly: ignore[bad-assignment] - `decide` refuses what is none
        values = each.values if word == "fix" else {}
        made = decide(row, judged, word, reviewer=each.reviewer, at=at, values=values, note=each.note)
        old = before.get((made.reviewer, made.row, made.digest))
        if old is None or (old.verdict, old.values, old.note) != (made.verdict, made.values, made.note):
            new.append(made)
    return Taken(tuple(new), strangers)


def _user(name: str) -> object:
    return uuid5(NAMESPACE_URL, f"synth_datasets:reviewer:{name}")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _plain(cell: str) -> str:
    """Keep a spreadsheet from running a text as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _formula(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def format_of(path: Path, given: str | None) -> str:
    """Return the format that was asked for, or what the file's name says."""
    by_name = {".csv": "csv", ".json": "argilla", ".jsonl": "seeds"}
    found = given or by_name.get(path.suffix.lower())
    if found is None:
        raise SettingsError(f"{path}: say which format: --format {'|'.join(dict.fromkeys(by_name.values()))}")
    return found
