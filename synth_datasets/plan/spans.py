"""Annotated mentions: places of a text with labels, as they are stored."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from synth_datasets.plan.marks import read_marks
from synth_datasets.plan.mentions import Doubt, Place, Sought, certain_places, locate
from synth_datasets.spec.rules_annotation import FindRule, MarkRule, QuoteRule, UnmarkRule

__all__ = ["Span", "found_spans", "marked_spans", "quoted_spans", "unmarked_text"]


class Span(TypedDict):
    """A mention: `text` is what the annotated text holds from `start` to before `end`, in code points."""

    start: int
    end: int
    label: str
    text: str


def found_spans(rule: FindRule, values: Mapping[str, object]) -> list[Span]:
    """Return every mention of the row's values; raises `Doubt` unless each is there, and no other that is known."""
    text = str(values[rule.text])
    if not text:  # the model was not asked
        return []
    sought = [Sought(value, label) for column, label in rule.values for value in _texts(values[column])]
    mentions = locate(text, sought, absent="missing_mention")
    _refuse_others(text, rule, mentions)
    return _spans(text, mentions)


def marked_spans(rule: MarkRule, values: Mapping[str, object]) -> list[Span]:
    """Return what the model marked, by places of the text without marks; raises `Doubt`."""
    return _spans(*read_marks(str(values[rule.marked]), rule.labels))


def unmarked_text(rule: UnmarkRule, values: Mapping[str, object]) -> str:
    """Return the text without marks; raises `Doubt`."""
    return read_marks(str(values[rule.marked]), rule.labels)[0]


def quoted_spans(rule: QuoteRule, values: Mapping[str, object]) -> list[Span]:
    """Return every mention of what the model quotes; raises `Doubt` for a quote that the text does not hold."""
    text, quotes = str(values[rule.text]), values[rule.quotes]
    if not text or not isinstance(quotes, list):  # the model was not asked
        return []
    sought = [Sought(quote["text"], quote["label"]) for quote in quotes]
    return _spans(text, locate(text, sought, absent="unknown_mention"))


def _refuse_others(text: str, rule: FindRule, mentions: Sequence[tuple[Place, str]]) -> None:
    for value, label in rule.known:
        if value not in text:
            continue
        for place in certain_places(text, value):
            if not any(mention.holds(place) for mention, _ in mentions):
                raise Doubt(
                    "unknown_mention", f"{value!r} ({label}) is mentioned, which the row does not hold"
                )


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _spans(text: str, mentions: Sequence[tuple[Place, str]]) -> list[Span]:
    return [
        Span(start=place.start, end=place.end, label=label, text=text[place.start : place.end])
        for place, label in mentions
    ]
