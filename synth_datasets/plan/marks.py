"""Mentions that a model marks as it writes: `[Berlin](place)`, the notation of links that every model knows."""

import re

from synth_datasets.plan.graphemes import cuts
from synth_datasets.plan.mentions import Doubt, Place, certain_places
from synth_datasets.plan.words import around

__all__ = ["read_marks"]

_MARK = re.compile(r"\[([^\[\]\n]{1,400})\]\(([^()\[\]\n]{1,200})\)")
_NESTED = re.compile(r"\[[^\]]*\[")
_EMPHASIS = "*_`"


def read_marks(marked: str, labels: tuple[str, ...]) -> tuple[str, list[tuple[Place, str]]]:
    """Return the text without marks, and where it holds what was marked, with labels, in order.

    White space at the ends of a mark stays in the text, outside of the mention. What is marked in one place and
    stands elsewhere as well, as written and not inside or joined to another word, is a mention there too.
    Raises `Doubt` for marks that are broken or nested, for labels that there are not, for marks that part a word
    or a character, and for what is marked with two labels and stands somewhere without.
    """
    text, mentions = _parsed(marked, labels)
    free = cuts(text)
    for place in mentions:
        if not (free[place.start] and free[place.end]) or around(text, place.start, place.end) == "inside":
            raise Doubt("ambiguous_mention", f"the mark parts a word: {text[place.start : place.end]!r}")
    _spread(text, mentions)
    return text, sorted(mentions.items())


def _parsed(marked: str, labels: tuple[str, ...]) -> tuple[str, dict[Place, str]]:
    pieces: list[str] = []
    mentions: dict[Place, str] = {}
    done = size = 0
    for mark in _MARK.finditer(marked):
        before = marked[done : mark.start()]
        held = mark.group(1)
        surface = held.strip()
        if not surface or surface[0] in _EMPHASIS or surface[-1] in _EMPHASIS:
            raise Doubt("broken_marks", f"nothing, or emphasis, is marked in {mark.group()!r}")
        start = size + len(before) + len(held) - len(held.lstrip())
        mentions[Place(start, start + len(surface))] = _label(mark.group(2), labels)
        pieces += [before, held]
        size += len(before) + len(held)
        done = mark.end()
    pieces.append(marked[done:])
    _refuse_rests(marked, "\n".join(pieces[::2]), labels)
    whole = "".join(pieces)
    text = whole.strip()
    lead = len(whole) - len(whole.lstrip())
    return text, {Place(place.start - lead, place.end - lead): label for place, label in mentions.items()}


def _refuse_rests(marked: str, outside: str, labels: tuple[str, ...]) -> None:
    """Raise `Doubt` when something is left that may have been meant as a mark."""
    if "[" in outside or "]" in outside:
        nested = _NESTED.search(marked)
        raise Doubt(
            "overlapping_spans" if nested else "broken_marks",
            f"{'a mark within a mark' if nested else 'brackets without a label'}: {marked[:80]!r}",
        )
    folded = outside.casefold()
    for label in labels:
        name = label.casefold()
        for rest in (f"({name})", f"<{name}>", f"</{name}>"):
            if rest in folded:
                raise Doubt("broken_marks", f"{rest} outside of a mark")


def _label(given: str, labels: tuple[str, ...]) -> str:
    name = given.strip()
    if name in labels:
        return name
    alike = [label for label in labels if label.casefold() == name.casefold()]
    if len(alike) != 1:
        raise Doubt("unknown_label", f"the mark says {name!r}, none of {', '.join(labels)[:200]}")
    return alike[0]


def _spread(text: str, mentions: dict[Place, str]) -> None:
    """Add the places where something that is marked elsewhere stands without a mark."""
    by_surface: dict[str, set[str]] = {}
    for place, label in mentions.items():
        by_surface.setdefault(text[place.start : place.end], set()).add(label)
    marked = tuple(mentions)
    for surface, labels in sorted(by_surface.items(), key=lambda item: (-len(item[0]), item[0])):
        for place in certain_places(text, surface):
            if any(other.holds(place) for other in mentions):
                continue
            if len(labels) > 1:
                raise Doubt("ambiguous_mention", f"{surface!r} is marked as {' and '.join(sorted(labels))}")
            if any(other.meets(place) for other in marked):
                raise Doubt("overlapping_spans", f"{surface!r} shares characters with another mark")
            mentions[place] = next(iter(labels))
