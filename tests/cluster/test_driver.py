"""The command that asks workers of Ray is killed and interrupted: nobody is left, and the next one goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_endpoint import FakeEndpoint
from processes import alive, below
from specs import write_spec

from synth_datasets.generation.store import AnswerStore

pytest.importorskip("ray")

CONCURRENCY = 8

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def command(spec: Path, home: Path, endpoint: FakeEndpoint, *options: str) -> subprocess.Popen[str]:
    """Begin `synth build --engine ray` with two workers."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "synth_datasets.cli", "build", str(spec), "-o", str(home / "made")),
            *("--engine", "ray", "--workers", "2", *options),
        ],
        env={
            **os.environ,
            "OPENAI_BASE_URL": endpoint.base_url,
            "OPENAI_API_KEY": "sk-test",
            "SYNTH_STORE": str(home / "answers.sqlite"),
            "SYNTH_CONCURRENCY": str(CONCURRENCY),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.01)


def stored(path: Path) -> int:
    with AnswerStore(path, read_only=True) as store:
        return len(store)


def test_a_killed_command_takes_its_workers_along_and_the_next_asks_only_for_the_rest(endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 100, "test": 10})
    endpoint.latency_s = 0.05
    process = command(spec, tmp_path, endpoint)
    wait_for(lambda: endpoint.count > 40, process)
    family = below(process.pid)
    process.kill()
    process.communicate()
    # Ray's agents, which ask nobody anything, look for their parent once a minute.
    wait_for(lambda: not alive({number for number, title in family.items() if not title.endswith("Agent")}))
    count, kept = endpoint.count, stored(tmp_path / "answers.sqlite")
    assert 30 <= kept <= count <= kept + CONCURRENCY
    assert list(tmp_path.glob(".parts-*"))
    again = command(spec, tmp_path, endpoint)
    _, errors = again.communicate(timeout=200)
    assert again.returncode == 0, errors
    assert endpoint.count == count + 110 - kept
    assert not list(tmp_path.glob(".parts-*")), "what the killed one left is cleared away"


def test_ctrl_c_ends_the_command_with_all_its_workers_and_says_how_to_go_on(endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 100, "test": 10})
    endpoint.latency_s = 0.05
    process = command(spec, tmp_path, endpoint)
    wait_for(lambda: endpoint.count > 20, process)
    family = {*below(process.pid)}
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (128 + signal.SIGINT, -signal.SIGINT), errors
    assert "Every answer that arrived is kept; run the same command again" in errors
    assert "Traceback" not in errors
    wait_for(lambda: not alive(family))
    assert 10 <= stored(tmp_path / "answers.sqlite") <= endpoint.count


def test_options_of_ray_without_ray_are_refused(endpoint, tmp_path):
    process = subprocess.run(
        [sys.executable, "-m", "synth_datasets.cli", "build", str(write_spec(tmp_path)), "--workers", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    assert "add --engine ray" in process.stderr
