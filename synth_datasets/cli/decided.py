"""What `synth check` and `synth build` say about decisions by hand: how many hold, and which count for nothing."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from synth_datasets.errors import SynthError
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.spec.reviews import SUFFIX, Reviews

__all__ = ["decided_line", "review_lines"]


def review_lines(spec: DatasetSpec) -> Iterator[str]:
    """Yield a line about the decisions that the spec names, or about a file of them that it does not name.

    Whether a decision is on the text that the row holds is seen from the stored answers, some 0.2 ms a row.
    """
    if spec.reviews is not None:
        yield f"  reviews: {spec.reviews.file}: {_said(spec.reviews)}{_idle(spec, spec.reviews)}"
        return
    beside = Path(spec.origin).parent / f"{spec.name}{SUFFIX}"
    if spec.origin and beside.is_file():
        yield (
            f"  reviews: {beside.name} lies beside the spec, which does not name it, so no decision counts; "
            f"to follow them add `reviews: {beside.name}`"
        )


def decided_line(spec: DatasetSpec, folder: Path) -> str:
    """Return what decisions did to a build; empty where the spec names none."""
    from synth_datasets.trace import TRACE_FOLDER, read_ruled

    if spec.reviews is None:
        return ""
    ruled = read_ruled(folder / TRACE_FOLDER)
    verdicts = {
        (row, each.digest): each.verdict for row, said in spec.reviews.rulings.items() for each in said
    }
    held = Counter(verdicts[row, digest] for row, (met, _) in ruled.items() for digest in met)
    mended = sum(bool(columns) for _, columns in ruled.values())
    idle = len(verdicts) - held.total() + spec.reviews.unfit
    lost = max(0, held["fix"] - mended)
    repeats = f"; {lost} fixed ones repeat an earlier row and were asked again" if lost else ""
    none = f"; {idle} count for nothing: see `synth check`" if idle else ""
    return (
        f"Reviews: {held['accept']} rows accepted, {held['reject']} rejected and asked again, "
        f"{mended} hold what a person wrote{repeats}{none}"
    )


def _said(reviews: Reviews) -> str:
    counts = Counter(each.verdict for said in reviews.rulings.values() for each in said)
    return (
        ", ".join(f"{counts[word]} {word}" for word in ("accept", "reject", "fix") if counts[word]) or "none"
    )


def _idle(spec: DatasetSpec, reviews: Reviews) -> str:
    """Return how many decisions change nothing, and why."""
    from synth_datasets.outcomes import stored_outcomes
    from synth_datasets.settings import load_settings
    from synth_datasets.validation.outcome import Unanswered

    left = {row: {each.digest for each in said} for row, said in reviews.rulings.items()}
    other, unknown = 0, 0
    try:
        with closing(stored_outcomes(spec, load_settings({}))) as outcomes:
            for outcome in outcomes if left else ():
                unmet = len(left.pop(str(outcome.row), set()) - set(outcome.ruled))
                if isinstance(outcome, Unanswered):
                    unknown += unmet
                else:
                    other += unmet
    except SynthError as error:
        return f"; not compared with the rows: {str(error).splitlines()[0]}"
    reasons = {
        "on rows that are not planned": sum(map(len, left.values())),
        "on other values than the rows hold": other,
        "with a column or class that the spec does not have": reviews.unfit,
    }
    parts = [f"{count} {words}" for words, count in reasons.items() if count]
    open_rows = f"; {unknown} not compared, as their rows' answers are not stored here" if unknown else ""
    return (f"; counting for nothing: {', '.join(parts)}" if parts else "") + open_rows
