"""Text from strangers inside a page: it reads as written and ends where it should."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from synth_datasets.publishing.markdown import cell, code, code_cell, fence, prose, table

HOSTILE = st.text(alphabet="`~|\\#<>&*_-=+[]()!.1a \t\n\r\u2028\x00{}%$", max_size=40)
PAGE = MarkdownIt("commonmark").enable("table")


@given(HOSTILE)
def test_prose_reads_as_written_and_is_nothing_but_paragraphs(text):
    tokens = PAGE.parse(prose(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    children = [child for token in tokens if token.type == "inline" for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "text_special", "softbreak"}
    shown = "".join(child.content for child in children)
    assert _visible(shown) == _visible(text)


@given(HOSTILE)
@example("a\n```\n# b")
@example("````\n```\n~~~")
def test_a_fence_holds_its_text_and_closes(text):
    tokens = PAGE.parse(fence(text) + "\n\nafter\n")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    expected = re.sub("\r\n?", "\n", text).replace("\x00", "\\x00").replace("\u2028", "\\u2028")
    assert tokens[0].content == expected.removesuffix("\n") + "\n"


@given(HOSTILE, HOSTILE)
def test_a_table_keeps_its_cells_apart(first, second):
    tokens = PAGE.parse(table(["a", "b"], [[code_cell(first), cell(second)]]) + "\n\nafter\n")
    kinds = [token.type for token in tokens]
    assert kinds.count("td_open") == 2
    assert kinds[-3:] == ["paragraph_open", "inline", "paragraph_close"]
    shown = [token for token in tokens if token.type == "inline"][2:4]
    texts = ["".join(child.content for child in token.children or ()) for token in shown]
    assert _visible(texts[1]) == _visible(second)
    assert _visible(texts[0]) in (_visible(first), "(empty)")


@given(HOSTILE)
def test_a_code_span_holds_its_text(text):
    (_, inline, _) = PAGE.parse(f"a {code(text)} z")
    assert [child.type for child in inline.children or ()] in (["text", "code_inline", "text"], ["text"])
    assert _visible("".join(child.content for child in inline.children or ())) in (
        _visible(f"a{text}z"),
        "a(empty)z",
    )


@pytest.mark.parametrize(
    ("written", "raw"),
    [
        ("# not a heading", "\\# not a heading"),
        ("- not a list", "\\- not a list"),
        ("1. not a list", "1\\. not a list"),
        ("-5 degrees, 3.5 kg, snake_case", "-5 degrees, 3.5 kg, snake_case"),
        ("<b>", "&lt;b&gt;"),
        ("a\n\n\n\nb", "a\n\nb"),
    ],
)
def test_only_what_would_mean_something_is_escaped(written, raw):
    assert prose(written) == raw


def test_numbers_are_aligned_right():
    assert table(["", "n"], [["a", "1"]], numeric_from=1).split("\n")[1] == "| --- | ---: |"


def _visible(text):
    escaped = text.replace("\x00", "\\x00").replace("\u2028", "\\u2028")
    return re.sub(r"\s", "", escaped)
