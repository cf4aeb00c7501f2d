"""The parts of a spec file that its columns share, as pydantic models."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

__all__ = [
    "MODEL_ID",
    "REVISION",
    "ByChoices",
    "ByExamples",
    "ByText",
    "Choices",
    "ExampleFile",
    "ExamplesFile",
    "FileReference",
    "ListReference",
    "Model",
    "ModelFile",
    "ModelOverride",
    "ModelOverrideFile",
    "Number",
    "Plain",
    "Strict",
    "TextFile",
    "Value",
    "Weight",
    "anything",
    "either",
    "has",
    "is_a",
    "is_number",
    "is_word",
]

# No `..`, no `://`, no leading `/`: neither a path out of here nor an address.
MODEL_ID = r"^[A-Za-z0-9][A-Za-z0-9_@+-]*((/|\.|:+)[A-Za-z0-9_@+-]+)*$"
REVISION = r"^[A-Za-z0-9][A-Za-z0-9_-]*([/.][A-Za-z0-9_-]+)*$"


def _scalar(value: object) -> str | int | float | bool:
    if isinstance(value, str | int | float):
        return value
    raise PydanticCustomError("scalar", "expected text, a number, true or false")


Value = Annotated[
    object, AfterValidator(_scalar), WithJsonSchema({"type": ["string", "number", "integer", "boolean"]})
]
Weight = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10_000_000)]
Number = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]


def either(message: str, **tests: Callable[[object], bool]) -> Discriminator:
    """Tell alternatives apart: the first test that holds names the tag, as `<name>`; `message` says what none is."""

    def tag(value: object) -> str | None:
        return next((f"<{name}>" for name, holds in tests.items() if holds(value)), None)

    return Discriminator(tag, custom_error_type="expected", custom_error_message=message)


def has(key: str) -> Callable[[object], bool]:
    """Return whether a value is a mapping with this key."""
    return lambda value: isinstance(value, dict) and key in value


def is_a(kind: type) -> Callable[[object], bool]:
    """Return whether a value is of this type."""
    return lambda value: isinstance(value, kind)


def is_word(word: str) -> Callable[[object], bool]:
    """Return whether a value is this word."""
    return lambda value: value == word


def is_number(value: object) -> bool:
    """Return whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def anything(value: object) -> bool:
    """Tell whether there is a value at all."""
    return value is not None


class Strict(BaseModel):
    """A mapping without other keys, and values without conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class FileReference(Strict):
    """The text of a file beside the spec."""

    file: str
    """Path relative to the spec, inside its folder; UTF-8, at most 1 MiB."""


Plain = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[FileReference, Tag("<file>")],
    either("expected a template as text, or {file: ...}", file=is_a(dict), text=is_a(str)),
]


class ByText(Strict):
    """A template for each value of another column."""

    model_config = ConfigDict(extra="allow", strict=True, use_attribute_docstrings=True)
    # pyrefly: ignore[bad-override-mutable-attribute] - how pydantic types further keys
    __pydantic_extra__: dict[str, Plain]
    by: str
    """The column whose value decides."""
    default: Plain | None = None
    """For the values without a case of their own."""


TextFile = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[FileReference, Tag("<file>")] | Annotated[ByText, Tag("<by>")],
    either(
        ("expected a template as text, {file: ...}, or a mapping with `by: COLUMN` and a template per value"),
        text=is_a(str),
        by=has("by"),
        file=has("file"),
    ),
]


class ExampleFile(Strict):
    """A solved example, shown to the model before the prompt."""

    prompt: Plain
    answer: Plain


class ByExamples(Strict):
    """Examples for each value of another column."""

    model_config = ConfigDict(extra="allow", strict=True, use_attribute_docstrings=True)
    # pyrefly: ignore[bad-override-mutable-attribute] - how pydantic types further keys
    __pydantic_extra__: dict[str, list[ExampleFile]]
    by: str
    """The column whose value decides."""
    default: list[ExampleFile] | None = None
    """For the values without a case of their own."""


ExamplesFile = Annotated[
    Annotated[list[ExampleFile], Tag("<list>")] | Annotated[ByExamples, Tag("<by>")],
    either(
        (
            "expected a list of {prompt: ..., answer: ...}, or a mapping with `by: COLUMN` and a list per value"
        ),
        list=is_a(list),
        by=has("by"),
    ),
]


class ListReference(Strict):
    """Items of a generated list."""

    list: str
    """Its name under `lists`."""
    of: str | None = None
    """The column whose value is the parent, where there is a list for each item of another one."""


def _names_list(value: object) -> bool:
    # With a number it is a value of that name and its weight.
    return isinstance(value, dict) and isinstance(value.get("list"), str)


Choices = Annotated[
    Annotated[list[Value], Tag("<list>"), Field(min_length=1)]
    | Annotated[FileReference, Tag("<file>")]
    | Annotated[ListReference, Tag("<generated>")]
    | Annotated[dict[str, Weight], Tag("<weights>"), Field(min_length=1)],
    either(
        "expected a list of values, a mapping of value: weight, {file: ...} or {list: NAME}",
        list=is_a(list),
        file=has("file"),
        generated=_names_list,
        weights=is_a(dict),
    ),
]


class ByChoices(Strict):
    """Values to draw from, for each value of another column."""

    model_config = ConfigDict(extra="allow", strict=True, use_attribute_docstrings=True)
    # pyrefly: ignore[bad-override-mutable-attribute] - how pydantic types further keys
    __pydantic_extra__: dict[str, Choices]
    by: str
    """The column whose value decides."""
    default: Choices | None = None
    """For the values without a case of their own."""


class _ModelSettings(Strict):
    revision: Annotated[str, Field(pattern=REVISION, max_length=200)] | None = None
    """A commit or tag of the model."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    """Randomness of the answers; 0 is the least."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """Probability mass that is sampled from."""
    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Most tokens of one answer."""
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    stop: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list[str], max_length=16
    )
    """Texts at which the answer ends."""
    extra: dict[str, Value] = {}
    """Sampling parameters beyond OpenAI's, such as `repeat_penalty`."""
    adapter: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """A folder beside the spec with LoRA weights for the model, as `synth tune` writes it."""


class ModelFile(_ModelSettings):
    """Which model answers, and how it samples."""

    id: Annotated[str, Field(pattern=MODEL_ID, max_length=200)]
    """`smollm2-135m-instruct` for the embedded model, or any id the endpoint serves."""


class ModelOverrideFile(_ModelSettings):
    """This column's own settings, laid over the spec's model."""

    id: Annotated[str, Field(pattern=MODEL_ID, max_length=200)] | None = None
    """Another model for this column."""


ModelId = Annotated[str, Field(pattern=MODEL_ID, max_length=200), Tag("<id>")]
Model = Annotated[
    ModelId | Annotated[ModelFile, Tag("<settings>")],
    either(
        "expected a model id as text, or a mapping with `id` and settings", id=is_a(str), settings=is_a(dict)
    ),
]
ModelOverride = Annotated[
    ModelId | Annotated[ModelOverrideFile, Tag("<settings>")],
    either("expected a model id as text, or a mapping of settings", id=is_a(str), settings=is_a(dict)),
]
