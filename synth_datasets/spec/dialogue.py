"""From the `messages` of a file to the columns that a dialogue is made of."""

from dataclasses import dataclass
from typing import Literal, cast

from synth_datasets.spec.model import (
    Column,
    DerivedColumn,
    Field,
    FieldsColumn,
    ModelSpec,
    PerValue,
    Prompt,
    PromptColumn,
    TextColumn,
)
from synth_datasets.spec.model_settings import override
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.rules_dialogue import (
    AsksRule,
    ConstantRule,
    DialogueRule,
    LengthRule,
    MessagesRule,
    SaidRule,
    TaskRule,
)
from synth_datasets.spec.schema_dialogue import MessagesFile, MessagesSettings, PersonaFile
from synth_datasets.spec.schema_parts import TextFile
from synth_datasets.spec.templates import Template
from synth_datasets.spec.tool_schemas import tools_text

__all__ = ["NOTHING", "build_messages", "heard"]

NOTHING = PerValue(None, {}, Template(""))
"""The last message of a prompt whose words are columns."""

_BEGIN = "Begin the conversation: write your first message, and nothing else."
_BY_TURNS = ("user", "assistant", "opening", "ends")


def build_messages(
    name: str, file: MessagesFile, parts: Parts, model: ModelSpec
) -> tuple[Column, ...] | None:
    """Return the dialogue's column, last or before its tools, after the hidden ones that it is made of."""
    given, path = file.messages, ("columns", name, "messages")
    bounds = _bounds(path, given, parts)
    tools = tools_text((*path, "tools"), given.tools, parts)
    if not _fits(path, given, bounds, parts) or bounds is None:
        return None
    system = None if given.system is None else parts.texts((*path, "system"), given.system)
    if given.system is not None and system is None:
        return None
    base = _Dialogue(name, path, given, parts, model, bounds, system, hidden=file.hidden)
    made = base.at_once() if given.prompt is not None else base.by_turns()
    if made is None or (given.tools is not None and tools is None):
        return None
    own = (
        () if tools is None else (DerivedColumn(name="tools", rule=ConstantRule(tools), hidden=file.hidden),)
    )
    return (*made, *own)


def heard(
    path: Path, key: str, given: PersonaFile | None, parts: Parts, otherwise: PerValue[Template] | None
) -> tuple[bool, PerValue[Template] | None]:
    """Return whether all is well, and the system message of a part: its own or, without one, `otherwise`."""
    if given is None or given.system is None:
        return True, otherwise
    own = parts.texts((*path, key, "system"), given.system)
    return own is not None, own


