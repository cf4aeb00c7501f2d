"""The file of decisions: read whole, appended to one line at a time."""

import fcntl
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.review.rows import BuiltRow, Judged
from synth_datasets.spec.reviews import (
    MAX_TEXT,
    VERDICTS,
    Decision,
    DecisionFault,
    Word,
    decision_line,
    read_decisions,
    row_digest,
)
from synth_datasets.validation.checks import bad_characters

__all__ = ["append_decisions", "decide", "now", "read_file"]

_REACH = 16 << 20
"""Bytes at the end of the file among which its last line lies."""
MAX_NOTE = 500


def read_file(path: Path) -> list[Decision]:
    """Return the decisions of a file, none when there is no such file; raises `SettingsError` naming bad lines."""
    try:
        return read_decisions(path.read_text(encoding="utf-8").replace("\r\n", "\n"))
    except FileNotFoundError:
        return []
    except (DecisionFault, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def append_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Add lines to the file, all of them or none: they are on disk when this returns.

    Several may do so at once. What a kill left of a line is cut off first.
    """
    data = "".join(f"{decision_line(each)}\n" for each in decisions).encode()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        end = _whole(handle)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(handle, data[written:], end + written)
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise
    finally:
        os.close(handle)


def decide(
    row: BuiltRow,
    judged: Judged,
    verdict: Word,
    *,
    reviewer: str,
    at: str,
    values: Mapping[str, str] | None = None,
    column: str = "",
    note: str = "",
) -> Decision:
    """Return the decision on the row as it is; raises `SettingsError` for one that no build could follow.

    Values that are the row's own are no fix; a fix that is left with none is a nod.
    """
    if verdict not in VERDICTS:
        raise SettingsError(f"{row.id}: {verdict!r} is none of {', '.join(VERDICTS)}")
    given = {name: text for name, text in (values or {}).items() if text != str(row.values.get(name))}
    for name, text in given.items():
        _check_value(row, name, text, judged)
    if given and verdict != "fix":
        raise SettingsError(f"{row.id}: values belong to a fix")
    if column and column not in judged.asked_again:
        raise SettingsError(f"{row.id}: no model writes {column!r}, so it cannot be asked again")
    mended = {**row.values, **given}
    return Decision(
        row=row.id,
        columns=judged.columns,
        digest=row.digest,
        verdict="accept" if verdict == "fix" and not given else verdict,
        reviewer=reviewer,
        at=at,
        column=column if verdict == "reject" else "",
        values=tuple(sorted(given.items())),
        gives=row_digest(mended, judged.columns) if given else "",
        note=" ".join(note.split())[:MAX_NOTE],
    )


def _check_value(row: BuiltRow, name: str, text: str, judged: Judged) -> None:
    if name not in judged.fixable:
        raise SettingsError(
            f"{row.id}: {name!r} cannot be fixed: no text or label, or another column is computed from it"
        )
    classes = judged.fixable[name]
    if classes and text not in classes:
        raise SettingsError(f"{row.id}: {text!r} is no class of {name!r}; it has: {', '.join(classes)}")
    if not text.strip() or len(text) > MAX_TEXT:
        raise SettingsError(f"{row.id}: {name!r} needs 1 to {MAX_TEXT} characters; reject the row to lose it")
    if found := bad_characters(text):
        raise SettingsError(f"{row.id}: {name!r} holds what no text should hold: {found.detail}")


def now() -> str:
    """Return the time as a decision holds it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _whole(handle: int) -> int:
    """Return where the next line begins, after ending or cutting off what does not end in a line's end."""
    size = os.fstat(handle).st_size
    start = max(0, size - _REACH)
    data = os.pread(handle, size - start, start)
    tail = data[data.rfind(b"\n") + 1 :]
    if not tail:
        return size
    try:
        good = bool(read_decisions(tail.decode()))
    except (DecisionFault, UnicodeDecodeError):
        good = False
    if good:
        os.pwrite(handle, b"\n", size)
        return size + 1
    os.ftruncate(handle, size - len(tail))
    return size - len(tail)
