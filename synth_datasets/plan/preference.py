"""Preference pairs: two answers shown to a judge in one order or both, and which of them is chosen."""

from collections.abc import Mapping

from synth_datasets.plan.dialogue import Message, repeats
from synth_datasets.plan.unfit import Unfit
from synth_datasets.spec.rules_dialogue import ChoiceRule, QuestionRule, Verdicts

__all__ = ["chosen_or_rejected", "question", "second_first"]

NEITHER = "neither"


def second_first(number: int) -> bool:
    """Tell, for 64 random bits, whether the judge sees the second answer first."""
    return number >> 63 == 1


def question(rule: QuestionRule, values: Mapping[str, object]) -> str:
    """Return what the judge is asked; raises `Unfit` for answers that are the same, or found equal before."""
    first, second = (str(values[name]).strip() for name in (rule.verdicts.first, rule.verdicts.second))
    if repeats(second, [first]) is not None:
        raise Unfit("same_answers", "both answers say the same", rule.verdicts.second)
    _winner(rule.verdicts, values)
    swapped = rule.swapped != bool(rule.verdicts.place and values[rule.verdicts.place])
    shown = (second, first) if swapped else (first, second)
    parts = [str(values[rule.rubric]).strip()]
    if rule.system and (system := str(values[rule.system]).strip()):
        parts.append(f"What the assistant was told beforehand:\n{system}")
    parts.append(f"The request:\n{str(values[rule.prompt]).strip()}")
    parts += [f"Answer {name}:\n{text}" for name, text in zip("AB", shown, strict=True)]
    parts.append(
        "Compare the answers, whatever their order and length. Say in `reason` what tells them apart, then in "
        f"`better` which one is better: A, B, or {NEITHER}."
    )
    return "\n\n".join(parts)


def chosen_or_rejected(rule: ChoiceRule, values: Mapping[str, object]) -> str | list[Message]:
    """Return what is stored of the pair; raises `Unfit` when the verdicts do not decide."""
    if rule.part == "prompt":
        text = str(values[rule.prompt]).strip()
        if rule.plain:
            return text
        system = str(values[rule.system]).strip() if rule.system else ""
        first = [{"role": "system", "content": system}] if system else []
        return [*first, {"role": "user", "content": text}]
    winner = _winner(rule.verdicts, values)
    name = winner if rule.part == "chosen" else _other(rule.verdicts, winner)
    text = str(values[name]).strip()
    return text if rule.plain else [{"role": "assistant", "content": text}]


def _winner(verdicts: Verdicts, values: Mapping[str, object]) -> str:
    """Return the column of the better answer, "" without a verdict; raises `Unfit` where they differ."""
    turned = bool(verdicts.place and values[verdicts.place])
    found = ""
    for name, swapped in verdicts.better:
        better = str(values[name])
        if better == NEITHER:
            raise Unfit("undecided", "the judge finds neither answer better", verdicts.second)
        winner = verdicts.first if (better == "A") != (swapped != turned) else verdicts.second
        if found and winner != found:
            raise Unfit("undecided", f"the judge prefers answer {better} in either order", verdicts.second)
        found = winner
    return found


def _other(verdicts: Verdicts, winner: str) -> str:
    return verdicts.second if winner == verdicts.first else verdicts.first
