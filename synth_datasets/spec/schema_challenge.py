"""What a spec file may say about columns that test a model: kinds `challenge` and `perturb`."""

from typing import Annotated, Literal

from pydantic import Field, Tag

from synth_datasets.spec.schema_parts import Plain, Strict, Value, Weight, either, is_a

__all__ = ["ChallengeFile", "PerturbFile"]

Names = Annotated[
    Annotated[list[Value], Tag("<list>"), Field(min_length=1, max_length=200)]
    | Annotated[dict[str, Weight], Tag("<weights>"), Field(min_length=1, max_length=200)],
    either("expected a list of names, or a mapping of name: weight", list=is_a(list), weights=is_a(dict)),
]


class ChallengeFile(Strict):
    """A slice of hard texts for each row, balanced; `{{ NAME_instruction }}` says in a prompt what to write."""

    challenge: Annotated[
        Annotated[Literal["all"], Tag("<all>")] | Annotated[Names, Tag("<names>")],
        either(
            "expected `all`, a list of names, or a mapping of name: weight",
            all=is_a(str),
            names=lambda value: isinstance(value, list | dict),
        ),
    ]
    """The slices: `all`, their names, or a mapping of name: weight."""
    instructions: dict[str, Plain] = Field(default_factory=dict[str, Plain])
    """Instructions for slices of one's own, or other words for known ones; templates."""
    hidden: bool = False
    """Whether the column is used in templates but not stored."""


class PerturbFile(Strict):
    """A text of another column made harder for a model, without asking one; `NAME_slice` says how."""

    perturb: str
    """The column that holds the text; it is stored, too."""
    using: Names | None = None
    """The perturbations, or a mapping of name: weight; unless given, all that fit the spec's language."""
    strength: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.15
    """The share of words that a perturbation of words changes, at least one."""
    distractors: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=1_000)]], Field(max_length=1_000)
    ] = Field(default_factory=list[str])
    """Sentences for the perturbation `distractor`."""
    hidden: bool = False
    """Whether the column is used in templates but not stored."""
