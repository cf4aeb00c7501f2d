"""Shards: rows that are added change the last file alone, and a push sends no more than that."""

import hashlib
import json
import random
from itertools import pairwise

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.features import features_of
from synth_datasets.publishing.push import push
from synth_datasets.publishing.release import read_release
from synth_datasets.publishing.shards import shard_ranges, write_split
from synth_datasets.publishing.verify import verify

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

REPO = "org/reviews"


def reviews(spec, number):
    """Rows as different from each other as reviews are, the first of them the same whatever their number."""
    draw = random.Random(7)
    labels = [draw.randrange(3) for _ in range(number)]
    texts = [hashlib.sha256(b"%d" % index).hexdigest() * 2 for index in range(number)]
    return datasets.Dataset.from_dict(
        {"label": labels, "product": ["laptop"] * number, "text": texts}, features=features_of(spec)
    )


def trace_of(folder, **splits):
    """What a build leaves of its rows' ids."""
    folder.mkdir()
    for name, rows in splits.items():
        ids = [f"{name}/{label}/{index}" for index, label in enumerate(rows["label"])]
        pq.write_table(pa.table({"row_id": ids}), folder / f"{name}.parquet")
    return folder


@given(st.integers(0, 3_000_000), st.integers(0, 5_000))
def test_a_longer_split_keeps_every_shard_but_the_last(rows, more):
    before, after = list(shard_ranges(rows)), list(shard_ranges(rows + more))
    assert before[:-1] == after[: max(0, len(before) - 1)]
    assert [stop for _, stop in before] == [start for start, _ in before[1:]] + [rows] * bool(before)
    if before:
        assert before[-1][0] == after[len(before) - 1][0]


def test_the_last_shard_is_a_small_part_and_shards_are_not_too_many():
    for rows in (32_000, 50_000, 999_999, 20_000_000):
        ranges = list(shard_ranges(rows))
        assert max(stop - start for start, stop in ranges) <= rows / 32
        assert len(ranges) <= 300
    assert list(shard_ranges(999)) == [(0, 999)]
    assert len(list(shard_ranges(50_000))) == 50
    assert len(list(shard_ranges(1_000_000))) == 162


def test_500_rows_more_on_50_000_send_a_twentieth_of_the_parquet_at_most(hub, release_of, spec, tmp_path):
    train, test = reviews(spec, 50_500), reviews(spec, 300)
    small = train.select(range(50_000))
    for folder, version, rows in (("one", "1.0.0", small), ("two", "1.1.0", train)):
        release_of(
            folder,
            version=version,
            dataset=datasets.DatasetDict(train=rows, test=test),
            trace=trace_of(tmp_path / f"trace-{folder}", train=rows, test=test),
        )
    push(tmp_path / "one", REPO, allow_personal_data=True)
    first = dict(hub.uploaded)
    hub.uploaded.clear()
    push(tmp_path / "two", REPO, allow_personal_data=True)
    held = hub.repos[REPO].commits[hub.repos[REPO].head]
    parquet = sum(len(blob.content) for path, blob in held.items() if path.endswith(".parquet"))
    large = {blob.sha256 for path, blob in held.items() if path.endswith(".parquet")}
    sent = sum(size for oid, size in hub.uploaded.items() if oid in large)
    assert sum(first.values()) > 0.9 * parquet  # what is counted is what is sent
    assert 0 < sent <= 0.05 * parquet
    assert {path.name for path in (tmp_path / "one/data").iterdir()} < {
        path.name for path in (tmp_path / "two/data").iterdir()
    }
    verify(tmp_path / "two")


def test_a_file_under_another_name_is_not_sent_again(hub, release_of):
    """The Hub knows its large files by their digest, so that renaming them costs nothing."""
    release = release_of()
    content = (release.folder / "data/train-00000.parquet").read_bytes()
    hub.create(REPO, files={"data/train-00000-of-00001.parquet": content})
    hub.objects |= {
        blob.sha256: blob.content for blob in hub.repos[REPO].commits[hub.repos[REPO].head].values()
    }
    result = push(release.folder, REPO)
    names = {change.path: change.action for change in result.changes}
    assert names["data/train-00000-of-00001.parquet"] == "delete"
    assert names["data/train-00000.parquet"] == "add"
    held = hub.repos[REPO].commits[hub.repos[REPO].head]
    assert held["data/train-00000.parquet"].sha256 not in hub.uploaded
    assert held["data/test-00000.parquet"].sha256 in hub.uploaded


def test_one_changed_row_changes_one_shard(spec, tmp_path):
    rows = reviews(spec, 3_500)
    changed = rows.map(
        lambda row, index: {"text": "other"} if index == 1_700 else row,
        with_indices=True,
        load_from_cache_file=False,
    ).cast(rows.features)
    digests = []
    for name, each in (("one", rows), ("two", changed)):
        (tmp_path / name).mkdir()
        digests.append(list(write_split(tmp_path / name, "train", each).digests.values()))
    assert [a == b for a, b in zip(*digests, strict=True)] == [True, False, True, True]


def test_pages_are_cut_by_content_and_have_an_index(spec, tmp_path):
    """What the Hub's own storage, which knows parts of files, works best with."""
    written = write_split(tmp_path, "train", reviews(spec, 1_200))
    assert list(written.digests) == ["data/train-00000.parquet", "data/train-00001.parquet"]
    file = pq.ParquetFile(tmp_path / "data/train-00000.parquet")
    options = json.loads(file.metadata.metadata[b"content_defined_chunking"])
    assert options == datasets.config.DEFAULT_CDC_OPTIONS
    assert file.metadata.row_group(0).column(0).has_offset_index
    assert b"huggingface" in file.schema_arrow.metadata


def test_a_shard_that_is_too_large_is_cut_in_two(spec, tmp_path):
    rows = reviews(spec, 1_500)
    written = write_split(tmp_path, "train", rows, max_shard_bytes=40_000)
    assert len(written.digests) == 3
    tables = [pq.read_table(tmp_path / path) for path in written.digests]
    assert [text for table in tables for text in table["text"].to_pylist()] == list(rows["text"])
    assert all(earlier.num_rows for earlier, _ in pairwise(tables))
    assert written.sizes == tuple((tmp_path / path).stat().st_size for path in written.digests)


def test_a_release_of_several_shards_reads_back(release_of, spec, tmp_path):
    rows = reviews(spec, 2_500)
    release = release_of(
        dataset=datasets.DatasetDict(train=rows), trace=trace_of(tmp_path / "trace", train=rows)
    )
    names = sorted(path for path in read_release(release.folder).lock.files if path.endswith(".parquet"))
    assert names == [
        f"{folder}/train-0000{index}.parquet" for folder in ("data", "rows") for index in range(3)
    ]
    verify(release.folder)
    (release.folder / "rows/train-00002.parquet").unlink()
    loaded = datasets.load_dataset(str(release.folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["text"][:] == rows["text"][:]
