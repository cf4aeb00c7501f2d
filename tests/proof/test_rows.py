"""Rows from files and data sets, and what is wrong with them."""

import json

import datasets
import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.proof.rows import dataset_rows, read_rows, tagged


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


def test_only_the_synthetic_rows_of_a_mixed_build_count():
    rows = datasets.Dataset.from_dict(
        {"text": ["a", "b", "c"], "label": ["x", "y", "x"], "source": ["synthetic", "real", "synthetic"]}
    )
    found = dataset_rows(rows, name="b", text="text", label="label")
    assert found.inputs == ("a", "c")
    with pytest.raises(SettingsError, match="has no column 'review'"):
        dataset_rows(rows, name="b", text="review", label="label")
