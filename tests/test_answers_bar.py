"""The bar of answers counts those that came, is hidden with the bars of `datasets`, and does not import it."""

import subprocess
import sys

import pytest
from specs import write_spec

from synth_datasets import load_spec, outcomes
from synth_datasets.answers_bar import answers_bar
from synth_datasets.settings import Settings
from synth_datasets.splits import split_outcomes

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


def test_after_a_burst_the_next_answer_is_shown_too(capfd):
    with answers_bar("Asking m") as bar:
        bar.mininterval = 0
        bar.update(300)
        bar.update(1)
    shown = capfd.readouterr().err
    assert "300 answers" in shown
    assert "301 answers" in shown


def test_what_is_still_being_asked_is_no_answer(endpoint, tmp_path, monkeypatch):
    counts = []
    course = outcomes._course

    def courses(plan, progress, engine, rows):
        found = course(plan, progress, engine, rows)
        counts.append((progress.asked, engine.in_flight, found))
        return found

    bars = []
    monkeypatch.setattr(outcomes, "_course", courses)
    monkeypatch.setattr(outcomes, "answers_bar", lambda title: bars.append(answers_bar(title)) or bars[0])
    shown = []
    show = outcomes._show
    monkeypatch.setattr(outcomes, "_show", lambda bar, *more: (show(bar, *more), shown.append(bar.n)))
    where = Settings(
        base_url=endpoint.base_url, api_key="k", store=tmp_path / "answers.sqlite", concurrency=4
    )
    spec = load_spec(write_spec(tmp_path, splits={"train": 40}))
    assert len(list(split_outcomes(spec, where, "train"))) == 40
    assert any(flying for _, flying, _ in counts)
    assert shown == [asked - flying + found.reused for asked, flying, found in counts]
    assert shown[-1] == 40
