"""`rows/<split>.parquet`: which row is which in a release, so that two versions can be compared row by row."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = ["ROWS_FOLDER", "read_row_ids", "row_ids_path", "write_row_ids"]

ROWS_FOLDER = "rows"
_COLUMN = "row_id"


def row_ids_path(split: str) -> str:
    """Return the path, relative to the release, of the ids of a split's rows."""
    return f"{ROWS_FOLDER}/{split}.parquet"


def write_row_ids(release: Path, trace: Path, splits: "Mapping[str, Dataset]") -> None:
    """Write the id (split, class, index) of every row, in the order of the rows, as the build's trace has them.

    A split whose trace does not name as many rows as it has gets no file: better no identity than a wrong one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for split, rows in splits.items():
        source = trace / f"{split}.parquet"
        if not source.is_file():
            continue
        # A row has an entry for each model column; the first one says where the row stands.
        ids = pq.read_table(source, columns=[_COLUMN]).column(_COLUMN).unique()
        if len(ids) != len(rows):
            continue
        target = release / row_ids_path(split)
        target.parent.mkdir(exist_ok=True)
        # Neighbours share most of their letters, so that an id takes a byte or two.
        pq.write_table(
            pa.table({_COLUMN: ids}),
            target,
            compression="zstd",
            use_dictionary=False,
            write_statistics=False,
            column_encoding={_COLUMN: "DELTA_BYTE_ARRAY"},
        )


def read_row_ids(release: Path, split: str) -> list[str] | None:
    """Return the ids of the split's rows in their order; None when the release does not name them."""
    import pyarrow.parquet as pq

    path = release / row_ids_path(split)
    if not path.is_file():
        return None
    ids: list[str] = pq.read_table(path, columns=[_COLUMN]).column(_COLUMN).to_pylist()
    return ids
