"""Shared ways to read spec texts."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from synth_datasets.errors import SpecError
from synth_datasets.spec import DatasetSpec, parse_spec

FULL = """\
name: customer_feedback
version: 1.2.0
description: Short customer reviews.
license: cc0-1.0
language: [en, pt-BR]
task: text-classification
pretty_name: Customer feedback
tags: [reviews]
seed: 17
attempts: 4
model:
  id: smollm2-135m-instruct
  revision: abc123
  temperature: 0.6
  top_p: 0.9
  max_tokens: 120
  frequency_penalty: 0.5
  presence_penalty: -0.5
  stop: ["\\n\\n"]
  extra: {repeat_penalty: 1.05, mirostat: true}
columns:
  label: {classes: [negative, neutral, positive]}
  product: {sample: {smartphone: 3, laptop: 2, novel: 1}}
  place: {sample: {by: label, negative: [shop, web], default: {shop: 1, web: 4}}}
  tone: {sample: [plain, ironic], hidden: true}
  stars: {number: {min: 1, max: 5}}
  opener:
    text: {by: label, positive: "I love this {{ product }}.", default: So.}
    hidden: true
  text:
    prompt:
      by: label
      positive: Praise a {{ product }}, {{ tone }}.
      negative: Complain about a {{ product }}.
      neutral: Describe a {{ product }} from {{ place }}.
    system: You write {{ stars }} star reviews.
    examples: [{prompt: Praise a pen., answer: What a pen!}]
    opening: "{{ opener }}"
    model: {temperature: 0.3}
  review:
    fields:
      title: string
      rating: {type: integer, min: 1, max: 5, description: How good}
      aspect: {classes: [battery, screen]}
      keywords: {type: list, min: 1, max: 4, hidden: true}
    prompt: Summarise {{ text }}
    examples: {by: label, positive: [{prompt: Sum up, answer: "{}"}], default: []}
  hint: {text: {by: aspect, battery: volts, screen: pixels}}
splits: {train: 900, validation: 90, test: 90}
checks:
  text: {length: [20, 600], words: [3, 90], unique: {near: 0.8}, refusals: keep, echo: keep, repetition: reject}
  title: {length: [1, 80]}
  review: {unique: "off"}
"""


def _no_files(path: str) -> str:
    raise FileNotFoundError(2, "No such file", path)


@pytest.fixture
def full() -> str:
    """A spec that uses every key there is."""
    return FULL


@pytest.fixture
def quickly() -> Callable[[], AbstractContextManager[None]]:
    """Fail when the block takes more than two seconds of processor time, or eight when coverage traces it."""

    @contextmanager
    def measured() -> Iterator[None]:
        started = time.process_time()
        yield
        assert time.process_time() - started < (8 if "coverage" in sys.modules else 2)

    return measured


@pytest.fixture
def parse() -> Callable[..., DatasetSpec]:
    """Read a text that refers to no files, or to those given by path."""

    def read(text: str, files: dict[str, str] | None = None) -> DatasetSpec:
        return parse_spec(text, origin="test", read_file=files.__getitem__ if files else _no_files)

    return read


@pytest.fixture
def problems(parse: Callable[..., DatasetSpec]) -> Callable[..., list[tuple[int, str]]]:
    """Return line and words of every problem of a text; fail when it has none."""

    def read(text: str, files: dict[str, str] | None = None) -> list[tuple[int, str]]:
        with pytest.raises(SpecError) as caught:
            parse(text, files)
        assert type(caught.value) is SpecError
        return [(p.line, f"{p.where}: {p.message} ({p.hint})") for p in caught.value.problems]

    return read
