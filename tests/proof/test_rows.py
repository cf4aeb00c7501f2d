"""Rows from files and data sets, and what is wrong with them."""

import json

import datasets
import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.proof.rows import dataset_rows, read_rows, rows_of, tagged


def test_tables_are_read_and_rows_without_a_label_left_out(tmp_path):
    (tmp_path / "r.csv").write_text(
        "review,kind,by\nfine,good,1\n,good,1\nbad,,2\nworse,bad,2\n", encoding="utf-8"
    )
    rows = read_rows(tmp_path / "r.csv", text="review", label="kind", group="by")
    assert (rows.inputs, rows.labels, rows.groups) == (("fine", "worse"), ("good", "bad"), ("1", "2"))
    assert not tagged(rows)
    with pytest.raises(SettingsError, match="there is no column 'text'"):
        read_rows(tmp_path / "r.csv", text="text", label="kind")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_rows(tmp_path / "s.csv", text="text", label="kind")


def test_words_and_tags_are_read_from_json_lines_and_parquet(tmp_path):
    record = {"tokens": ["Ann", "ran"], "ner_tags": ["B-PER", "O"]}
    (tmp_path / "r.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    features = datasets.Features(
        {
            "tokens": datasets.List(datasets.Value("string")),
            "ner_tags": datasets.List(datasets.ClassLabel(names=["O", "B-PER"])),
        }
    )
    made = datasets.Dataset.from_list([{**record, "ner_tags": [1, 0]}], features=features)
    made.to_parquet(tmp_path / "r.parquet")
    for name in ("r.jsonl", "r.parquet"):
        rows = read_rows(tmp_path / name, text="tokens", label="ner_tags")
        assert (rows.inputs, rows.labels) == ((("Ann", "ran"),), (("B-PER", "O"),))
        assert tagged(rows)
    (tmp_path / "s.jsonl").write_text(json.dumps({**record, "ner_tags": ["O"]}) + "\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="row 1 has 2 words and 1 tags"):
        read_rows(tmp_path / "s.jsonl", text="tokens", label="ner_tags")


ANN = {"start": 0, "end": 7, "label": "person", "text": "Ann Lim"}
OSLO = {"start": 15, "end": 19, "label": "place", "text": "Oslo"}
MENTIONS = [
    {"text": "Ann Lim left \u201cOslo\u201d.", "entities": [{**OSLO, "start": 14, "end": 18}, ANN]},
    {"text": "Nobody stayed.", "entities": []},
    {"text": "Not told.", "entities": None},
]
WORDS = (("Ann", "Lim", "left", "\u201c", "Oslo", "\u201d", "."), ("Nobody", "stayed", "."))
TAGS = (("B-person", "I-person", "O", "O", "B-place", "O", "O"), ("O", "O", "O"))


@pytest.mark.parametrize(
    ("inputs", "labels", "said"),
    [
        (["Ann Lim", "Bo"], [[ANN], 5], r"label of row 1 is a list and that of row 2 is none \(5\)"),
        (
            ["Bo", "Ann Lim"],
            ["good", [ANN]],
            r"label of row 2 is a list and that of row 1 is none \('good'\)",
        ),
        (["Ann Lim", "Bo"], [[ANN], ANN], "label of row 1 is a list and that of row 2 is none"),
        ([["Ann"], ["Bo"]], [["O"], 5], "label of row 1 is a list and that of row 2 is none"),
        ([["Ann"], "Bo"], [["O"], ["O"]], "input of row 1 is a list and that of row 2 is none"),
        ([["Ann"], ["Bo"]], [1, 2], "row 1 has words and no list of tags: found 1"),
    ],
)
def test_columns_of_mixed_kinds_are_told_in_one_message(inputs, labels, said):
    with pytest.raises(SettingsError, match=said):
        rows_of("f", inputs, labels)


def test_rows_whose_mentions_or_class_are_not_told_are_left_out():
    rows = rows_of("f", ["Ann Lim", "Bo", "Cy", "No one."], [[ANN], "", None, []])
    assert rows.labels == (("B-person", "I-person"), ("O", "O", "O"))
    assert rows_of("f", [5, "Bo", "Cy"], ["a", 2, ""]).inputs == ("5", "Bo")


def test_mentions_by_their_places_become_words_with_tags(tmp_path):
    span = {name: datasets.Value("int64") for name in ("start", "end")}
    named = {
        **span,
        "label": datasets.ClassLabel(names=["person", "place"]),
        "text": datasets.Value("string"),
    }
    features = datasets.Features({"text": datasets.Value("string"), "entities": datasets.List(named)})
    made = datasets.Dataset.from_list(MENTIONS, features=features)
    made.to_parquet(tmp_path / "r.parquet")
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in MENTIONS), encoding="utf-8")
    where = {"text": "text", "label": "entities"}
    for rows in (
        *(read_rows(tmp_path / name, **where) for name in ("r.jsonl", "r.parquet")),
        dataset_rows(made, name="made", **where),
    ):
        assert (rows.inputs, rows.labels) == (WORDS, TAGS)
        assert tagged(rows)


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([{"start": 0, "end": 7}], "row 1: a mention needs `start`, `end` and `label`"),
        ([{**ANN, "end": 99}], "row 1: no mention stands from 0 to 99 as said"),
        ([{**ANN, "start": 1, "end": 8}], "row 1: no mention stands from 1 to 8 as said"),
        ([{**ANN, "start": 0.5}], "row 1: no mention stands from 0.5 to 7 as said"),
        ([ANN, {"start": 4, "end": 12, "label": "place"}], "row 1: mentions overlap"),
    ],
)
def test_mentions_that_cannot_be_tags_are_told_with_their_row(spans, said):
    with pytest.raises(SettingsError, match=said):
        rows_of("real.jsonl", ["Ann Lim left Oslo."], [spans])


def test_only_the_synthetic_rows_of_a_mixed_build_count():
    rows = datasets.Dataset.from_dict(
        {"text": ["a", "b", "c"], "label": ["x", "y", "x"], "source": ["synthetic", "real", "synthetic"]}
    )
    found = dataset_rows(rows, name="b", text="text", label="label")
    assert found.inputs == ("a", "c")
    with pytest.raises(SettingsError, match="has no column 'review'"):
        dataset_rows(rows, name="b", text="review", label="label")
