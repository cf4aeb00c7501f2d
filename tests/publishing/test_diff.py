"""What differs between two releases, by ids where both name them and by content where they do not."""

import json
from dataclasses import replace

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_datasets.errors import PublishError
from synth_datasets.publishing.diff import compare
from synth_datasets.publishing.diff_terminal import render_diff
from synth_datasets.publishing.lock import parse_lock
from synth_datasets.publishing.opened import Opened, open_release, split_source
from synth_datasets.publishing.row_changes import compare_rows
from synth_datasets.publishing.versions import base_of, fits, judge, least_version, too_small


@pytest.fixture
def release(release_of, rows, tmp_path):
    """Write a release of the rows of a train split, with their ids unless `ids` is None."""

    def write(name, train, *, ids=(), test=True, **given):
        trace = tmp_path / f"{name}-trace"
        trace.mkdir()
        if ids is not None:
            named = list(ids) or [f"train/{index}" for index in range(len(train))]
            # A row with two model columns has two entries.
            table = pa.table({"row_id": [row for row in named for _ in range(2)]})
            pq.write_table(table, trace / "train.parquet")
        splits = {"train": train} | ({"test": rows["test"]} if test else {})
        written = release_of(name, dataset=datasets.DatasetDict(splits), trace=trace, **given)
        return Opened(name, written)

    return write


def train_of(diff):
    (found,) = [split for split in diff.splits if split.split == "train"]
    return found


def counts(change):
    return change.added, change.removed, change.changed


def test_rows_are_told_apart_by_their_ids(release, rows):
    train = rows["train"]
    old = release("old", train)
    texts = ["Rewritten."] + [f"Review number {index}." for index in range(1, 5)] + ["New.", "New, too."]
    new_rows = datasets.Dataset.from_dict(
        {"label": [0, 1, 2, 0, 1, 2, 0], "product": ["laptop"] * 7, "text": texts}, features=train.features
    )
    new = release("new", new_rows, ids=[f"train/{index}" for index in (0, 1, 2, 3, 4, 6, 7)])
    diff = compare(old, new)
    train = train_of(diff)
    assert (counts(train), train.by, train.moved) == ((2, 1, 1), "row_id", False)
    assert train.examples == ("train/5", "train/0")
    verdict = judge(diff)
    assert verdict.reasons == (
        ("major", "train: 1 row removed and 1 row changed (train/5, train/0)"),
        ("minor", "train: 2 rows added"),
    )
    told = render_diff(diff, verdict)
    assert "A major change" in told
    assert "label: shares moved by" in told
    assert "text: mean 16.7 → 14.1, longest 18 → 18" in told
    plain = json.loads(json.dumps(diff.to_json()))
    assert plain["splits"][0]["removed"] == 1


def test_without_ids_a_changed_row_is_one_removed_and_one_added_and_it_is_said(
    release, rows, make_rows, spec
):
    old = release("old", rows["train"], ids=None)
    new = release("new", make_rows(spec, 7, first=1))
    diff = compare(old, new)
    train = train_of(diff)
    assert train.by == "content"
    assert train.removed == 6, "the labels moved against the texts"
    assert "told apart by content" in render_diff(diff, judge(diff))
    assert "told apart" not in render_diff(compare(old, old), judge(compare(old, old)))


def test_a_split_whose_trace_names_other_rows_gets_no_ids(release, rows):
    opened = release("old", rows["train"], ids=["train/0", "train/1"])
    assert not (opened.release.folder / "rows").exists()


def test_what_comes_on_top_is_minor_and_what_is_gone_or_otherwise_is_major(release, rows, make_rows, spec):
    train = rows["train"]
    old, alone = release("old", train), release("alone", train, test=False)
    labels = datasets.ClassLabel(names=["negative", "neutral", "positive", "mixed"])
    cases = {
        "grown": (make_rows(spec, 8), "minor", "train: 2 rows added"),
        "column": (train.add_column("stars", [5] * 6), "minor", "column stars is new"),
        "turned": (
            train.select_columns(["text", "label", "product"]),
            "minor",
            "columns come in another order",
        ),
        "dropped": (train.remove_columns("product"), "major", "column product is gone"),
        "class": (
            train.cast_column("label", labels),
            "major",
            "column label was label of negative, neutral, positive and is label of negative, neutral, positive, mixed",
        ),
        "shrunk": (make_rows(spec, 5), "major", "train: 1 row removed (train/5)"),
    }
    for name, (changed, level, reason) in cases.items():
        assert judge(compare(alone, release(name, changed, test=False))).reasons == ((level, reason),), name
    assert judge(compare(old, alone)).reasons == (("major", "split test is gone"),)
    assert judge(compare(alone, old)).reasons == (("minor", "split test is new"),)


def test_other_order_is_minor_by_id_and_by_content(release, rows):
    train = rows["train"]
    ids = [f"train/{index}" for index in range(6)]
    turned = train.select([1, 0, 2, 3, 4, 5])
    by_id = compare(release("a", train), release("b", turned, ids=[ids[1], ids[0], *ids[2:]]))
    by_content = compare(release("c", train, ids=None), release("d", turned, ids=None))
    for diff in (by_id, by_content):
        assert counts(train_of(diff)) == (0, 0, 0)
        assert judge(diff).reasons == (("minor", "train: rows come in another order"),)
    assert (train_of(by_id).by, train_of(by_content).by) == ("row_id", "content")


