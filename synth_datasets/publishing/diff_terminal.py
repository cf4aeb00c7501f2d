"""A diff as a person reads it in a terminal."""

from collections.abc import Iterator

from synth_datasets.publishing.diff import Cost, Diff, FigureChange
from synth_datasets.publishing.row_changes import RowChanges
from synth_datasets.publishing.versions import Verdict

__all__ = ["render_diff"]


def render_diff(diff: Diff, verdict: Verdict) -> str:
    """Return the whole text without colours; what is the same on both sides is said once or left out."""
    return "\n".join(_lines(diff, verdict))


def _lines(diff: Diff, verdict: Verdict) -> Iterator[str]:
    for mark, side in (("-", diff.old), ("+", diff.new)):
        yield f"{mark} {side.source}: {side.name} {side.version}, {side.rows:,} rows, sha256:{side.digest[:16]}"
    yield f"A {verdict.level} change"
    yield from _schema(diff)
    yield from _rows(diff)
    yield from _shifts(diff)
    yield from _quality(diff.quality)
    yield from _cost(diff.cost_before, diff.cost_after)
    if diff.spec:
        yield "\nSpec"
        yield from (f"  {line}" for line in diff.spec)
    for text in diff.texts.values():
        yield f"\n{text}"


def _schema(diff: Diff) -> Iterator[str]:
    schema = diff.schema
    lines = [f"  - {name}: {kind}" for name, kind in schema.removed.items()]
    lines += [f"  ~ {name}: {old} → {new}" for name, (old, new) in schema.changed.items()]
    lines += [f"  + {name}: {kind}" for name, kind in schema.added.items()]
    lines += ["  columns come in another order"] * schema.moved
    yield from ["\nSchema", *lines] if lines else ["\nSchema   the same"]


def _rows(diff: Diff) -> Iterator[str]:
    yield "\nRows             before     after     added   removed   changed"
    for split in diff.splits:
        numbers = (split.before, split.after, split.added, split.removed, split.changed)
        shown = " ".join(f"{'-' if number is None else f'{number:,}':>9}" for number in numbers)
        yield f"  {split.split:<12} {shown}{_told(split)}"
    if any(split.by == "content" for split in diff.splits):
        yield "  No row ids on both sides: told apart by content, so a changed row counts as removed and added"


def _told(split: RowChanges) -> str:
    order = "  in another order" if split.moved else ""
    return order + (f"  {', '.join(split.examples)}" if split.examples else "")


def _shifts(diff: Diff) -> Iterator[str]:
    if any(shift.before != shift.after for shift in diff.labels):
        yield "\nLabels           before     after"
    for shift in diff.labels:
        if shift.before == shift.after:
            continue
        yield f"  {shift.column}: shares moved by {shift.distance:.3f} (total variation)"
        for name in {**shift.before, **shift.after}:
            yield f"    {name:<10} {shift.before.get(name, 0):>9,} {shift.after.get(name, 0):>9,}"
    if diff.lengths:
        yield "\nLengths (characters)"
    for length in diff.lengths:
        yield (
            f"  {length.column}: mean {length.mean_before:.1f} → {length.mean_after:.1f}, "
            f"longest {length.longest_before:,} → {length.longest_after:,}"
        )


def _quality(figures: tuple[FigureChange, ...]) -> Iterator[str]:
    if figures:
        width = max(len(figure.name) for figure in figures)
        yield f"\n{'Quality':<{width + 2}}  {'before':>14}  {'after':>14}"
        for figure in figures:
            mark = " " if figure.before == figure.after else "*"
            yield f"{mark} {figure.name:<{width}}  {_number(figure.before):>14}  {_number(figure.after):>14}"


def _number(value: str | float | None) -> str:
    return "-" if value is None else value if isinstance(value, str) else f"{value:.4g}"


def _cost(before: Cost | None, after: Cost | None) -> Iterator[str]:
    if before is None and after is None:
        return
    yield "\nCost"
    for mark, cost in (("-", before), ("+", after)):
        if cost is None:
            yield f"  {mark} not recorded"
            continue
        money = f", {cost.money} at your prices" if cost.money else ""
        yield (
            f"  {mark} {cost.answers:,} answers, {cost.prompt_tokens:,} tokens in prompts, "
            f"{cost.completion_tokens:,} in answers{money}"
        )
