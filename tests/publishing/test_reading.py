"""A release is read without this package: by `datasets`, pandas, Polars and DuckDB, in the order of its rows."""

import datasets
import pytest

from synth_datasets.publishing.writing import write_release


@pytest.fixture
def rows(spec, make_rows):
    return make_rows(spec, 2_300)


@pytest.fixture
def folder(tmp_path, spec, rows):
    """Three shards of train and one of test."""
    splits = datasets.DatasetDict(train=rows, test=rows.select(range(5)))
    return write_release(tmp_path / "release", spec=spec, fingerprint="f" * 64, dataset=splits).folder


def test_streaming_gives_the_rows_in_order(folder, rows):
    stream = datasets.load_dataset(str(folder), split="train", streaming=True)
    assert stream.num_shards == 3
    assert [row["text"] for row in stream] == rows["text"][:]
    assert stream.features == rows.features


def test_the_files_alone_say_which_split_they_are_of(folder, rows, tmp_path):
    """Without the card: the names are told apart by `datasets` itself."""
    (folder / "README.md").unlink()
    loaded = datasets.load_dataset(str(folder / "data"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in loaded.items()} == {"train": 2_300, "test": 5}
    assert loaded["train"].features == rows.features
    assert loaded["train"]["text"][:] == rows["text"][:]


def test_pandas_reads_a_folder_of_shards(folder, rows):
    import pandas as pd

    shards = sorted((folder / "data").glob("train-*.parquet"))
    frame = pd.concat([pd.read_parquet(shard) for shard in shards], ignore_index=True)
    assert frame["text"].tolist() == rows["text"][:]
    assert frame["label"].tolist() == rows["label"][:]


def test_polars_scans_all_shards_of_a_split(folder, rows):
    import polars as pl

    frame = pl.scan_parquet(folder / "data" / "train-*.parquet").collect()
    assert frame["text"].to_list() == rows["text"][:]
    assert frame.columns == rows.column_names


def test_duckdb_queries_all_shards_of_a_split(folder, rows):
    import duckdb

    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT label, count(*) FROM read_parquet(?) GROUP BY label ORDER BY label",
            [str(folder / "data" / "train-*.parquet")],
        ).fetchall()
        texts = connection.execute("SELECT text FROM read_parquet(?)", [str(folder / "data/train-*.parquet")])
        assert [text for (text,) in texts.fetchall()] == rows["text"][:]
    assert found == [(label, rows["label"][:].count(label)) for label in range(3)]
