"""Builds asked by workers of Ray: the same bytes as one process gives, whoever is killed, within one set of limits."""

import hashlib
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from fake_endpoint import FakeEndpoint, text, unauthorized
from processes import below, kill, listening
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.cluster.asked import Cluster
from synth_datasets.errors import BudgetError, EndpointError, SettingsError, ShortfallError
from synth_datasets.generation import rate
from synth_datasets.generation.store import AnswerStore

pytest.importorskip("ray")

KEY = "sk-test-of-the-cluster-0123456789"
CONCURRENCY = 8
ALIKE = {"attempts": 12, "checks": {"text": {"length": [20, 900]}}}

pytestmark = [pytest.mark.usefixtures("connected"), pytest.mark.timeout(300)]

Make = Callable[..., dict[str, str]]


@pytest.fixture
def make(endpoint: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Build in a home of this name, with so many workers, and return the release's files."""
    monkeypatch.setenv("SYNTH_API_KEY", KEY)
    datasets.disable_progress_bars()

    def made(spec: Path, home: str, workers: int | None = 2, **options: Any) -> dict[str, str]:
        folder = tmp_path / home
        build(
            spec,
            folder / "made",
            cache_dir=folder / "cache",
            options={
                "base_url": endpoint.base_url,
                "store": str(folder / "answers.sqlite"),
                "concurrency": CONCURRENCY,
                **options,
            },
            cluster=None if workers is None else Cluster(workers=workers),
        )
        return tree(folder / "made")

    yield made
    datasets.enable_progress_bars()


def tree(folder: Path) -> dict[str, str]:
    """Return every file below the folder with a digest of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def often_alike(body: dict[str, Any]) -> str | None:
    """Answer so that some rows repeat each other and some are too short."""
    number = int(hashlib.sha256(repr(body).encode()).hexdigest(), 16)
    if number % 11 == 0:
        return "Meh."
    if number % 7 == 0:
        return f"This {('phone', 'laptop', 'kettle')[number % 13 % 3]} came late and the box was torn, but it works."
    return None


def stored(path: Path) -> int:
    with AnswerStore(path, read_only=True) as store:
        return len(store)


def test_workers_make_the_bytes_of_one_process_and_pay_no_answer_twice(make, endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 90, "test": 20}, **ALIKE)
    endpoint.rule = often_alike
    alone = make(spec, "alone", None)
    endpoint.clear()
    endpoint.rule = often_alike
    endpoint.latency_s = 0.01
    assert make(spec, "together") == alone
    assert endpoint.count == stored(tmp_path / "together" / "answers.sqlite")
    assert 2 < endpoint.max_in_flight <= CONCURRENCY
    assert all(headers["authorization"] == f"Bearer {KEY}" for headers in endpoint.headers)
    asked = endpoint.count
    assert make(spec, "together") == alone
    assert endpoint.count == asked, "what is made is not made again"
    left = {path.name for path in (tmp_path / "together").iterdir()} - {"made", "cache"}
    assert all(name.startswith("answers.sqlite") for name in left), left


def test_killed_workers_and_a_killed_actor_change_no_byte_and_cost_what_was_in_flight(
    make, endpoint, tmp_path
):
    spec = write_spec(tmp_path, splits={"train": 150, "test": 20}, **ALIKE)
    endpoint.rule = often_alike
    alone = make(spec, "alone", None)
    endpoint.clear()
    endpoint.rule = often_alike
    endpoint.latency_s = 0.05
    chance = random.Random(5)
    killed: list[str] = []

    def killer() -> None:
        for number, title in enumerate(("ray::part", "ray::Post", "ray::part"), 1):
            while endpoint.count < 40 * number:
                time.sleep(0.005)
            time.sleep(0.05 * chance.random())
            if kill(os.getpid(), title):
                killed.append(title)

    thread = threading.Thread(target=killer, daemon=True)
    thread.start()
    assert make(spec, "together") == alone
    thread.join()
    assert len(killed) == 3
    kept = stored(tmp_path / "together" / "answers.sqlite")
    # Each worker has half of the places; the actor's end costs nothing.
    assert endpoint.count - kept <= 2 * CONCURRENCY // 2


def test_caps_hold_for_all_workers_together(make, endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 60, "test": 20})
    with pytest.raises(BudgetError, match="the cap of 50 requests"):
        make(spec, "home", max_requests=50)
    assert endpoint.count == 50 == stored(tmp_path / "home" / "answers.sqlite")
    make(spec, "home", max_requests=50)
    assert endpoint.count == 80


def test_what_a_killed_worker_had_reserved_counts_at_its_most(make, endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 100})
    endpoint.latency_s = 0.05

    def killer() -> None:
        while endpoint.count < 20:
            time.sleep(0.005)
        kill(os.getpid(), "ray::part")

    thread = threading.Thread(target=killer, daemon=True)
    thread.start()
    with pytest.raises(BudgetError):
        make(spec, "home", max_requests=60)
    thread.join()
    assert endpoint.count <= 60
    assert stored(tmp_path / "home" / "answers.sqlite") >= 60 - CONCURRENCY


def test_limits_a_minute_hold_for_all_workers_together(make, endpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(rate, "MINUTE_S", 1.0)  # the driver's: the workers have no clock of their own
    times: list[float] = []

    def noted(body: dict[str, Any]) -> None:
        times.append(time.monotonic())

    endpoint.rule = noted
    make(write_spec(tmp_path, splits={"train": 50}), "home", rpm=20)
    assert len(times) == 50
    most = max(sum(start <= other < start + 0.8 for other in times) for start in times)
    assert most <= 20


@pytest.mark.parametrize(
    ("rule", "error"),
    [(lambda body: unauthorized(), EndpointError), (lambda body: text("Meh."), ShortfallError)],
)
def test_what_ends_one_process_ends_the_workers_with_the_same_error(make, endpoint, tmp_path, rule, error):
    endpoint.rule = rule
    spec = write_spec(tmp_path, splits={"train": 60}, attempts=2, checks={"text": {"length": [20, 900]}})
    with pytest.raises(error):
        make(spec, "home")


def test_batches_are_refused_before_anything_is_asked(make, endpoint, tmp_path):
    with pytest.raises(SettingsError, match="leave out --batch"):
        make(write_spec(tmp_path), "home", batch=True)
    assert endpoint.count == 0


def test_generated_lists_are_asked_once_and_drawn_from_by_all_workers(make, endpoint, tmp_path):
    rounds: list[str] = []

    def invented(body: dict[str, Any]) -> object:
        prompt = body["messages"][-1]["content"]
        if not prompt.startswith("Invent"):
            return None
        rounds.append(prompt)
        begin = prompt.count("\n- ")
        names = [
            ("Lisbon", "Oslo", "Riga", "Porto", "Bern", "Graz")[number % 6]
            for number in range(begin, begin + 3)
        ]
        return text(json.dumps({"items": names}))

    endpoint.rule = invented
    spec = write_spec(
        tmp_path,
        lists={"towns": {"prompt": "Invent towns.", "count": 6, "batch": 3}},
        columns={
            "label": {"classes": ["negative", "positive"]},
            "town": {"sample": {"list": "towns"}},
            "text": {"prompt": "Write a {{ label }} review of a hotel in {{ town }}."},
        },
        splits={"train": 30},
    )
    alone, asked = make(spec, "alone", None), len(rounds)
    assert make(spec, "together") == alone
    assert len(rounds) == 2 * asked


def test_ray_listens_on_loopback_only_and_reports_nothing(connected, listening_before):
    from ray._common.usage.usage_lib import usage_stats_enabled

    assert not usage_stats_enabled()
    found = listening({os.getpid(), *below(os.getpid())})
    addresses = {address for number, address in found.items() if number not in listening_before}
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F"}, addresses
    assert addresses


def test_no_key_is_on_disk_after_all_that(connected, make, tmp_path):
    make(write_spec(tmp_path, splits={"train": 10}), "home")
    session = Path(connected._private.worker._global_node.get_temp_dir_path())
    files = [path for path in session.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 10
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
