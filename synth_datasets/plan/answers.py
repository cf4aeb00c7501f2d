"""Extractive answers: a stretch of a text and where it begins, as in SQuAD (Rajpurkar et al. 2016, 2018)."""

# ruff: noqa: RUF001 - quotes, apostrophes and full stops come in several kinds

import re
from collections import Counter
from collections.abc import Mapping
from typing import TypedDict

from synth_datasets.plan.graphemes import cuts
from synth_datasets.plan.mentions import Doubt, Place, certain_places, loose_places
from synth_datasets.plan.words import around
from synth_datasets.spec.rules_annotation import AnswerRule, PickRule

__all__ = ["PICKS", "Answers", "found_answer", "picked_answer"]

PICKS = ("number", "name", "sentence")

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*(?: [^\W\d_]+(?:['’.-][^\W\d_]+)*)*")
_SENTENCE = re.compile(r"\S[^.!?。！？\n]*(?:[.!?。！？](?=\S)[^.!?。！？\n]*)*[.!?。！？]*")
_QUOTES = "\"'“”„‘’«»"
_LEAST_WORDS = 3


class Answers(TypedDict):
    """Texts of answers, and where each begins in the context, in code points; empty where there is none."""

    text: list[str]
    answer_start: list[int]


def found_answer(rule: AnswerRule, values: Mapping[str, object]) -> Answers:
    """Return where the context holds the answer.

    As it is written, else regardless of case and compatibility forms; without quotes around it and a full stop at
    its end when it is not found with them. An answer that stands in several places is at the one inside the
    sentence that `sentence` quotes. Raises `Doubt` when it is nowhere, or in several places still.
    """
    context = str(values[rule.context])
    if not context or not _answerable(rule.answerable, values):
        return Answers(text=[], answer_start=[])
    within = Place(0, len(context))
    if rule.sentence:
        within = _one(context, str(values[rule.sentence]), within, "the quoted sentence")
    place = _one(context, str(values[rule.answer]), within, "the answer")
    return Answers(text=[context[place.start : place.end]], answer_start=[place.start])


def picked_answer(rule: PickRule, values: Mapping[str, object], number: int) -> Answers:
    """Return one stretch of the context that stands there once, chosen by `number`; raises `Doubt` without any."""
    context = str(values[rule.context])
    if not context or not _answerable(rule.answerable, values):
        return Answers(text=[], answer_start=[])
    places = _candidates(context, rule.what)
    if not places:
        raise Doubt("nothing_to_pick", f"no {rule.what} that stands once in the text")
    place = places[number * len(places) >> 64]
    return Answers(text=[context[place.start : place.end]], answer_start=[place.start])


def _answerable(column: str, values: Mapping[str, object]) -> bool:
    return not column or bool(values[column])


def _one(context: str, quote: str, within: Place, what: str) -> Place:
    for given in dict.fromkeys((quote.strip(), quote.strip().strip(_QUOTES).rstrip(".").strip())):
        strict = certain_places(context, given) if given else []
        for places in (strict, loose_places(context, given)):
            inside = [place for place in places if within.holds(place)]
            if len(inside) == 1:
                return inside[0]
            if inside:
                raise Doubt("ambiguous_mention", f"{what} {given!r} stands in {len(inside)} places")
    raise Doubt("unknown_mention", f"{what} {quote[:80]!r} is not in the text")


def _candidates(context: str, what: str) -> list[Place]:
    pattern = {"number": _NUMBER, "name": _NAME, "sentence": _SENTENCE}[what]
    places = [Place(*match.span()) for match in pattern.finditer(context)]
    if what == "name":
        places = [name for place in places for name in _names(context, place)]
    if what == "sentence":
        places = [_trimmed(context, place) for place in places]
        places = [place for place in places if len(context[place.start : place.end].split()) >= _LEAST_WORDS]
    free = cuts(context)
    once = Counter(context[place.start : place.end].casefold() for place in places)
    return [
        place
        for place in places
        if free[place.start]
        and free[place.end]
        and once[context[place.start : place.end].casefold()] == 1
        and around(context, place.start, place.end) == "free"
        and len(loose_places(context, context[place.start : place.end])) == 1
    ]


def _trimmed(context: str, place: Place) -> Place:
    text = context[place.start : place.end]
    return Place(place.start, place.start + len(text.rstrip()))


def _names(context: str, row: Place) -> list[Place]:
    """Return the runs of capitalised words in a row of words; the first word of a sentence begins none."""
    names: list[Place] = []
    for match in re.finditer(r"\S+", context[row.start : row.end]):
        start, end = row.start + match.start(), row.start + match.end()
        capital = match.group()[0].isupper() and match.group() not in ("I", "I'm", "I’m", "I'll", "I've")
        before = context[:start].rstrip()
        if not capital or not before or before[-1] in '.!?:;"“”«»…—–-(\n':
            continue
        if names and names[-1].end == start - 1:
            names[-1] = Place(names[-1].start, end)
        else:
            names.append(Place(start, end))
    return names