@dataclass(frozen=True, slots=True)
class _Dialogue:
    """One column of kind `messages` and what it is made of."""

    name: str
    path: Path
    given: MessagesSettings
    parts: Parts
    model: ModelSpec
    bounds: tuple[int, int]
    system: PerValue[Template] | None
    hidden: bool

    def at_once(self) -> tuple[Column, ...] | None:
        """Return the columns of a dialogue that one structured answer holds."""
        prompt = self._texts("prompt", self.given.prompt)
        good, system = heard(self.path, "writer", self.given.writer, self.parts, None)
        if prompt is None or not good:
            return None
        answer, listed = self._at("answer"), self._at("list")
        task = TaskRule(self._at("prompt"), self._system(), self._at("length"))
        items = (
            Field("role", "classes", classes=("user", "assistant")),
            Field("content", "string", description="What is said, without the name of who says it."),
        )
        least, most = self.bounds
        field = Field(
            listed, "objects", minimum=least, maximum=most, hidden=True, key="messages", items=items
        )
        told = Prompt(
            NOTHING, self._model("writer", self.given.writer), system, turns=(("user", self._at("task")),)
        )
        kept = self._system() if self.given.keep_system else ""
        rule = MessagesRule(listed, kept, least, most, answer)
        return (
            *self._shared(),
            TextColumn(name=self._at("prompt"), template=prompt, hidden=True),
            DerivedColumn(name=self._at("task"), rule=task, hidden=True),
            FieldsColumn(name=answer, prompt=told, fields=(field,), hidden=True),
            DerivedColumn(name=self.name, rule=rule, hidden=self.hidden),
        )

    def by_turns(self) -> tuple[Column, ...] | None:
        """Return the columns of a dialogue between two models, or between a text and a model."""
        user, opening = self.given.user, self.given.opening
        good, plays_user = heard(self.path, "user", user, self.parts, None)
        fine, plays_assistant = heard(self.path, "assistant", self.given.assistant, self.parts, self.system)
        begin = PerValue(None, {}, Template(_BEGIN)) if user is None or user.prompt is None else None
        begin = begin or self._texts("user", "prompt", None if user is None else user.prompt)
        first = self._texts("opening", opening)
        if not good or not fine or begin is None or (opening is not None and first is None):
            return None
        columns: list[Column] = [*self._shared(), *self._texts_said(begin, first)]
        systems = {"user": plays_user, "assistant": plays_assistant}
        models = {
            "user": self._model("user", user),
            "assistant": self._model("assistant", self.given.assistant),
        }
        for turn in range(2 if first is not None else 1, self.bounds[1] + 1):
            speaker = _speaker(turn)
            prompt = Prompt(
                NOTHING,
                models[speaker],
                systems[speaker],
                turns=self._turns_before(turn),
                when=self._at(f"asks_{turn}") if self._is_open(turn) else None,
            )
            columns += self._turn(turn, prompt)
        kept = self._system() if self.given.keep_system else ""
        spoken = tuple(self._said(turn) for turn in range(1, self.bounds[1] + 1))
        rule = DialogueRule(spoken, kept, asked=self._at("turn_1" if first is None else "turn_2"))
        return (*columns, DerivedColumn(name=self.name, rule=rule, hidden=self.hidden))

    def _turn(self, turn: int, prompt: Prompt) -> list[Column]:
        columns: list[Column] = [
            PromptColumn(name=self._at(f"turn_{turn}"), prompt=prompt, hidden=True, turn=True)
        ]
        if prompt.when is not None:
            before = (
                self._at(f"turn_{turn - 2}") if _speaker(turn) == "user" and self._may_end(turn - 2) else ""
            )
            rule = AsksRule(turn, self._at("length"), self._said(turn - 1), before, tuple(self.given.ends))
            columns.insert(0, DerivedColumn(name=str(prompt.when), rule=rule, hidden=True))
        if self._may_end(turn):
            said = SaidRule(turn, self._at(f"turn_{turn}"), self.bounds[0], tuple(self.given.ends))
            columns.append(DerivedColumn(name=self._said(turn), rule=said, hidden=True))
        return columns

    def _is_open(self, turn: int) -> bool:
        """Whether there are rows without this turn, or what it answers may turn out empty."""
        return turn > self.bounds[0] or (turn == 2 and self.given.opening is not None)  # noqa: PLR2004

    def _may_end(self, turn: int) -> bool:
        """Whether the user may end the dialogue by what a model says in this turn."""
        asked = turn > 1 or self.given.opening is None
        return bool(self.given.ends) and _speaker(turn) == "user" and asked

    def _said(self, turn: int) -> str:
        return self._at(f"said_{turn}" if self._may_end(turn) else f"turn_{turn}")

    def _turns_before(self, turn: int) -> tuple[tuple[Literal["user", "assistant"], str], ...]:
        """Return what was said so far, as who takes the turn hears it: the others are the user."""
        own = _speaker(turn)
        turns = [("assistant" if _speaker(at) == own else "user", self._said(at)) for at in range(1, turn)]
        begin = [("user", self._at("begin"))] if own == "user" else []
        return cast('tuple[tuple[Literal["user", "assistant"], str], ...]', (*begin, *turns))

    def _shared(self) -> list[Column]:
        columns: list[Column] = [
            DerivedColumn(name=self._at("length"), rule=LengthRule(*self.bounds), hidden=True)
        ]
        if self.system is not None:
            columns.append(TextColumn(name=self._at("system"), template=self.system, hidden=True))
        return columns

    def _texts_said(self, begin: PerValue[Template], first: PerValue[Template] | None) -> list[Column]:
        columns: list[Column] = []
        if self.given.user is not None:
            columns.append(TextColumn(name=self._at("begin"), template=begin, hidden=True))
        if first is not None:
            columns.append(TextColumn(name=self._at("turn_1"), template=first, hidden=True))
        return columns

    def _system(self) -> str:
        return "" if self.system is None else self._at("system")

    def _model(self, key: str, persona: PersonaFile | None) -> ModelSpec:
        return override(self.model, None if persona is None else persona.model, self.parts, (*self.path, key))

    def _texts(self, *keys: "str | TextFile | None") -> PerValue[Template] | None:
        *path, given = keys
        return self.parts.texts((*self.path, *cast("list[str]", path)), cast("TextFile | None", given))

    def _at(self, part: str) -> str:
        return f"{self.name}.{part}"


