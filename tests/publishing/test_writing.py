"""A release that is written: anyone can load it, and its bytes follow from its rows."""

import json
import os
from dataclasses import replace
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard
from workshop import tree

from synth_datasets.errors import PublishError
from synth_datasets.features import features_of
from synth_datasets.publishing.release import read_release, verify_release

ROOT = Path(__file__).parents[2]

LOAD = """
import os, sys, json, datasets
if "--with" in sys.argv:
    import synth_datasets
assert ("synth_datasets" in sys.modules) == ("--with" in sys.argv)
loaded = datasets.load_dataset(sys.argv[1])
print(json.dumps({
    "rows": {name: split.to_list() for name, split in loaded.items()},
    "features": repr(loaded["train"].features),
    "version": str(loaded["train"].info.version),
}))
stream = datasets.load_dataset(sys.argv[1], split="train", streaming=True)
assert list(stream) == loaded["train"].to_list()
sys.stdout.flush()
os._exit(0)  # a stream of Parquet aborts the interpreter now and then as it exits
"""


def test_a_release_holds_all_that_belongs_to_a_version(release_of, spec, tmp_path, tallies):
    trace = tmp_path / "trace-of-build"
    trace.mkdir()
    (trace / "train.tally.json").write_text("{}")
    release = release_of(trace=trace, report="<html></html>", tallies=tallies)
    assert list(tree(release.folder)) == [
        "README.md",
        "croissant.json",
        "customer_feedback.synth.yaml",
        "data/test-00000.parquet",
        "data/train-00000.parquet",
        "lists/products.txt",
        "prompt.txt",
        "quality.json",
        "report.html",
        "synth.lock",
        "synth.sha256",
        "trace/train.tally.json",
    ]
    assert (release.folder / "customer_feedback.synth.yaml").read_text() == spec.source
    assert (release.folder / "lists" / "products.txt").read_text() == "smartphone\nlaptop\n"
    assert json.loads((release.folder / "quality.json").read_text()) == {"rows": 9}
    assert (release.name, release.version, release.splits) == (
        "customer_feedback",
        "1.0.0",
        {"train": 6, "test": 3},
    )
    assert release.warnings == ()
    assert [path.name for path in tmp_path.iterdir() if ".synth-" in path.name] == []


@pytest.mark.parametrize("ours", [[], ["--with"]], ids=["without this package", "with it"])
def test_load_dataset_gives_the_rows_back_in_a_new_process(ours, release_of, rows, python):
    """The spec, text and JSON files in the root of the release must not win over its Parquet."""
    release = release_of()
    done = python(LOAD, str(release.folder), *ours, PYTHONPATH=str(ROOT) if ours else "")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["rows"] == {name: split.to_list() for name, split in rows.items()}
    assert told["features"] == repr(rows["train"].features)
    assert "ClassLabel" in told["features"]


def test_two_versions_in_folders_of_one_name_are_kept_apart(release_of, rows, spec, python):
    """The cache of `datasets` is keyed by the folder's name and the card's header alone."""
    first = release_of("one/reviews")
    other = datasets.DatasetDict(
        {name: split.select(range(len(split))[::-1]) for name, split in rows.items()}
    )
    second = release_of("two/reviews", dataset=other)
    code = "import sys, datasets\nfor path in sys.argv[1:]:\n    print(datasets.load_dataset(path)['train'][0]['text'])"
    done = python(code, str(first.folder), str(second.folder))
    assert done.stdout.split("\n")[:2] == ["Review number 0.", "Review number 5."], done.stderr


def test_the_same_rows_give_the_same_bytes_however_they_came_to_be(release_of, rows, spec, make_rows):
    first = release_of("first")
    chunks = [make_rows(spec, 6).select([index]) for index in range(6)]
    shuffled = make_rows(spec, 6).select([5, 4, 3, 2, 1, 0]).select([5, 4, 3, 2, 1, 0])
    formatted = rows["test"].with_format("numpy")
    second = release_of(
        "second", dataset=datasets.DatasetDict(train=datasets.concatenate_datasets(chunks), test=formatted)
    )
    third = release_of("third", dataset=datasets.DatasetDict(train=shuffled, test=rows["test"]))
    assert tree(first.folder) == tree(second.folder) == tree(third.folder)
    assert first.digests == second.digests


def test_other_rows_give_another_digest(release_of, rows, spec, make_rows):
    changed = datasets.DatasetDict(train=make_rows(spec, 6, first=1), test=rows["test"])
    first, second = release_of("first"), release_of("second", dataset=changed)
    assert first.digest != second.digest
    assert first.digests["train"] != second.digests["train"]
    assert first.digests["test"] == second.digests["test"]


