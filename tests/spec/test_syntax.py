"""Text that is no YAML: the line is right and the words are about the mistake, by either loader."""

import pytest
import yaml

from synth_datasets.spec import reader
from synth_datasets.spec.problems import Problems

HEAD = "name: demo\ncolumns:\n  label: {classes: [a, b]}\n"

# What follows the three lines of HEAD; the line, and what must be said.
BROKEN = {
    "braces in a mapping of one line": ("  u: {prompt: {{ label }} x}", 4, ["{{ ... }}` in quotes"]),
    "braces behind a word in a mapping of one line": (
        "  u: {prompt: Write {{ label }} x}",
        4,
        ["braces", 'put it in quotes: "... {{ column }} ..."'],
    ),
    "a block of a template": ("  u:\n    prompt: {% if label %}x", 5, ["braces", "in quotes"]),
    "a space too many": (
        "   u: {prompt: Say.}",
        4,
        ["wrong indentation: the line begins with 3 spaces, line 3 with 2", "below each other"],
    ),
    "a space too few": ("\n# so\n u: {prompt: Say.}", 6, ["begins with 1 space, line 3 with 2"]),
    "a space too many below a text": (
        "  u:\n    prompt: x\n     system: y",
        6,
        ["wrong indentation: the line begins with 5 spaces, line 5 with 4"],
    ),
    "a colon in a text": ("  u:\n    prompt: Write: a text", 5, ["a `:` where none can stand", "quote"]),
    "a colon in a text of one line": ("  u: {prompt: Write: so}", 4, ["the `{` of line 4", "in quotes"]),
    "a bracket that stays open": (
        "  u: {prompt: x\n  t: {prompt: y}",
        5,
        ["the `{` of line 4 is not closed"],
    ),
    "an apostrophe in quotes": ("  u: {prompt: 'Don't say'}", 4, ["of line 4 is not closed", "in quotes"]),
    "text behind quotes": ('  u:\n    prompt: "Say" so', 5, ["goes on after its closing quote"]),
    "a quote that stays open": ('  u:\n    prompt: "Say\n  t: {prompt: x}\n', 5, ["quote", "not closed"]),
    "a text below its key": (
        "  u:\n    prompt: Say\n    hello there\n    hidden: true",
        6,
        ["neither `key: value` nor part of the text above", "below `|`"],
    ),
    "a per cent sign first": ("  u: {prompt: %x}", 4, ["cannot begin with `%`", "in quotes"]),
    "an at sign first": ("  u:\n    prompt: @x", 5, ["cannot begin with `@`", "in quotes"]),
    "an alias": ("  u:\n    prompt: *x", 5, ["aliases `*`", "quote a text"]),
    "a star first": ("  u:\n    prompt: *x* so", 5, ["cannot begin with `*` or `&`", "in quotes"]),
    "text behind a bar": ("  u:\n    prompt: | Say so", 5, ["the text begins on the next line"]),
    "a backslash": ('  u:\n    prompt: "a\\dx"', 5, ["`\\` begins an escape", "single quotes"]),
    "a comment instead of a value": ("  u: {prompt: # of items}\n", 5, ["` #`, which begins a comment"]),
    "a tab": ("\tu: {prompt: x}", 4, ["a tab is used for indentation"]),
    "a second document": ("---\n# Notes\nb: 1", 4, ["a second document", "keep nothing behind `---`"]),
}


@pytest.mark.parametrize("loader", [reader._LOADER, yaml.SafeLoader], ids=["fast", "python"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_in_yaml_is_told_on_its_line(name, loader, monkeypatch):
    monkeypatch.setattr(reader, "_LOADER", loader)
    text, line, words = BROKEN[name]
    problems = Problems()
    assert reader.read(HEAD + text, problems) is None
    (problem,) = problems.all()
    said = f"{problem.message} ({problem.hint})"
    assert all(word in said for word in words), said
    assert problem.line == line, said


def test_a_colon_without_a_space_is_found_above_the_line_it_breaks():
    problems = Problems()
    assert reader.read("name:demo\nmodel: m\n", problems) is None
    (problem,) = problems.all()
    assert (problem.line, problem.hint) == (1, "write `key: value`")
