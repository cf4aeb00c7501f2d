"""`rows/<split>-00000.parquet`: which row is which in a release, so that two versions can be compared row by row."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.publishing.shards import shard_ranges
from synth_datasets.trace import read_real_ids

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["ROWS_FOLDER", "read_row_ids", "row_ids_paths", "write_row_ids"]

ROWS_FOLDER = "rows"
_COLUMN = "row_id"


def row_ids_paths(files: Iterable[str], split: str) -> list[str]:
    """Return those of a release's paths that hold the ids of a split's rows, in the order of the rows."""
    whole = f"{ROWS_FOLDER}/{split}.parquet"  # of releases that were made before rows had shards
    return sorted(path for path in files if path == whole or path.startswith(f"{ROWS_FOLDER}/{split}-"))


def write_row_ids(release: Path, trace: Path, splits: "Mapping[str, Dataset]") -> None:
    """Write the id (split, class, index) of every row, in the order of the rows, as the build's trace has them.

    A split whose trace does not name as many rows as it has gets no file: better no identity than a wrong one. The
    files are cut as those of the data are, so that those of a longer split are the same, too.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for split, rows in splits.items():
        source = trace / f"{split}.parquet"
        if not source.is_file():
            continue
        # A row has an entry for each model column; the first one says where the row stands.
        ids = pq.read_table(source, columns=[_COLUMN]).column(_COLUMN).unique()
        if real := read_real_ids(trace, split):
            ids = pa.array(_merged(ids.to_pylist(), real), pa.string())
        if len(ids) != len(rows):
            continue
        folder = release / ROWS_FOLDER
        folder.mkdir(exist_ok=True)
        for index, (start, stop) in enumerate(shard_ranges(len(ids))):
            # Neighbours share most of their letters, so that an id takes a byte or two.
            pq.write_table(
                pa.table({_COLUMN: ids[start:stop]}),
                folder / f"{split}-{index:05d}.parquet",
                compression="zstd",
                use_dictionary=False,
                write_statistics=False,
                column_encoding={_COLUMN: "DELTA_BYTE_ARRAY"},
            )


def _merged(made: list[str], real: Mapping[int, str]) -> list[str]:
    """Put the ids of real rows between those of the others, where they stand."""
    rest = iter(made)
    return [real.get(at) or next(rest, "") for at in range(len(made) + len(real))]


def read_row_ids(paths: Iterable[Path]) -> list[str] | None:
    """Return the ids of a split's rows out of its files in their order; None where there are none."""
    import pyarrow.parquet as pq

    tables = [pq.read_table(path, columns=[_COLUMN]).column(_COLUMN).to_pylist() for path in paths]
    ids: list[str] = [each for table in tables for each in table]
    return ids if tables else None
