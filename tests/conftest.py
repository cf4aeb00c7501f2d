"""Fixtures that every area of the tests shares."""

from collections.abc import Iterator

import pytest
from fake_endpoint import FakeEndpoint


@pytest.fixture
def endpoint() -> Iterator[FakeEndpoint]:
    """A fresh OpenAI-compatible server on loopback; `fake_endpoint` says what it can do."""
    server = FakeEndpoint()
    server.start()
    yield server
    server.stop()
