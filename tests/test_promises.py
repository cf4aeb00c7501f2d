"""The promises that several stages keep together, each with a test that tries to break it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_endpoint import FakeEndpoint, cut_json, default_text, rate_limited, reset, server_error, text
from specs import write_spec
from workshop import often_alike

from synth_datasets.settings import Settings
from synth_datasets.spec import load_spec, with_overrides
from synth_datasets.splits import split_outcomes, split_rows
from synth_datasets.validation.outcome import Example

BUILD = """
import sys, hashlib, datasets, synth_datasets
datasets.disable_progress_bars()
made = datasets.load_dataset("synth", data_files=sys.argv[1], cache_dir=sys.argv[2])
print(hashlib.sha256(repr([(name, split.to_list()) for name, split in made.items()]).encode()).hexdigest())
"""


def settings(endpoint: FakeEndpoint, store: Path, **changes) -> Settings:
    return Settings(**{"base_url": endpoint.base_url, "api_key": "sk-test", "store": store, **changes})


def rows_of(spec, where: Settings, split: str = "train") -> list[tuple]:
    outcomes = split_outcomes(spec, where, split)
    return [
        (str(each.row), dict(each.values), [(r.column, r.attempt, r.reason, r.text) for r in each.rejections])
        for each in outcomes
        if isinstance(each, Example)
    ]


@pytest.mark.parametrize("concurrency", [1, 8, 64, 256])
def test_rows_do_not_depend_on_concurrency_or_on_which_answer_comes_first(endpoint, tmp_path, concurrency):
    spec = load_spec(
        write_spec(
            tmp_path, splits={"train": 40, "test": 10}, attempts=12, checks={"text": {"length": [20, 900]}}
        )
    )
    endpoint.rule = lambda body: (reply := often_alike(body)) and text(reply)
    expected = rows_of(spec, settings(endpoint, tmp_path / "calm.sqlite", concurrency=1))
    requests = {repr(body) for body in endpoint.bodies}
    assert any(rejections for _, _, rejections in expected), "this test needs rejected answers"
    endpoint.clear()
    endpoint.rule = lambda body: (reply := often_alike(body)) and text(reply)
    shuffled = random.Random(concurrency)
    endpoint.latency_s = lambda body: shuffled.random() * 0.02
    made = rows_of(spec, settings(endpoint, tmp_path / "rough.sqlite", concurrency=concurrency))
    assert made == expected
    assert {repr(body) for body in endpoint.bodies} == requests, "not one request more"
    assert endpoint.count == len(requests)


def test_rows_do_not_depend_on_failures_of_the_endpoint(endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 40}))
    expected = rows_of(spec, settings(endpoint, tmp_path / "calm.sqlite"))
    failures = {
        3: rate_limited(0.01),
        7: server_error(503),
        11: cut_json(),
        17: reset(),
        23: server_error(500),
    }
    endpoint.clear()
    endpoint.rule = lambda body: failures.pop(endpoint.count, None)
    assert rows_of(spec, settings(endpoint, tmp_path / "rough.sqlite", concurrency=8)) == expected
    assert not failures, "every failure was met"


def test_streamed_rows_are_the_built_rows(endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 20, "test": 6}))
    where = settings(endpoint, tmp_path / "answers.sqlite")
    streamed = list(split_rows(spec, where, "train", eager=False))
    asked = endpoint.count
    assert list(split_rows(spec, where, "train")) == streamed
    assert endpoint.count == asked


def test_an_answer_is_never_asked_for_again_in_any_build(endpoint, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 20, "test": 6}))
    where = settings(endpoint, tmp_path / "answers.sqlite")
    for split in ("train", "test", "train"):
        list(split_rows(spec, where, split))
    grown = with_overrides(spec, num_examples={"train": 24})
    list(split_rows(grown, where, "train"))
    bodies = [repr(body) for body in endpoint.bodies]
    assert len(bodies) == len(set(bodies))


def test_nothing_vanishes(endpoint, tmp_path):
    """Every answer is either a row's or a rejection's, with its text as it came."""
    spec = load_spec(
        write_spec(tmp_path, splits={"train": 30}, attempts=12, checks={"text": {"length": [20, 900]}})
    )
    given = {}

    def rule(body):
        given[body["seed"]] = often_alike(body) or default_text(body)
        return text(given[body["seed"]])

    endpoint.rule = rule
    outcomes = list(split_outcomes(spec, settings(endpoint, tmp_path / "answers.sqlite"), "train"))
    kept = [source.text for outcome in outcomes for source in outcome.sources]
    rejected = [rejection.text for outcome in outcomes for rejection in outcome.rejections]
    assert sorted(kept + rejected) == sorted(given.values())
    assert len(kept) == 30
    assert rejected


def build_in_child(spec: Path, home: Path, endpoint: FakeEndpoint) -> subprocess.Popen:
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": endpoint.base_url,
        "OPENAI_API_KEY": "sk-test",
        "SYNTH_STORE": str(home / "answers.sqlite"),
        "SYNTH_CONCURRENCY": "8",
    }
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(spec), str(home / "cache")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_kills_at_any_instant_cost_only_what_was_in_flight(endpoint, tmp_path):
    """SIGKILL again and again: the same bytes in the end, and no answer bought twice."""
    spec = write_spec(tmp_path, splits={"train": 120, "test": 30})
    endpoint.latency_s = 0.02
    calm = build_in_child(spec, tmp_path / "calm", endpoint)
    expected, errors = calm.communicate(timeout=120)
    assert calm.returncode == 0, errors
    needed = endpoint.count
    endpoint.clear()
    chance = random.Random(5)
    in_flight = 0
    kills = 0
    while kills < 6:
        target = endpoint.count + chance.randrange(1, 30)
        child = build_in_child(spec, tmp_path / "rough", endpoint)
        while endpoint.count < target and child.poll() is None:
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        in_flight += min(8, endpoint.in_flight + 1)
        child.communicate()
        kills += 1
    last = build_in_child(spec, tmp_path / "rough", endpoint)
    made, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    assert made == expected
    assert needed <= endpoint.count <= needed + 8 * kills, (endpoint.count, needed, in_flight)


def test_a_key_is_written_nowhere(endpoint, tmp_path):
    spec = write_spec(tmp_path)
    child = build_in_child(spec, tmp_path, endpoint)
    child.communicate(timeout=120)
    assert child.returncode == 0
    assert endpoint.headers[0]["authorization"] == "Bearer sk-test"
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"sk-test" not in path.read_bytes(), path
