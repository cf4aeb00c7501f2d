"""Text that strangers wrote, made safe to stand inside a Markdown page."""

import re
import unicodedata

__all__ = ["cell", "code", "code_cell", "fence", "framed", "prose", "table"]

_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_BLOCK_START = re.compile(r"^(?:(\d{1,9})([.)])(?=\s|$)|()([#=])|()([-+])(?=[\s-]|$))")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def prose(text: str) -> str:
    """Return paragraphs that read as written: nothing starts a heading, list, table, fence or HTML."""
    lines = [_inline(line.strip()) for line in _clean(text).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def cell(text: str) -> str:
    """Return `prose` on a single line, for a table's cell."""
    return _inline(_one_line(text))


def code(text: str) -> str:
    """Return a code span on a single line; spaces at the ends may be lost."""
    text = _one_line(text)
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else "(empty)"


def code_cell(text: str) -> str:
    """Return a code span for a table's cell, or escaped text where a code span could split the cell."""
    # Tables are cut at pipes before code spans are read, and a backslash in a code span escapes nothing.
    return cell(text) if "|" in text or "\\" in text else code(text)


def fence(text: str, language: str = "text") -> str:
    """Return `text` line by line inside a fence that is longer than any run of backticks in it."""
    text = _clean(text).removesuffix("\n")
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def framed(name: str, section: str) -> str:
    """Return a section between comments of this name, by which it is found again."""
    return f"<!-- {name} -->\n\n{section.strip()}\n\n<!-- /{name} -->"


def table(header: list[str], rows: list[list[str]], *, numeric_from: int | None = None) -> str:
    """Return a table of cells that are safe already; columns from `numeric_from` on are aligned right."""
    right = len(header) if numeric_from is None else numeric_from
    rule = ["---" if column < right else "---:" for column in range(len(header))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])


def _inline(line: str) -> str:
    escaped = _SPECIAL.sub(lambda found: "\\" + found[0], line.translate(_ENTITIES))
    return _BLOCK_START.sub(
        lambda found: "\\".join(part for part in found.groups() if part is not None), escaped
    )


def _one_line(text: str) -> str:
    return " ".join(_clean(text).split())


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _clean(text: str) -> str:
    """Normalise line ends; show what cannot be encoded or printed as an escape."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp")
        else repr(char)[1:-1]
        for char in text
    )
