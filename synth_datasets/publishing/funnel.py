"""From answers to rows: how many were judged, why some were rejected, and what is left."""

from collections import Counter
from collections.abc import Mapping

from synth_datasets.publishing import markdown
from synth_datasets.validation.outcome import Tally

__all__ = ["class_table", "funnel_table", "has_counts", "note_counts", "token_counts"]


def has_counts(tallies: Mapping[str, Tally]) -> bool:
    """Whether anything was judged at all."""
    return any(tally.answers for tally in tallies.values())


def note_counts(tallies: Mapping[str, Tally]) -> dict[str, int]:
    """Return what of the requests the endpoint did not take, sorted, with the answers it concerns."""
    total: Counter[str] = sum((tally.notes for tally in tallies.values()), Counter())
    return dict(sorted(total.items()))


def funnel_table(tallies: Mapping[str, Tally]) -> str:
    """Return a row for each step and a column for each split, the commonest reason first."""
    rejected = {split: _by_reason(tally) for split, tally in tallies.items()}
    total: Counter[tuple[str, str]] = sum(rejected.values(), Counter())
    reasons = sorted(total, key=lambda pair: (-total[pair], pair))
    several = len({column for column, _ in reasons}) > 1
    rows = [_row("answers judged", [tally.answers for tally in tallies.values()])]
    for column, reason in reasons:
        name = f"rejected: {markdown.code_cell(reason)}" + (
            f" in {markdown.code_cell(column)}" if several else ""
        )
        rows.append(_row(name, [rejected[split][column, reason] for split in tallies]))
    rows.append(_row("**rows accepted**", [sum(tally.accepted.values()) for tally in tallies.values()]))
    missing = [sum(tally.missing.values()) for tally in tallies.values()]
    if any(missing):
        rows.append(_row("rows missing", missing))
    header = ["", *(markdown.code_cell(split) for split in tallies), *(["all"] if len(tallies) > 1 else [])]
    return markdown.table(header, rows, numeric_from=1)


def class_table(tallies: Mapping[str, Tally]) -> str:
    """Return accepted rows and rejections by class, over all splits; empty when there are no classes."""
    accepted: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    rejected: dict[str, Counter[str]] = {}
    for tally in tallies.values():
        if not tally.accepted and not tally.missing:
            continue  # of a generated list, which has no rows
        accepted.update(tally.accepted)
        missing.update(tally.missing)
        for (stratum, _, reason), number in tally.rejected.items():
            rejected.setdefault(stratum, Counter())[reason] += number
    strata = list(dict.fromkeys([*accepted, *missing, *rejected]))
    if not any(strata):
        return ""
    reasons = sorted({reason for counts in rejected.values() for reason in counts})
    header = ["class", "accepted", *(["missing"] if any(missing.values()) else [])]
    rows = [
        [
            markdown.code_cell(stratum),
            f"{accepted[stratum]:,}",
            *([f"{missing[stratum]:,}"] if any(missing.values()) else []),
            *(f"{rejected.get(stratum, Counter())[reason]:,}" for reason in reasons),
        ]
        for stratum in strata
    ]
    return markdown.table(
        [*header, *(f"rejected: {markdown.code_cell(reason)}" for reason in reasons)], rows, numeric_from=1
    )


def token_counts(tallies: Mapping[str, Tally]) -> tuple[int, int] | None:
    """Return the tokens of all prompts and of all answers; None when the endpoint counted none."""
    prompt = sum(tally.prompt_tokens for tally in tallies.values())
    completion = sum(tally.completion_tokens for tally in tallies.values())
    return (prompt, completion) if prompt or completion else None


def _by_reason(tally: Tally) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for (_, column, reason), number in tally.rejected.items():
        counts[column, reason] += number
    return counts


def _row(name: str, numbers: list[int]) -> list[str]:
    return [
        name,
        *(f"{number:,}" for number in numbers),
        *([f"**{sum(numbers):,}**"] if len(numbers) > 1 else []),
    ]
