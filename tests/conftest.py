"""Fixtures that every area of the tests shares."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# Before `datasets` and `huggingface_hub` are imported: no test speaks to anything but loopback.
os.environ.update(HF_HUB_OFFLINE="1", HF_UPDATE_DOWNLOAD_COUNTS="0", HF_HUB_DISABLE_TELEMETRY="1")

import pytest
from fake_endpoint import FakeEndpoint
from hypothesis import settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would every child they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def endpoint() -> Iterator[FakeEndpoint]:
    """A fresh OpenAI-compatible server on loopback; `fake_endpoint` says what it can do."""
    server = FakeEndpoint()
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own caches, store and config, in this process and in those it starts."""
    home = tmp_path_factory.mktemp("home")
    for variable in list(os.environ):
        if variable.startswith(("SYNTH_", "OPENAI_")) and variable != "SYNTH_MODEL_PATH":
            monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    return home


@pytest.fixture(autouse=True)
def shown_bars() -> None:
    """Begin each test with the bars of `datasets` shown, whatever the tests before it have hidden."""
    if (bars := sys.modules.get("datasets.utils.tqdm")) is not None:
        bars.enable_progress_bars()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str, str]]:
    """Run a verb of the command in this process; returns its exit code, what it printed and what it said on stderr."""
    from synth_datasets.cli import main

    def run(*arguments: object) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


@pytest.fixture
def own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the test a place of its own for what `evaluate.load` copies, and leave no package of it to later tests."""
    import evaluate

    place = str(tmp_path / "modules")
    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", place)
    monkeypatch.setattr(sys, "path", [place, *sys.path])
    _forget_loaded()
    yield
    _forget_loaded()


def _forget_loaded() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "evaluate_modules"]:
        del sys.modules[name]
