import sys

import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.quality.toxicity import toxicity_rate


@pytest.fixture
def classifier():
    pytest.importorskip("profanity_check")


@pytest.mark.usefixtures("classifier")
def test_the_examples_of_the_library_have_their_values():
    """From the README of alt-profanity-check."""
    harmless = "predict() takes an array and returns a 1 for each string if it is offensive, else 0."
    found = toxicity_rate([harmless, "fuck you", "go to hell, you scum"])

    assert found.rate == pytest.approx(2 / 3)
    assert [row for row, _, _ in found.examples] == [1, 2]
    assert found.highest > 0.95
    assert toxicity_rate(["go to hell, you scum"]).highest > 0.75
    assert toxicity_rate([harmless]).highest < 0.1


@pytest.mark.usefixtures("classifier")
def test_what_it_cannot_tell_is_as_its_limits_say():
    assert toxicity_rate(["This is damn good"]).rate == 1
    assert toxicity_rate(["You people are vermin and should disappear."]).rate == 0


@pytest.mark.usefixtures("classifier")
@pytest.mark.parametrize("texts", [["same text"] * 60, ["这个产品非常好用", ""], ["x\ud800 " * 500_000]])
def test_edges_are_harmless(texts):
    found = toxicity_rate(texts)

    assert (found.rows, found.rate, found.examples) == (len(texts), 0, ())


@pytest.mark.usefixtures("classifier")
def test_few_real_reviews_are_flagged(reviews):
    assert toxicity_rate([text for text, _ in reviews]).rate < 0.02


def test_nothing_is_measured_of_nothing_and_a_missing_package_is_told(monkeypatch):
    assert toxicity_rate([]).rate is None
    monkeypatch.setitem(sys.modules, "profanity_check", None)
    with pytest.raises(SettingsError, match=r"pip install 'synth-datasets\[toxicity\]'"):
        toxicity_rate(["a"])


def test_a_classifier_made_for_another_scikit_learn_is_not_believed(monkeypatch, tmp_path):
    (tmp_path / "profanity_check.py").write_text(
        "import warnings\nwarnings.warn('Trying to unpickle from version 1.0', UserWarning)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "profanity_check", raising=False)

    with pytest.raises(SettingsError, match="made for one version of scikit-learn"):
        toxicity_rate(["a"])
