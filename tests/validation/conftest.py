"""Specs, requests and answers made directly, and real reviews where the data set is at hand."""

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from synth_datasets.generation.answer import Answer
from synth_datasets.plan.request import Message, Request
from synth_datasets.spec.model import (
    Checks,
    DatasetSpec,
    Field,
    FieldsColumn,
    ModelSpec,
    PerValue,
    Prompt,
    PromptColumn,
    Split,
)
from synth_datasets.spec.templates import Template
from synth_datasets.validation.judge import Verdict, judge

_PROMPT = Prompt(PerValue(None, {}, Template("Write a review of a tent.")), ModelSpec("m"))


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., DatasetSpec]:
    """Make a spec with a text column, or with a group of fields where some are given."""

    def make(*, fields: tuple[Field, ...] = (), checks: dict[str, Checks] | None = None) -> DatasetSpec:
        column = FieldsColumn(name="review", prompt=_PROMPT, fields=fields) if fields else None
        return DatasetSpec(
            name="reviews",
            columns=(column or PromptColumn(name="text", prompt=_PROMPT),),
            splits=(Split("train", 10),),
            model=ModelSpec("m"),
            checks=checks or {},
        )

    return make


@pytest.fixture(scope="session")
def judged(make_spec) -> Callable[..., object]:
    """Judge one answer; returns the text, the fields, or the verdict."""

    def run(
        text: str,
        *,
        opening: str = "",
        finish: str = "stop",
        checks: Checks | None = None,
        shots: tuple[str, ...] = (),
        fields: tuple[Field, ...] = (),
        prompt: str = "Write a review of a tent.",
    ) -> object:
        spec = make_spec(fields=fields, checks={"text": checks} if checks else None)
        turns = [Message("assistant", shot) for shot in shots]
        last = [Message("assistant", opening)] if opening else []
        request = Request(endpoint="e", model="m", messages=(*turns, Message("user", prompt), *last), seed=1)
        answer = Answer(key=request.key, text=text, finish_reason=finish, completion_tokens=7)
        values = judge(spec.columns[0], request, answer, {}, spec)
        return values if isinstance(values, Verdict) or fields else values["text"]

    return run


@pytest.fixture(scope="session")
def reviews() -> list[str]:
    """3,708 snippets of real product reviews."""
    beside = Path(__file__).parents[3] / "shared" / "data" / "product_reviews.csv"
    path = Path(os.environ.get("SYNTH_TEST_REVIEWS", beside))
    if not path.is_file():
        pytest.skip("product_reviews.csv is not at hand: set SYNTH_TEST_REVIEWS to its path")
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]
