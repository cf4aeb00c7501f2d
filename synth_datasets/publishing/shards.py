"""A split as Parquet files that keep their bytes while the split grows: only the last one changes."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = [
    "MAX_SHARD_BYTES",
    "ROW_GROUP_ROWS",
    "WrittenSplit",
    "file_digest",
    "files_digest",
    "shard_ranges",
    "write_split",
]

MAX_SHARD_BYTES = 400_000_000
"""Aimed at, not promised: the rows of a larger file are cut in two, and again."""
ROW_GROUP_ROWS = 1_000
_SHARE = 32
"""A shard holds no more than this part of the rows before it, so that rows that are added cost little to upload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSplit:
    """The files of one split."""

    digests: dict[str, str]
    """SHA-256 of each file, by its path relative to the release, in the order of the rows."""
    num_bytes: int
    """In memory, as Arrow."""
    file_bytes: int
    sizes: tuple[int, ...] = ()
    """Bytes of each file, in the same order."""

    @property
    def digest(self) -> str:
        """64 hex digits over all files, in order."""
        return files_digest(self.digests.values())


def shard_ranges(rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first row of each shard and the one after its last: the same for any split that is as long.

    Thousands of rows, some 3 % of those before: 50,000 rows are 50 files, a million 162, and adding rows touches the
    last file alone.
    """
    start = 0
    while start < rows:
        size = max(1, start // _SHARE // ROW_GROUP_ROWS) * ROW_GROUP_ROWS
        yield start, min(start + size, rows)
        start += size


def write_split(
    release: Path, split: str, dataset: "Dataset", *, max_shard_bytes: int = MAX_SHARD_BYTES
) -> WrittenSplit:
    """Write `data/<split>-00000.parquet` and so on; how the rows were chunked or selected leaves no trace.

    The names do not count the shards, as those of `push_to_hub` do: a longer split has the same files and some more.
    """
    from pyarrow import parquet

    data = release / "data"
    data.mkdir(exist_ok=True)
    paths: list[Path] = []
    waiting = list(shard_ranges(len(dataset)))[::-1]
    while waiting:
        start, stop = waiting.pop()
        path = data / f"{split}-{len(paths):05d}.parquet"
        _write(path, dataset, start, stop)
        # The size on disk counts: the size in memory depends on how the rows came to be.
        if path.stat().st_size > max_shard_bytes and stop - start > 1:
            middle = (start + stop) // 2
            waiting += [(middle, stop), (start, middle)]
        else:
            paths.append(path)
    return WrittenSplit(
        digests={f"data/{path.name}": file_digest(path) for path in paths},
        # Read back, for the same reason; and what cannot be read back must not be released.
        num_bytes=sum(parquet.read_table(path).nbytes for path in paths),
        file_bytes=sum(path.stat().st_size for path in paths),
        sizes=tuple(path.stat().st_size for path in paths),
    )


def files_digest(digests: Iterable[str]) -> str:
    """Return 64 hex digits over the digests of a split's files, in the order of the rows."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, dataset: "Dataset", start: int, stop: int) -> None:
    """Write the rows with the options that the Hub asks for: pages cut by content, an index of them, and features."""
    from datasets.arrow_writer import ParquetWriter

    with ParquetWriter(path=str(path), features=dataset.features) as writer:
        rows = dataset.with_format("arrow")
        for first in range(start, stop, ROW_GROUP_ROWS):
            writer.write_table(rows[first : min(first + ROW_GROUP_ROWS, stop)], ROW_GROUP_ROWS)
        writer.finalize()
