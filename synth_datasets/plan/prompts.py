"""What the model is told: a column's prompt as the messages of one row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from synth_datasets.plan.request import Message
from synth_datasets.spec.model import ModelSpec, PerValue, Prompt, Scalar, Shot
from synth_datasets.spec.templates import Template

__all__ = ["Conversation", "Wording", "each", "sampling_of"]

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Wording:
    """A template whose text differs from row to row, or the text of one that reads nothing, rendered once."""

    template: Template | None
    text: str = ""

    @classmethod
    def of(cls, template: Template) -> "Wording":
        """Render what can be rendered without a row."""
        return cls(template) if template.names else cls(None, template.render({}))

    def render(self, values: Mapping[str, object]) -> str:
        """Return the text for one row."""
        return self.text if self.template is None else self.template.render(values)


@dataclass(frozen=True, slots=True)
class _Said:
    """An earlier turn, which is another column's text."""

    role: Literal["user", "assistant"]
    column: str


@dataclass(frozen=True, slots=True)
class _Turn:
    role: Literal["system", "user", "assistant"]
    wording: Wording
    optional: bool = False
    """Left out when its text turns out empty."""


_Turns = tuple[Message | _Turn | _Said, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A prompt made ready: [system] [example prompt, example answer]* [earlier turns] [prompt] [opening].

    What is the same for all rows comes first, so that endpoints can reuse what they computed for it.
    """

    parts: tuple[PerValue[_Turns], ...]

    @classmethod
    def of(cls, prompt: Prompt) -> "Conversation":
        """Render what can be rendered without a row."""
        parts: list[PerValue[_Turns]] = []
        if prompt.system is not None:
            parts.append(each(prompt.system, lambda template: _turn("system", template, optional=True)))
        if prompt.shots is not None:
            parts.append(each(prompt.shots, _shots))
        if prompt.turns:
            parts.append(PerValue(None, {}, tuple(_Said(role, name) for role, name in prompt.turns)))
        optional = bool(prompt.turns)
        parts.append(each(prompt.user, lambda template: _turn("user", template, optional=optional)))
        if prompt.opening is not None:
            parts.append(each(prompt.opening, lambda template: _turn("assistant", template, optional=True)))
        return cls(tuple(parts))

    def messages(self, values: Mapping[str, object]) -> tuple[Message, ...]:
        """Return the messages of one row, each without space at its ends; raises `TemplateError`."""
        messages: list[Message] = []
        for part in self.parts:
            for turn in part.pick(values):
                if isinstance(turn, Message):
                    messages.append(turn)
                elif isinstance(turn, _Said):
                    if text := str(values[turn.column]).strip():
                        messages.append(Message(turn.role, text))
                elif (text := turn.wording.render(values).strip()) or not turn.optional:
                    messages.append(Message(turn.role, text))
        return tuple(messages)


def sampling_of(model: ModelSpec, *, structured: bool = False) -> dict[str, Scalar | tuple[str, ...]]:
    """Return the sampling parameters that are set, by the names of the chat completions API.

    A `stop` of white space alone is left out of what is asked for JSON, which it would end between two tokens.
    """
    stop = tuple(text for text in model.stop if not structured or text.strip())
    named = {
        "temperature": model.temperature,
        "top_p": model.top_p,
        "max_tokens": model.max_tokens,
        "frequency_penalty": model.frequency_penalty,
        "presence_penalty": model.presence_penalty,
        "stop": stop or None,
    }
    return {name: value for name, value in named.items() if value is not None}


def each(choice: PerValue[T], make: Callable[[T], U]) -> PerValue[U]:
    """Return the same choice between what `make` makes of the values."""
    cases = {case: make(value) for case, value in choice.cases.items()}
    return PerValue(choice.by, cases, None if choice.default is None else make(choice.default))


def _shots(shots: tuple[Shot, ...]) -> _Turns:
    return tuple(
        turn for shot in shots for turn in (*_turn("user", shot.prompt), *_turn("assistant", shot.answer))
    )


def _turn(
    role: Literal["system", "user", "assistant"], template: Template, *, optional: bool = False
) -> _Turns:
    wording = Wording.of(template)
    if wording.template is not None:
        return (_Turn(role, wording, optional),)
    text = wording.text.strip()
    return (Message(role, text),) if text or not optional else ()
