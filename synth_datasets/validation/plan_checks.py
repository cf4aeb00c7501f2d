"""Checks of one answer against what its row planned, or of another one by what a judge or a reader made of it."""

import math
import sys
from collections.abc import Mapping, Sequence

from synth_datasets.spec.model import Checks, FieldsColumn, Spoken
from synth_datasets.validation.language import wrong_language
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.parse import parse_object
from synth_datasets.validation.reasons import Reason

__all__ = ["low_score", "out_of_plan", "read_perplexity"]

_LARGEST = sys.float_info.max


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


def read_perplexity(column: FieldsColumn, answer: str, checks: Checks) -> dict[str, object] | Verdict:
    """Return the perplexity of another column's text; the verdict on one out of bounds is on that column."""
    [field] = column.fields
    found = parse_object(answer)
    if isinstance(found, Verdict):
        return found
    value, tokens = found.get(field.key), found.get("tokens")
    if value is None and tokens == 0:
        return Verdict(Reason.PERPLEXITY, "a single token has no perplexity", checks.blames)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= _LARGEST:
        return Verdict(Reason.WRONG_SHAPE, f"{field.key} is no number from 1 upwards")
    if isinstance(tokens, bool) or not isinstance(tokens, int):
        return Verdict(Reason.WRONG_SHAPE, "tokens is no whole number")
    if checks.perplexity is not None and not checks.perplexity[0] <= value <= checks.perplexity[1]:
        least, most = checks.perplexity
        read = f"{tokens} token{'' if tokens == 1 else 's'}"
        detail = f"perplexity {value:.6g} of {read}, {least:g} to {most:g} is asked for"
        return Verdict(Reason.PERPLEXITY, detail, checks.blames)
    return {field.name: float(value)}
