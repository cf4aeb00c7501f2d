"""From a raw plain-text answer to the text of a row: quotes, the opening, and where a cut text ends well."""

# ruff: noqa: RUF001 - quotation marks and full stops of many scripts are what this is about

import re

__all__ = ["complete_part", "joined", "unquoted"]

_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "「": "」", "『": "』"}
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")

# Where the next word must not be set apart: after an opening bracket or a dash, before closing punctuation.
_NO_SPACE_AFTER = frozenset("([{<“‘«„¿¡$€£#@/-–—_'\"’")
_NO_SPACE_BEFORE = frozenset(".,;:!?)]}>”’»%…'\"-–—/")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")

_LONGEST_SENTENCE = 10_000
"""Characters of a last, cut sentence; beyond that the text is not made of sentences."""
# The end of a sentence: its mark with closing quotes or brackets, and then a space or the end of the text.
_SENTENCE_END = re.compile(r"(?:[.!?…؟۔।]+[\"'”’»)\]*_]*(?=\s|\Z)|[。！？]+[」』”）]*)")
_NO_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|approx|No|e\.g|i\.e|\w)|(?:^|\s)\d{1,3})\.\Z", re.IGNORECASE
)


def joined(answer: str, opening: str) -> str:
    """Return the whole text: the answer where it begins with the opening itself, else both joined.

    Endpoints continue an opening or repeat it. White space that the answer begins with is kept; where there
    is none, a space is set unless punctuation, brackets or a script without spaces speak against it. One pair
    of quotes around a whole text is taken off.
    """
    whole = unquoted(answer.strip())
    if not opening or whole.startswith(opening):
        return whole
    rest = answer.rstrip()
    if not rest.lstrip():
        return opening
    return f"{opening}{_space(opening[-1], rest[0])}{rest}"


def unquoted(text: str) -> str:
    """Return the text without the pair of quotes around it, if that pair quotes all of it."""
    if len(text) < 2 or _QUOTES.get(text[0]) != text[-1]:  # noqa: PLR2004 - a pair takes two
        return text
    inner = text[1:-1]
    plain = _APOSTROPHE.sub("", inner)
    return text if text[0] in plain or text[-1] in plain else inner.strip()


def complete_part(text: str, opening: str) -> str:
    """Return the text up to its last complete sentence; empty when none ends beyond the opening."""
    least = max(len(opening) if text.startswith(opening) else 0, len(text) - _LONGEST_SENTENCE)
    end = 0
    for match in _SENTENCE_END.finditer(text, least):
        before = text[max(0, match.start() - 8) : match.start() + 1]
        if match.start() >= max(least, 1) and not (match.group()[0] == "." and _NO_END.search(before)):
            end = match.end()
    return text[:end].rstrip() if text[least:end].strip(" .!?…\"'”’") else ""


def _space(before: str, after: str) -> str:
    if after.isspace() or before.isspace() or before in _NO_SPACE_AFTER or after in _NO_SPACE_BEFORE:
        return ""
    return "" if _UNSPACED.match(before) or _UNSPACED.match(after) else " "
