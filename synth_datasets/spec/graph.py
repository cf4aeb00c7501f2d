"""Which column reads which, and the order in which a row can be made."""

from collections.abc import Iterable, Sequence

from synth_datasets.spec.adapters import Adapter
from synth_datasets.spec.model import (
    ClassesColumn,
    Column,
    DatasetSpec,
    DerivedColumn,
    FieldsColumn,
    NumberColumn,
    Prompt,
    PromptColumn,
    SampleColumn,
    TextColumn,
)
from synth_datasets.spec.templates import Template

__all__ = ["adapters_of", "asked_columns", "column_order", "find_cycle", "inputs", "is_reader", "outputs"]


def inputs(column: Column) -> frozenset[str]:
    """Return the names of the columns that this one reads, in its templates or as the column of a `by`."""
    match column:
        case ClassesColumn() | NumberColumn():
            return frozenset()
        case SampleColumn():
            return _by(column.choices.by)
        case TextColumn():
            return _by(column.template.by) | _names(column.template.values())
        case DerivedColumn():
            return column.rule.reads
        case PromptColumn() | FieldsColumn():
            return _prompt_inputs(column.prompt)


def asked_columns(spec: DatasetSpec) -> tuple[PromptColumn | FieldsColumn, ...]:
    """Return everything that a model is asked: the generated lists, then the columns, in the order of the spec."""
    asked = [column for column in spec.columns if isinstance(column, PromptColumn | FieldsColumn)]
    return (*(each.column for each in spec.lists), *asked)


def adapters_of(spec: DatasetSpec) -> dict[str, tuple[Adapter, ...]]:
    """Return by model id the adapters that it is asked with; models without any have no entry."""
    found: dict[str, tuple[Adapter, ...]] = {}
    for model in (column.prompt.model for column in asked_columns(spec)):
        if model.adapter is not None:
            found[model.id] = tuple(dict.fromkeys((*found.get(model.id, ()), model.adapter)))
    return found


def outputs(column: Column) -> tuple[str, ...]:
    """Return the names of the columns that this one gives: its own, or those of its fields."""
    if isinstance(column, FieldsColumn):
        return tuple(field.name for field in column.fields)
    return (column.name,)


def column_order(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Order the columns so that each comes after those it reads, as near to the file's order as that allows.

    What has a text read for its perplexity goes before all that others make of that text, which may be refused.
    Names that no column gives do not count. Raises `ValueError` for a cycle, which no checked spec has.
    """
    needs = _needs(columns)
    order: list[int] = []
    done: set[int] = set()
    soonest = sorted(range(len(columns)), key=lambda i: not is_reader(columns[i]))
    while len(order) < len(columns):
        ready = next((i for i in soonest if i not in done and needs[i] <= done), None)
        if ready is None:
            raise ValueError(f"columns read each other: {' -> '.join(find_cycle(columns))}")
        order.append(ready)
        done.add(ready)
    return tuple(columns[i] for i in order)


def is_reader(column: Column) -> bool:
    """Whether a model reads a text for its likelihood there, and writes nothing."""
    return isinstance(column, FieldsColumn) and column.reads is not None


def find_cycle(columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the names along one cycle from its first column on, that one again at the end; empty without one."""
    needs = _needs(columns)
    left = set(range(len(columns)))
    # Whatever is ready goes; what stays reads, directly or not, from a cycle.
    while ready := {i for i in left if not needs[i] & left}:
        left -= ready
    if not left:
        return ()
    path = [min(left)]
    while (following := min(needs[path[-1]] & left)) not in path:
        path.append(following)
    cycle = path[path.index(following) :]
    start = cycle.index(min(cycle))
    return tuple(columns[i].name for i in [*cycle[start:], *cycle[: start + 1]])


def _needs(columns: Sequence[Column]) -> list[set[int]]:
    giver = {name: i for i, column in enumerate(columns) for name in outputs(column)}
    return [{giver[name] for name in inputs(column) if name in giver} for column in columns]


def _prompt_inputs(prompt: Prompt) -> frozenset[str]:
    names = _by(prompt.user.by) | _names(prompt.user.values())
    for part in (prompt.system, prompt.opening):
        if part is not None:
            names |= _by(part.by) | _names(part.values())
    if prompt.shots is not None:
        names |= _by(prompt.shots.by)
        for shots in prompt.shots.values():
            names |= _names(template for shot in shots for template in (shot.prompt, shot.answer))
    if prompt.when is not None:
        names |= {prompt.when} if isinstance(prompt.when, str) else prompt.when.names
    return names | {name for _, name in prompt.turns}


def _by(name: str | None) -> frozenset[str]:
    return frozenset() if name is None else frozenset([name])


def _names(templates: Iterable[Template]) -> frozenset[str]:
    return frozenset().union(*(template.names for template in templates))
