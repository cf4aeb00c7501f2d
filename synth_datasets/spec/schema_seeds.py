"""What a spec file may say about real data: `seeds:`, columns of kind `seed`, `balance:`, and counts in a split."""

from typing import Annotated, Literal

from pydantic import Field, Tag

from synth_datasets.spec.schema_parts import Strict, Value, either, is_a, is_number, is_word

__all__ = ["COMMIT", "HUB_ID", "BalanceFile", "SeedColumnFile", "SeedsFile", "SourceFile", "SplitFile"]

COMMIT = r"^[0-9a-f]{40}$"
HUB_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?$"

Name = Annotated[str, Field(min_length=1, max_length=200)]
Rows = Annotated[int, Field(ge=0, le=10**9)]
FileNames = Annotated[
    Annotated[Name, Tag("<name>")]
    | Annotated[list[Name], Tag("<list>"), Field(min_length=1, max_length=1_000)],
    either("expected a file, or a list of files", name=is_a(str), list=is_a(list)),
]


class SourceFile(Strict):
    """Files of real rows."""

    file: FileNames
    """CSV, TSV, JSON lines or Parquet: inside the spec's folder, or inside the dataset on the Hub."""
    hub: Annotated[str, Field(pattern=HUB_ID)] | None = None
    """The id of a dataset on the Hub."""
    revision: Annotated[str, Field(pattern=COMMIT)] | None = None
    """The commit on the Hub, 40 hex digits."""
    release: bool = False
    """Whether releases hold the files, so that anybody can build them again; texts only."""


class SeedsFile(SourceFile):
    """Real rows for columns of kind `seed`."""

    text: Name = "text"
    """The column that holds the text."""
    label: Name | None = None
    """The column that holds the label, for `same`."""
    split: Name | None = None
    """The column that says which split a seed belongs to; without it seeds are dealt."""
    group: Name | None = None
    """The column whose equal values stay in one split, such as a document's id."""
    id: Name | None = None
    """The column that names each row; without it a row's name follows from its values."""
    shares: Annotated[dict[str, Annotated[float, Field(ge=0, le=1e9)]], Field(min_length=1)] | None = None
    """How seeds are dealt to splits; in proportion to the rows of the splits unless given."""
    ids: bool = True
    """Whether a column `seed_ids` is stored."""


class SeedColumnFile(Strict):
    """A value of a real row, or of several."""

    seed: Name
    """The column of the seeds."""
    count: Annotated[int, Field(ge=1, le=100)] | None = None
    """So many seeds, as a list; one, as a text, unless given."""
    same: Name | None = None
    """Only seeds whose label is this column's value."""
    near: Name | None = None
    """The seeds whose texts are nearest to this column's."""
    vary: bool = False
    """Each seed is used before one is used twice."""
    of: Name | None = None
    """Another `seed` column: a further value of the seeds that it has chosen."""
    classes: Annotated[list[Value], Field(min_length=1, max_length=10_000)] | None = None
    """The labels that the values are; stored as classes."""
    hidden: bool = False
    """Whether the column is used in templates but not stored."""


class BalanceFile(SourceFile):
    """Real rows that a split brings to a balance."""

    column: Annotated[
        Annotated[Name, Tag("<name>")]
        | Annotated[dict[str, Name], Tag("<names>"), Field(min_length=1, max_length=2)]
        | Annotated[list[Name], Tag("<list>"), Field(min_length=1, max_length=2)],
        either(
            "expected a column, a list of two, or a mapping of column: column of the data",
            name=is_a(str),
            names=is_a(dict),
            list=is_a(list),
        ),
    ]
    """The `classes` column whose classes are counted, and the column of the data if that has another name."""
    to: Annotated[
        Annotated[Literal["largest"], Tag("<word>")]
        | Annotated[Rows, Tag("<rows>")]
        | Annotated[dict[str, Rows], Tag("<classes>"), Field(min_length=1)],
        either(
            "expected `largest`, a whole number, or a mapping of class: number",
            word=is_word("largest"),
            rows=is_number,
            classes=is_a(dict),
        ),
    ] = "largest"
    """How many rows each class shall have, the real ones included."""


Cell = Annotated[
    Annotated[Rows, Tag("<rows>")] | Annotated[dict[str, Rows], Tag("<cells>"), Field(min_length=1)],
    either("expected a number, or a mapping of value: number", rows=is_number, cells=is_a(dict)),
]
SplitFile = Annotated[
    Annotated[Rows, Tag("<rows>")]
    | Annotated[Literal["balance"], Tag("<balance>")]
    | Annotated[dict[str, Cell], Tag("<classes>"), Field(min_length=1, max_length=10_000)],
    either(
        "expected a whole number of rows, a mapping of class: number, or `balance`",
        rows=is_number,
        balance=is_word("balance"),
        classes=is_a(dict),
    ),
]