def _speaker(turn: int) -> Literal["user", "assistant"]:
    return "user" if turn % 2 else "assistant"


def _bounds(path: Path, given: MessagesSettings, parts: Parts) -> tuple[int, int] | None:
    least, most = given.turns if isinstance(given.turns, list) else (given.turns, given.turns)
    if least > most:
        parts.problem((*path, "turns"), f"expected [fewest, most], found [{least}, {most}]")
        return None
    even = (least + least % 2, most - most % 2)
    if even[0] > even[1]:
        hint = "the user and the assistant speak in turn, and the assistant has the last word"
        parts.problem((*path, "turns"), f"a dialogue cannot have {least} messages", hint)
        return None
    return even


def _fits(path: Path, given: MessagesSettings, bounds: tuple[int, int] | None, parts: Parts) -> bool:
    """Note keys that do not go together."""
    notes: list[tuple[str, str, str]] = []
    turn_by_turn = [key for key in _BY_TURNS if key in given.model_fields_set]
    if given.prompt is not None and turn_by_turn:
        listed = " and ".join(f"`{key}`" for key in turn_by_turn)
        words = f"`prompt` asks for the whole dialogue at once, {listed} make it turn by turn"
        notes.append(("prompt", words, "keep one of them"))
    elif given.prompt is None and given.user is None and given.opening is None:
        notes.append(("", "a dialogue needs a `prompt` for all of it, or a `user` or an `opening`", ""))
    elif given.prompt is None:
        notes += _turn_notes(given, bounds)
    if not given.keep_system and given.system is None:
        notes.append(("keep_system", "there is no `system` to keep or to leave out", "remove it"))
    for key, words, hint in notes:
        parts.problem((*path, key) if key else path, words, hint)
    return not notes


def _turn_notes(given: MessagesSettings, bounds: tuple[int, int] | None) -> list[tuple[str, str, str]]:
    notes: list[tuple[str, str, str]] = []
    if given.writer is not None:
        notes.append(
            ("writer", "`writer` goes with `prompt`", "set the parts of `user` and `assistant` instead")
        )
    if given.user is not None and given.user.system is None and given.user.prompt is None:
        notes.append(("user", "nothing says who the user is or wants", "give a `system` or a `prompt`"))
    if given.user is None and bounds is not None and bounds[1] > 2:  # noqa: PLR2004 - one question, one answer
        words = f"without a `user` a dialogue ends after 2 messages, up to {bounds[1]} are planned"
        notes.append(("turns", words, "give a `user`, or set `turns: 2`"))
    if given.user is None and given.ends:
        notes.append(("ends", "it is the `user` who ends a dialogue, and there is none", "remove it"))
    return notes
