"""What to tell a person who may ask nobody: which answers the store lacks, and how to come by them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from synth_datasets.plan.request import Request
from synth_datasets.spec.model import DatasetSpec
from synth_datasets.validation.outcome import Example, Missing, Unanswered

__all__ = ["unanswered_message"]

SHOWN = 5
SHOWN_CHARACTERS = 60


def unanswered_message(
    spec: DatasetSpec,
    outcomes: Iterable[Example | Missing | Unanswered],
    *,
    endpoints: Mapping[str, str],
    store: Path,
) -> str:
    """Return the message over all outcomes, which are read to their end; flat in memory.

    Counts one answer a row: which ones come after it, further columns or attempts, cannot be known without it.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    first: list[Unanswered] = []
    rows = 0
    for outcome in outcomes:
        rows += 1
        if isinstance(outcome, Unanswered):
            counts[outcome.row.split, outcome.row.stratum, outcome.column] += 1
            if len(first) < SHOWN:
                first.append(outcome)
    missing = counts.total()
    lines = [
        f"{spec.name}: the store {store} lacks the answers for {missing} of {rows} rows, and offline nobody is asked:"
    ]
    order = {split.name: position for position, split in enumerate(spec.splits)}
    for (split, stratum, column), count in sorted(counts.items(), key=lambda item: order[item[0][0]]):
        lines.append(f"  {split}{f', {stratum}' if stratum else ''}, column {column}: {count}")
    lines.append("The first of them:" if missing > len(first) else "These are:")
    lines.extend(
        f"  {each.row} {each.column}, attempt {each.request.attempt + 1}, request {each.request.key[:16]}: "
        f"{_beginning(each.request)}"
        for each in first
    )
    asked = ", ".join(f"{model} at {endpoint}" for model, endpoint in endpoints.items())
    lines += [
        "A row may need more answers after the one that is missing. To go on, do one of these and build again:",
        "  - let the rest be asked: leave out --offline (offline=True); what is there is not asked again",
        "  - import the answers of somebody who has them: synth answers import FILE",
        "  - name the store that holds them: --store or SYNTH_STORE",
        f"An answer belongs to who was asked, here {asked}; `synth answers stats` shows whose answers a store holds.",
    ]
    return "\n".join(lines)


def _beginning(request: Request) -> str:
    """Return the first words of the prompt, the last message of the user."""
    words = " ".join(next(m.content for m in reversed(request.messages) if m.role == "user").split())
    shown = words if len(words) <= SHOWN_CHARACTERS else words[:SHOWN_CHARACTERS].rsplit(" ", 1)[0] + " ..."
    return repr(shown)
