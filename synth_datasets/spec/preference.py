"""From the `preference` of a file to the columns that a pair is made of."""

from synth_datasets.spec.dialogue import NOTHING, heard
from synth_datasets.spec.model import (
    Column,
    DerivedColumn,
    Field,
    FieldsColumn,
    ModelSpec,
    Prompt,
    PromptColumn,
    TextColumn,
)
from synth_datasets.spec.model_settings import override
from synth_datasets.spec.parts import Parts
from synth_datasets.spec.rules_dialogue import ChoiceRule, PlaceRule, QuestionRule, Verdicts
from synth_datasets.spec.schema_dialogue import JudgeSettings, PreferenceFile

__all__ = ["PAIR", "build_preference"]

PAIR = ("prompt", "chosen", "rejected")
"""The columns that a pair is stored in."""

_MOST_REASON = 600
_BETTER = ("A", "B", "neither")


def build_preference(
    name: str, file: PreferenceFile, parts: Parts, model: ModelSpec
) -> tuple[Column, ...] | None:
    """Return the three stored columns, last, after the hidden ones that they are made of."""
    given, path = file.preference, ("columns", name, "preference")
    prompt = parts.texts((*path, "prompt"), given.prompt)
    system = parts.texts((*path, "system"), given.system)
    personas = (("first", given.first), ("second", given.second))
    systems = [heard(path, key, persona, parts, system) for key, persona in personas]
    judge = _judge(name, given.judge, parts, model)
    if not given.keep_system and given.system is None:
        parts.problem((*path, "keep_system"), "there is no `system` to keep or to leave out", "remove it")
    if prompt is None or judge is None or not all(good for good, _ in systems):
        return None
    if given.system is not None and system is None:
        return None
    columns: list[Column] = [TextColumn(name=f"{name}.prompt", template=prompt, hidden=True)]
    if system is not None:
        columns.append(TextColumn(name=f"{name}.system", template=system, hidden=True))
    for (key, persona), (_, told) in zip(personas, systems, strict=True):
        own = override(model, None if persona is None else persona.model, parts, (*path, key))
        asked = Prompt(prompt, own, told)
        columns.append(PromptColumn(name=f"{name}.{key}", prompt=asked, hidden=True, turn=True))
    shown = f"{name}.system" if system is not None else ""
    kept = shown if given.keep_system else ""
    verdicts = _verdicts(name, given.judge)
    plain = given.format == "text"
    stored = [
        DerivedColumn(
            name=part, rule=ChoiceRule(part, f"{name}.prompt", kept, verdicts, plain), hidden=file.hidden
        )
        for part in PAIR
    ]
    return (*columns, *judge, *_questions(name, given.judge, shown, judge), *stored)


def _judge(name: str, given: JudgeSettings, parts: Parts, model: ModelSpec) -> tuple[Column, ...] | None:
    """Return the columns of the verdicts, and what they are told that is not about the answers."""
    path = ("columns", name, "preference", "judge")
    rubric = parts.texts((*path, "rubric"), given.rubric)
    system = parts.texts((*path, "system"), given.system)
    if rubric is None or (given.system is not None and system is None):
        return None
    own = override(model, given.model, parts, path)
    columns: list[Column] = [TextColumn(name=f"{name}.rubric", template=rubric, hidden=True)]
    if given.order == "once":
        columns.append(DerivedColumn(name=f"{name}.place", rule=PlaceRule(), hidden=True))
    for number in range(1, 3 if given.order == "both" else 2):
        fields = (
            Field(f"{name}.reason_{number}", "string", maximum=_MOST_REASON, hidden=True, key="reason"),
            # The label of the first answer stands first, wherever it is shown.
            Field(f"{name}.better_{number}", "classes", _labels(number), hidden=True, key="better"),
        )
        told = Prompt(NOTHING, own, system, turns=(("user", f"{name}.question_{number}"),))
        columns.append(
            FieldsColumn(
                name=f"{name}.verdict_{number}",
                prompt=told,
                fields=fields,
                hidden=True,
                judges=f"{name}.second",
            )
        )
    return tuple(columns)


def _labels(number: int) -> tuple[str, ...]:
    first, second, neither = _BETTER
    return (first, second, neither) if number == 1 else (second, first, neither)


def _verdicts(name: str, given: JudgeSettings, upto: int = 2) -> Verdicts:
    count = min(upto, 2 if given.order == "both" else 1)
    better = tuple((f"{name}.better_{number}", number == 2) for number in range(1, count + 1))  # noqa: PLR2004
    return Verdicts(
        f"{name}.first", f"{name}.second", better, f"{name}.place" if given.order == "once" else ""
    )


def _questions(
    name: str, given: JudgeSettings, system: str, judge: tuple[Column, ...]
) -> list[DerivedColumn]:
    count = sum(isinstance(column, FieldsColumn) for column in judge)
    return [
        DerivedColumn(
            name=f"{name}.question_{number}",
            rule=QuestionRule(
                f"{name}.rubric",
                f"{name}.prompt",
                system,
                _verdicts(name, given, number - 1),
                swapped=number == 2,  # noqa: PLR2004 - the second one asks the other way round
            ),
            hidden=True,
        )
        for number in range(1, count + 1)
    ]
