"""Measures that a spec asks for: ours in every report, a person's own only when that person says so."""

import json
from typing import Any

import datasets
import pytest
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.errors import SettingsError, SpecError
from synth_datasets.quality.suite import MEASURES
from synth_datasets.spec import fingerprint, load_spec
from synth_datasets.spec.measures import MEASURES as NAMES

OWN = """
from pathlib import Path

Path(__file__).with_name("was-run").touch()


def marks(texts):
    return {"exclamations": sum(text.count("!") for text in texts) / len(texts), "rows": len(texts)}
"""


@pytest.fixture
def made(endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    datasets.disable_progress_bars()
    (tmp_path / "mine.py").write_text(OWN, encoding="utf-8")

    def make(measures: list[str], **options: Any) -> dict[str, Any]:
        spec = write_spec(tmp_path, splits={"train": 12, "test": 4}, measures=measures)
        given = {"base_url": endpoint.base_url, "store": str(tmp_path / "answers.sqlite")}
        folder = tmp_path / f"made-{len(list(tmp_path.glob('made-*')))}"
        build(spec, folder, cache_dir=tmp_path / "cache", options=given, **options)
        report = json.loads((folder / "quality.json").read_text())
        return {each["name"]: each for each in report["more"]}

    yield make
    datasets.enable_progress_bars()


def test_the_names_in_a_spec_are_those_of_the_report():
    assert set(NAMES) == set(MEASURES)


def test_measures_of_ours_stand_in_the_build_s_report(made):
    found = made(["readability", "prompt_fit"])
    assert list(found) == ["readability", "prompt_fit"]
    assert found["readability"]["column"] == "text"
    assert found["readability"]["rows"] == 16
    assert all(isinstance(value, float) for value in found["readability"]["values"].values())


def test_what_cannot_be_measured_says_what_it_needs(made):
    found = made(["mauve", "seed_copies"])
    assert found["mauve"]["values"] == {"mauve": None}
    assert "--real of `synth report`" in found["mauve"]["notes"][0]
    assert "`seeds` in the spec" in found["seed_copies"]["notes"][0]


def test_code_that_a_spec_names_runs_only_when_it_is_allowed(made, tmp_path):
    found = made(["mine.py:marks"])
    assert not (tmp_path / "was-run").exists()
    assert found["mine.py:marks"]["values"] == {"mine.py:marks": None}
    assert "--run-measures" in found["mine.py:marks"]["notes"][0]
    found = made(["mine.py:marks"], run_measures=True)
    assert (tmp_path / "was-run").exists()
    assert found["mine.py:marks"]["values"]["rows"] == 16.0


def test_code_of_one_s_own_that_raises_holds_no_build_up(made, tmp_path):
    (tmp_path / "broken.py").write_text("def marks(texts):\n    return 1 / 0\n", encoding="utf-8")
    found = made(["broken.py:marks", "readability"], run_measures=True)
    assert found["broken.py:marks"]["values"] == {"broken.py:marks": None}
    assert found["broken.py:marks"]["notes"] == [
        "not measured: broken.py:marks raised ZeroDivisionError: division by zero (broken.py, line 2)"
    ]
    assert found["readability"]["rows"] == 16


@pytest.mark.usefixtures("own_modules")
def test_a_measurement_of_evaluate_is_loaded_by_its_path_beside_the_spec(made, tmp_path):
    (tmp_path / "length.py").write_text(
        "import datasets\nimport evaluate\n\n\nclass Length(evaluate.Measurement):\n"
        "    def _info(self, config=None):\n"
        "        return evaluate.MeasurementInfo(description='', citation='', inputs_description='',\n"
        "            features=datasets.Features({'data': datasets.Value('string')}))\n\n"
        "    def _compute(self, data):\n        return {'longest': max(map(len, data))}\n",
        encoding="utf-8",
    )
    found = made(["length.py"], run_measures=True)
    assert found["length.py"]["values"]["longest"] > 20


def test_a_name_that_is_none_is_an_error_with_its_line(tmp_path):
    with pytest.raises(
        SpecError, match=r"measures.*there is no measure 'readabilty'.*\n?.*did you mean 'readability'"
    ):
        load_spec(write_spec(tmp_path, measures=["readabilty"]))


def test_measures_change_no_row(tmp_path):
    plain = fingerprint(load_spec(write_spec(tmp_path)))
    assert fingerprint(load_spec(write_spec(tmp_path, measures=["grammar"]))) == plain


def test_own_measures_of_a_missing_file_end_the_build_before_anybody_is_asked(made, endpoint):
    with pytest.raises(SettingsError, match="there is no such Python file"):
        made(["nowhere.py:marks"], run_measures=True)
    assert endpoint.count == 0
