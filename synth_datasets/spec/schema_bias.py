"""What may stand under `bias:` of a spec."""

from typing import Annotated

from pydantic import Field

from synth_datasets.spec.schema_parts import Strict

__all__ = ["BiasFile"]

Term = Annotated[str, Field(min_length=1, max_length=100)]
Name = Annotated[str, Field(min_length=1, max_length=64)]
Words = Annotated[
    dict[str, Annotated[list[Term], Field(min_length=1, max_length=1_000)]], Field(min_length=2)
]


class BiasFile(Strict):
    """What the report measures of attributes such as gender or origin; changes no row."""

    attributes: Annotated[list[Name], Field(min_length=1, max_length=20)]
    """Stored columns, or names of `terms`."""
    terms: dict[str, Words] = Field(default_factory=dict)
    """Words by attribute and value; those at one place of their lists are swapped with each other."""
    label: str | None = None
    """The column of classes that attributes may go along with; the first unless given."""
    text: str | None = None
    """The text that words are looked for in; the only one that the model writes unless given."""
