"""A workshop for builds in parts, with an endpoint on loopback."""

from collections.abc import Callable, Iterator
from pathlib import Path

import datasets
import pytest
from fake_endpoint import FakeEndpoint
from specs import write_spec
from workshop import Workshop

SPLITS = {"train": 70, "validation": 24, "test": 12, "spare": 2}
CHECKED = {"splits": SPLITS, "attempts": 12, "checks": {"text": {"length": [20, 900]}}}


@pytest.fixture
def shop(endpoint: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """Give machines that ask the endpoint."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    datasets.disable_progress_bars()
    yield Workshop(endpoint, tmp_path)
    datasets.enable_progress_bars()


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes a spec of reviews, with top-level keys replaced."""
    return lambda **changes: write_spec(tmp_path, **{**CHECKED, **changes})
