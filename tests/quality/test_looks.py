import json
import random
import re

import pyarrow as pa
import pytest

from synth_datasets.quality import out_of_fold
from synth_datasets.quality.comparison import compare_reports
from synth_datasets.quality.extremes import text_extremes
from synth_datasets.quality.html import render_html
from synth_datasets.quality.looks import NOISE_ROWS
from synth_datasets.quality.report import QualityReport, measure
from synth_datasets.quality.terminal import render_terminal
from synth_datasets.quality.text_map import POINTS, text_map

NAMES = ("negative", "neutral", "positive")


def test_texts_of_two_worlds_lie_apart_on_the_map():
    worlds = ("the cat sat on the warm mat", "interest rates and bonds fell"), ("cat", "bond")
    texts = [f"{worlds[0][at % 2]} {at}" for at in range(40)]
    found = text_map("text", texts, [worlds[1][at % 2] for at in range(40)], worlds[1])
    cats = {x for x, group in zip(found.x, found.group, strict=True) if group == 0}
    bonds = {x for x, group in zip(found.x, found.group, strict=True) if group == 1}
    assert max(cats) < min(bonds) or max(bonds) < min(cats)
    assert found == text_map("text", texts, [worlds[1][at % 2] for at in range(40)], worlds[1])
    assert text_map("text", ["one", "two", "three"], [], []) is None


def test_the_map_samples_rows_and_tells_real_ones_apart():
    texts = [f"review {at} of item {at % 7}" for at in range(2 * POINTS)]
    found = text_map("text", texts, [], [], real=texts[:30])
    assert (len(found.x), sum(found.real), found.of_rows, found.of_real) == (POINTS + 30, 30, 2 * POINTS, 30)
    assert set(found.group) == {-1}


def test_ends_are_the_shortest_and_longest_and_the_most_and_least_alike():
    texts = ["one two three four five", "one two three four six", "alone", "a b c d e f g h i j", "one a two"]
    words, likeness = text_extremes("text", texts, [], [10, 11, 12, 13, 14])
    assert (words.lowest[0].row, words.highest[0].row) == (12, 13)
    assert likeness.lowest[0].row == 12
    assert {each.row for each in likeness.highest[:2]} == {10, 11}


def test_a_report_compares_with_an_earlier_one(report, table):
    other = measure(
        {"train": table([("quite another text", 0)])}, text_columns=["text"], label_columns={"label": NAMES}
    )
    found = compare_reports("re 1.0", (other.verdicts, other.whole), (report.verdicts, report.whole))
    by_name = {(each.group, each.name): each for each in found.figures}
    assert (by_name["rows", "all splits"].before, by_name["rows", "all splits"].now) == (1, report.whole.rows)
    stored = QualityReport.from_json(report.to_json())
    same = compare_reports("same", (stored.verdicts, stored.whole), (report.verdicts, report.whole))
    assert all(each.before == each.now for each in same.figures)


def test_a_sampled_look_says_so_on_the_page(table, monkeypatch):
    monkeypatch.setattr("synth_datasets.quality.looks.NOISE_ROWS", 220)
    rows = [
        (f"{'good' if at % 2 else 'bad'} thing number {at * 7919 % 1000} of {at}", 2 * (at % 2))
        for at in range(400)
    ]
    found = measure({"a": table(rows)}, text_columns=["text"], label_columns={"label": NAMES})
    assert NOISE_ROWS == 5_000
    assert (found.noise[0].figures.rows, found.noise[0].of_rows) == (220, 400)
    assert "fixed random sample of 220 of 400 rows" in render_html(found)


def test_pairs_of_classes_below_the_doubted_rows_are_of_these_rows(table):
    draw = random.Random(3)
    rows = [
        (f"{draw.choice(('good', 'fine', 'bad', 'poor'))} thing number {at * 7919 % 1000}", draw.randrange(3))
        for at in range(300)
    ]
    found = measure({"a": table(rows)}, text_columns=["text"], label_columns={"label": NAMES})
    figures = found.noise[0].figures
    assert figures is not None
    assert figures.doubted > 0
    shown, page = render_terminal(found), render_html(found)
    for label, likely, count in figures.pairs[:3]:
        assert re.search(rf"of these {label}, likely {likely} +{count}\n", shown)
        assert f'<bdi>{label}</bdi></th><td><bdi>{likely}</bdi></td><td class="n">{count}</td>' in page
    assert sum(count for *_, count in figures.pairs) == figures.doubted


def test_without_scikit_learn_the_report_says_what_is_missing(table, monkeypatch):
    monkeypatch.setattr(out_of_fold, "available", lambda: False)
    rows = [(f"a text of number {at * 7919 % 1000}", at % 3) for at in range(220)]
    found = measure({"a": table(rows)}, text_columns=["text"], label_columns={"label": NAMES})
    assert found.noise[0].figures is None
    assert "synth-datasets[quality]" in render_terminal(found)


def test_the_published_schema_accepts_a_whole_report(report):
    jsonschema = pytest.importorskip("jsonschema")
    schema = QualityReport.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(report.to_json()), schema)
    broken = json.loads(report.to_json()) | {"noise": "none"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_a_report_of_before_these_figures_is_read(report):
    kept = json.loads(report.to_json())
    for name in ("votes", "noise", "bias", "completed", "maps", "extremes", "against"):
        del kept[name]
    again = QualityReport.from_json(json.dumps(kept))
    assert (again.maps, again.bias) == ((), None)
    assert "Quality of" in render_html(again)


def test_a_label_that_is_null_has_no_place_among_classes():
    rows = pa.table(
        {
            "text": [f"{word} and more of {word}s" for word in ("cat", "dog", "cow", "cat dog", "dog cow")],
            "label": [0, 1, None, -1, 2],
        }
    )
    found = measure({"a": rows}, text_columns=["text"], label_columns={"label": NAMES})
    assert sorted(found.maps[0].group) == [-1, -1, 0, 1, 2]
