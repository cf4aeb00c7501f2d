"""How labels and lengths of texts differ between two releases."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.publishing.row_changes import features_in

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LabelShift", "LengthShift", "label_shifts", "length_shifts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelShift:
    """Rows by class of one label column, over all splits."""

    column: str
    before: Mapping[str, int]
    after: Mapping[str, int]
    distance: float
    """Total variation of the shares: 0 is the same balance, 1 nothing in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthShift:
    """Characters of the texts of one column, over all splits."""

    column: str
    mean_before: float
    mean_after: float
    longest_before: int
    longest_after: int


def label_shifts(old: Iterable[Path], new: Iterable[Path], columns: Iterable[str]) -> tuple[LabelShift, ...]:
    """Compare the columns of labels that are among `columns`; each shard is read once for each column."""
    old, new = list(old), list(new)
    shifts = []
    for column in columns:
        before, after = _labels(old, column), _labels(new, column)
        if before is None or after is None or not before or not after:
            continue
        was, now = before.total(), after.total()
        names = before.keys() | after.keys()
        gap = sum(abs(before[name] / was - after[name] / now) for name in names) / 2
        shifts.append(LabelShift(column=column, before=dict(before), after=dict(after), distance=gap))
    return tuple(shifts)


def length_shifts(
    old: Iterable[Path], new: Iterable[Path], columns: Iterable[str]
) -> tuple[LengthShift, ...]:
    """Compare the columns of text that are among `columns`; each shard is read once for each column."""
    old, new = list(old), list(new)
    shifts = []
    for column in columns:
        before, after = _lengths(old, column), _lengths(new, column)
        if before is None or after is None:
            continue
        shifts.append(
            LengthShift(
                column=column,
                mean_before=before[0],
                mean_after=after[0],
                longest_before=before[1],
                longest_after=after[1],
            )
        )
    return tuple(shifts)


def _labels(shards: list[Path], column: str) -> Counter[str] | None:
    from datasets import ClassLabel

    counts: Counter[str] = Counter()
    for shard in shards:
        feature = features_in(shard).get(column)
        if not isinstance(feature, ClassLabel):
            return None
        for value, count in zip(*_value_counts(shard, column), strict=True):
            known = value is not None and 0 <= value < len(feature.names)
            counts[feature.names[value] if known else "(none)"] += count
    return Counter(dict(sorted(counts.items())))


def _value_counts(shard: Path, column: str) -> tuple[list[int | None], list[int]]:
    counted = _column(shard, column).value_counts()
    values, counts = counted.flatten()
    return values.to_pylist(), counts.to_pylist()


def _lengths(shards: list[Path], column: str) -> tuple[float, int] | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = total = longest = 0
    for shard in shards:
        texts = _column(shard, column)
        if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
            return None
        lengths = pc.call_function("utf8_length", [texts])
        rows += len(lengths) - lengths.null_count
        total += pc.call_function("sum", [lengths]).as_py() or 0
        longest = max(longest, pc.call_function("max", [lengths]).as_py() or 0)
    return (total / rows, longest) if rows else None


def _column(shard: Path, column: str) -> "pa.ChunkedArray":
    import pyarrow.parquet as pq

    return pq.read_table(shard, columns=[column]).column(column)
