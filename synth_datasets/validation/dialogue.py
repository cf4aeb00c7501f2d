"""Checks of what is said in a conversation: names of speakers, chat markup, and turns that were taken before."""

import re
from collections.abc import Iterable, Mapping

from synth_datasets.plan.dialogue import repeats
from synth_datasets.spec.model import PromptColumn
from synth_datasets.validation.boilerplate import find_boilerplate
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason

__all__ = ["find_leak", "said_before"]

_SPEAKER = re.compile(
    r"\A[\s\"'*]*(?:user|assistant|human|system|ai|bot|customer|agent)\*{0,2}\s?:", re.IGNORECASE
)
_NO_MANNERS = frozenset(["chat markup", "a placeholder"])


def find_leak(text: str, told: Iterable[str]) -> str:
    """Return what does not belong into a turn, such as `a speaker's name: Assistant:`; else ''.

    Greetings, offers of help, headings and code fences are how assistants talk, and are let pass.
    """
    if found := _SPEAKER.match(text):
        return f"a speaker's name: {' '.join(found.group().split())}"
    return find_boilerplate(text, told, kinds=_NO_MANNERS)


def said_before(text: str, column: PromptColumn, row: Mapping[str, object]) -> Verdict | None:
    """Find an earlier turn that says the same as the answer for a column."""
    earlier = [str(row[name]) for _, name in column.prompt.turns]
    at = repeats(text, earlier)
    if at is None:
        return None
    return Verdict(Reason.REPEATED_TURN, f"said before: {' '.join(earlier[at].split())[:60]}")
