"""An endpoint that fails now and then costs time, never rows; a request that always fails costs its own row alone."""

import random
import re
import time
from pathlib import Path
from typing import Any

import datasets
import pytest
from fake_endpoint import (
    FakeEndpoint,
    Reply,
    context_too_long,
    cut_json,
    rate_limited,
    reset,
    server_error,
)
from specs import review_spec, write_spec

from synth_datasets.errors import ShortfallError
from synth_datasets.settings import Settings
from synth_datasets.spec import load_spec
from synth_datasets.splits import split_rows

ROWS = 1000
LATENCY_S = 0.1
RETRY_AFTER_S = 0.2


@pytest.fixture(autouse=True)
def quiet():
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def rows_of(spec: Path, endpoint: FakeEndpoint, store: Path, **how: Any) -> list[dict[str, object]]:
    where = Settings(base_url=endpoint.base_url, api_key="sk-test", store=store, concurrency=32)
    return list(split_rows(load_spec(spec), where, "train", **how))


class Faults:
    """In 200 requests ten 429, four 500, two bodies cut short with status 200, and a reset, in random order."""

    def __init__(self) -> None:
        self._left: list[Reply | None] = []
        self._draw = random.Random(3)
        self.pauses_begun: list[float] = []
        self.count = 0

    def __call__(self, _body: dict[str, Any]) -> Reply | None:
        if not self._left:
            bad = [rate_limited(RETRY_AFTER_S)] * 10 + [server_error(500)] * 4 + [cut_json()] * 2 + [reset()]
            self._left = [*bad, *[None] * (200 - len(bad))]
            self._draw.shuffle(self._left)
        reply = self._left.pop()
        self.count += reply is not None
        if reply is not None and reply.status == 429:
            self.pauses_begun.append(time.monotonic() + LATENCY_S)
        return reply

    def paused_s(self) -> float:
        """Return for how long, in all, the endpoint had asked for patience; pauses that overlap count once."""
        total = end = 0.0
        for begun in self.pauses_begun:
            total += max(0.0, begun + RETRY_AFTER_S - max(begun, end))
            end = max(end, begun + RETRY_AFTER_S)
        return total


@pytest.mark.alone
def seconds_without_and_with_faults(spec: Path, endpoint: FakeEndpoint, folder: Path) -> tuple[float, float]:
    """Ask for the same rows twice and return what each took, but for the pauses that the endpoint asked for."""
    endpoint.clear()
    endpoint.rule = lambda _: None
    began = time.monotonic()
    expected = rows_of(spec, endpoint, folder / "calm.sqlite")
    calm_s = time.monotonic() - began
    assert endpoint.count == ROWS
    endpoint.clear()
    endpoint.rule = faults = Faults()
    began = time.monotonic()
    made = rows_of(spec, endpoint, folder / "rough.sqlite")
    rough_s = time.monotonic() - began - faults.paused_s()
    assert made == expected
    assert len({row["text"] for row in made}) == ROWS
    assert faults.count > 80
    assert endpoint.count == ROWS + faults.count, "each fault costs one more request"
    return calm_s, rough_s


@pytest.mark.slow
def test_exactly_the_rows_come_in_hardly_more_than_the_time(endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": ROWS}, checks={"text": {"unique": "exact"}})
    endpoint.latency_s = LATENCY_S
    rows_of(write_spec(tmp_path, "warm.synth.yaml", splits={"train": 5}), endpoint, tmp_path / "warm.sqlite")
    for name in ("first", "second"):  # a machine that is busy with other things gets another try
        (tmp_path / name).mkdir()
        calm_s, rough_s = seconds_without_and_with_faults(spec, endpoint, tmp_path / name)
        if rough_s <= 1.5 * calm_s:
            return
    pytest.fail(f"{rough_s:.1f} s with faults, {calm_s:.1f} s without")


@pytest.mark.parametrize(
    ("failure", "attempts", "reason"),
    [
        pytest.param(context_too_long, 3, "context_too_long", id="refused"),
        pytest.param(server_error, 1, "endpoint_error", id="500", marks=pytest.mark.slow),
    ],
)
def test_a_request_that_always_fails_costs_its_row_and_not_its_neighbours(
    endpoint, tmp_path, failure, attempts, reason
):
    spec = review_spec(splits={"train": 40}, attempts=attempts)
    spec["columns"]["ticket"] = {"number": {"min": 1, "max": 10**9}}
    spec["columns"]["text"]["prompt"] = "Write a {{ label }} review for ticket {{ ticket }}."
    path = write_spec(tmp_path, **spec)
    expected = rows_of(path, endpoint, tmp_path / "calm.sqlite")
    unlucky = str(expected[17]["ticket"])
    endpoint.clear()
    endpoint.rule = lambda body: failure() if re.search(rf"ticket {unlucky}\.", repr(body)) else None
    store = tmp_path / "rough.sqlite"
    with pytest.raises(ShortfallError, match=f"39 of 40 rows(.|\n)*{reason}"):
        rows_of(path, endpoint, store)
    answered = endpoint.count
    assert rows_of(path, endpoint, store, keep_short=True) == [*expected[:17], *expected[18:]]
    again = {repr(body) for body in endpoint.bodies[answered:] if "ticket" in repr(body)}  # not the probe
    assert len(again) == attempts, "an answer that failed is no answer: only those are asked for again"
