"""Votes, attributes, real rows and an earlier build in the report of a whole build."""

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_endpoint import text
from specs import review_spec

from synth_datasets.build import build
from synth_datasets.cli.report import report_verb
from synth_datasets.cli.specs import schema_verb
from synth_datasets.examined import examine, examine_beside
from synth_datasets.quality import report
from synth_datasets.quality.suite import MEASURES
from synth_datasets.real_file import read_real

pytest.importorskip("sklearn")
LABELS = ["negative", "positive"]


def rule(body):
    asked, number = body["messages"][-1]["content"], body["seed"]
    if "Which label" in asked:
        right = LABELS["works well" in asked]
        wrong = LABELS["breaks fast" in asked]
        return text(json.dumps({"label": wrong if number % 10 == 0 else right}))
    tone = "works well" if "positive" in asked else "breaks fast"
    who = "She" if "female" in asked else "He"
    return text(
        f"{who} says that item {number % 99_991} {tone}, after {number % 89} days of use {number % 7_919}."
    )


@pytest.fixture
def built(endpoint, tmp_path):
    endpoint.rule = rule
    spec = review_spec(
        columns={
            "label": {"classes": LABELS},
            "gender": {"classes": ["female", "male"]},
            "text": {"prompt": "Write a {{ label }} note about a {{ gender }} engineer."},
        },
        splits={"train": 24, "test": 4},
        checks={"text": {"unique": "off"}, "label": {"verify": {"votes": 3, "on_disagreement": "keep"}}},
        bias={"attributes": ["gender", "pronoun"], "terms": {"pronoun": {"she": ["she"], "he": ["he"]}}},
    )
    path = tmp_path / "noted.synth.yaml"
    path.write_text(json.dumps(spec), encoding="utf-8")
    return build(
        path, tmp_path / "built", options={"base_url": endpoint.base_url}, cache_dir=tmp_path / "cache"
    )


@pytest.fixture
def real_file(tmp_path):
    lines = [f"He says that my item {n} works for {n % 7} days.,{LABELS[n % 2]}\n" for n in range(40)]
    (tmp_path / "real.csv").write_text("text,label\n" + "".join(lines), encoding="utf-8")
    return tmp_path / "real.csv"


def test_real_rows_beside_a_report_give_what_measuring_with_them_gives(built, real_file):
    spec = replace(built.spec, measures=("readability", "two_sample", "real", "own.py:length"))
    real = read_real(str(real_file), "text", spec)
    measured = (spec, {str(name): rows for name, rows in built.dataset.items()}, built.folder / "trace")
    own = {"own.py:length": lambda texts: sum(map(len, texts)) / len(texts)}
    plain = examine(*measured, own=own)
    assert examine_beside(plain, *measured, real=real) == examine(*measured, real=real, own=own) != plain
    assert (plain.real, plain.bias.attributes[1].groups[0].real_share) == ((), None)


def test_a_build_beside_real_rows_measures_its_rows_once(endpoint, tmp_path, real_file, monkeypatch):
    seen = []
    section, look = report.section, report.look
    monkeypatch.setattr(report, "section", lambda *given: seen.append("section") or section(*given))
    monkeypatch.setattr(report, "look", lambda *given, **more: seen.append("look") or look(*given, **more))
    (tmp_path / "own.py").write_text(
        "def length(texts):\n"
        "    with open(__file__ + '.runs', 'a') as runs:\n"
        "        runs.write('x')\n"
        "    return len(texts)\n"
    )
    path = tmp_path / "noted.synth.yaml"
    path.write_text(json.dumps(review_spec(measures=["own.py:length"])), encoding="utf-8")
    made = build(
        path,
        tmp_path / "made",
        options={"base_url": endpoint.base_url},
        cache_dir=tmp_path / "cache",
        real=f"{real_file}:text",
        run_measures=True,
    )
    assert (len(made.quality.real), made.quality.more[0].values) == (1, {"own.py:length": 8.0})
    assert sorted(seen) == ["look", "section", "section", "section"], "train, test, and both together"
    assert (tmp_path / "own.py.runs").read_text() == "x"


@pytest.mark.parametrize(
    ("unique", "told"),
    [
        ({}, "; the spec's check refuses from 0.7 on"),
        ({"unique": {"near": 0.85}}, "; the spec's check refuses from 0.85 on"),
        ({"unique": "exact"}, ""),
    ],
)
def test_the_report_says_from_where_near_duplicates_count_and_are_refused(endpoint, tmp_path, unique, told):
    path = tmp_path / "near.synth.yaml"
    path.write_text(json.dumps(review_spec(checks={"text": {"words": [1, 900], **unique}})), encoding="utf-8")
    made = build(
        path, tmp_path / "made", options={"base_url": endpoint.base_url}, cache_dir=tmp_path / "cache"
    )
    page, card = ((made.folder / name).read_text(encoding="utf-8") for name in ("report.html", "README.md"))
    words = f"counted from 0.5 alike on{told}"
    assert f"Nearly equal: {words.replace(chr(39), '&#39;')}." in page
    assert f"{words}; lower is better" in card
    assert words in " ".join(shown(made.folder).split())


def test_a_measure_that_looks_at_real_rows_says_so():
    found = {name for name, each in MEASURES.items() if "given.real" in inspect.getsource(each.find)}
    found.add("label_noise")  # whose helper takes the labels of real rows for right
    assert found == {name for name, each in MEASURES.items() if each.beside_real}


def shown(*arguments):
    found = CliRunner().invoke(report_verb, [str(each) for each in arguments], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_a_build_tells_votes_and_attributes_and_is_set_beside_another(built, tmp_path):
    (votes,) = built.quality.votes
    assert (votes.rows, votes.votes, votes.selected) == (28, 84, False)
    assert 0.7 < votes.agreement < 1
    assert {each.row.split("/")[0] for each in votes.disagreements} <= {"train", "test"}
    gender, pronoun = built.quality.bias.attributes
    assert [group.rows for group in gender.groups] == [group.rows for group in pronoun.groups] == [14, 14]
    assert (gender.prompts.prompts, gender.prompts.rows) == (2, 28)
    assert "gender" in (built.folder / "README.md").read_text(encoding="utf-8")
    real = tmp_path / "real.csv"
    real.write_text("text,label,gender\n" + "He works,positive,male\n" * 60, encoding="utf-8")
    page = tmp_path / "page.html"
    said = shown(built.folder, "--against", built.folder, "--again", "--page", page)
    assert "Votes on label" in said
    assert "Attribute gender" in said
    assert "Beside" in said
    again = json.loads(shown(built.folder, "--real", real, "--json"))
    assert again["maps"][0]["of_real"] == 60
    assert again["bias"]["attributes"][0]["groups"][1]["real_share"] == 1.0
    assert "Nothing has moved" in page.read_text(encoding="utf-8")


def test_the_schema_of_a_report_is_printed():
    printed = CliRunner().invoke(schema_verb, ["--report"])
    assert "noise" in json.loads(printed.output)["properties"]


def test_the_documented_spec_is_measured(endpoint, tmp_path):
    section = (Path(__file__).parents[1] / "builders/README.md").read_text(encoding="utf-8")
    block = (
        section.partition("## Attributes that are measured")[2].partition("```yaml\n")[2].partition("```")[0]
    )
    path = tmp_path / "portraits.synth.yaml"
    path.write_text(block, encoding="utf-8")
    made = build(
        path, tmp_path / "built", options={"base_url": endpoint.base_url}, cache_dir=tmp_path / "cache"
    )
    assert [each.name for each in made.quality.bias.attributes] == ["origin", "pronoun"]
