"""Sections newest first, nothing of the old ones lost, and doing it twice is doing it once."""

import datasets
import pytest
from markdown_it import MarkdownIt

from synth_datasets.publishing.changelog import changelog_section, with_section
from synth_datasets.publishing.diff import compare
from synth_datasets.publishing.opened import Opened
from synth_datasets.publishing.versions import judge


def heads(text):
    return [line for line in text.splitlines() if line.startswith("## ")]


def test_sections_stand_newest_first_however_they_came():
    text = ""
    for version in ("1.0.0", "1.1.0", "2.0.0-rc.1", "1.0.1", "2.0.0"):
        text = with_section(text, f"## {version}\n\nText of {version}.\n", version)
    assert heads(text) == ["## 2.0.0", "## 2.0.0-rc.1", "## 1.1.0", "## 1.0.1", "## 1.0.0"]
    assert with_section(text, "## 1.1.0\n\nText of 1.1.0.\n", "1.1.0") == text
    assert "Text of 1.0.1." in text
    again = with_section(text, "## 1.1.0\n\nOther.\n", "1.1.0")
    assert "Text of 1.1.0." not in again
    assert heads(again) == heads(text)


@pytest.mark.parametrize("theirs", ["# Notes\n\nBy hand.\n", "By hand.", "# Log\r\n\r\nBy hand.\r\n"])
def test_what_somebody_else_wrote_stays(theirs):
    text = with_section(theirs, "## 1.0.0\n\nOurs.\n", "1.0.0")
    assert text.startswith(theirs.rstrip("\n"))
    assert text.endswith("\n\n## 1.0.0\n\nOurs.\n")
    by_hand = text + "\n## Older\n\nBefore versions.\n"
    grown = with_section(by_hand, "## 1.1.0\n\nNew.\n", "1.1.0")
    assert heads(grown) == ["## 1.1.0", "## 1.0.0", "## Older"]


def test_a_section_says_what_changed_and_a_class_name_cannot_break_it(release_of, rows, spec, make_rows):
    first = release_of("first")
    strange = datasets.ClassLabel(names=["# not | a *heading*", "<b>", "`tick`"])
    changed = datasets.DatasetDict(
        train=make_rows(spec, 7).cast_column("label", strange).add_column("stars", [1] * 7)
    )
    second = release_of("second", version="2.0.0", dataset=changed)
    diff = compare(Opened("first", first), Opened("second", second))
    section = changelog_section(second, diff, judge(diff))
    assert section.startswith("## 2.0.0\n\nA major change since 1.0.0.\n\n- Column `label`: ")
    assert "- Column `stars` (int64) is new" in section
    assert "- Split `test` (3 rows) is gone" in section
    assert f"Data digest `sha256:{second.digest}`" in section
    html = MarkdownIt().render(section)
    assert html.count("<h2>") == 1
    assert "<h1>" not in html
    assert "<b>" not in html
    assert changelog_section(first, None, None).startswith(
        "## 1.0.0\n\nThe first version: `train` 6 rows, `test` 3 rows."
    )
