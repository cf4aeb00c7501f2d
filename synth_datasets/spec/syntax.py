"""What is wrong with text that is no YAML, in words that name the line and what to write; none of the text is shown."""

import re

import yaml

__all__ = ["explained"]

_KEY = re.compile(r"(?:- )?[\w.-]+:(?=\s|$)")
_TIGHT = re.compile(r"(?:- )?[A-Za-z_]\w*:[^\s:/]")
_BRACES = ("{{", "{%")


def explained(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str, str]:  # noqa: PLR0911 - one return a mistake
    """Return the line, what is wrong there, and what to write instead.

    libyaml and the loader in Python word the same mistake differently; what both have in common is looked for.
    """
    mark = error.problem_mark or error.context_mark
    words = str(error.problem or error.context)
    if mark is None:
        return 0, words, ""
    begun = error.context_mark or mark
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or "'\\t'" in words:
        return mark.line + 1, "a tab is used for indentation; use spaces", ""
    if "mapping values" in words:
        return _stray_colon(lines, mark.line, mark.column)
    if "document start" in words:
        message = "the line does not belong to the mapping above; check its indentation"
        return mark.line + 1, message, "keys that stand beside each other begin below each other"
    if "expected key" in words or "<block end>" in words:
        if len(indent) == mark.column:
            return mark.line + 1, *_indentation(lines, mark.line)
        hint = "put the whole text into one pair of quotes, or write it below `|`"
        return mark.line + 1, "a text goes on after its closing quote or bracket", hint
    if any(brace in line for brace in _BRACES):
        return (
            mark.line + 1,
            "a template with braces is read as YAML",
            'put it in quotes: "... {{ column }} ..."',
        )
    return _of_value(
        f"{words} {error.context or ''}", line[mark.column : mark.column + 1], mark.line, begun.line
    )


def _of_value(words: str, char: str, at: int, begun: int) -> tuple[int, str, str]:  # noqa: PLR0911 - the same
    """Return what is wrong with the value at line `at`, which began at line `begun`, both from 0."""
    quotes = "put the text in quotes"
    if "',' or" in words:
        message = f"the `{'[' if ']' in words else '{'}` of line {begun + 1} is not closed before this"
        return at + 1, message, "close it; a text with `:`, `,`, a quote or a bracket in it is put in quotes"
    if "expected ':'" in words:
        hint = "write a text of several lines below `|`, each line two spaces deeper than its key"
        return begun + 1, "the line is neither `key: value` nor part of the text above", hint
    if "end of stream" in words or "document indicator" in words:
        return (
            begun + 1,
            "the quote that begins here is not closed",
            "close it, or double a quote inside: `''`",
        )
    if "cannot start any token" in words:
        return at + 1, f"a text cannot begin with `{char}`" if char.isprintable() else words, quotes
    if "alphabetic or numeric" in words:
        return at + 1, "a text cannot begin with `*` or `&`", quotes
    if "line break" in words:
        return at + 1, "after `|` or `>` the text begins on the next line", "move it there, two spaces deeper"
    if "escape" in words:
        return at + 1, "in double quotes `\\` begins an escape", "double it, or use single quotes"
    if "node content" in words:
        hint = f"{quotes} if it holds ` #`, which begins a comment, and close each bracket"
        return at + 1, "a value is missing", hint
    return at + 1, words.strip(), ""


def _stray_colon(lines: list[str], at: int, column: int) -> tuple[int, str, str]:
    """Tell a key that continues the text above from a `:` inside of a text."""
    line, above = lines[at], _above(lines, at)
    key = _KEY.match(line.lstrip())
    if above is not None and key is not None and len(line) - len(line.lstrip()) + key.end() == column + 1:
        if _TIGHT.match(lines[above].lstrip()):
            return above + 1, "a `:` without a space behind it", "write `key: value`"
        return at + 1, *_indentation(lines, at)
    return at + 1, "a `:` where none can stand; quote the text that holds it", ""


def _indentation(lines: list[str], at: int) -> tuple[str, str]:
    own, above = _spaces(lines[at]), _above(lines, at)
    before = "" if above is None else f", line {above + 1} with {_spaces(lines[above])}"
    message = f"wrong indentation: the line begins with {own} space{'s' if own != 1 else ''}{before}"
    return message, "keys that stand beside each other begin below each other"


def _spaces(line: str) -> int:
    return len(line) - len(line.lstrip())


def _above(lines: list[str], at: int) -> int | None:
    """Return the nearest line before this one that says something."""
    return next((i for i in range(at - 1, -1, -1) if lines[i].strip() and lines[i].lstrip()[0] != "#"), None)
