"""Votes, attributes and an earlier build in the report of a whole build."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_endpoint import text
from specs import review_spec

from synth_datasets.build import build
from synth_datasets.cli.report import report_verb
from synth_datasets.cli.specs import schema_verb

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
