"""Builds that are killed, interrupted, starved of disk and run twice at once: what was paid for is never lost."""

import hashlib
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_endpoint import FakeEndpoint
from nursery import Child, Nursery
from specs import write_spec

from synth_datasets.generation.store import AnswerStore

CONCURRENCY = 8


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as opened:
        yield opened


def often_alike(body: dict[str, Any]) -> str | None:
    """Answer so that some rows repeat each other and some are too short."""
    number = int(hashlib.sha256(repr(body).encode()).hexdigest(), 16)
    if number % 11 == 0:
        return "Meh."
    if number % 7 == 0:
        return f"This {('phone', 'laptop', 'kettle')[number % 13 % 3]} came late and the box was torn, but it works."
    return None


def begin(nursery: Nursery, endpoint: FakeEndpoint, spec: Path, home: Path, **how: Any) -> Child:
    """Begin to build `spec` with the caches of `home` and its answers in `home`/answers.sqlite."""
    options = {"base_url": endpoint.base_url, "concurrency": CONCURRENCY, "store": home / "answers.sqlite"}
    return nursery.build(
        spec,
        how.pop("folder", home / "made"),
        cache_dir=how.pop("cache_dir", home / "cache"),
        options={**options, **how.pop("options", {})},
        environment={"OPENAI_API_KEY": "sk-test"},
        **how,
    )


def tree(folder: Path) -> dict[str, str]:
    """Return every file below the folder with a digest of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def calmly(nursery: Nursery, endpoint: FakeEndpoint, spec: Path, home: Path) -> dict[str, str]:
    """Build without any disturbance and return the release's files."""
    child = begin(nursery, endpoint, spec, home)
    assert child.wait() == 0, child.output
    return tree(home / "made")


def asked(endpoint: FakeEndpoint) -> int:
    """Return how many requests have arrived, once those of a killed process have."""
    seen = -1
    while endpoint.in_flight or endpoint.count > seen:
        seen = endpoint.count
        time.sleep(0.01)
    return seen


def stored(path: Path) -> int:
    with AnswerStore(path, read_only=True) as store:
        return len(store)


# --- SIGKILL


@pytest.mark.slow
def test_fifty_kills_change_no_byte_and_cost_only_what_was_in_flight(nursery, endpoint, tmp_path):
    spec = write_spec(
        tmp_path, splits={"train": 400, "test": 80}, attempts=12, checks={"text": {"length": [20, 900]}}
    )
    endpoint.rule = often_alike
    endpoint.latency_s = 0.01
    began = time.monotonic()
    expected = calmly(nursery, endpoint, spec, tmp_path / "calm")
    whole_s = time.monotonic() - began
    needed = endpoint.count
    assert needed > 480 + 40, "this test needs rejected answers"
    endpoint.clear()
    endpoint.rule = often_alike
    chance = random.Random(8)
    lost: list[int] = []
    while len(lost) < 50:
        child = begin(nursery, endpoint, spec, tmp_path / "rough")
        if endpoint.count < needed - 5:  # somewhere while it asks
            target = endpoint.count + chance.randrange(0, 28)
            while endpoint.count < target and child.running():
                time.sleep(0.0005)
            time.sleep(chance.random() * 0.01)
        else:  # somewhere while it writes
            time.sleep(chance.random() * 1.2 * whole_s)
        child.kill()
        child.wait()
        lost.append(asked(endpoint) - stored(tmp_path / "rough" / "answers.sqlite") - sum(lost))
    child = begin(nursery, endpoint, spec, tmp_path / "rough")
    assert child.wait() == 0, child.output
    assert tree(tmp_path / "rough" / "made") == expected
    assert max(lost) <= CONCURRENCY, lost
    assert endpoint.count == needed + sum(lost)
    assert sum(count > 0 for count in lost) >= 10, "this test needs requests that are in flight"
    left = [path.name for path in (tmp_path / "rough").rglob("*") if path.name.startswith(".")]
    assert not [*left, *(tmp_path / "rough").rglob("*.incomplete")]
