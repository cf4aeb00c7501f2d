import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.spec.problems import Problems
from synth_datasets.spec.reader import MAX_BYTES, decode, read


def _read(text):
    problems = Problems()
    return read(text, problems), problems.all()


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *[(word, word) for word in ["no", "yes", "on", "off", "No", "y", "n", "NO"]],
        *[
            (word, word)
            for word in ["1.0.0", "2020-01-01", "12:30", "1:30:00", "0o12", "0x1f", "012", "1_000", "+"]
        ],
        *[("true", True), ("True", True), ("false", False), ("~", None), ("null", None), ("", None)],
        *[("1", 1), ("-7", -7), ("0", 0), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0)],
        *[("'1'", "1"), ('"true"', "true"), ("'~'", "~")],
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", "9223372036854775808"),
        ("1" + "0" * 400, "1" + "0" * 400),
        ("1e999", math.inf),
        ("-.inf", -math.inf),
    ],
)
def test_plain_scalars_are_what_a_person_sees(written, value):
    root, problems = _read(f"a: {written}")
    assert problems == ()
    assert root.plain() == {"a": value}
    assert type(root.plain()["a"]) is type(value)


def test_not_a_number_is_a_float():
    assert math.isnan(_read("a: .nan")[0].plain()["a"])


def test_the_text_of_a_scalar_is_kept():
    root, _ = _read("a: [1.0, 1.10, true]")
    assert [item.text for item in root.at(["a"]).items] == ["1.0", "1.10", "true"]


def test_places_have_lines():
    root, _ = _read("a:\n  b:\n    - x\n    - c: 1\n\n  d: 2\n")
    assert root.line_of(()) == 1
    assert root.line_of(("a", "b")) == 2
    assert root.line_of(("a", "b", 0)) == 3
    assert root.line_of(("a", "b", 1, "c")) == 4
    assert root.line_of(("a", "d")) == 6
    assert root.line_of(("a", "missing")) == 1
    assert root.line_of(("a", "b", 7)) == 2
    assert root.at(("a", "b", 1, "c")).value == 1
    assert root.at(("a", "nope", 0)).line == 2


UNREADABLE = {
    "empty": ("", 0, "the file is empty"),
    "only comments": ("# nothing\n\n", 0, "the file is empty"),
    "null": ("~", 0, "the file is empty"),
    "a list": ("# x\n- a\n", 2, "found a list"),
    "a text": ("hello", 1, "found a single value"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "a second document"),
    "a directive": ("%YAML 1.1\n---\na: 1\n", 1, "directives"),
    "a byte order mark inside": ("a: 1\n\ufeffb: 1", 2, "U+FEFF"),
    "two byte order marks": ("\ufeff\ufeffa: 1", 1, "U+FEFF"),
    "a NUL": ("a: 1\nb: \0", 2, "U+0000"),
    "an escape": ("a: \x1b[31m", 1, "U+001B"),
    "an escaped NUL": ('a: 1\nb: "x\\0y"', 2, "U+0000"),
    "an escaped bell": ('a: "x\\a"', 1, "U+0007"),
    "half a surrogate pair": ("a: \ud800", 1, "U+D800"),
    "half an escaped surrogate pair": ('a: "\\ud800"', 1, ""),
    "a tab": ("a:\n\tb: 1\n", 2, "a tab is used for indentation"),
    "a colon in a text": ("a: b: c", 1, "quote the text"),
    "wrong indentation": ("a: 1\n b: 2", 2, ""),
    "an unclosed bracket": ("a: [1\nb: 2", 2, "not valid YAML"),
    "an unclosed quote": ("a: 'x\nb: 1", 1, "the quote that begins here is not closed"),
    "a template without quotes": ("a: {{ x }}", 1, "a key must be a text"),
    "a list as a key": ("? [a]\n: b", 1, "a key must be a text"),
    "an empty key": ("'': b", 1, "a key must be a text"),
    "an anchor": ("a: &x 1\nb: 2", 1, "anchors"),
    "an alias": ("a: *x", 1, ""),
    "a billion laughs": (
        "a: &a [lol,lol]\n"
        + "".join(f"{b}: &{b} [*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        1,
        "anchors",
    ),
    "a merge bomb": ("a: &a {x: 1}\nb: {<<: *a}", 1, "anchors"),
    "lists in lists": ("a: " + "[" * 100_000, 1, "nested more than 20"),
    "mappings in mappings": ("{a: " * 100_000, 1, "nested more than 20"),
    "lists by dashes": ("- " * 100_000, 1, "nested more than 20"),
    "keys in keys": ("? " * 100_000, 1, "a key must be a text"),
    "many values": ("a: [" + "b," * 400_000 + "]", 1, "more than 50000 values"),
    "too long": ("a: " + "x" * MAX_BYTES, 0, "longer than"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_one_problem(name, quickly):
    text, line, words = UNREADABLE[name]
    with quickly():
        root, problems = _read(text)
    assert root is None
    assert len(problems) == 1
    assert problems[0].line == line
    assert words in problems[0].message


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['id']",
        "!!python/name:os.system x",
        "!mine x",
        "!!str 1",
        "!!binary eA==",
    ],
)
def test_tags_are_refused_and_do_nothing(tag):
    root, problems = _read(f"a: 1\nb: {tag}\n")
    assert [(problem.line, problem.where) for problem in problems] == [(2, "b")]
    assert "is not supported" in problems[0].message
    assert root.plain()["a"] == 1


def test_duplicate_keys_name_both_lines_and_the_first_stays():
    root, problems = _read("a:\n  x: 1\n  'x': 2\na: 3\nb: 4\n")
    assert [(p.line, p.where) for p in problems] == [(3, "a.x"), (4, "a")]
    assert "first on line 2" in problems[0].message
    assert root.plain() == {"a": {"x": 1}, "b": 4}


def test_syntax_problems_show_nothing_of_the_file():
    _, problems = _read("api_key: sk-verysecret123456: [")
    assert "secret" not in str(problems)


def test_bytes_that_are_not_utf8_are_found_on_their_line():
    problems = Problems()
    assert decode(b"a: 1\nb: \xff\n", problems) is None
    assert [(p.line, p.message) for p in problems.all()] == [(2, "byte 0xff is not UTF-8")]
    assert decode("ä".encode(), problems) == "ä"
    assert decode(b"x" * (MAX_BYTES + 1), problems) is None
    assert "larger than" in problems.all()[0].message


@given(st.text(max_size=300))
def test_any_text_gives_a_mapping_or_problems(text):
    root, problems = _read(text)
    assert (root is None) <= bool(problems)
    assert root is None or root.members is not None
