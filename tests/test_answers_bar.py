"""The bar of answers is hidden with those of `datasets`, and does not import it."""

import subprocess
import sys

import pytest

from synth_datasets.answers_bar import answers_bar

CODE = """
import sys
from synth_datasets.answers_bar import answers_bar
with answers_bar("Asking m") as bar:
    bar.update(3)
    bar.refresh()
print("datasets" in sys.modules)
"""


def shown(value: str | None, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    if value is None:
        monkeypatch.delenv("HF_DATASETS_DISABLE_PROGRESS_BARS", raising=False)
    else:
        monkeypatch.setenv("HF_DATASETS_DISABLE_PROGRESS_BARS", value)
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    return done.stderr, done.stdout.strip()


@pytest.mark.parametrize("value", [None, "0"])
def test_it_is_shown_without_importing_datasets(value, monkeypatch):
    bar, imported = shown(value, monkeypatch)
    assert "Asking m: 3 answers" in bar
    assert imported == "False"


def test_the_environment_hides_it(monkeypatch):
    assert shown("true", monkeypatch) == ("", "False")


def test_datasets_hides_and_shows_it(capfd):
    import datasets

    datasets.disable_progress_bars()
    try:
        with answers_bar("Asking m") as bar:
            assert bar.disable
    finally:
        datasets.enable_progress_bars()
    with answers_bar("Asking m") as bar:
        assert not bar.disable
