"""Words of a text and their IOB2 tags (Ramshaw and Marcus 1995; Tjong Kim Sang 2002)."""

# ruff: noqa: RUF001 - apostrophes come in two kinds

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from synth_datasets.plan.graphemes import clusters
from synth_datasets.plan.mentions import Place
from synth_datasets.plan.words import is_unspaced, is_word
from synth_datasets.spec.rules_annotation import TagsRule

__all__ = ["tag_names", "tag_words", "tags_of", "tokenised"]

_SPACE, _WORD, _SINGLE = range(3)


def tokenised(text: str, edges: Iterable[int] = ()) -> list[Place]:
    """Return the words of a text in order: every character that is no white space lies in exactly one.

    A word is a row of letters, digits, marks and `_`, over a single apostrophe between letters (`don't`) and over a
    single `.`, `,` or `:` between digits (`3.50`). A letter of a script without spaces (Chinese, Japanese, Thai)
    is a word by itself, as is every other sign. No character as a reader sees it is parted, except at `edges`,
    where a word always ends.
    """
    parts = frozenset(edges)
    words: list[Place] = []
    last = _SPACE
    at = 0
    pieces = clusters(text)
    for number, piece in enumerate(pieces):
        kind = _kind(piece)
        following = pieces[number + 1] if number + 1 < len(pieces) else ""
        if kind == _SINGLE and last == _WORD and _binds(pieces[number - 1], piece, following):
            kind = _WORD
        if kind == _WORD == last and at not in parts:
            words[-1] = Place(words[-1].start, at + len(piece))
        elif kind != _SPACE:
            words.append(Place(at, at + len(piece)))
        last = kind
        at += len(piece)
    return [part for word in words for part in _parted(word, parts)]


def tag_names(labels: Sequence[str]) -> list[str]:
    """Return the names of the tags: `O`, then `B-` and `I-` of each label."""
    return ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]


def tags_of(words: Sequence[Place], spans: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the tag of each word: `B-` begins a span, `I-` goes on with it, `O` is outside of all."""
    ahead = sorted((int(str(span["start"])), int(str(span["end"])), str(span["label"])) for span in spans)
    tags: list[str] = []
    at = 0
    for word in words:
        while at < len(ahead) and ahead[at][1] <= word.start:
            at += 1
        if at < len(ahead) and ahead[at][0] <= word.start:
            start, _, label = ahead[at]
            tags.append(f"{'B' if word.start == start else 'I'}-{label}")
        else:
            tags.append("O")
    return tags


def tag_words(rule: TagsRule, values: Mapping[str, object]) -> list[str]:
    """Return the words of the rule's text, or their tags."""
    text, spans = str(values[rule.text]), values[rule.spans]
    assert isinstance(spans, list)  # noqa: S101 - a column of spans
    words = tokenised(text, (edge for span in spans for edge in (span["start"], span["end"])))
    return [text[word.start : word.end] for word in words] if rule.tokens else tags_of(words, spans)


def _kind(piece: str) -> int:
    if piece.isspace():
        return _SPACE
    return _WORD if is_word(piece[0]) and not is_unspaced(piece[0]) else _SINGLE


def _binds(before: str, sign: str, after: str) -> bool:
    """Whether a sign between two pieces of a word is a part of it."""
    if not after or _kind(after) != _WORD:
        return False
    if sign in ("'", "’"):
        return before[0].isalpha() and after[0].isalpha()
    return sign in (".", ",", ":") and before[0].isdigit() and after[0].isdigit()


def _parted(word: Place, edges: frozenset[int]) -> list[Place]:
    inner = [at for at in range(word.start + 1, word.end) if at in edges]
    bounds = [word.start, *inner, word.end]
    return [Place(start, end) for start, end in pairwise(bounds)]
