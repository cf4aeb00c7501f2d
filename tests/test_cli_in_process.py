"""The verbs called from Python, one after the other in one process, as a notebook or a script may do."""

import json
import re

import datasets
import pytest
from fake_endpoint import quota_exhausted, text
from specs import write_spec


@pytest.fixture
def synth(endpoint, tmp_path, monkeypatch, run):
    """Run a verb; returns its exit code, what it printed and what it said on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("SYNTH_STORE", str(tmp_path / "answers.sqlite"))
    datasets.disable_progress_bars()

    yield run
    datasets.enable_progress_bars()


def build(synth, *options):
    return synth("build", "reviews.synth.yaml", "--cache-dir", "cache", *options)


def test_check_tells_words_that_the_hub_does_not_know_by_their_lines(synth, tmp_path):
    path = write_spec(tmp_path, task="text-clasification", license="house-rules", language=["en", "xqz"])
    lines = dict(zip(("license", "language", "task"), (4, 5, 8), strict=True))
    written = path.read_text().splitlines()
    assert [written[line - 1].partition(":")[0] for line in lines.values()] == list(lines)
    code, shown, _ = synth("check", "reviews.synth.yaml")
    assert code == 0, "the Hub takes free text"
    assert f"  warning: line {lines['license']}: licence 'house-rules' is not on the Hub's list" in shown
    assert f"  warning: line {lines['language']}: language 'xqz'" in shown
    assert f"  warning: line {lines['task']}: task 'text-clasification'" in shown
    assert "(did you mean 'text-classification'?)" in shown
    assert re.findall(r"warning: line (\d)", shown) == ["4", "5", "8"], "in the order of the file"
    write_spec(tmp_path)
    assert "warning" not in synth("check", "reviews.synth.yaml")[1]


def test_a_dataset_is_previewed_built_shown_and_traced(synth, endpoint, tmp_path):
    write_spec(tmp_path)
    code, shown, _ = synth("check", "reviews.synth.yaml")
    assert (code, "ok: train 6, test 2" in shown) == (0, True)
    code, shown, _ = synth("preview", "reviews.synth.yaml", "-n", 1)
    assert code == 0
    assert "[user] Write a" in shown
    code, shown, _ = synth("preview", "reviews.synth.yaml", "--prompts-only", "-n", 1)
    assert code == 0
    assert "(seed " in shown
    code, shown, _ = build(synth, "--dry-run")
    assert code == 0
    assert "A whole build: 8 rows" in shown
    code, shown, _ = build(synth)
    assert code == 0
    assert 'load_dataset("build/reviews")' in shown
    asked = endpoint.count
    for again in ("--again", "--offline"):
        code, _, errors = build(synth, again)
        assert code == 0, errors
    code, _, errors = synth("build", "build/reviews", "--locked", "-o", "again", "--cache-dir", "cache")
    assert code == 0, errors
    assert endpoint.count == asked
    code, shown, _ = synth("report", "build/reviews")
    assert (code, "acceptance" in shown) == (0, True)
    code, shown, _ = synth("report", "build/reviews", "--json")
    assert json.loads(shown)["format"] == 1
    code, shown, _ = synth("trace", "build/reviews", "test", 1)
    assert code == 0
    assert "[answer]" in shown
    code, _, errors = synth("trace", "build/reviews", "test", 2)
    assert code == 2
    assert "has no row 2" in errors


def test_answers_go_from_one_store_to_another(synth, endpoint, tmp_path):
    write_spec(tmp_path)
    assert build(synth)[0] == 0
    assert synth("answers", "export", "reviews.synth.yaml", "-o", "answers.parquet")[0] == 0
    assert synth("answers", "import", "answers.parquet", "--store", "other.sqlite")[0] == 0
    code, shown, _ = synth("answers", "stats", "--store", "other.sqlite")
    assert code == 0
    assert "some-model" in shown


def test_what_was_rejected_is_shown_from_a_spec_and_from_a_build(synth, endpoint, tmp_path):
    write_spec(tmp_path, attempts=2, checks={"text": {"length": [20, 900]}})
    endpoint.rule = lambda body: text("\x1b[31mNo.") if "negative" in str(body["messages"]) else None
    code, _, errors = build(synth)
    assert code == 3
    assert "negative: 3 missing" in errors
    code, shown, _ = synth("rejections", "reviews.synth.yaml", "--limit", 2)
    assert code == 0
    assert "more (--limit, --json)" in shown
    assert "\x1b" not in shown
    assert build(synth, "--keep-short")[0] == 0
    code, shown, _ = synth("rejections", "build/reviews", "--json", "--split", "train")
    assert {json.loads(line)["split"] for line in shown.splitlines()} == {"train"}
    code, shown, _ = synth("rejections", "build/reviews", "--reason", "echo")
    assert "Nothing was rejected" in shown


def test_specs_are_listed_started_and_described(synth, tmp_path):
    code, shown, _ = synth("list")
    assert (code, "customer_feedback" in shown) == (0, True)
    assert synth("new", "mine")[0] == 0
    assert synth("new", "mine")[0] == 2
    assert synth("new", "other", "--from", "customer_feedback")[0] == 0
    assert synth("check", "mine.synth.yaml", "other.synth.yaml")[0] == 0
    (tmp_path / "bad.synth.yaml").write_text("name: x\n")
    code, _, errors = synth("check", "bad.synth.yaml")
    assert (code, "columns" in errors) == (2, True)
    code, shown, _ = synth("schema")
    assert json.loads(shown)["type"] == "object"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["biuld"], 2, "Did you mean 'build'"),
        (["build"], 2, "SPEC"),
        (["build", "nowhere"], 2, "customer_feedback"),
        (["push", "nowhere", "me/it"], 5, "synth build"),
        (["report", "."], 5, "synth build"),
    ],
)
def test_a_mistake_is_one_message_and_an_exit_code(synth, arguments, code, said):
    ended, _, errors = synth(*arguments)
    assert ended == code
    assert said in errors
    assert "Traceback" not in errors


def test_a_refusing_endpoint_has_its_own_exit_code(synth, endpoint, tmp_path):
    write_spec(tmp_path)
    endpoint.rule = lambda body: quota_exhausted()
    code, _, errors = build(synth)
    assert code == 4
    assert "quota" in errors


def test_help_names_every_verb(synth):
    code, shown, _ = synth("--help")
    assert code == 0
    for verb in (
        "list",
        "new",
        "check",
        "preview",
        "build",
        "report",
        "evaluate",
        "rejections",
        "trace",
        "answers",
        "push",
    ):
        assert f"  {verb} " in shown


def test_the_first_rows_show_labels_by_their_names(synth, endpoint, tmp_path):
    columns = {
        "topics": {"labels": ["price", "service"]},
        "mood": {"classes": ["calm", "cross"]},
        "person": {"sample": ["Ada Lim"], "hidden": True},
        "text": {"prompt": "Write a {{ mood }} sentence of {{ person }} on {{ topics }}."},
        "entities": {"spans": {"in": "text", "find": {"name": "person"}}},
    }
    endpoint.rule = lambda body: text(f"Ada Lim said something of the kind {body['seed']} of things.")
    write_spec(tmp_path, columns=columns, splits={"train": 4}, checks={"text": {"unique": "off"}})
    code, shown, errors = build(synth)
    assert code == 0, errors
    row = json.loads(next(line for line in shown.splitlines() if line.startswith('  {"topics"')))
    assert set(row["topics"]) <= {"price", "service"}
    assert row["mood"] in {"calm", "cross"}
    assert [each["label"] for each in row["entities"]] == ["name"]
