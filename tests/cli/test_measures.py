"""`synth report` with measures by name, real rows, a test set, and functions of one's own."""

import csv
import json
import os
import re
import subprocess
import sys

import datasets
import pytest
from hub_standin import HubStandin
from specs import write_spec

from synth_datasets.build import build
from synth_datasets.cli import main, measures
from synth_datasets.publishing.release import read_release, verify_release

OWN = """\
import numpy as np

def shouting(texts):
    return sum(text.isupper() for text in texts) / len(texts)

def broken(texts):
    return "many"

def points(texts):
    return np.array([[len(text), 1.0] for text in texts])
"""
MEASUREMENT = """\
import datasets
import evaluate


class Mean(evaluate.Measurement):
    def _info(self, config=None):
        features = datasets.Features({"data": datasets.Value("string")})
        return evaluate.MeasurementInfo(description="m", citation="", inputs_description="", features=features)

    def _compute(self, data):
        return {"mean_length": sum(map(len, data)) / len(data)}
"""


@pytest.fixture
def report(endpoint, tmp_path, monkeypatch, capsys):
    """Run the verb on a build of eight rows, in a folder with files of real rows; returns code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    write_spec(tmp_path)
    options = {"base_url": endpoint.base_url, "store": str(tmp_path / "answers.sqlite")}
    built = build("reviews.synth.yaml", "made", cache_dir="cache", options=options)
    rows = [row["text"] for split in built.dataset.values() for row in split]
    (tmp_path / "my_measures.py").write_text(OWN)
    for name, column, texts in (
        ("leak", "text", rows[:3]),
        ("real", "review", [f"Row {n}." for n in range(200)]),
    ):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([[column], *([text] for text in texts)])
    datasets.disable_progress_bars()
    capsys.readouterr()

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["report", "made", *map(str, arguments)])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    yield run
    datasets.enable_progress_bars()


def measured(shown):
    return {each["name"]: each for each in json.loads(shown)["more"]}


def test_a_plain_report_is_what_the_build_measured(report, tmp_path):
    code, shown, _ = report("--json")

    assert code == 0
    assert shown == (tmp_path / "made/quality.json").read_text(encoding="utf-8")
    assert json.loads(shown)["more"] == []


def test_all_that_there_is_something_for_is_measured_and_the_release_stays_as_it_is(report, tmp_path):
    code, shown, errors = report(
        "--full", "--real", "real.csv:review", "--test", "leak.csv", "--json", "--page", "full.html"
    )

    assert code == 0, errors
    found = measured(shown)
    assert set(found) == {
        *("semantic_spread", "readability", "language", "grammar", "prompt_fit", "label_fit"),
        *("contamination", "real", "two_sample", "toxicity", "label_noise", "mauve"),
    }
    assert found["contamination"]["values"]["rows"] >= 3
    assert found["prompt_fit"]["values"]["auc"] is not None
    assert found["real"]["values"]["coverage"] is None
    assert "too few rows" in found["real"]["notes"][0]
    assert "Measured by name" in (tmp_path / "full.html").read_text(encoding="utf-8")
    verify_release(read_release(tmp_path / "made"))


def test_label_noise_takes_the_column_that_rows_of_one_text_share(report):
    code, shown, errors = report("--measure", "label_noise", "--group", "label", "--json")

    assert code == 0, errors
    assert "too few rows" in measured(shown)["label_noise"]["notes"][0]


@pytest.mark.parametrize(
    ("option", "value", "needed"),
    [
        ("--group", "label", "label_noise"),
        ("--scorer", "smollm2-135m-instruct", "perplexity"),
        ("--embed", "my_measures.py:points", "semantic_spread"),
    ],
)
def test_an_option_that_no_measure_looks_at_says_which_one_would(report, option, value, needed):
    for others in ((), ("--measure", "readability"), ("--write", "--real", "real.csv:review")):
        code, _, errors = report(option, value, *others)
        if option == "--embed" and "--real" in others:  # what stands beside real rows is embedded
            assert code == 0, errors
            continue
        assert code == 2
        assert f"{option} {value} is for {needed}" in errors
        assert f"add --measure {needed}" in errors


def test_rows_without_a_value_in_the_column_of_groups_are_not_one_group():
    rows = datasets.Dataset.from_dict({"review": ["one", None, "", "one", None, ""]})

    groups = measures._groups(datasets.DatasetDict(train=rows), "review")

    assert groups is not None
    assert groups[0] == groups[3]
    assert len(set(groups)) == 5


def test_names_are_measured_in_their_order_and_shown_with_what_they_cannot_tell(report):
    code, shown, _ = report("--measure", "label_fit", "--measure", "readability")

    assert code == 0
    assert shown.index("label fit of text, 8 rows") < shown.index("readability of text")
    assert "Cannot tell whether a text is clear" in shown


@pytest.mark.usefixtures("own_modules")
def test_ones_own_functions_and_measurements_are_run(report, tmp_path):
    (tmp_path / "mean.py").write_text(MEASUREMENT)
    code, shown, errors = report(
        "--measure", "my_measures.py:shouting", "--measure", "./mean.py", "--measure", "semantic_spread",
        "--embed", "my_measures.py:points", "--json",
    )  # fmt: skip

    assert code == 0, errors
    found = measured(shown)
    assert found["my_measures.py:shouting"]["values"] == {"my_measures.py:shouting": 0}
    assert found["./mean.py"]["values"]["mean_length"] > 1
    assert found["semantic_spread"]["values"]["vendi"] < 2  # two numbers a text, one of them small


def test_ones_own_code_that_raises_is_named_with_its_error_in_one_line(report, tmp_path):
    (tmp_path / "raising.py").write_text(
        "import json\n\ndef inside(texts):\n    raise ValueError('no such\\nthing')\n"
        "def deeper(texts):\n    return json.loads('{')\ndef silent(texts):\n    raise KeyError\n",
        encoding="utf-8",
    )
    (tmp_path / "unfit.py").write_text("import no_such_module\n", encoding="utf-8")
    for arguments, said in (
        (
            ("--measure", "raising.py:inside"),
            "raising.py:inside raised ValueError: no such thing (raising.py, line 4)",
        ),
        (("--measure", "raising.py:deeper"), "raising.py:deeper raised JSONDecodeError: Expecting property"),
        (("--measure", "raising.py:silent"), "raising.py:silent raised KeyError (raising.py, line 8)"),
        (
            ("--measure", "unfit.py:any"),
            "unfit.py raised ModuleNotFoundError: No module named 'no_such_module'",
        ),
        (
            ("--measure", "semantic_spread", "--embed", "raising.py:inside"),
            "raising.py:inside raised ValueError: no such thing (raising.py, line 4)",
        ),
    ):
        code, _, errors = report(*arguments)

        assert code == 2
        assert errors.startswith(f"Error: {said}")
        assert len(errors.splitlines()) == 1
        assert re.search(r"\((raising|unfit)\.py, line \d\)$", errors), "the place in one's own file"


def test_what_cannot_be_measured_is_told(report):
    for arguments, said in (
        (("--measure", "readabilty"), "there is no measure 'readabilty'; there are\n  semantic_spread"),
        (("--measure", "real"), "measure real needs --real FILE"),
        (("--measure", "label_noise", "--group", "review"), "--group review: there is no such column in"),
        (
            ("--measure", "semantic_duplicates"),
            "measure semantic_duplicates needs --embed minilm or wordllama, or a folder",
        ),
        (("--measure", "perplexity"), "measure perplexity needs --scorer smollm2-135m-instruct, or a folder"),
        (
            ("--measure", "perplexity", "--scorer", "none"),
            "--scorer none: expected smollm2-135m-instruct, or a folder",
        ),
        (
            ("--measure", "semantic_spread", "--embed", "none"),
            "--embed none: expected minilm, wordllama, a folder with a model",
        ),
        (("--measure", "seed_copies"), "measure seed_copies needs a spec with `seeds`"),
        (("--real", "none.csv"), "none.csv: cannot be read"),
        (("--test", "real.csv"), "name the column of texts as FILE:COLUMN"),
        (("--measure", "my_measures.py:broken"), "expected a number or numbers by name"),
        (("--measure", "my_measures.py:none"), "has no function 'none'"),
    ):
        code, _, errors = report(*arguments)

        assert code != 0
        assert said in errors


def test_a_measurement_of_the_hub_is_fetched_and_run(report, tmp_path):
    """In a process of its own, since `evaluate` asks the environment for the Hub's address when it is imported."""
    hub = HubStandin()
    hub.spaces["org/mean_length"] = {"mean_length.py": MEASUREMENT}
    hub.start()
    try:
        environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
        done = subprocess.run(
            [sys.executable, "-m", "synth_datasets.cli", "report", "made", "--measure", "org/mean_length"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    finally:
        hub.stop()
    assert done.returncode == 0, done.stderr
    assert "mean_length" in done.stdout
    assert any(call == "GET /spaces/org/mean_length/resolve/main/mean_length.py" for call in hub.calls), (
        hub.calls
    )
