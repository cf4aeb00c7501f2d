"""Where a text mentions a value: as written, or unlike it in ways that leave no doubt; else why that is not certain."""

# ruff: noqa: RUF001 - apostrophes and hyphens come in several kinds

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from synth_datasets.plan.graphemes import clusters
from synth_datasets.plan.words import Around, around

__all__ = ["Doubt", "Place", "Sought", "certain_places", "locate", "loose_places"]

_ALIKE = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "“": '"', "”": '"', "‐": "-", "‑": "-"})
_SENTENCE_ENDS = frozenset(".!?…:;\"“”„«»'‘’(–—•*-")
_SURROGATES = ("\ud800", "\udfff")


class Doubt(Exception):  # noqa: N818 - no error: a verdict on a text, on its way up
    """It is not certain where the text mentions a value, or whether it does."""

    def __init__(self, reason: str, detail: str) -> None:
        """`reason` is one of `validation.reasons`."""
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a text, in code points."""

    start: int
    end: int

    def holds(self, other: "Place") -> bool:
        """Whether the other lies within this one; equal ones do."""
        return self.start <= other.start and other.end <= self.end

    def meets(self, other: "Place") -> bool:
        """Whether the two share a character."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Sought:
    """A value that is to be found, and what it is."""

    value: str
    label: str


def locate(text: str, sought: Sequence[Sought], *, absent: str) -> list[tuple[Place, str]]:
    """Return every mention of every value with its label, in order; no two of them share a character.

    A value is found as it is written (up to canonical Unicode forms, kinds of white space, of apostrophes and of
    hyphens, and the capital that begins a sentence); every such place that is not inside another word is a mention.
    Otherwise the only place that is the same but for case and compatibility forms is. A shorter value inside the
    mention of a longer one is part of that one.
    Raises `Doubt` with reason `absent` for a value without a mention, and for what may be another mention, for
    mentions that overlap, and for places that two labels claim.
    """
    _refuse_surrogates(text)
    distinct = list(dict.fromkeys(item for item in sought if item.value.strip()))
    kept = _kept(text, distinct)
    mentions: dict[Place, str] = {}
    for item in distinct:
        for place in kept[item]:
            if mentions.setdefault(place, item.label) != item.label:
                raise Doubt(
                    "ambiguous_mention", f"{_short(item.value)} is {item.label} and {mentions[place]}"
                )
    for item in distinct:
        _refuse_doubtful(text, item, kept[item], mentions)
        if not kept[item]:
            place = _only(text, item, mentions, absent)
            mentions[place] = item.label
    ordered = sorted(mentions.items())
    for (place, _), (following, _) in pairwise(ordered):
        if place.meets(following):
            found = (
                f"{_short(text[place.start : place.end])} and {_short(text[following.start : following.end])}"
            )
            raise Doubt("overlapping_spans", f"{found} share characters")
    return ordered


def certain_places(text: str, value: str) -> list[Place]:
    """Return where the value stands as written and not inside, or joined to, another word."""
    return [place for place, near in _strict(text, value) if near == "free"]


def loose_places(text: str, value: str) -> list[Place]:
    """Return where the value stands regardless of case and compatibility forms, not inside another word."""
    return [place for place, near in _found(_loose_form(text), text, _loose(value)) if near != "inside"]


def _kept(text: str, sought: Sequence[Sought]) -> dict[Sought, list[Place]]:
    """Return the certain places of each value that are no part of a longer value's."""
    free = {item: certain_places(text, item.value) for item in sought}
    every = sorted({place for places in free.values() for place in places})
    kept: dict[Sought, list[Place]] = {}
    for item, places in free.items():
        kept[item] = [
            place for place in places if not any(other != place and other.holds(place) for other in every)
        ]
        if places and not kept[item]:
            raise Doubt("overlapping_spans", f"{_short(item.value)} is found inside another mention only")
    return kept


def _refuse_doubtful(text: str, item: Sought, kept: Sequence[Place], mentions: dict[Place, str]) -> None:
    """Raise `Doubt` where something beyond the certain mentions may be one as well."""
    joined = [place for place, near in _strict(text, item.value) if near == "joined"]
    others = loose_places(text, item.value) if kept else []
    for place in (*joined, *others):
        if not any(mention.holds(place) for mention in mentions):
            near = text[max(0, place.start - 12) : place.end + 12]
            raise Doubt("ambiguous_mention", f"{_short(item.value)} may be meant in {_short(near)} as well")


