"""A split as Parquet files whose bytes depend on its rows and features alone."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["MAX_SHARD_BYTES", "ROW_GROUP_ROWS", "WrittenSplit", "file_digest", "files_digest", "write_split"]

MAX_SHARD_BYTES = 400_000_000
"""Aimed at, not promised: a split that is larger is cut into shards of equally many rows."""
ROW_GROUP_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSplit:
    """The files of one split."""

    digests: dict[str, str]
    """SHA-256 of each file, by its path relative to the release, in the order of the rows."""
    num_bytes: int
    """In memory, as Arrow."""
    file_bytes: int

    @property
    def digest(self) -> str:
        """64 hex digits over all files, in order."""
        return files_digest(self.digests.values())


def write_split(
    release: Path, split: str, dataset: "Dataset", *, max_shard_bytes: int = MAX_SHARD_BYTES
) -> WrittenSplit:
    """Write `data/<split>-00000-of-0000N.parquet`; how the rows were chunked or selected leaves no trace."""
    from pyarrow import parquet

    data = release / "data"
    data.mkdir(exist_ok=True)
    paths = [_shard_path(data, split, 0, 1)]
    dataset.to_parquet(paths[0], batch_size=ROW_GROUP_ROWS)
    # Shards are counted by the size on disk: the size in memory depends on how the rows came to be.
    shards = min(-(-paths[0].stat().st_size // max_shard_bytes), len(dataset))
    if shards > 1:
        paths[0].unlink()
        paths = [_shard_path(data, split, index, shards) for index in range(shards)]
        for index, path in enumerate(paths):
            dataset.shard(shards, index, contiguous=True).to_parquet(path, batch_size=ROW_GROUP_ROWS)
    return WrittenSplit(
        digests={f"data/{path.name}": file_digest(path) for path in paths},
        # Read back, for the same reason; and what cannot be read back must not be released.
        num_bytes=sum(parquet.read_table(path).nbytes for path in paths),
        file_bytes=sum(path.stat().st_size for path in paths),
    )


def files_digest(digests: Iterable[str]) -> str:
    """Return 64 hex digits over the digests of a split's files, in the order of the rows."""
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shard_path(folder: Path, split: str, index: int, shards: int) -> Path:
    return folder / f"{split}-{index:05d}-of-{shards:05d}.parquet"
