"""From the answers that were judged to the rows that were kept."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from synth_datasets.validation.outcome import Tally

__all__ = ["ClassFunnel", "Funnel", "rejection_funnel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFunnel:
    """The funnel of one class."""

    answers: int | None
    """Accepted and rejected answers; None when rows take more than one answer, which a tally does not count
    by class."""
    rejected: Mapping[str, int]
    accepted_rows: int
    missing_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Answers by what became of them. The most frequent reason comes first, ties by name."""

    answers: int
    """Candidates: every answer that was judged."""
    rejected: Mapping[str, int]
    """Answers by reason."""
    kept: int
    """Answers that were not rejected; a row takes one for each column of the model."""
    accepted_rows: int
    missing_rows: int
    """Rows that used up their attempts."""
    acceptance_rate: float | None
    """Kept answers by judged ones; None when none was judged."""
    by_column: Mapping[str, Mapping[str, int]]
    """Rejected answers by column and reason."""
    by_class: Mapping[str, ClassFunnel]
    prompt_tokens: int
    completion_tokens: int


def rejection_funnel(tallies: Iterable[Tally]) -> Funnel:
    """Add up tallies, such as those of all splits, and say what became of the answers.

    Acceptance rate: kept answers divided by judged answers. Range 0 to 1; higher is cheaper, not better:
    checks that reject nothing accept everything.
    It cannot tell whether what was rejected was bad or what was kept is good: read the examples beside each
    reason.
    """
    total = Tally()
    for tally in tallies:
        total.answers += tally.answers
        total.accepted += tally.accepted
        total.rejected += tally.rejected
        total.missing += tally.missing
        total.prompt_tokens += tally.prompt_tokens
        total.completion_tokens += tally.completion_tokens
    kept = total.answers - total.rejected.total()
    return Funnel(
        answers=total.answers,
        rejected=_by(total.rejected, 2),
        kept=kept,
        accepted_rows=total.accepted.total(),
        missing_rows=total.missing.total(),
        acceptance_rate=kept / total.answers if total.answers else None,
        by_column={
            column: _by(_only(total.rejected, 1, column), 2)
            for column in sorted({key[1] for key in total.rejected})
        },
        by_class=_classes(total, one_answer_a_row=kept == total.accepted.total()),
        prompt_tokens=total.prompt_tokens,
        completion_tokens=total.completion_tokens,
    )


def _classes(total: Tally, *, one_answer_a_row: bool) -> dict[str, ClassFunnel]:
    names = dict.fromkeys([*total.accepted, *total.missing, *sorted({key[0] for key in total.rejected})])
    classes: dict[str, ClassFunnel] = {}
    for name in names:
        rejected = _by(_only(total.rejected, 0, name), 2)
        accepted = total.accepted[name]
        classes[name] = ClassFunnel(
            answers=accepted + sum(rejected.values()) if one_answer_a_row else None,
            rejected=rejected,
            accepted_rows=accepted,
            missing_rows=total.missing[name],
        )
    return classes


def _only(rejected: Counter[tuple[str, str, str]], place: int, value: str) -> Counter[tuple[str, str, str]]:
    return Counter({key: count for key, count in rejected.items() if key[place] == value})


def _by(rejected: Counter[tuple[str, str, str]], place: int) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for key, count in rejected.items():
        counts[key[place]] += count
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
