"""Ctrl-C in code of one's own, as a stopped cell of a notebook gets it: what the traceback's last line says."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_endpoint import FakeEndpoint
from specs import write_spec

from synth_datasets.errors import KEPT

BUILD = """
import sys, synth_datasets
from datasets import load_dataset
load_dataset("synth", data_files=sys.argv[1], concurrency=4)
"""
STREAM = """
import sys, synth_datasets
from datasets import load_dataset
for row in load_dataset("synth", data_files=sys.argv[1], split="train", streaming=True, concurrency=4):
    pass
"""


def begin(code: str, folder: Path, endpoint: FakeEndpoint) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "reviews.synth.yaml")],
        env={
            **os.environ,
            "OPENAI_BASE_URL": endpoint.base_url,
            "OPENAI_API_KEY": "sk-test",
            "SYNTH_STORE": str(folder / "answers.sqlite"),
            "HF_DATASETS_CACHE": str(folder / "cache"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("code", [BUILD, STREAM], ids=["build", "stream"])
def test_the_last_line_says_that_answers_are_kept_and_running_it_again_goes_on(endpoint, tmp_path, code):
    write_spec(tmp_path, splits={"train": 60})
    endpoint.latency_s = 0.02
    child = begin(code, tmp_path, endpoint)
    while endpoint.count < 20 and child.poll() is None:
        time.sleep(0.005)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)

    assert child.returncode == -signal.SIGINT, "it is raised, not swallowed"
    assert errors.splitlines()[-2:] == ["KeyboardInterrupt", KEPT]
    assert errors.count(KEPT) == 1

    again = begin(code, tmp_path, endpoint)
    _, errors = again.communicate(timeout=60)
    assert again.returncode == 0, errors
    bodies = [repr(body) for body in endpoint.bodies]
    assert len(bodies) - len(set(bodies)) <= 4, "at most what was in flight is asked again"
