"""What may stand in a spec file about judges: scores, votes on labels, planned sizes and languages."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, Tag

from synth_datasets.spec.schema_lists import ListFile
from synth_datasets.spec.schema_parts import (
    ListReference,
    ModelOverride,
    ModelOverrideFile,
    Plain,
    Strict,
    TextFile,
    either,
    has,
    is_a,
)

__all__ = ["LanguageCheck", "PlannedFile", "ScoreFile", "ScoreSettings", "VerifyFile", "judging_at"]

Score = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class ScoreSettings(Strict):
    """A judge's question about another column."""

    of: str
    """The column that is judged."""
    rubric: TextFile
    """What the numbers stand for; where it does not read the judged column itself, that is put below it."""
    min: Score = 1
    max: Score = 5
    rationale: bool = True
    """Whether the judge says why, before the number; the words stay in the trace."""
    system: TextFile | None = None
    """The system message."""
    model: ModelOverride | None = None
    """The judge, or settings for it."""


class ScoreFile(Strict):
    """A number that a judge gives another column."""

    score: ScoreSettings
    hidden: bool = False
    """Whether the column is used in templates and checks but not stored."""


class VerifyFile(Strict):
    """A label that is asked again, by votes that see the text alone."""

    votes: Annotated[int, Field(ge=1, le=25)] = 3
    """How often it is asked."""
    agree: Annotated[int, Field(ge=1, le=25)] | None = None
    """Votes that must name one label; more than half of them by default."""
    on_disagreement: Literal["reject", "relabel", "keep"] = "reject"
    """`reject` asks for another text, `relabel` stores what the votes say, `keep` only records them."""
    of: str | None = None
    """The text that the votes see; may be left out where the model writes one column."""
    prompt: Plain | None = None
    """What the votes are asked; reads columns as every prompt, but neither the label nor what tells it."""
    model: ModelOverride | None = None
    """Who votes, or settings for it."""
    agreement: str | None = None
    """Name of a column to store how many votes named the label that the row was made for."""
    ballots: str | None = None
    """Name of a column to store every vote."""


class PlannedFile(Strict):
    """A size that each row plans for itself."""

    from_: Annotated[str, Field(alias="from")]
    """The column that holds it: a whole number."""
    within: Annotated[float, Field(ge=0, le=10)] = 0.2
    """How far the size may be off, as a share of what is planned."""


class LanguageColumn(Strict):
    """A language that each row plans for itself."""

    from_: Annotated[str, Field(alias="from")]
    """The column that names it: by code, such as `de`, or in English, such as `German`."""


LanguageCheck = Annotated[
    Annotated[str, Tag("<code>")] | Annotated[LanguageColumn, Tag("<column>")],
    either("expected a language code such as `en`, or {from: COLUMN}", code=is_a(str), column=has("from")),
]


def judging_at(path: Sequence[str | int]) -> type[BaseModel] | None:  # noqa: PLR0911 - one return a place
    """Return the model of the mapping around the key at this path, if it is one of these or of a generated list."""
    match tuple(path):
        case (
            ("columns", _, "score", "model", _)
            | ("checks", _, "verify", "model", _)
            | ("lists", _, "model", _)
        ):
            return ModelOverrideFile
        case ("columns", _, "score", _):
            return ScoreSettings
        case ("checks", _, "verify", _):
            return VerifyFile
        case ("checks", _, "words" | "length", _):
            return PlannedFile
        case ("checks", _, "language", _):
            return LanguageColumn
        case ("lists", _, _):
            return ListFile
        case ("columns", _, "sample", _):
            return ListReference
        case _:
            return None
