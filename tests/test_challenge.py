"""Data for testing models, from a spec to the dataset, its report and its card."""

import json
import re
from collections import Counter
from pathlib import Path

import datasets
import pytest
import yaml
from fake_endpoint import text
from specs import write_spec

from synth_datasets.plan.plan import Plan
from synth_datasets.spec import load_spec
from synth_datasets.spec.challenges import CHALLENGES
from synth_datasets.spec.perturbations import PERTURBATIONS

SECTION = (Path(__file__).parents[1] / "builders/README.md").read_text(encoding="utf-8")
SECTION = SECTION.partition("## Testing a model")[2].partition("\n## ")[0]

HARD = {
    "label": {"classes": ["negative", "positive"]},
    "challenge": {
        "challenge": ["plain", "slang", "legalese"],
        "instructions": {"legalese": "As a {{ label }} clause of a contract."},
    },
    "original": {"prompt": "Write a {{ label }} review. {{ challenge_instruction }}"},
    "text": {"perturb": "original", "using": ["typos", "case", "emoji"]},
}
SPLITS = {"test": 12}


@pytest.fixture
def synth(endpoint, tmp_path, monkeypatch, run):
    """Run a verb; returns its exit code, what it printed and what it said on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    datasets.disable_progress_bars()

    yield run
    datasets.enable_progress_bars()


def build(synth, *options):
    return synth("build", "reviews.synth.yaml", "--cache-dir", "cache", *options)


def test_a_build_is_balanced_over_slices_and_keeps_label_slice_and_original(synth, endpoint, tmp_path):
    write_spec(tmp_path, columns=HARD, splits=SPLITS)
    assert synth("check", "reviews.synth.yaml")[0] == 0
    code, shown, _ = synth("preview", "reviews.synth.yaml", "-n", 2)
    assert code == 0
    assert "text_slice" in shown
    code, shown, _ = build(synth, "--dry-run")
    assert "12 rows" in shown
    code, _, errors = build(synth)
    assert code == 0, errors
    made = datasets.load_dataset("build/reviews", split="test", cache_dir="read")
    assert made.column_names == ["label", "challenge", "original", "text", "text_slice"]
    assert made.features["challenge"].names == ["plain", "slang", "legalese"]
    assert made.features["text_slice"].names == ["typos", "case", "emoji"]
    assert set(Counter(zip(made["label"], made["challenge"], strict=True)).values()) == {2}
    assert set(Counter(made["text_slice"]).values()) == {4}
    assert all(row["text"] != row["original"] for row in made)
    asked = " ".join(message["content"] for body in endpoint.bodies for message in body["messages"])
    assert "As a positive clause of a contract." in asked
    assert "text each other" in asked
    code, shown, _ = synth("report", "build/reviews", "--json")
    assert json.loads(shown)["whole"]["labels"]["text_slice"]["counts"] == {"typos": 4, "case": 4, "emoji": 4}
    card = (tmp_path / "build/reviews/README.md").read_text(encoding="utf-8")
    assert "original changed by one of typos, case, emoji" in card
    assert "challenge_instruction" in card
    (tmp_path / "all_good.py").write_text(
        "def predict(texts):\n    return [text == text.lower() for text in texts]\n"
    )
    code, shown, errors = synth("evaluate", "build/reviews", "--predict", "all_good:predict", "--json")
    assert code == 2
    assert "the model says 'False'" in errors
    wanted = ["--label-map", "False=negative", "--label-map", "True=positive", "--slices", "text_slice"]
    code, shown, errors = synth(
        "evaluate", "build/reviews", "--predict", "all_good:predict", "--json", *wanted
    )
    assert code == 0, errors
    found = json.loads(shown)
    assert (found["original"], found["overall"]["n"]) == ("original", 12)
    by_slice = {each["slice"]: each for each in found["slices"]}
    assert by_slice["emoji"]["flips"] == 0


def test_a_text_that_cannot_be_perturbed_is_asked_again_and_counted(synth, endpoint, tmp_path):
    columns = {**HARD, "text": {"perturb": "original", "using": ["number_words"]}}
    write_spec(
        tmp_path, columns=columns, splits={"test": 2}, attempts=3, checks={"original": {"unique": "off"}}
    )
    endpoint.script.extend(
        [text("I have waited for a phone like this."), text("It lasted a whole 3 days without a charge.")] * 2
    )
    code, _, errors = build(synth, "--concurrency", "1")
    assert code == 0, errors
    made = datasets.load_dataset("build/reviews", split="test", cache_dir="read")
    assert set(made["text"]) == {"It lasted a whole three days without a charge."}
    code, shown, _ = synth("rejections", "build/reviews")
    assert "unperturbed" in shown
    endpoint.rule = lambda body: text("I have waited for a phone like this.")
    write_spec(tmp_path, columns=columns, splits={"test": 2}, attempts=2, seed=3)
    code, _, errors = build(synth, "-o", "short")
    assert code == 3
    assert "unperturbed" in errors


def test_a_new_perturb_column_moves_no_row_and_asks_nothing_again(tmp_path):
    without = load_spec(write_spec(tmp_path / "a", columns={"text": {"prompt": "Write."}}))
    columns = {"hard": {"perturb": "text"}, "text": {"prompt": "Write."}}
    with_one = load_spec(write_spec(tmp_path / "b", columns=columns))
    requests = []
    for spec in (without, with_one):
        plan = Plan(spec, {})
        [column] = plan.model_columns
        keys = list(plan.rows("train"))
        requests.append([plan.request(column, key, plan.values(key), 0).key for key in keys])
    assert requests[0] == requests[1]


def test_a_text_without_a_model_is_perturbed_before_any_is_asked(tmp_path):
    columns = {"topic": {"sample": ["12", "kettles"]}, "hard": {"perturb": "topic", "using": ["case"]}}
    plan = Plan(load_spec(write_spec(tmp_path, columns=columns, splits={"test": 8})), {})
    made = [plan.values(key) for key in plan.rows("test")]
    assert {(row["topic"], row["hard"], row["hard_slice"]) for row in made} == {
        ("12", "12", "unchanged"),
        ("kettles", "KETTLES", "case"),
    }


@pytest.mark.parametrize("number", [0, 1])
def test_the_specs_of_the_reference_make_what_it_says(synth, tmp_path, number):
    block = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)[number]
    assert block.count("\n") < 25
    (tmp_path / "reviews.synth.yaml").write_text(block, encoding="utf-8")
    assert synth("check", "reviews.synth.yaml")[0] == 0
    code, _, errors = build(synth, "--model", "some-model", "-o", "build/reviews")
    assert code == 0, errors
    made = datasets.load_dataset("build/reviews", split="test", cache_dir="read")
    slices = "text_slice" if number else "challenge"
    counts = Counter(made.features[slices].names[at] for at in made[slices])
    assert set(counts) >= set(made.features[slices].names) - {
        "contractions"
    }  # which change no text of the stand-in
    assert sum(counts.values()) == 20


def test_the_reference_names_every_slice_and_perturbation():
    named = set(re.findall(r"`(\w+)`", SECTION))
    assert named >= {*CHALLENGES, *PERTURBATIONS}
    assert yaml.safe_load(re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)[0])["name"] == "hard_reviews"
