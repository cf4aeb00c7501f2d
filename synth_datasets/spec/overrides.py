"""A spec with some of its answers to "how much" and "by which model" changed by the person who runs it."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from synth_datasets.errors import SettingsError
from synth_datasets.spec.graph import is_reader
from synth_datasets.spec.mix_data import in_proportion
from synth_datasets.spec.model import (
    Column,
    DatasetSpec,
    FieldsColumn,
    ModelSpec,
    Prompt,
    PromptColumn,
    Split,
)
from synth_datasets.spec.problems import shown, suggestion

__all__ = ["with_overrides"]

_MAX_EXAMPLES = 10**9


def with_overrides(
    spec: DatasetSpec,
    *,
    num_examples: int | Mapping[str, int] | None = None,
    model: str | None = None,
    seed: int | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    attempts: int | None = None,
) -> DatasetSpec:
    """Return the spec with what is not None put in place of its own.

    `num_examples` as a number is a total over all splits, shared in their proportion by the divisor method
    (Sainte-Laguë), at least one row each as far as it goes: a larger total never shrinks a split. As a mapping it
    sets the splits it names. Real rows of `mix` keep their proportion. `model`, `temperature` and `max_tokens` reach
    every column that has the spec's own value there, but none that reads likelihoods; another model drops the revision
    and the adapter. Raises
    `SettingsError` for values that no spec may have.
    """
    if num_examples is not None:
        spec = _resized(spec, _splits(spec, num_examples))
    if model is not None:
        if not model.strip() or not model.isprintable():
            raise SettingsError("model must be the id of a model, such as gpt-5-mini")
        spec = _with_model(spec, "id", model)
    if temperature is not None:
        _within("temperature", temperature, 0, 2)
        spec = _with_model(spec, "temperature", float(temperature))
    if max_tokens is not None:
        _whole("max_tokens", max_tokens, 1, 10_000_000)
        spec = _with_model(spec, "max_tokens", max_tokens)
    if seed is not None:
        spec = replace(spec, seed=_whole("seed", seed, 0, 2**63 - 1))
    if attempts is not None:
        spec = replace(spec, attempts=_whole("attempts", attempts, 1, 1_000))
    return spec


def _within(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SettingsError(f"{name} must be a number from {low} to {high}, not {_said(value)}")


def _whole(name: str, value: int, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {_said(value)}")
    return value


def _said(value: object) -> str:
    """Return the value as a message shows it: a number in quotes is a text, and looks like a number without."""
    return f"the text '{shown(value)}'" if isinstance(value, str) else shown(value)


def _with_model(spec: DatasetSpec, key: str, value: str | float) -> DatasetSpec:
    before = getattr(spec.model, key)

    def changed(model: ModelSpec) -> ModelSpec:
        if getattr(model, key) != before:
            return model
        # pyrefly: ignore[bad-argument-type] - `key` and `value` fit, two lines above the call in with_overrides
        model = replace(model, **{key: value})
        other = key == "id" and value != before
        return replace(model, revision=None, adapter=None) if other else model

    columns = tuple(_column(column, changed) for column in spec.columns)
    lists = tuple(
        replace(each, column=replace(each.column, prompt=_prompt(each.column.prompt, changed)))
        for each in spec.lists
    )
    return replace(spec, model=changed(spec.model), columns=columns, lists=lists)


def _column(column: Column, changed: Callable[[ModelSpec], ModelSpec]) -> Column:
    if not isinstance(column, PromptColumn | FieldsColumn):
        return column
    if is_reader(column):
        return column  # its bounds are true for one model
    return replace(column, prompt=_prompt(column.prompt, changed))


def _prompt(prompt: Prompt, changed: Callable[[ModelSpec], ModelSpec]) -> Prompt:
    return replace(prompt, model=changed(prompt.model))


def _resized(spec: DatasetSpec, splits: tuple[Split, ...]) -> DatasetSpec:
    if spec.mix is None:
        return replace(spec, splits=splits)
    before, after = ({split.name: split.num_examples for split in each} for each in (spec.splits, splits))
    return replace(spec, splits=splits, mix=in_proportion(spec.mix, before, after))


def _splits(spec: DatasetSpec, num_examples: int | Mapping[str, int]) -> tuple[Split, ...]:
    if isinstance(num_examples, int):
        total = _whole("num_examples", num_examples, 1, _MAX_EXAMPLES)
        shares = _shares(total, [split.num_examples for split in spec.splits])
        return tuple(
            replace(split, num_examples=share) for split, share in zip(spec.splits, shares, strict=True)
        )
    if not isinstance(num_examples, Mapping):
        raise SettingsError(f"num_examples must be a number or a number per split, not {_said(num_examples)}")
    names = [split.name for split in spec.splits]
    for name, count in num_examples.items():
        if name not in names:
            raise SettingsError(
                f"num_examples: unknown split '{shown(name)}'; {suggestion(str(name), names)}"
            )
        _whole(f"num_examples of {name}", count, 0, _MAX_EXAMPLES)
    splits = tuple(
        replace(old, num_examples=num_examples.get(name, old.num_examples))
        for name, old in zip(names, spec.splits, strict=True)
    )
    if not any(split.num_examples for split in splits):
        raise SettingsError("num_examples: no split would hold a row")
    return splits


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Share `total` seats by Sainte-Laguë (Webster), with a first seat for each weight above 0.

    The seats form one endless order: first one for each, the greatest weight first; then seat k of weight w at
    (k + 1/2) / w, ties to the earlier weight. A share counts the seats among the first `total`.
    """
    voters = [i for i, weight in enumerate(weights) if weight > 0]
    shares = [0] * len(weights)
    if total <= len(voters):
        for i in sorted(voters, key=lambda i: -weights[i])[:total]:
            shares[i] = 1
        return shares
    # Below this bound on the order the seats cannot exceed the total: rounding adds 1/2 to each at most, and the
    # first seats 1. The few that are left are then dealt one by one.
    bound = Fraction(max(total - 2 * len(voters), 0), sum(weights))
    for i in voters:
        shares[i] = max(1, (2 * bound.numerator * weights[i] + bound.denominator) // (2 * bound.denominator))
    waiting = [(Fraction(2 * shares[i] + 1, 2 * weights[i]), i) for i in voters]
    heapq.heapify(waiting)
    for _ in range(total - sum(shares)):
        _, i = waiting[0]
        shares[i] += 1
        heapq.heapreplace(waiting, (Fraction(2 * shares[i] + 1, 2 * weights[i]), i))
    return shares
