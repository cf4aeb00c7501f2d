"""What a spec file may say about real rows that its splits hold beside the generated ones: `mix:`."""

from typing import Annotated, Literal

from pydantic import Field, Tag

from synth_datasets.spec.schema_parts import either, is_a, is_number
from synth_datasets.spec.schema_seeds import Name, Rows, SourceFile

__all__ = ["MixFile"]

Amount = Annotated[
    Annotated[Rows, Tag("<rows>")] | Annotated[Literal["all"], Tag("<word>")],
    either("expected a number of rows, or `all`", rows=is_number, word=is_a(str)),
]
Ratio = Annotated[float, Field(gt=0, le=1e6, strict=False, allow_inf_nan=False)]


class MixFile(SourceFile):
    """Real rows that splits hold beside the generated ones, as they are."""

    columns: Annotated[dict[str, Name], Field(min_length=1, max_length=1_000)]
    """Column: column of the real data. Stored columns that are not named are empty in real rows."""
    labels: dict[str, str] = Field(default_factory=dict[str, str], max_length=10_000)
    """Label in the real data: class of the spec, where the two differ."""
    rows: Annotated[dict[str, Amount], Field(min_length=1)] | None = None
    """Real rows by split, or `all` that belong to it."""
    ratio: Annotated[dict[str, Ratio], Field(min_length=1)] | None = None
    """Real rows for each generated row, by split; in place of `rows`."""
    per_class: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """At most so many real rows of each class in a split."""
    order: Literal["interleave", "concatenate"] = "interleave"
    """Spread among the generated rows, or all of them before these."""
    source: Name = "source"
    """The stored column that says `real` or `synthetic`."""
    near: Annotated[float, Field(gt=0, le=1, strict=False)] = 0.7
    """Likeness to any real row from which a generated text is refused."""
    split: Name | None = None
    """The column of the real data that says which split a row belongs to; without it rows are dealt."""
    shares: Annotated[dict[str, Annotated[float, Field(ge=0, le=1e9)]], Field(min_length=1)] | None = None
    """How real rows are dealt to splits; as `rows` says, or as many as the splits have, unless given."""
    group: Name | None = None
    """The column of the real data whose equal values stay in one split."""
    id: Name | None = None
    """The column of the real data that names each row; without it a name follows from its values."""