def test_a_spec_that_says_the_same_rows_otherwise_is_a_patch(release, rows, spec):
    old = release("old", rows["train"])
    files = {**spec.files, "prompt.txt": "Write a review, please.\n"}
    new = release("new", rows["train"], version="1.0.1", spec=replace(spec, files=files, source="name: x\n"))
    diff = compare(old, new)
    assert judge(diff).reasons == (("patch", "the rows are the same; the spec differs"),)
    assert judge(compare(old, old)).reasons == (("patch", "the rows are the same"),)
    assert diff.texts.keys() == {"spec", "prompt.txt"}
    assert diff.texts["prompt.txt"].splitlines()[-2:] == ["-Write a review.", "+Write a review, please."]
    assert diff.texts["prompt.txt"].startswith("--- 1.0.0/prompt.txt\n+++ 1.0.1/prompt.txt\n")


NAMED = st.dictionaries(st.integers(0, 9), st.sampled_from(["a", "b"]), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=NAMED, new=NAMED)
def test_counts_are_those_of_the_sets(old, new, tmp_path):
    paths = []
    for name, rows in (("old", old), ("new", new)):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"text": list(rows.values())}), path)
        paths.append(path)
    found = compare_rows(
        "train",
        paths[:1],
        paths[1:],
        columns=["text"],
        old_ids=[str(row) for row in old],
        new_ids=[str(row) for row in new],
    )
    assert found.added == len(new.keys() - old.keys())
    assert found.removed == len(old.keys() - new.keys())
    assert found.changed == sum(old[row] != new[row] for row in old.keys() & new.keys())
    assert found.moved == ([row for row in old if row in new] != [row for row in new if row in old])
    assert (found.before, found.after) == (len(old), len(new))


@pytest.mark.parametrize(
    ("base", "level", "taken", "least"),
    [
        ("1.2.3", "major", (), "2.0.0"),
        ("1.2.3", "minor", (), "1.3.0"),
        ("1.2.3", "patch", (), "1.2.4"),
        ("v1.2.3", "minor", ("v1.3.0", "v1.4.0"), "1.5.0"),
        ("0.2.3", "major", (), "0.3.0"),
        ("0.2.3", "minor", (), "0.2.4"),
        ("0.2.3", "patch", (), "0.2.4"),
    ],
)
def test_the_least_version_that_fits(base, level, taken, least):
    assert least_version(base, level, taken) == least
    assert fits(least, base, level)
    assert fits(f"{least}-rc.1", base, level)
    assert not fits(base.removeprefix("v"), base, level)


def test_the_version_before_is_the_newest_older_one_that_is_no_prerelease():
    tags = ["v1.0.0", "v1.2.0", "v1.10.0", "v2.0.0-rc.1", "latest", "v3.0.0"]
    assert base_of("2.0.0", tags) == "v1.10.0"
    assert base_of("1.2.0", tags) == "v1.0.0"
    assert base_of("1.2.0-rc.1", tags) == "v1.0.0"
    assert base_of("1.0.0", tags) is None


def test_a_version_that_fits_is_not_spoken_of(release, rows):
    verdict = judge(compare(release("a", rows["train"]), release("b", rows["train"])))
    assert too_small("1.0.1", "v1.0.0", verdict, ()) == ""
    assert "The least version that fits is 1.0.1" in too_small("1.0.0", "1.0.0", verdict, ())


@pytest.mark.parametrize("source", ["nowhere", "a/b/c", "org/name@", "/tmp/nowhere", "org/na me"])
def test_what_is_neither_a_folder_nor_a_version_is_told(source):
    with pytest.raises(PublishError, match="no such folder, and no version on the Hub"):
        open_release(source)


def test_a_source_is_a_repository_and_perhaps_a_revision():
    assert split_source("org/name@v1.0.0-rc.1") == ("org/name", "v1.0.0-rc.1")
    assert split_source("org/name") == ("org/name", None)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a\\..\\x", "C:x", "", "a//b", "a\nb"])
def test_a_lock_cannot_name_files_outside_its_release(path, release, rows):
    text = release("a", rows["train"]).release.lock.to_json()
    for change in ({"spec_file": path}, {"files": {path: "0" * 64}}, {"trace": {path: "0" * 64}}):
        with pytest.raises(PublishError, match="outside the release"):
            parse_lock(json.dumps({**json.loads(text), **change}))


def test_a_lock_with_counts_that_are_none_is_refused(release, rows):
    text = json.loads(release("a", rows["train"]).release.lock.to_json())
    for splits in (
        {"train": {"num_examples": "6", "digest": "0"}},
        {"a/b": {"num_examples": 6, "digest": "0"}},
    ):
        with pytest.raises(PublishError, match="is none"):
            parse_lock(json.dumps({**text, "splits": splits}))
    with pytest.raises(PublishError, match=r"its name '\.\./x' is none"):
        parse_lock(json.dumps({**text, "name": "../x"}))
    with pytest.raises(PublishError, match="digests that are none"):
        parse_lock(json.dumps({**text, "digest": 3}))