def test_a_large_split_is_cut_into_shards_of_its_rows_in_order(release_of, spec, make_rows):
    big = datasets.DatasetDict(train=make_rows(spec, 3_000))
    release = release_of(dataset=big, max_shard_bytes=10_000)
    shards = sorted((release.folder / "data").iterdir())
    assert len(shards) > 2
    assert shards[0].name == "train-00000.parquet"
    texts = [text for shard in shards for text in pq.read_table(shard)["text"].to_pylist()]
    assert texts == list(big["train"]["text"])
    verify_release(read_release(release.folder))
    card = DatasetCard.load(release.folder / "README.md")
    (split,) = card.data.dataset_info["splits"]
    assert split["num_examples"] == 3_000
    assert card.data.dataset_info["download_size"] == sum(shard.stat().st_size for shard in shards)


def test_row_groups_have_a_fixed_size_and_pandas_left_no_trace(release_of, spec, make_rows):
    release = release_of(dataset=datasets.DatasetDict(train=make_rows(spec, 2_500)))
    files = [pq.ParquetFile(path) for path in sorted((release.folder / "data").iterdir())]
    assert [[group.num_rows for group in _groups(file)] for file in files] == [[1000], [1000], [500]]
    file = files[0]
    assert b"pandas" not in file.schema_arrow.metadata
    assert b"ClassLabel" in file.schema_arrow.metadata[b"huggingface"]


def _groups(file):
    return [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]


def test_an_empty_split_is_left_out_and_named(release_of, rows, spec, python):
    empty = datasets.Dataset(features_of(spec).arrow_schema.empty_table())
    release = release_of(dataset=datasets.DatasetDict({**rows, "validation": empty}))
    assert release.splits == {"train": 6, "test": 3}
    assert "No row was accepted for validation" in (release.folder / "README.md").read_text()
    done = python(LOAD, str(release.folder))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"].keys() == {"train", "test"}


def test_a_dataset_without_rows_is_no_release(release_of, spec, tmp_path):
    empty = datasets.Dataset(features_of(spec).arrow_schema.empty_table())
    with pytest.raises(PublishError, match="no split has a row"):
        release_of(dataset=datasets.DatasetDict(train=empty))
    assert not (tmp_path / "release").exists()


def test_an_older_release_is_replaced_whole(release_of, rows):
    release_of(report="old", dataset=datasets.DatasetDict(rows))
    newer = release_of(version="1.1.0", dataset=datasets.DatasetDict(train=rows["train"]))
    assert read_release(newer.folder).version == "1.1.0"
    assert not (newer.folder / "report.html").exists()
    assert [path.name for path in (newer.folder / "data").iterdir()] == ["train-00000.parquet"]
    assert [path.name for path in newer.folder.parent.iterdir() if path.name.startswith("release")] == [
        "release"
    ]


def test_a_failure_on_the_way_leaves_the_older_release_as_it_was(release_of, spec):
    before = tree(release_of().folder)
    with pytest.raises(PublishError, match="does not lie inside"):
        release_of(spec=replace(spec, files={"../outside.txt": "x"}))
    folder = release_of().folder
    assert tree(folder) == before
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith("release")] == ["release"]


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "quality.json",
        "customer_feedback.synth.yaml",
        "trace/x.txt",
        "data/a.parquet",
        "./synth.lock",
    ],
)
def test_a_specs_file_does_not_take_the_place_of_the_releases_own(path, release_of, spec):
    with pytest.raises(PublishError, match="has its own"):
        release_of(spec=replace(spec, files={path: "x"}))


@pytest.mark.parametrize("path", ["/etc/passwd", "a/../../b", "a\\..\\b", "", "C:x"])
def test_a_specs_file_stays_inside_the_release(path, release_of, spec):
    with pytest.raises(PublishError, match="does not lie inside"):
        release_of(spec=replace(spec, files={path: "x"}))


def test_line_ends_of_the_spec_are_kept(release_of, spec):
    release = release_of(spec=replace(spec, source="name: x\r\n", files={"prompt.txt": "é\r\n"}))
    assert (release.folder / "customer_feedback.synth.yaml").read_bytes() == b"name: x\r\n"
    assert (release.folder / "prompt.txt").read_bytes() == "é\r\n".encode()


def test_what_the_hub_does_not_know_is_a_warning(release_of, spec):
    assert "Mine" in release_of(spec=replace(spec, license="Mine")).warnings[0]


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_the_folder_can_be_read_by_others(release_of):
    assert release_of().folder.stat().st_mode & 0o777 == 0o755
