"""Texts with places of mentions as words with tags, which is what taggers are trained on."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from synth_datasets.errors import SettingsError
from synth_datasets.plan.tokens import tags_of, tokenised

__all__ = ["are_spans", "is_list", "tagged_words"]

_KEYS = ("start", "end", "label")


def are_spans(inputs: Sequence[Any], labels: Sequence[Any]) -> bool:
    """Whether the inputs are texts and the labels lists of mentions, of which there is at least one."""
    return any(isinstance(item, Mapping) for label in labels if is_list(label) for item in label) and all(
        given is None or isinstance(given, str) for given in inputs
    )


def is_list(value: object) -> bool:
    """Whether it is a list or a tuple, of words, tags or mentions."""
    return isinstance(value, (list, tuple))


def tagged_words(name: str, text: str, spans: Sequence[Any], row: int) -> tuple[list[str], list[str]]:
    """Return the words of a text and their IOB2 tags, as `tags: true` stores them; a word ends where a mention does.

    Raises `SettingsError` for mentions that are none of this text, and for those that overlap, which IOB2 cannot hold.
    """
    where = f"{name}: row {row}"
    for span in spans:
        if not isinstance(span, Mapping) or any(span.get(key) is None for key in _KEYS):
            raise SettingsError(f"{where}: a mention needs `start`, `end` and `label`, found {span!r:.80}")
        start, end = span["start"], span["end"]
        whole = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)
        if not whole or span.get("text", text[start:end]) != text[start:end]:
            raise SettingsError(
                f"{where}: no mention stands from {start!r} to {end!r} as said: places count characters (Unicode code "
                f"points) of {text!r:.80} from 0, and the end is the first one behind it"
            )
    ordered = sorted(spans, key=lambda span: cast("int", span["start"]))
    if any(one["end"] > other["start"] for one, other in pairwise(ordered)):
        raise SettingsError(
            f"{where}: mentions overlap, which tags of words cannot say: keep one of each such pair"
        )
    words = tokenised(text, (edge for span in ordered for edge in (span["start"], span["end"])))
    return [text[word.start : word.end] for word in words], tags_of(words, ordered)
