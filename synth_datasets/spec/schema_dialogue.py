"""What may stand in a spec file about dialogues and preference pairs."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, Tag

from synth_datasets.spec.schema_parts import (
    FileReference,
    ModelOverride,
    ModelOverrideFile,
    Strict,
    TextFile,
    either,
    has,
    is_a,
)

__all__ = [
    "JudgeSettings",
    "MessagesFile",
    "MessagesSettings",
    "PersonaFile",
    "PreferenceFile",
    "PreferenceSettings",
    "UserFile",
    "model_at",
]

MOST_TURNS = 40

Turns = Annotated[int, Field(ge=2, le=MOST_TURNS)]
Ends = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class PersonaFile(Strict):
    """Who takes a part."""

    system: TextFile | None = None
    """The system message that the model gets for this part; never stored."""
    model: ModelOverride | None = None
    """The model for this part, or settings for it."""


class UserFile(PersonaFile):
    """Who plays the user, and hears the dialogue with the roles exchanged."""

    prompt: TextFile | None = None
    """What asks for the first message."""


class MessagesSettings(Strict):
    """A dialogue: with `prompt` written in one answer, with `user` or `opening` turn by turn."""

    prompt: TextFile | None = None
    """What the model is told that writes the whole dialogue at once."""
    writer: PersonaFile | None = None
    """Who writes the whole dialogue."""
    user: UserFile | None = None
    """Who plays the user, where the dialogue is made turn by turn."""
    assistant: PersonaFile | None = None
    """Who plays the assistant; its own `system` is heard instead of the dialogue's."""
    system: TextFile | None = None
    """The dialogue's system message, which the assistant hears."""
    keep_system: bool = True
    """Whether the system message is stored."""
    opening: TextFile | None = None
    """The user's first message, which no model is asked for."""
    turns: Annotated[
        Annotated[Turns, Tag("<count>")]
        | Annotated[list[Turns], Field(min_length=2, max_length=2), Tag("<bounds>")],
        either("expected a number of messages, or two: [fewest, most]", count=is_a(int), bounds=is_a(list)),
    ] = Field(default_factory=lambda: [2, 6])
    """How many messages, the user's and the assistant's together; drawn for each row between fewest and most."""
    ends: list[Ends] = Field(default_factory=list[str], max_length=16)
    """The user ends the dialogue by saying one of these; marks such as `[END]` are cut out of the message."""
    tools: (
        Annotated[
            Annotated[list[dict[str, object]], Field(min_length=1, max_length=128), Tag("<list>")]
            | Annotated[FileReference, Tag("<file>")],
            either("expected a list of tools, or {file: tools.json}", list=is_a(list), file=has("file")),
        ]
        | None
    ) = None
    """JSON Schemas of functions, stored in a column `tools` as trainers read it."""


class MessagesFile(Strict):
    """A dialogue in the format of chat templates: a list of roles and contents."""

    messages: MessagesSettings
    hidden: bool = False
    """Whether the column is used in templates but not stored."""


class JudgeSettings(Strict):
    """Who prefers one of two answers."""

    rubric: TextFile
    """What makes an answer the better one; the request and both answers are put below it."""
    order: Literal["both", "once"] = "both"
    """`both` asks twice, with the answers exchanged, and both verdicts must agree; `once` draws the order."""
    system: TextFile | None = None
    """The system message."""
    model: ModelOverride | None = None
    """The judge, or settings for it."""


class PreferenceSettings(Strict):
    """Two answers to one prompt, and a judge."""

    prompt: TextFile
    """The request, which is stored."""
    system: TextFile | None = None
    """The system message, for both answers."""
    keep_system: bool = True
    """Whether the system message is stored, as the first message of the prompt."""
    first: PersonaFile | None = None
    """Who gives the one answer; its own `system` is heard instead."""
    second: PersonaFile | None = None
    """Who gives the other answer."""
    judge: JudgeSettings
    format: Literal["messages", "text"] = "messages"
    """Lists of roles and contents, or plain texts."""


class PreferenceFile(Strict):
    """Three columns, `prompt`, `chosen` and `rejected`, as trainers of preferences read them."""

    preference: PreferenceSettings
    hidden: bool = False
    """Whether the columns are used in templates but not stored."""


def model_at(path: Sequence[str]) -> type[BaseModel]:  # noqa: PLR0911 - a line a place
    """Return what may stand at a place such as `messages.user.system`, the last step of which is not known."""
    match path:
        case (*_, "model", _):
            return ModelOverrideFile
        case (_, "user", _):
            return UserFile
        case (_, "judge", _):
            return JudgeSettings
        case (_, "writer" | "assistant" | "first" | "second", _):
            return PersonaFile
        case ("messages", _):
            return MessagesSettings
        case ("preference", _):
            return PreferenceSettings
        case _:
            return FileReference
