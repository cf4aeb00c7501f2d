"""Which semantic version a release needs, decided from what changed since the one before it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from synth_datasets.errors import PublishError
from synth_datasets.publishing.diff import Diff
from synth_datasets.publishing.remote import version_order
from synth_datasets.publishing.row_changes import RowChanges

__all__ = ["Level", "Verdict", "base_of", "fits", "judge", "least_version", "too_small"]

Level = Literal["major", "minor", "patch"]
_LEVELS: tuple[Level, ...] = ("major", "minor", "patch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How much changed, and why that much."""

    level: Level
    reasons: tuple[tuple[Level, str], ...]
    """Each change with the level it asks for, the gravest first."""


def judge(diff: Diff) -> Verdict:
    """Decide by the rule of semver.org for whoever trains on the rows.

    Major: what was there is gone or means something else (a column, its type or classes, a row, a row's values).
    Minor: all of it is still there, and there is more (columns, rows, splits), or it comes in another order.
    Patch: the rows are the same; card, spec or figures may differ.
    """
    reasons: list[tuple[Level, str]] = [
        *_schema(diff),
        *(reason for split in diff.splits for reason in _rows(split)),
    ]
    if not reasons:
        spec = bool(diff.spec or diff.texts)
        reasons = [("patch", "the rows are the same; the spec differs" if spec else "the rows are the same")]
    reasons.sort(key=lambda reason: _LEVELS.index(reason[0]))
    return Verdict(level=reasons[0][0], reasons=tuple(reasons))


def base_of(version: str, tags: Collection[str]) -> str | None:
    """Return the tag of the version that comes before: the newest older one that is no pre-release, or None."""
    this = version_order(f"v{version}")
    older = [
        tag
        for tag in tags
        if _is_version(tag) and version_order(tag)[3] and version_order(tag)[:4] < this[:4]
    ]
    return max(older, key=version_order, default=None)


def fits(version: str, base: str, level: Level) -> bool:
    """Whether `version` is large enough for a change of this level since `base`; a pre-release counts whole."""
    return version_order(f"v{version}")[:3] >= _bumped(_core(base), level)


def least_version(base: str, level: Level, taken: Collection[str]) -> str:
    """Return the least version that fits and whose tag is not among `taken`."""
    core = _bumped(_core(base), level)
    while (version := ".".join(map(str, core))) in {tag.removeprefix("v") for tag in taken}:
        core = _bumped(core, level)
    return version


def too_small(version: str, base: str, verdict: Verdict, taken: Collection[str]) -> str:
    """Return what to tell when a version does not fit, or an empty text."""
    if fits(version, base, verdict.level):
        return ""
    why = "; ".join(text for level, text in verdict.reasons if level == verdict.level)
    least = least_version(base, verdict.level, taken)
    return (
        f"{version} is too small a step from {base}: this is a {verdict.level} change ({why}). The least version that "
        f"fits is {least}: write `version: {least}` into the spec, build (no model is asked again) and push"
    )


def _core(version: str) -> tuple[int, int, int]:
    return version_order(f"v{version.removeprefix('v')}")[:3]


def _bumped(core: tuple[int, int, int], level: Level) -> tuple[int, int, int]:
    major, minor, patch = core
    if major == 0:  # before 1.0.0 each number stands one place further right, as package managers read it
        level = "minor" if level == "major" else "patch"
    match level:
        case "major":
            return major + 1, 0, 0
        case "minor":
            return major, minor + 1, 0
        case _:
            return major, minor, patch + 1


def _is_version(tag: str) -> bool:
    try:
        version_order(tag)
    except PublishError:
        return False
    return True


def _schema(diff: Diff) -> Iterator[tuple[Level, str]]:
    schema = diff.schema
    for name in schema.removed:
        yield "major", f"column {name} is gone"
    for name, (old, new) in schema.changed.items():
        yield "major", f"column {name} was {old} and is {new}"
    for name in schema.added:
        yield "minor", f"column {name} is new"
    if schema.moved:
        yield "minor", "columns come in another order"


def _rows(split: RowChanges) -> Iterator[tuple[Level, str]]:
    if split.after is None:
        yield "major", f"split {split.split} is gone"
        return
    if split.before is None:
        yield "minor", f"split {split.split} is new"
        return
    told = f" ({', '.join(split.examples)}{', ...' if _more(split) else ''})" if split.examples else ""
    counts = [
        f"{_count(number)} {what}"
        for number, what in ((split.removed, "removed"), (split.changed, "changed"))
        if number
    ]
    if counts:
        yield "major", f"{split.split}: {' and '.join(counts)}{told}"
    if split.added:
        yield "minor", f"{split.split}: {_count(split.added)} added"
    if split.moved:
        yield "minor", f"{split.split}: rows come in another order"


def _count(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def _more(split: RowChanges) -> bool:
    return split.removed + split.changed > len(split.examples)
