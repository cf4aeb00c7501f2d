"""Which rows of a split were added, removed and changed between two releases."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datasets import Features

__all__ = ["RowChanges", "compare_rows", "features_in", "same_rows"]

SHOWN = 5
BATCH_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """What happened to the rows of one split; values count in the columns that both versions have."""

    split: str
    before: int | None
    """Rows; None: there was no such split."""
    after: int | None
    added: int
    removed: int
    changed: int
    moved: bool
    """Whether rows that both have come in another order."""
    by: Literal["row_id", "content", "digest"]
    """How rows were told apart. `content`: a release without row ids; there a changed row is one removed and one
    added. `digest`: the files are the same."""
    examples: tuple[str, ...] = ()
    """The first few ids of rows that were removed or changed."""

    @property
    def same(self) -> bool:
        """Whether nothing happened."""
        return self.before == self.after and not (self.added or self.removed or self.changed or self.moved)


def same_rows(split: str, rows: int) -> RowChanges:
    """Return what is said of a split whose files are the same."""
    return RowChanges(
        split=split, before=rows, after=rows, added=0, removed=0, changed=0, moved=False, by="digest"
    )


def compare_rows(
    split: str,
    old: Sequence[Path],
    new: Sequence[Path],
    *,
    columns: Sequence[str],
    old_ids: Sequence[str] | None,
    new_ids: Sequence[str] | None,
) -> RowChanges:
    """Compare the shards of a split, row by row, by id where both releases name the ids and by content otherwise.

    Takes some 5 microseconds a row and 150 bytes of memory. Labels are compared by their names.
    """
    before, after = _digests(old, columns), _digests(new, columns)
    ids = old_ids is not None and new_ids is not None
    # Of columns that have nothing in common every row has the same content, which tells none from another.
    if not ids or len(old_ids or ()) != len(before) or len(new_ids or ()) != len(after):
        return _by_content(split, before, after)
    was = dict(zip(old_ids or (), before, strict=True))
    now = dict(zip(new_ids or (), after, strict=True))
    removed = [row for row in was if row not in now]
    changed = [row for row, digest in was.items() if row in now and now[row] != digest]
    return RowChanges(
        split=split,
        before=len(was),
        after=len(now),
        added=sum(row not in was for row in now),
        removed=len(removed),
        changed=len(changed),
        moved=[row for row in was if row in now] != [row for row in now if row in was],
        by="row_id",
        examples=tuple([*removed, *changed][:SHOWN]),
    )


def features_in(shard: Path) -> "Features":
    """Return the features that a shard's schema names."""
    import pyarrow.parquet as pq
    from datasets import Features

    return Features.from_arrow_schema(pq.read_schema(shard))


def _by_content(split: str, before: list[bytes], after: list[bytes]) -> RowChanges:
    was, now = Counter(before), Counter(after)
    return RowChanges(
        split=split,
        before=len(before),
        after=len(after),
        added=(now - was).total(),
        removed=(was - now).total(),
        changed=0,
        moved=_kept(before, was & now) != _kept(after, was & now),
        by="content",
    )


def _kept(digests: list[bytes], common: Counter[bytes]) -> list[bytes]:
    left = Counter(common)
    kept = []
    for digest in digests:
        if left[digest]:
            left[digest] -= 1
            kept.append(digest)
    return kept


def _digests(shards: Sequence[Path], columns: Sequence[str]) -> list[bytes]:
    return [
        hashlib.blake2b(repr(row).encode("utf-8", "backslashreplace"), digest_size=16).digest()
        for shard in shards
        for row in _rows(shard, columns)
    ]


def _rows(shard: Path, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    import pyarrow.parquet as pq
    from datasets import ClassLabel

    features = features_in(shard)
    names = {name: features[name].names for name in columns if isinstance(features.get(name), ClassLabel)}
    with pq.ParquetFile(shard) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)):
            values = [
                [_label(names[name], value) for value in batch.column(name).to_pylist()]
                if name in names
                else batch.column(name).to_pylist()
                for name in columns
            ]
            yield from zip(*values, strict=True) if values else iter([()] * batch.num_rows)


def _label(names: list[str], value: int | None) -> str | int | None:
    return names[value] if value is not None and 0 <= value < len(names) else value
