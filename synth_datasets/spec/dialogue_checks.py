"""Which checks hold for the texts that dialogues and preference pairs are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from synth_datasets.spec.model import Checks, Column, DerivedColumn, FieldsColumn, PromptColumn
from synth_datasets.spec.rules_dialogue import DialogueRule, MessagesRule

__all__ = ["dialogue_defaults", "spoken", "with_spoken"]

_TURN = Checks()
_WHOLE = Checks(unique="near")


def dialogue_defaults(columns: Sequence[Column]) -> dict[str, Checks]:
    """Return the checks of dialogues, which must differ as wholes, and of their turns, which need not."""
    checks: dict[str, Checks] = {}
    for name in _dialogues(columns):
        checks |= dict.fromkeys(spoken(name, columns), _TURN)
        checks |= {
            column.name: _TURN
            for column in columns
            if isinstance(column, FieldsColumn) and _owner(column.name) == name
        }
        checks[name] = _WHOLE
    return checks


def spoken(name: str, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the texts that the checks of a dialogue or a pair are about: its turns, or its answers."""
    texts: list[str] = []
    for column in columns:
        if _owner(column.name) != name or column.name == name:
            continue
        if isinstance(column, PromptColumn) and column.turn:
            texts.append(column.name)
        elif isinstance(column, FieldsColumn):
            texts += [field.name for field in column.fields if field.type == "objects"]
    return tuple(texts)


def with_spoken(
    name: str, given: Mapping[str, Checks], base: Mapping[str, Checks], *, unique: bool
) -> dict[str, Checks]:
    """Return the checks of a column's texts; of a dialogue, `unique` is about all of it and not about a turn.

    `unique` says whether the file sets it.
    """
    if name not in base:
        return dict(given)
    first = next(iter(given.values()))
    whole = base[name]
    if unique:
        whole = replace(
            whole,
            unique=first.unique,
            near_threshold=first.near_threshold,
            semantic_threshold=first.semantic_threshold,
            semantic_model=first.semantic_model,
        )
    return {name: whole, **{text: replace(checks, unique=None) for text, checks in given.items()}}


def _dialogues(columns: Sequence[Column]) -> list[str]:
    return [
        column.name
        for column in columns
        if isinstance(column, DerivedColumn) and isinstance(column.rule, DialogueRule | MessagesRule)
    ]


def _owner(name: str) -> str:
    return name.partition(".")[0]