def _only(text: str, item: Sought, mentions: dict[Place, str], absent: str) -> Place:
    """Return the one place that is the value but for its case or form."""
    found = _found(_loose_form(text), text, _loose(item.value))
    places = [(place, near) for place, near in found if near != "inside"]
    places = [(place, near) for place, near in places if not any(other.holds(place) for other in mentions)]
    if len(places) == 1 and places[0][1] == "free":
        return places[0][0]
    if places:
        raise Doubt("ambiguous_mention", f"{_short(item.value)} is written otherwise, {len(places)} times")
    where = ", only inside another word" if found else ""
    raise Doubt(absent, f"{_short(item.value)} ({item.label}) is not in the text{where}")


def _strict(text: str, value: str) -> list[tuple[Place, Around]]:
    """Return where the value stands as it is written, and what is around it."""
    form = _strict_form(text)
    found = _found(form, text, _plain(value))
    title = _title(value)
    if title != value:
        begins = [
            (place, near) for place, near in _found(form, text, _plain(title)) if _begins(text, place.start)
        ]
        found = sorted({*found, *begins})
    for (place, _), (following, _) in pairwise(found):
        if place.meets(following):
            raise Doubt("overlapping_spans", f"{_short(value)} overlaps itself")
    return found


def _title(value: str) -> str:
    """Return the value with the capital that it has at the beginning of a sentence."""
    first = value[:1]
    capital = first.upper()  # that of a dotless i is another letter
    alike = len(capital) == 1 and capital.casefold() == first.casefold()
    return capital + value[1:] if first.islower() and alike else value


def _begins(text: str, start: int) -> bool:
    """Whether a sentence may begin there."""
    before = text[:start].rstrip()
    return not before or before[-1] in _SENTENCE_ENDS or "\n" in text[len(before) : start]


@dataclass(frozen=True, slots=True)
class _Form:
    """A text in which what is alike is equal, and where each of its characters comes from."""

    text: str
    starts: tuple[int, ...]
    """By character of `text`: where the cluster that it begins stands in the original, else -1."""
    ends: tuple[int, ...]
    """By character of `text`: where the cluster that it ends ends in the original, else -1."""


def _found(form: _Form, text: str, value: str) -> list[tuple[Place, Around]]:
    """Return the places of a value in this form that cut nothing apart, overlapping ones as well."""
    found: list[tuple[Place, Around]] = []
    at = form.text.find(value) if value else -1
    while at >= 0:
        start, end = form.starts[at], form.ends[at + len(value) - 1]
        if start >= 0 and end >= 0:
            found.append((Place(start, end), around(text, start, end)))
        at = form.text.find(value, at + 1)
    return found


@lru_cache(maxsize=8)
def _strict_form(text: str) -> _Form:
    return _form(text, _alike)


@lru_cache(maxsize=8)
def _loose_form(text: str) -> _Form:
    return _form(text, _folded)


def _plain(value: str) -> str:
    return _form(value.strip(), _alike).text


def _loose(value: str) -> str:
    return _form(value.strip(), _folded).text


def _form(text: str, fold: Callable[[str], str]) -> _Form:
    """Fold each cluster by itself, so that a place in what comes out is a place in the text."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, cluster in _placed(text):
        piece = " " if cluster.isspace() else fold(cluster)
        if piece == " " and pieces and pieces[-1] == " ":
            ends[-1] = start + len(cluster)
            continue
        pieces.append(piece)
        starts += [start, *[-1] * (len(piece) - 1)]
        ends += [*[-1] * (len(piece) - 1), start + len(cluster)]
    return _Form("".join(pieces), tuple(starts), tuple(ends))


def _placed(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for cluster in clusters(text):
        yield start, cluster
        start += len(cluster)


@lru_cache(maxsize=8192)
def _alike(cluster: str) -> str:
    return unicodedata.normalize("NFC", cluster).translate(_ALIKE)


@lru_cache(maxsize=8192)
def _folded(cluster: str) -> str:
    """Fold case and compatibility forms (Unicode, D146: compatibility caseless matching, by cluster)."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", cluster).casefold()).casefold()
    return unicodedata.normalize("NFKC", folded).translate(_ALIKE)


def _refuse_surrogates(text: str) -> None:
    low, high = _SURROGATES
    if any(low <= character <= high for character in text):
        raise Doubt("bad_characters", "the text holds half surrogates")


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return repr(plain if len(plain) <= 60 else f"{plain[:60]}…")  # noqa: PLR2004 - a line's worth
