"""Verbs that read a build again find the real rows that it was made with and that it keeps private."""

import random

import datasets
import pytest
from specs import write_spec

WORDS = [a + b for a in ("ka", "lo", "mi", "ru", "ten", "dra") for b in ("pa", "ster", "gon", "lik", "mo")]
SEEDS = "text,label\n" + "".join(
    f"{' '.join(random.Random(n).sample(WORDS, 8))},{'positive' if n % 2 else 'negative'}\n"
    for n in range(40)
)
COLUMNS = {
    "label": {"classes": ["negative", "positive"]},
    "shown": {"seed": "text", "same": "label", "hidden": True},
    "text": {"prompt": "Write a {{ label }} review that says something else than this one: {{ shown }}"},
}


@pytest.fixture
def synth(endpoint, tmp_path, monkeypatch, run):
    """Run a verb in the folder of a spec in a file of another name, whose build holds no seed; code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("SYNTH_STORE", str(tmp_path / "answers.sqlite"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "seeds.csv").write_text(SEEDS, encoding="utf-8")
    (tmp_path / "real.csv").write_text(SEEDS, encoding="utf-8")
    seeds = {"file": "seeds.csv", "label": "label"}
    write_spec(tmp_path / "mine", "spec.yaml", name="made", seeds=seeds, columns=COLUMNS)
    datasets.disable_progress_bars()

    code, _, errors = run("build", "mine/spec.yaml", "-o", "build/made", "--cache-dir", "cache")
    assert code == 0, errors
    assert not (tmp_path / "build" / "made" / "seeds.csv").exists()
    yield run
    datasets.enable_progress_bars()


def test_a_report_beside_real_rows_reads_the_seeds_where_the_spec_lay(synth):
    code, shown, errors = synth("report", "build/made", "--real", "real.csv")
    assert (code, "real.csv" in shown) == (0, True), errors


def test_where_nobody_knows_the_seeds_it_says_what_to_do(synth, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    code, _, errors = synth("report", "build/made", "--real", "real.csv")
    assert (code, "copy seeds.csv into build/made" in errors) == (2, True), errors
    (tmp_path / "build" / "made" / "seeds.csv").write_text(SEEDS, encoding="utf-8")
    assert synth("report", "build/made", "--real", "real.csv")[0] == 0
    code, shown, errors = synth("verify", "build/made")
    assert (code, "seeds.csv (no part of the release)" in shown) == (0, True), errors


def test_a_file_of_that_name_in_the_current_folder_is_not_read(synth, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path / "mine")  # where somebody else's build would find one's own table
    code, _, errors = synth("report", "../build/made", "--real", "../real.csv")
    assert (code, "was made with seeds.csv, which it does not hold" in errors) == (2, True), errors


def test_a_review_finds_the_spec_by_where_it_lay(synth, tmp_path):
    code, shown, errors = synth("review", "build/made", "--summary")
    assert (code, "0 decisions" in shown) == (0, True), errors
