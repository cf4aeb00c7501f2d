"""`CHANGELOG.md` in a repository: a section for each version, newest first, that says what differs from the last."""

import re
from collections.abc import Iterator

from synth_datasets.publishing import markdown
from synth_datasets.publishing.diff import Diff
from synth_datasets.publishing.release import Release
from synth_datasets.publishing.remote import version_order
from synth_datasets.publishing.row_changes import RowChanges
from synth_datasets.publishing.versions import Verdict

__all__ = ["changelog_section", "with_section"]

_TITLE = "# Changelog\n\nWhat each version changed; written when it was pushed.\n"
_HEAD = re.compile(r"^## \[?v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)\]?.*$", re.MULTILINE)
MOST_FIGURES = 12


def changelog_section(release: Release, diff: Diff | None, verdict: Verdict | None) -> str:
    """Return the section of a version; without `diff` it is the first one.

    No date is in it: a push that was interrupted and is finished on another day writes the same bytes.
    """
    lines = [f"## {release.version}", ""]
    if diff is None or verdict is None:
        counts = ", ".join(f"{markdown.code(name)} {rows:,} rows" for name, rows in release.splits.items())
        lines += [f"The first version: {counts}."]
    else:
        lines += [f"A {verdict.level} change since {diff.old.version}.", ""]
        lines += [f"- {line}" for line in _changes(diff)]
    return "\n".join([*lines, "", f"Data digest `sha256:{release.digest}`", ""])


def with_section(existing: str, section: str, version: str) -> str:
    """Return the changelog with the section in its place, newest first; all else in it stays as it is.

    A section of the same version is replaced, so that doing it twice is doing it once.
    """
    text = existing if existing.strip() else _TITLE
    heads = list(_HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)] * bool(heads)
    for head, end in zip(heads, ends, strict=True):
        if head[1] == version:
            return _joined(text[: head.start()], section, text[end:])
    this = version_order(f"v{version}")
    older = [head for head in heads if version_order(f"v{head[1]}") < this]
    at = older[0].start() if older else len(text)
    return _joined(text[:at], section, text[at:])


def _joined(before: str, section: str, after: str) -> str:
    return "\n\n".join(part.strip("\n") for part in (before, section, after) if part.strip()) + "\n"


def _changes(diff: Diff) -> Iterator[str]:
    schema = diff.schema
    for name, kind in schema.removed.items():
        yield f"Column {markdown.code(name)} ({markdown.cell(kind)}) is gone"
    for name, (old, new) in schema.changed.items():
        yield f"Column {markdown.code(name)}: {markdown.cell(old)} → {markdown.cell(new)}"
    for name, kind in schema.added.items():
        yield f"Column {markdown.code(name)} ({markdown.cell(kind)}) is new"
    for split in diff.splits:
        yield _split(split)
    for shift in diff.labels:
        if shift.before != shift.after:
            shown = ", ".join(
                f"{markdown.cell(name)} {shift.before.get(name, 0):,} → {shift.after.get(name, 0):,}"
                for name in {**shift.before, **shift.after}
            )
            yield f"Rows by {markdown.code(shift.column)}: {shown}"
    figures = [figure for figure in diff.quality if figure.before != figure.after]
    for figure in figures[:MOST_FIGURES]:
        yield f"{markdown.cell(figure.name)}: {_figure(figure.before)} → {_figure(figure.after)}"
    if places := [line.partition(": ")[0] for line in diff.spec]:
        yield f"Changed in the spec: {', '.join(markdown.code(place) for place in places)}"
    elif diff.texts:
        yield "The text of the spec, nothing in it that can change a row"


def _split(split: RowChanges) -> str:
    name = markdown.code(split.split)
    if split.after is None:
        return f"Split {name} ({split.before:,} rows) is gone"
    if split.before is None:
        return f"Split {name} ({split.after:,} rows) is new"
    if split.same:
        return f"{name}: {split.after:,} rows, the same as before"
    counts = f"{split.added:,} added, {split.removed:,} removed"
    counts += f", {split.changed:,} changed" if split.by != "content" else " (told apart by content)"
    order = ", in another order" if split.moved else ""
    same = (
        ""
        if split.added or split.removed or split.changed
        else "; in the columns that both have, the same rows"
    )
    return f"{name}: {split.before:,} → {split.after:,} rows; {counts}{order}{same}"


def _figure(value: str | float | None) -> str:
    if value is None:
        return "not measured"
    return markdown.cell(value) if isinstance(value, str) else f"{value:.4g}"
