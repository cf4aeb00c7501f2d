"""Signals that arrive at the worst moments: each in a process of its own, with real signals."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from specs import write_spec

BEGIN = """
import os, signal, sys, time
from synth_datasets.cli.interrupts import interruptible

def send(number=signal.SIGTERM):
    os.kill(os.getpid(), number)

def go_on(most_s=20):
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        time.sleep(0.001)
    print("was never stopped")
"""


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BEGIN + script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module that sends a signal while it is imported."""
    path = tmp_path / "interrupted.py"
    path.write_text(
        "import __main__\ntry:\n    __main__.send()\n    done = True\nexcept BaseException:\n    done = False\n"
    )
    return path


def test_a_signal_within_an_import_is_raised_after_it(module):
    told = run(
        """
sys.path.insert(0, sys.argv[1])
with interruptible() as interrupts:
    try:
        import interrupted
        go_on()
    except KeyboardInterrupt:
        print(interrupted.done, interrupts.raised, interrupts.number == signal.SIGTERM)
""",
        module.parent,
    )
    assert (told.stdout, told.stderr) == ("True True True\n", "")


def test_a_second_signal_breaks_off_an_import(tmp_path):
    (tmp_path / "endless.py").write_text(
        "import __main__\n__main__.send()\n__main__.send()\n__main__.go_on()\n"
    )
    told = run(
        """
sys.path.insert(0, sys.argv[1])
with interruptible():
    try:
        import endless
    except KeyboardInterrupt:
        print("endless" in sys.modules)
""",
        tmp_path,
    )
    assert (told.stdout, told.stderr) == ("False\n", "")


def test_a_signal_within_a_finalizer_is_raised_after_it():
    told = run(
        """
class Last:
    def __del__(self):
        send()
        for _ in range(1000):
            pass

with interruptible() as interrupts:
    try:
        Last()
        go_on()
    except KeyboardInterrupt:
        print(interrupts.raised)
"""
    )
    assert (told.stdout, told.stderr) == ("True\n", "")


def test_a_signal_while_a_lock_of_threading_is_taken_leaves_it_free():
    told = run(
        """
import threading

ready = threading.Condition(threading.Lock())
real = ready._acquire_restore
text = "def interrupted(saved):\\n    os.kill(os.getpid(), signal.SIGTERM)\\n    real(saved)\\n"
exec(compile(text, threading.__file__, "exec"))
ready._acquire_restore = interrupted
with interruptible():
    try:
        with ready:
            ready.wait(0.01)
        go_on()
    except KeyboardInterrupt:
        print(ready.acquire(blocking=False))
"""
    )
    assert (told.stdout, told.stderr) == ("True\n", "")


def test_an_object_whose_making_was_broken_off_does_not_complain():
    told = run(
        """
from tqdm import tqdm

def interrupted(*_):
    send(signal.SIGINT)
    time.sleep(1)

tqdm._get_free_pos = interrupted
with interruptible():
    try:
        tqdm(total=1)
    except KeyboardInterrupt:
        print("stopped")
"""
    )
    assert (told.stdout, told.stderr) == ("stopped\n", "")


def test_complaints_of_finalizers_are_shown_where_no_signal_came():
    told = run(
        """
class Bad:
    def __del__(self):
        raise ValueError("this one is to be seen")

with interruptible():
    Bad()
"""
    )
    assert "this one is to be seen" in told.stderr


def test_a_signal_that_is_ignored_stays_so():
    told = run(
        """
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as under nohup, and in the background of a script
with interruptible():
    send(signal.SIGINT)
    print("goes on")
"""
    )
    assert (told.stdout, told.stderr) == ("goes on\n", "")


def test_signals_are_handled_as_before_afterwards():
    told = run(
        """
def state():
    return [*map(signal.getsignal, (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)), sys.unraisablehook]

before = state()
with interruptible():
    assert state() != before
print(state() == before)
"""
    )
    assert (told.stdout, told.stderr) == ("True\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_stops_though_a_library_takes_the_interrupt_for_a_missing_file(tmp_path, number):
    told = run(
        """
from fsspec.implementations.local import LocalFileSystem
from synth_datasets.cli import main

def interrupted(self, path, **_):  # `isfile` asks for this, and takes whatever it raises for "no"
    send(int(sys.argv[2]))
    time.sleep(1)

LocalFileSystem.info = interrupted
main(["build", sys.argv[1]])
""",
        write_spec(tmp_path),
        int(number),
    )
    assert told.returncode == 128 + number, told
    assert told.stderr.strip() == (
        "Stopped. Every answer that arrived is kept; run the same command again to go on from there."
    )
