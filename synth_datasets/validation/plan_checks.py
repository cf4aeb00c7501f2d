"""Checks of one answer against what its row planned, or what a judge is to find at least."""

import math
from collections.abc import Mapping, Sequence

from synth_datasets.spec.model import Checks, Spoken
from synth_datasets.validation.language import wrong_language
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason

__all__ = ["low_score", "out_of_plan"]


def out_of_plan(text: str, checks: Checks, row: Mapping[str, object]) -> Verdict | None:
    """Compare the text with the size that the row plans, and with the language that it is to be in."""
    for planned, count, unit in (
        (checks.planned_length, len, "characters"),
        (checks.planned_words, _words, "words"),
    ):
        if planned is None:
            continue
        size = count(text)
        aim = int(str(row[planned.column]))
        # Rounded outwards, so that a small plan has room, too; floats of `within` must not decide.
        least = math.floor(round(aim * (1 - planned.within), 6))
        most = math.ceil(round(aim * (1 + planned.within), 6))
        if not least <= size <= most:
            reason = Reason.TOO_SHORT if size < least else Reason.TOO_LONG
            return Verdict(reason, f"{size} {unit}, {aim} are planned ({least} to {most})")
    if checks.language is None:
        return None
    asked = row[checks.language.column] if isinstance(checks.language, Spoken) else checks.language
    return wrong_language(text, str(asked))


def low_score(score: float, why: Sequence[str], checks: Checks) -> Verdict | None:
    """Compare a judge's score with the least one; the verdict is on the column that was judged, and says why."""
    if checks.least is None or score >= checks.least:
        return None
    detail = ": ".join([f"{score:g} from the judge, at least {checks.least:g} is asked for", *why])
    return Verdict(Reason.LOW_SCORE, detail, checks.blames)


def _words(text: str) -> int:
    return len(text.split())
