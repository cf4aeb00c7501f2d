"""What a spec tells the model, laid out for a reader: prompts verbatim, what fills them, and who is asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from synth_datasets.publishing.annotations import describe_annotation
from synth_datasets.publishing.real_data import describe_seed
from synth_datasets.spec.graph import asked_columns, is_reader
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DatasetSpec,
    DerivedColumn,
    Field,
    FieldsColumn,
    ModelSpec,
    NumberColumn,
    PerValue,
    Prompt,
    PromptColumn,
    SampleColumn,
    Shot,
    TextColumn,
    Weighted,
)
from synth_datasets.spec.rules import AnnotationRule, PartRule, PerturbRule
from synth_datasets.spec.rules_seeds import SeedIdsRule, SeedRowsRule, SeedValueRule

__all__ = ["Asked", "Filler", "PromptText", "describe_fillers", "describe_models", "describe_prompts"]

MAX_LISTED = 30
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PromptText:
    """One text that the model reads; `{{ … }}` in it stands for a column."""

    column: str
    role: str
    """`System message`, `Prompt`, `Example prompt`, `Example answer` or `Opening of the answer`."""
    when: str
    """The rows that get it, such as `label is positive`; empty for all of them."""
    text: str


@dataclass(frozen=True, slots=True)
class Filler:
    """A column that the plan computes without the model."""

    column: str
    how: str
    """For a person, such as `drawn from smartphone (3), laptop (2)`."""
    stored: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A model with its sampling parameters, and the columns that it wrote."""

    model: ModelSpec
    columns: tuple[str, ...]
    reads: bool = False
    """Whether it wrote nothing, and these are what it found texts' perplexity to be."""

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Name and value of each parameter that is sent; what is not here is left to the endpoint."""
        model = self.model
        named = {
            "temperature": model.temperature,
            "top_p": model.top_p,
            "max_tokens": model.max_tokens,
            "frequency_penalty": model.frequency_penalty,
            "presence_penalty": model.presence_penalty,
            "stop": ", ".join(repr(stop) for stop in model.stop) or None,
            **model.extra,
            "adapter": None
            if model.adapter is None
            else f"{model.adapter.path} ({model.adapter.digest[:12]})",
        }
        return tuple((name, str(value)) for name, value in named.items() if value is not None)


def describe_prompts(spec: DatasetSpec) -> tuple[PromptText, ...]:
    """Return every text of every column that a model writes, in the order of the spec and of the conversation."""
    asked = ((column, prompt) for column, prompt in _asked(spec) if not is_reader(column))
    texts = (text for column, prompt in asked for text in _texts(_called(column.name), prompt))
    return tuple(dict.fromkeys(text for text in texts if text.text))


def describe_models(spec: DatasetSpec) -> tuple[Asked, ...]:
    """Return each different model with the columns that it writes, and each that reads apart from these."""
    columns: list[tuple[tuple[ModelSpec, bool], list[str]]] = []
    for column, prompt in _asked(spec):
        # Not a dict: `extra` makes a ModelSpec unhashable.
        asked = (prompt.model, is_reader(column))
        names = next((names for known, names in columns if known == asked), None)
        if names is None:
            columns.append((asked, [_called(column.name)]))
        elif _called(column.name) not in names:
            names.append(_called(column.name))
    return tuple(Asked(model, tuple(names), reads) for (model, reads), names in columns)


def describe_fillers(spec: DatasetSpec) -> tuple[Filler, ...]:
    """Return the columns whose values the prompts may name, and how each comes to its value."""
    return tuple(
        Filler(column.name, how, stored=not column.hidden)
        for column in spec.columns
        if (how := _how(column)) is not None
    )


def describe_field(item: Field) -> str:
    """Return what a field of a structured answer may hold, such as `integer from 1 to 5`."""
    if item.type == "classes":
        return "one of " + _listed(list(item.classes))
    unit = {"string": " characters", "list": " items", "objects": " items"}.get(item.type, "")
    limits = [
        f"{word} {limit:g}"
        for word, limit in (("from", item.minimum), ("to", item.maximum))
        if limit is not None
    ]
    return " ".join([item.type, *limits]) + (unit if limits else "")


def _asked(spec: DatasetSpec) -> Iterator[tuple[PromptColumn | FieldsColumn, Prompt]]:
    for column in asked_columns(spec):
        yield column, column.prompt


def _called(name: str) -> str:
    """Return what a reader calls the column: the turns of a dialogue by who takes them."""
    owner, turn, number = name.rpartition(".turn_")
    return f"{owner}.{'user' if int(number) % 2 else 'assistant'}" if turn else name


def _texts(column: str, prompt: Prompt) -> Iterator[PromptText]:
    if prompt.system is not None:
        for when, template in _cases(prompt.system):
            yield PromptText(column, "System message", when, template.source)
    if prompt.shots is not None:
        for when, shots in _cases(prompt.shots):
            yield from _shots(column, when, shots)
    for when, template in _cases(prompt.user):
        yield PromptText(column, "Prompt", when, template.source)
    if prompt.opening is not None:
        for when, template in _cases(prompt.opening):
            yield PromptText(column, "Opening of the answer", when, template.source)


def _shots(column: str, when: str, shots: tuple[Shot, ...]) -> Iterator[PromptText]:
    for shot in shots:
        yield PromptText(column, "Example prompt", when, shot.prompt.source)
        yield PromptText(column, "Example answer", when, shot.answer.source)


def _cases(chosen: PerValue[T]) -> Iterator[tuple[str, T]]:
    for case, value in chosen.cases.items():
        yield f"{chosen.by} is {case}", value
    if chosen.default is not None:
        yield f"{chosen.by} is anything else" if chosen.cases else "", chosen.default


def _how(column: Column) -> str | None:  # noqa: PLR0911 - one return a kind
    match column:
        case ClassesColumn():
            return "balanced over " + _weighted(Weighted(column.names, column.weights))
        case SampleColumn():
            return _each(column.choices, lambda weighted: "drawn from " + _weighted(weighted))
        case NumberColumn():
            step = f" in steps of {column.step:g}" if column.step is not None else ""
            return f"drawn from {column.low:g} to {column.high:g}{step}"
        case TextColumn():
            return _each(column.template, lambda template: f"filled in: {template.source}")
        case DerivedColumn(rule=rule) if isinstance(rule, AnnotationRule):
            return describe_annotation(rule)
        case DerivedColumn(rule=PerturbRule() as rule):
            return f"{rule.column} changed by one of {_listed(list(rule.names))}"
        case DerivedColumn(rule=PartRule() as rule):
            return f"the {rule.part} of {rule.column}"
        case DerivedColumn(rule=SeedIdsRule() | SeedRowsRule() | SeedValueRule() as rule):
            return None if isinstance(rule, SeedIdsRule) else describe_seed(rule)
        case _:
            return None


def _each(chosen: PerValue[T], describe: Callable[[T], str]) -> str:
    return "; ".join(
        f"{when}: {describe(value)}" if when else describe(value) for when, value in _cases(chosen)
    )


def _weighted(weighted: Weighted) -> str:
    if weighted.list:
        return f"the list {weighted.list}, which the model wrote"
    if len(set(weighted.weights)) == 1:
        return _listed([_shown(value) for value in weighted.values])
    pairs = zip(weighted.values, weighted.weights, strict=True)
    return _listed([f"{_shown(value)} (weight {weight:g})" for value, weight in pairs])


def _shown(value: object) -> str:
    return str(value) or "nothing"


def _listed(values: list[str]) -> str:
    more = len(values) - MAX_LISTED
    return ", ".join(values[:MAX_LISTED]) + (f" and {more} more, see the spec" if more > 0 else "")
