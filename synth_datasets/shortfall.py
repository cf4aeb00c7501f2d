"""What to tell a person whose split could not be filled: which class, why, how often, and what to change."""

from collections import Counter

from synth_datasets.spec.model import DatasetSpec
from synth_datasets.validation.outcome import Tally
from synth_datasets.validation.reasons import REASONS

__all__ = ["hopeless", "shortfall_message"]

ENOUGH_MISSING = 20
SHOWN_REASONS = 4


def hopeless(tally: Tally) -> bool:
    """Whether to stop paying: at least 20 rows are missing, and more are missing than accepted."""
    missing = tally.missing.total()
    return missing >= ENOUGH_MISSING and missing > tally.accepted.total()


def shortfall_message(
    spec: DatasetSpec,
    split: str,
    tally: Tally,
    *,
    asked: int,
    stopped_early: bool = False,
    to_keep: bool = True,
) -> str:
    """Return the message: one line a class that is short of the rows `asked` for, then what to change.

    `to_keep` is whether there is anything that `keep_short` could keep.
    """
    got = tally.accepted.total()
    head = f"split {split!r} of {spec.name}: {got} of {asked} rows"
    if stopped_early:
        head += f", stopped early because {tally.missing.total()} rows failed all {spec.attempts} attempts"
    lines = [head]
    for stratum, count in sorted(tally.missing.items()):
        lines.append(f"  {stratum or 'rows'}: {count} missing; rejected: {_reasons(tally, stratum)}")
    lines.append(
        "What was answered is kept and costs nothing again. To go on, change one of these and build again:"
    )
    lines.extend(f"  - {hint}" for hint in _hints(spec, tally))
    if to_keep:
        lines.append(
            "  - keep what there is: synth build --keep-short, or load_dataset(..., keep_short=True)"
        )
    lines.append("See the rejected answers with: synth rejections SPEC")
    return "\n".join(lines)


def _reasons(tally: Tally, stratum: str) -> str:
    counts = Counter[str]()
    for (name, column, reason), count in tally.rejected.items():
        if name == stratum:
            counts[f"{reason} ({column})"] += count
    return ", ".join(f"{count} {reason}" for reason, count in _ranked(counts)[:SHOWN_REASONS])


def _hints(spec: DatasetSpec, tally: Tally) -> list[str]:
    counts = Counter[str]()
    for (stratum, _, reason), count in tally.rejected.items():
        if stratum in tally.missing:
            counts[reason] += count
    hints = [REASONS[reason].hint for reason, _ in _ranked(counts)[:2] if reason in REASONS]
    return [*dict.fromkeys(hints), f"give each row more attempts (`attempts: {spec.attempts * 2}`)"]


def _ranked(counts: "Counter[str]") -> list[tuple[str, int]]:
    """Return the most frequent first, equals by name: in what order they were counted does not show."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
