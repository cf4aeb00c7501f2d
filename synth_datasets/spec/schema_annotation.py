"""What may stand in a spec file about annotated texts: spans, extractive answers, and texts that must differ."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, Tag

from synth_datasets.spec.schema_parts import (
    ExamplesFile,
    ModelOverride,
    Strict,
    TextFile,
    Value,
    anything,
    either,
    is_a,
)

__all__ = ["AnswerFile", "AnswerSettings", "DiffersFrom", "SpansFile", "SpansSettings"]

Labels = Annotated[list[Value], Field(min_length=1, max_length=1_000)]


class SpansSettings(Strict):
    """Where the mentions are, and how it is known: one of `find`, `mark` and `quote`."""

    model_config = ConfigDict(
        extra="forbid", strict=True, use_attribute_docstrings=True, populate_by_name=False
    )
    within: Annotated[str | None, Field(alias="in")] = None
    """The column whose text is annotated, with `find` and `quote`."""
    find: (
        Annotated[
            dict[
                str,
                Annotated[
                    Annotated[str, Tag("<one>")] | Annotated[list[str], Tag("<many>"), Field(min_length=1)],
                    either("expected a column, or a list of columns", one=is_a(str), many=is_a(list)),
                ],
            ],
            Field(min_length=1, max_length=1_000),
        ]
        | None
    ) = None
    """By label the column, or columns, whose values the text must mention."""
    mark: Labels | None = None
    """The labels with which the model marks mentions as it writes: `[Berlin](place)`."""
    quote: Labels | None = None
    """The labels of what the model quotes from the text, when it is asked afterwards."""
    text: str | None = None
    """What the column is called that gets the text without marks, with `mark`."""
    tags: bool = False
    """Whether columns `tokens` and `ner_tags` (IOB2) are stored as well."""


class SpansFile(Strict):
    """Mentions in a text, with verified places."""

    spans: SpansSettings
    prompt: TextFile | None = None
    """What the model is told, with `mark` and `quote`."""
    system: TextFile | None = None
    """The system message."""
    examples: ExamplesFile | None = None
    """Solved examples, shown before the prompt."""
    model: ModelOverride | None = None
    """Settings for this column only."""
    hidden: bool = False
    """Whether the spans are left out of the dataset."""


class AnswerSettings(Strict):
    """Which text holds the answer, and where the answer comes from: `from` or `pick`."""

    within: Annotated[str, Field(alias="in")]
    """The column whose text holds the answer."""
    given: Annotated[str | None, Field(alias="from")] = None
    """The column that quotes the answer."""
    sentence: str | None = None
    """The column that quotes what is around the answer; tells which one is meant when there are several."""
    pick: Literal["number", "name", "sentence"] | None = None
    """What is picked from the text as an answer, before anything is asked about it."""
    text: str | None = None
    """What a prompt calls the answer that was picked; the column is not stored."""
    answerable: str | None = None
    """A column that is true or false: where it is false there is no answer."""


class AnswerFile(Strict):
    """An answer that is a part of a text, in the format of SQuAD."""

    answer: AnswerSettings
    hidden: bool = False
    """Whether the answer is left out of the dataset."""


DiffersFrom = Annotated[
    Annotated[str, Tag("<column>")]
    | Annotated[
        dict[str, Annotated[float, Field(gt=0, le=1)]], Tag("<limit>"), Field(min_length=1, max_length=1)
    ],
    either("expected a column, or {COLUMN: 0.8}", column=is_a(str), limit=anything),
]
