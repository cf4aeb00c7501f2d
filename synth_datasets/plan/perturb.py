"""A text made harder for a model and not for a person, by one of several perturbations, from a cell's own bits.

Own code, as of 2026: nlpaug, TextFlint and AugLy had their last releases in 2022, TextAttack needs torch, `typo` makes
typing errors only; and here every draw must follow from the row.
"""

from collections.abc import Mapping

from synth_datasets.plan import perturb_letters as letters
from synth_datasets.plan import perturb_words as words
from synth_datasets.plan.dice import Dice
from synth_datasets.plan.unfit import Unfit
from synth_datasets.spec.perturbations import UNCHANGED
from synth_datasets.spec.rules_challenge import PartRule, PerturbRule

__all__ = ["derive_perturbed", "perturb"]


def derive_perturbed(rule: PartRule | PerturbRule, values: Mapping[str, object], number: int) -> object:
    """Return what became of a text as `text` and `slice`, or one of these two.

    Raises `Unfit` when nothing changes the text and a model can be asked for another.
    """
    if isinstance(rule, PartRule):
        made = values[rule.column]
        assert isinstance(made, dict)  # noqa: S101 - what the other rule gave
        return made[rule.part]
    made = perturb(rule, values, number)
    if made is None:
        raise Unfit("unperturbed", f"none of {', '.join(rule.names)} changes it", rule.asked)
    return made


def perturb(rule: PerturbRule, values: Mapping[str, object], number: int) -> dict[str, str] | None:
    """Return the perturbed `text` and its `slice`; None when nothing changes it and a model can be asked for another.

    The wanted one comes first, the others follow in an order of the row's own. What one makes of a text follows from
    `number` and its name alone.
    """
    text = str(values[rule.column])
    dice = Dice(number)
    wanted = str(values[rule.wanted])
    for name in [wanted, *(name for name in dice.order(rule.names) if name != wanted)]:
        changed = _apply(name, text, dice.of(name), rule)
        if changed != text:
            return {"text": changed, "slice": name}
    return None if rule.asked else {"text": text, "slice": UNCHANGED}


def _apply(name: str, text: str, dice: Dice, rule: PerturbRule) -> str:  # noqa: C901, PLR0911, PLR0912 - one line each
    match name:
        case "typos":
            return letters.typos(text, dice, rule.strength)
        case "case":
            return letters.case(text, dice)
        case "punctuation":
            return letters.punctuation(text, dice)
        case "whitespace":
            return letters.whitespace(text, dice, rule.strength)
        case "emoji":
            return letters.emoji(text, dice)
        case "diacritics":
            return letters.diacritics(text)
        case "homoglyphs":
            return letters.homoglyphs(text, dice, rule.strength)
        case "repeated_letters":
            return letters.repeated_letters(text, dice, rule.strength)
        case "slang":
            return words.slang(text)
        case "contractions":
            return words.contractions(text, dice)
        case "number_words":
            return words.number_words(text, dice)
        case "units":
            return words.units(text)
        case "distractor":
            return words.distractor(text, dice, rule.distractors)
        case _:
            raise AssertionError(f"unreachable: {name} is no perturbation")
