"""Checks of one answer by a figure of its own: what it gives away, how it reads, what it is like."""

from synth_datasets.plan.request import Request
from synth_datasets.spec.model import Checks
from synth_datasets.validation.contamination import find_test_copy
from synth_datasets.validation.grammar import ungrammatical
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.personal import find_personal
from synth_datasets.validation.readability import reading_ease
from synth_datasets.validation.reasons import Reason
from synth_datasets.validation.relevance import prompt_similarity
from synth_datasets.validation.toxicity import too_toxic

__all__ = ["out_of_bounds"]


def out_of_bounds(text: str, checks: Checks, request: Request) -> Verdict | None:
    """Find personal data, and figures outside their bounds; a text that has no reading ease is let through."""
    if checks.personal and (found := find_personal(text)):
        first = found[0]
        return Verdict(Reason.PERSONAL_DATA, f"{first.kind} at characters {first.start} to {first.end}")
    if checks.readability is not None and (ease := reading_ease(text)) is not None:
        least, most = checks.readability
        if not least <= ease <= most:
            said = f"reading ease {ease:.0f}, {least:g} to {most:g} is asked for"
            return Verdict(Reason.READABILITY, said)
    if checks.similarity is not None:
        least, most = checks.similarity
        asked = [message.content for message in request.messages if message.role == "user"]
        alike = prompt_similarity(text, asked[-1] if asked else "")
        if not least <= alike <= most:
            said = f"similarity {alike:.2f} to the prompt, {least:g} to {most:g} is asked for"
            return Verdict(Reason.OFF_PROMPT, said)
    if checks.held_out is not None and (copy := find_test_copy(text, checks.held_out)) is not None:
        return copy
    if checks.toxicity is not None and (toxic := too_toxic(text, checks.toxicity)) is not None:
        return toxic
    return None if checks.grammar is None else ungrammatical(text, checks.grammar)
