import unicodedata

import pyarrow as pa
import pytest

from synth_datasets.quality.html import render_html
from synth_datasets.quality.report import measure
from synth_datasets.quality.terminal import render_terminal


def columns(text):
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(report, width):
    assert max(columns(line) for line in render_terminal(report, width=width).splitlines()) <= width


def test_it_says_what_the_report_says(report):
    text = render_terminal(report)
    assert text.startswith("Quality of re<views>: 272 rows in 2 splits\n")
    for verdict in report.verdicts:
        mark = {"pass": "pass", "warn": "WARN", "fail": "FAIL", "unmeasured": "-"}[verdict.verdict]
        assert f"  {mark:<6}{verdict.family}" in text
    assert "84 of 84" in text
    assert "refusal" in text
    assert "252 rows accepted, 2 missing" in text
    assert "distinct-2" in text


def test_few_rows_are_called_too_few():
    text = render_terminal(measure({"train": pa.table({"text": ["one"]})}, text_columns=["text"]))
    assert text.count("too few rows") >= 7
    assert "rows in 1 split" in text


def test_words_of_a_script_without_spaces_are_said_to_be_characters():
    def report(text):
        return measure({"train": pa.table({"text": [text]})}, text_columns=["text"])

    said = "each character is counted as a word"
    for text in ("好用的水壶", "กาต้มน้ำไฟฟ้า"):
        assert said in render_terminal(report(text))
        assert said in render_html(report(text))
    assert said not in render_terminal(report("a good kettle"))
    assert said not in render_html(report("a good kettle"))


def test_names_from_the_data_cannot_steer_the_terminal():
    names = ["\x1b[31mred\u202e", "好" * 60]
    rows = pa.table({"text": ["a", "b"], "label": [0, 1]})
    text = render_terminal(
        measure({"train": rows}, text_columns=["text"], label_columns={"label": names}, title="a\x07b")
    )
    assert not {each for each in text if unicodedata.category(each) in {"Cc", "Cf"}} - {"\n"}
    assert max(columns(line) for line in text.splitlines()) <= 80
    assert "…" in text


def test_a_sample_is_told(reviews, table):
    found = measure({"train": table(reviews[:300])}, text_columns=["text"], row_limit=200)
    assert "measured on 200 rows" in render_terminal(found)
