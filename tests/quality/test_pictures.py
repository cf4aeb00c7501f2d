"""Plots as files: what is measured is drawn, the same bytes every time, and no name breaks them."""

import struct
import zlib

import pyarrow as pa
import pytest

from synth_datasets.quality import pictures
from synth_datasets.quality.pictures import PICTURES, draw_pictures
from synth_datasets.quality.report import measure


def size(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_what_is_measured_is_drawn_small_and_said_in_words(report):
    found = draw_pictures(report)
    assert tuple(each.name for each in found) == PICTURES
    for each in found:
        width, height = size(each.png)
        assert 700 <= width <= 900
        assert 100 <= height <= 900
        assert len(each.png) < 120_000
        assert 20 < len(each.said) <= 440
    assert found[0].said.startswith("Rows by class: negative")
    assert "test in train" in found[2].said


def test_the_ground_is_opaque_so_that_dark_pages_can_show_it(report):
    for each in draw_pictures(report):
        data = b"".join(chunk for name, chunk in _chunks(each.png) if name == b"IDAT")
        first = zlib.decompress(data)[1:5]
        assert first == b"\xff\xff\xff\xff", each.name


def test_equal_reports_give_equal_bytes(report):
    assert draw_pictures(report) == draw_pictures(report)


def test_nothing_is_drawn_without_the_library_and_nothing_of_nothing(report, monkeypatch):
    empty = measure({"a": pa.table({"text": pa.array([], pa.string())})}, text_columns=["text"])
    assert draw_pictures(empty) == ()
    monkeypatch.setattr(pictures, "find_spec", lambda name: None)
    assert draw_pictures(report) == ()


@pytest.mark.parametrize("name", ["$x^", "$a$ and $b$", "这个", "", "\n\x00", "w" * 300, "_hidden"])
def test_no_name_of_a_class_breaks_a_plot(name):
    rows = pa.table(
        {"t$e$xt": [f"row {n} and {n // 2} {name}" for n in range(9)], "label": [n % 2 for n in range(9)]}
    )
    found = measure({"a": rows}, text_columns=["t$e$xt"], label_columns={"label": [name, "other"]})
    assert [each.name for each in draw_pictures(found)] == list(PICTURES)


def test_many_classes_are_drawn_as_far_as_they_can_be_read():
    names = [f"class {n}" for n in range(60)]
    rows = pa.table({"text": [f"word {n} here" for n in range(120)], "label": [n % 60 for n in range(120)]})
    found = {
        each.name: each
        for each in draw_pictures(measure({"a": rows}, text_columns=["text"], label_columns={"label": names}))
    }
    assert size(found["labels.png"].png)[1] < 900
    assert len(found["labels.png"].said) <= 440


def _chunks(png):
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length
