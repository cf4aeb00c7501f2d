"""Dialogues out of their turns: how long they get, who speaks next, where the user ends them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from synth_datasets.minhash import normalised
from synth_datasets.plan.unfit import Unfit
from synth_datasets.spec.rules_dialogue import (
    AsksRule,
    DialogueRule,
    LengthRule,
    MessagesRule,
    SaidRule,
    TaskRule,
)
from synth_datasets.spec.templates import TemplateError

__all__ = ["asks", "dialogue", "length", "messages", "repeats", "said", "task"]

Message = dict[str, str]

_ROLES = ("user", "assistant")


def length(rule: LengthRule, number: int) -> int:
    """Return how many messages are planned, for 64 random bits: a user's and an assistant's each time."""
    least, most = (rule.least + 1) // 2, rule.most // 2
    return 2 * (least + (number * (most - least + 1) >> 64))


def asks(rule: AsksRule, values: Mapping[str, object]) -> bool:
    """Tell whether the turn is taken; raises `TemplateError` where an opening that is given turns out empty."""
    heard = str(values[rule.heard]).strip()
    if rule.turn == 2 and not heard and not rule.user:  # noqa: PLR2004 - the answer to the opening
        raise TemplateError("the `opening` of a dialogue is empty, so there is nothing to answer")
    if rule.turn > int(str(values[rule.length])) or not heard:
        return False
    return not rule.user or not _ended(str(values[rule.user]), rule.ends)


def said(rule: SaidRule, values: Mapping[str, object]) -> str:
    """Return the user's message; raises `Unfit` for an end before the dialogue may have one."""
    answer = str(values[rule.answer])
    if not _ended(answer, rule.ends):
        return answer
    text = answer
    for mark in rule.ends:
        if _is_mark(mark):
            text = _pattern(mark).sub(" ", text)
    text = re.sub(r"[ \t]{2,}", " ", text).strip()
    total = rule.turn + 1 if text else rule.turn - 1
    if total < rule.least:
        detail = f"the user ends it after {total} messages, at least {rule.least} are planned"
        raise Unfit("ended_early", detail, rule.answer)
    return text


def dialogue(rule: DialogueRule, values: Mapping[str, object]) -> list[Message]:
    """Return the messages: [system] and then the turns that were taken, which end with the assistant's."""
    spoken = [str(values[name]).strip() for name in rule.turns]
    turns = [
        {"role": role, "content": text}
        for role, text in zip(_roles(len(spoken)), spoken, strict=True)
        if text
    ]
    return _with_system(turns, rule.system, values)


def task(rule: TaskRule, values: Mapping[str, object]) -> str:
    """Return what the model is told that writes all of a dialogue: the spec's prompt, and how long it gets."""
    parts = [str(values[rule.prompt]).strip()]
    if rule.system:
        parts.append(f"The assistant has been told:\n{str(values[rule.system]).strip()}")
    count = values[rule.length]
    parts.append(
        f"Write {count} messages in all, by the user and the assistant in turn: the user writes the first one, the "
        "assistant the last one."
    )
    return "\n\n".join(parts)


def messages(rule: MessagesRule, values: Mapping[str, object]) -> list[Message]:
    """Return the messages of a structured answer; raises `Unfit` for one that is no dialogue as planned."""
    given = values[rule.messages]
    assert isinstance(given, Sequence)  # noqa: S101 - `validation.parse` has seen to it
    turns = [{"role": str(item["role"]), "content": str(item["content"])} for item in given]
    for number, (turn, role) in enumerate(zip(turns, _roles(len(turns)), strict=True), 1):
        if turn["role"] != role:
            found = f"message {number} is by the {turn['role']}, where it is the {role}'s turn"
            raise Unfit("wrong_turns", found, rule.asked)
        if (
            before := repeats(turn["content"], (turn["content"] for turn in turns[: number - 1]))
        ) is not None:
            raise Unfit(
                "repeated_turn", f"message {number} says again what message {before + 1} says", rule.asked
            )
    if not rule.least <= len(turns) <= rule.most:
        planned = f"{rule.least} to {rule.most} are planned"
        raise Unfit("wrong_turns", f"{len(turns)} messages, {planned}", rule.asked)
    if len(turns) % 2:
        raise Unfit("wrong_turns", "the last message is not the assistant's", rule.asked)
    return _with_system(turns, rule.system, values)


def repeats(text: str, earlier: Iterable[str]) -> int | None:
    """Return the position of the earlier text that says the same, apart from case, white space and punctuation."""
    plain = normalised(text)
    return next((at for at, other in enumerate(earlier) if other and normalised(other) == plain), None)


def _roles(count: int) -> list[str]:
    return [_ROLES[at % 2] for at in range(count)]


def _with_system(turns: list[Message], system: str, values: Mapping[str, object]) -> list[Message]:
    text = str(values[system]).strip() if system else ""
    return [{"role": "system", "content": text}, *turns] if text else turns


def _ended(text: str, ends: tuple[str, ...]) -> bool:
    return any(_pattern(end).search(text) for end in ends)


def _is_mark(end: str) -> bool:
    """Whether it is no word that people say, such as `[END]`: then it is cut out of the message."""
    return not end[0].isalnum() and not end[-1].isalnum()


@lru_cache(maxsize=1024)
def _pattern(end: str) -> re.Pattern[str]:
    before = r"(?<!\w)" if end[0].isalnum() else ""
    after = r"(?!\w)" if end[-1].isalnum() else ""
    return re.compile(before + r"\s+".join(map(re.escape, end.split())) + after, re.IGNORECASE)
