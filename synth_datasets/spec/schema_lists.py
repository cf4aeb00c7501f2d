"""What may stand in a spec file about lists that the model writes once, for all rows to draw from."""

from typing import Annotated

from pydantic import Field

from synth_datasets.spec.schema_parts import ModelOverride, Plain, Strict

__all__ = ["ListFile"]

MAX_ITEMS = 100_000


class ListFile(Strict):
    """Values that the model writes once: personas, topics, and the like."""

    prompt: Plain
    """What to list; reads no column, but `{{ parent }}` where there is a list for each item of another one."""
    count: Annotated[int, Field(ge=1, le=MAX_ITEMS)]
    """How many different items, for each parent."""
    per: str | None = None
    """Another list: each of its items, as `{{ parent }}`, gets a list of its own."""
    batch: Annotated[int, Field(ge=1, le=100)] = 20
    """How many are asked for at a time; each time those that are there already are named."""
    system: Plain | None = None
    """The system message."""
    model: ModelOverride | None = None
    """Who lists, or settings for it."""
