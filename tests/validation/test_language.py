"""Telling languages apart: what is refused, what is let through, and what happens without the package."""

import sys

import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.spec.model import Checks, DatasetSpec, ModelSpec
from synth_datasets.validation import language
from synth_datasets.validation.language import require_identifier, wrong_language

TEXTS = {
    "en": "The battery lasts all day and the screen is pleasantly bright.",
    "de": "Der Akku hält den ganzen Tag und der Bildschirm ist angenehm hell.",
    "fr": "La batterie tient toute la journée et l'écran est lumineux.",
    "es": "La batería dura todo el día y la pantalla se ve muy bien.",
    "ja": "電池は一日中持ちますし、画面も明るいです。",
    "no": "Batteriet holder hele dagen, og skjermen er behagelig lys.",
}


@pytest.mark.parametrize("found", TEXTS)
@pytest.mark.parametrize("asked", TEXTS)
def test_a_text_is_refused_in_every_language_but_its_own(asked, found):
    verdict = wrong_language(TEXTS[found], asked)
    assert (verdict is None) == (asked == found)
    if verdict is not None:
        assert verdict.reason == "wrong_language"


def test_a_word_or_two_are_let_through_and_so_are_neighbours():
    assert wrong_language("Super!", "de") is None
    assert wrong_language("Batteriet varer hele dagen, og skærmen er lys.", "Norwegian") is None


def test_a_verdict_names_both_languages():
    assert "German" in wrong_language(TEXTS["de"], "en").detail
    assert "English is asked for" in wrong_language(TEXTS["de"], "en-GB").detail
    assert "no language" in wrong_language(TEXTS["de"], "Klingon").detail


def spec_with(checks: Checks) -> DatasetSpec:
    return DatasetSpec(name="x", columns=(), splits=(), model=ModelSpec("m"), checks={"text": checks})


def test_without_the_package_a_check_is_refused_before_anything_is_asked(monkeypatch):
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    language._identifier.cache_clear()
    try:
        require_identifier(spec_with(Checks()))
        with pytest.raises(SettingsError, match=r"pip install 'synth-datasets\[language\]'"):
            require_identifier(spec_with(Checks(language="en")))
    finally:
        language._identifier.cache_clear()
