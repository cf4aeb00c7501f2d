import html
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from synth_datasets.plan.row import RowKey
from synth_datasets.quality.html import render_html
from synth_datasets.quality.report import QualityReport, measure
from synth_datasets.validation.outcome import Rejection, Tally

VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """Collects elements, attributes and text, and complains where tags do not nest."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes, self.text, self.ids = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> crosses another element"

    def handle_data(self, data):
        self.text.append(data)


def parsed(text):
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    return page


@pytest.fixture
def page(report):
    return parsed(render_html(report))


def test_elements_nest_and_anchors_lead_somewhere(page):
    targets = [value[1:] for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert len(targets) == 11
    assert set(targets) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_fetched_and_nothing_runs(report, page):
    assert not {"script", "iframe", "object", "embed", "form", "base", "img"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    links = [
        value
        for _, name, value in page.attributes
        if name in {"src", "href", "action", "xlink:href", "srcset"}
    ]
    assert all(link.startswith("#") or link == "data:," for link in links)
    assert not re.search(r"https?:|//[a-z]|url\(|@import", render_html(report))


def test_the_policy_forbids_everything_but_the_page_s_own_styles(page):
    contents = [value for tag, name, value in page.attributes if (tag, name) == ("meta", "content")]
    assert contents[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_hostile_text_is_shown_and_not_obeyed(report, page):
    shown, source = "".join(page.text), render_html(report)
    assert "<script>alert(1)</script>" in shown
    assert "{{ 7 * 7 }}" in shown
    assert "⟨U+202E⟩gnp.exe⟨U+202C⟩" in shown
    assert "Quality of re<views>" in shown
    assert "<i>found</i>" in shown
    assert "<real>.csv" in shown
    assert "<script" not in source
    assert not {"\x00", "\x1b", "\u202e"} & set(source)


def test_right_to_left_text_finds_its_own_direction(page):
    assert ("p", "dir", "auto") in page.attributes
    assert any("שלום" in part for part in page.text)


def test_the_parts_of_a_row_s_name_keep_their_order_beside_a_class_from_right_to_left():
    tally = Tally(answers=2)
    tally.rejected.update({("سلبي", "text", "near_duplicate"): 1})
    twin = Rejection(
        row=RowKey("train", "سلبي", 7),
        column="text",
        attempt=0,
        reason="near_duplicate",
        detail="similarity 0.90 to train/سلبي/3",
        text="مرحبا",
        key="k",
    )
    found = measure(
        {"train": pa.table({"text": ["أهلا"]})},
        text_columns=["text"],
        tallies={"train": tally},
        rejections=[twin],
    )
    page = render_html(found)
    assert "<bdi>train</bdi>/<bdi>سلبي</bdi>/<bdi>7</bdi>" in page
    assert "<bdi>سلبي</bdi>/<bdi>3</bdi>" in page


def test_plots_have_words_for_those_who_do_not_see_them(page):
    images = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert len(images) == page.tags.count("svg") >= 5
    assert any(image.startswith("Rows by class: negative") for image in images)
    assert any(image.startswith("What became of the answers: judged 300") for image in images)
    assert any(image.startswith("Length in words") for image in images)


def test_verdicts_do_not_speak_by_colour_alone(report, page):
    shown = " ".join("".join(page.text).split())
    words = {"pass": "✓ pass", "warn": "! look", "fail": "✕ fail", "unmeasured": "not measured"}
    for each in report.verdicts:
        assert words[each.verdict] in shown
        assert all(" ".join(reason.split()) in shown for reason in each.reasons)


def test_the_page_shows_every_part(page):
    shown = "".join(page.text)
    headings = [
        "Labels",
        "Lengths",
        "Duplicates",
        "Overlap of splits",
        "Variety",
        "Boilerplate",
        "Beside real rows",
    ]
    for part in [
        *headings,
        "From answers to rows",
        "Rejected answers",
        "Rows to look at",
        "The model declined to answer.",
    ]:
        assert part in shown


def test_the_page_is_a_function_of_the_report(report):
    assert render_html(report) == render_html(QualityReport.from_json(report.to_json()))


def test_a_report_on_nothing_is_a_page_too():
    nothing = measure({"train": pa.table({"text": pa.array([], pa.string())})}, text_columns=["text"])
    shown = "".join(parsed(render_html(nothing)).text)
    assert "There are no rows." in shown
    assert "No label column." in shown
    assert "No tally of answers was given." in shown
    assert "too few rows" in shown


def test_a_page_without_text_columns_is_a_page_too():
    labels = measure({"a": pa.table({"l": [0]})}, text_columns=[], label_columns={"l": ["x"]})
    parsed(render_html(labels))


def test_a_sample_is_told(reviews, table):
    found = measure({"train": table(reviews[:300])}, text_columns=["text"], row_limit=200)
    assert "fixed random sample of 200 rows" in render_html(found)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_browser_shows_it_without_complaint_and_without_sideways_scrolling(report, tmp_path, width):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    frame = (
        f"<!doctype html><meta charset=utf-8><iframe style='width:{width}px;height:900px;border:0' "
        f'srcdoc="{html.escape(render_html(report))}"></iframe><p id=found></p><script>'
        "const frame = document.querySelector('iframe'); frame.onload = () => {"
        "const root = frame.contentDocument.documentElement;"
        "const plots = frame.contentDocument.querySelectorAll('svg').length;"
        "document.getElementById('found').textContent ="
        "`found ${root.scrollWidth} of ${root.clientWidth}; ${plots} plots`; };"
        "</script>"
    )
    (tmp_path / "frame.html").write_text(frame, encoding="utf-8")
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=1400,1000",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / "frame.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    found = re.search(r"found (\d+) of (\d+); (\d+) plots", done.stdout.rpartition("<p id=")[2])
    assert found, done.stderr[-2000:]
    assert int(found[1]) <= int(found[2]) <= width
    assert int(found[3]) >= 5
    assert ":CONSOLE" not in done.stderr, done.stderr[-2000:]


def test_many_classes_share_one_histogram():
    names = [f"class {n}" for n in range(40)]
    rows = pa.table({"text": [f"text {n} of some length" for n in range(40)], "label": list(range(40))})
    page = parsed(render_html(measure({"a": rows}, text_columns=["text"], label_columns={"label": names})))
    images = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert [image for image in images if image.startswith("Length in words. all rows:")]


def test_a_row_of_a_megabyte_leaves_the_page_small():
    rows = pa.table({"text": ["word " * 200_000, "x" * 1_000_000, "short"]})
    assert len(render_html(measure({"a": rows}, text_columns=["text"]))) < 60_000
