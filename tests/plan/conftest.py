"""Specs made directly, so that these tests need no YAML."""

from collections.abc import Callable

import pytest

from synth_datasets.spec.model import (
    Checks,
    ClassesColumn,
    Column,
    DatasetSpec,
    ModelSpec,
    PerValue,
    Prompt,
    PromptColumn,
    SampleColumn,
    Shot,
    Split,
    TextColumn,
    Weighted,
)
from synth_datasets.spec.templates import Template


def _always(source: str) -> PerValue[Template]:
    return PerValue(None, {}, Template(source))


def _sample(name: str, choices: dict[str, float]) -> SampleColumn:
    return SampleColumn(
        name=name, choices=PerValue(None, {}, Weighted(tuple(choices), tuple(choices.values())))
    )


def _review_columns(model: ModelSpec) -> tuple[Column, ...]:
    prompt = Prompt(
        user=PerValue(
            "label",
            {"positive": Template("  Write a {{ tone }} positive review of a {{ product }}.\n")},
            Template("Write a {{ tone }} {{ label }} review of a {{ product }}."),
        ),
        model=model,
        system=_always("You write reviews."),
        shots=PerValue(None, {}, (Shot(Template("Write one of a tent."), Template("Dry all night.")),)),
        opening=_always("{{ opener }}"),
    )
    return (
        ClassesColumn(name="label", names=("negative", "neutral", "positive"), weights=(1.0, 1.0, 2.0)),
        _sample("product", {"phone": 3.0, "laptop": 2.0, "novel": 1.0}),
        _sample("tone", {"plain": 1.0, "ironic": 1.0}),
        TextColumn(name="opener", template=_always("About this {{ product }}:")),
        PromptColumn(name="text", prompt=prompt),
    )


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., DatasetSpec]:
    """Make a spec of reviews; every part can be replaced."""

    def make(
        *,
        columns: tuple[Column, ...] | None = None,
        splits: dict[str, int] | None = None,
        seed: int = 17,
        model: ModelSpec | None = None,
    ) -> DatasetSpec:
        model = model or ModelSpec("tiny", temperature=0.6, max_tokens=120, stop=("###",))
        return DatasetSpec(
            name="reviews",
            columns=columns if columns is not None else _review_columns(model),
            splits=tuple(Split(name, n) for name, n in (splits or {"train": 40, "test": 8}).items()),
            model=model,
            seed=seed,
            checks={"text": Checks(unique="near")},
        )

    return make


@pytest.fixture(scope="session")
def sample() -> Callable[[str, dict[str, float]], SampleColumn]:
    """Make a column that draws from values with weights."""
    return _sample


@pytest.fixture(scope="session")
def always() -> Callable[[str], PerValue[Template]]:
    """Make a template that all rows share."""
    return _always
