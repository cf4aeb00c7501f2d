"""Real rows from files of every kind, and what is said of broken ones."""

import io
import json

import pytest

from synth_datasets.spec.tables import TableError, read_table

ROWS = [{"text": 'one, "two"\nthree', "label": "a"}, {"text": "vier", "label": "b"}]


def as_csv(delimiter):
    import csv

    out = io.StringIO()
    writer = csv.DictWriter(out, ["text", "label"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_parquet(rows, metadata=None):
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows).replace_schema_metadata(metadata), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("r.csv", as_csv(",")),
        ("semicolons.csv", as_csv(";")),
        ("r.TSV", as_csv("\t")),
        ("r.jsonl", "\n\n".join(map(json.dumps, ROWS)).encode()),
        ("r.parquet", as_parquet(ROWS)),
    ],
)
def test_the_same_rows_are_read_from_every_kind_of_file(name, data):
    table = read_table(name, data, ["label", "text"])
    assert table.columns == {"label": ("a", "b"), "text": ('one, "two"\nthree', "vier")}


def test_each_row_knows_its_line():
    assert read_table("r.csv", b'text\n"two\nlines"\none\n', ["text"]).lines == [2, 4]


def test_numbers_and_truth_values_become_their_json_and_nothing_becomes_empty():
    table = read_table("r.jsonl", b'{"a": 1.50, "b": true}\n{"a": 7}', ["a", "b"])
    assert table.columns == {"a": ("1.5", "7"), "b": ("true", "")}


def test_numbered_classes_get_the_names_that_datasets_wrote():
    features = {"info": {"features": {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}}}
    data = as_parquet([{"label": 1}, {"label": 0}], {"huggingface": json.dumps(features)})
    assert read_table("r.parquet", data, ["label"]).columns == {"label": ("yes", "no")}
    assert read_table("r.parquet", as_parquet([{"label": 1}], {"huggingface": "{"}), ["label"]).columns == {
        "label": ("1",)
    }


@pytest.mark.parametrize(
    ("name", "data", "line", "words"),
    [
        ("r.csv", b"text\na\nb,c\n", 3, "2 values, the header names 1"),
        ("r.csv", b'text\n"a', 2, "CSV"),
        ("r.csv", b"text\na\n\xff\n", 3, "UTF-8"),
        ("r.csv", b"texts\na", 0, "no column 'text'"),
        ("r.csv", b"text,text\na,b", 1, "twice"),
        ("r.csv", b"", 0, "no column 'text'"),
        ("r.jsonl", b'{"text": "a"}\n{', 2, "no JSON"),
        ("r.jsonl", b'{"text": "a"}\n\n[1]', 3, "no JSON object"),
        ("r.jsonl", b'{"text": ["a"]}', 1, "neither a text nor a number"),
        ("r.jsonl", b"[" * 100_000, 1, "nested"),
        ("r.jsonl", b'{"text": "' + b"a" * 100_001 + b'"}', 1, "100000 characters"),
        ("r.jsonl", b"", 0, "no column 'text'"),
        ("r.parquet", b"PAR1 no", 0, "Parquet"),
        ("r.parquet", as_parquet([{"text": {"a": 1}}]), 1, "neither"),
        ("r.pickle", b"", 0, "none of .csv"),
    ],
)
def test_a_fault_is_told_with_its_line(name, data, line, words):
    with pytest.raises(TableError) as caught:
        read_table(name, data, ["text"])
    assert caught.value.faults[0].line == line
    assert words in caught.value.faults[0].message


def test_a_missing_column_comes_with_the_nearest_and_few_faults_are_listed():
    with pytest.raises(TableError) as caught:
        read_table("r.csv", b"texts\n", ["text"])
    assert "texts" in caught.value.faults[0].hint
    with pytest.raises(TableError) as caught:
        read_table("r.csv", b"text\n" + b"a,b\n" * 100, ["text"])
    assert len(caught.value.faults) == 5


@pytest.mark.parametrize("kind", ["dictionary", "string", "large_string", "string_view"])
def test_a_text_that_parquet_repeats_is_not_repeated_in_memory(kind):
    """A file of a few kilobytes may say of one long text that it stands in every row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    times = pa.array([0] * 2_500, pa.int32())
    texts = pa.DictionaryArray.from_arrays(times, pa.array(["a" * 90_000]))
    out = io.BytesIO()
    pq.write_table(
        pa.table({"text": texts if kind == "dictionary" else texts.cast("string").cast(kind)}), out
    )
    usual, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(pool)
    try:
        found = read_table("r.parquet", out.getvalue(), ["text"]).columns["text"]
    finally:
        pa.set_memory_pool(usual)
    assert (len(out.getvalue()) < 20_000, set(map(len, found))) == (True, {90_000})
    assert len({id(each) for each in found}) == 1
    assert pool.max_memory() < 20 << 20


def test_parquet_that_unfolds_to_too_much_is_not_unfolded(monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.setattr("synth_datasets.spec.tables.MAX_BYTES", 1 << 20)
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["a" * (2 << 20)], "other": [1]}), out)
    with pytest.raises(TableError, match="unfold to more than 1 MiB"):
        read_table("r.parquet", out.getvalue(), ["text"])
    assert read_table("r.parquet", out.getvalue(), ["other"]).columns == {"other": ("1",)}


def test_values_of_parquet_are_those_of_its_rows():
    rows = [
        {"a": word, "b": number, "c": None}
        for word, number in zip(["x", None, "y", "x"], [1, None, 2.5, -1], strict=True)
    ]
    found = read_table("r.parquet", as_parquet(rows), ["a", "b", "c"]).columns
    assert found == {"a": ("x", "", "y", "x"), "b": ("1.0", "", "2.5", "-1.0"), "c": ("", "", "", "")}


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view"])
def test_texts_of_parquet_are_read_however_other_programs_keep_them(kind):
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"a": pa.array(["x", None, "y", "x"]).cast(kind)}), out)
    assert read_table("r.parquet", out.getvalue(), ["a"]).columns == {"a": ("x", "", "y", "x")}
