"""Rows and rejected answers to look at."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from synth_datasets.quality import columns
from synth_datasets.quality.clip import clip
from synth_datasets.quality.figures import RejectedAnswer, RejectionExamples, SampleRow
from synth_datasets.quality.sampling import shuffled
from synth_datasets.validation.outcome import Rejection
from synth_datasets.validation.reasons import Reason

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = ["rejection_examples", "sample_rows"]

_KEPT_BACK = frozenset([Reason.PERSONAL_DATA, Reason.SEED_COPY, Reason.TEST_COPY])
"""Reasons for which an answer's words must not go into a report, which is published."""


def sample_rows(
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    data: Mapping[str, columns.Columns],
    labels: Mapping[str, Sequence[str]],
    count: int,
) -> dict[str, tuple[SampleRow, ...]]:
    """Draw rows for each class, from the first split as far as it has them."""
    first = next(iter(labels), None)
    found: dict[str, list[SampleRow]] = {name: [] for name in (labels[first] if first else tables)}
    for split, each in data.items():
        names = columns.named(each.labels[first], labels[first]) if first else [split] * each.rows
        for position in shuffled(each.rows):
            chosen = found.get(names[position])
            if chosen is not None and len(chosen) < count:
                chosen.append(
                    SampleRow(
                        split=split, position=position, values=columns.shown(tables[split], position, labels)
                    )
                )
            if all(len(rows) >= count for rows in found.values()):
                break
    return {name: tuple(rows) for name, rows in found.items() if rows}


def rejection_examples(rejections: Iterable[Rejection]) -> tuple[RejectionExamples, ...]:
    """Count rejected answers by reason, and keep the first three of each; copies without their words."""
    counts: dict[str, int] = {}
    examples: dict[str, list[RejectedAnswer]] = {}
    for each in rejections:
        counts[each.reason] = counts.get(each.reason, 0) + 1
        kept = examples.setdefault(each.reason, [])
        if len(kept) < 3:  # noqa: PLR2004 - enough to see what the reason means
            kept.append(
                RejectedAnswer(
                    row=str(each.row),
                    column=each.column,
                    attempt=each.attempt,
                    detail=clip(each.detail),
                    text="(not shown here; the trace has it)"
                    if each.reason in _KEPT_BACK
                    else clip(each.text),
                )
            )
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        RejectionExamples(reason=reason, count=count, examples=tuple(examples[reason]))
        for reason, count in ranked
    )
