"""Whoever guesses a verb, a file or a folder is told what there is instead, in one message."""

import sys

import pytest
from specs import write_spec

from synth_datasets.cli import _MEANT, _VERBS
from synth_datasets.validation.grammar import _linter


@pytest.fixture
def synth(tmp_path, monkeypatch, run):
    """Run a verb; returns its exit code, what it printed and what it said on stderr."""
    monkeypatch.chdir(tmp_path)

    return run


@pytest.mark.parametrize(
    ("guess", "verb"),
    [("generate", "build"), ("Validate", "check"), ("lint", "check"), ("init", "new"), ("publish", "push")],
)
def test_a_verb_of_other_tools_is_answered_with_ours(synth, guess, verb):
    code, _, errors = synth(guess, "x")
    assert (code, f"Did you mean {verb!r}?" in errors) == (2, True)


def test_every_guess_leads_to_a_verb_and_is_none_itself():
    assert set(_MEANT.values()) <= set(_VERBS)
    assert not set(_MEANT) & set(_VERBS)


def test_help_is_a_verb_too(synth):
    assert synth("help") == synth("--help")
    assert synth("help", "check") == synth("check", "--help")
    code, _, errors = synth("help", "chekc")
    assert (code, "Did you mean 'check'?" in errors) == (2, True)
    assert synth("-V") == synth("--version")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("reviews", "did you mean reviews.synth.yaml?"),
        ("revews.synth.yaml", "did you mean reviews.synth.yaml?"),
        ("sub/sepc.yaml", "did you mean sub/spec.yaml?"),
        ("rare_intent", "did you mean rare_intents?"),
        ("weather", "synth new weather"),
        ("", "an empty name: no such file or folder, and no ready dataset of this name; ready are: "),
        ("-", "write it to one"),
        ("/dev/stdin", "write it to one"),
        ("https://example.com/x.synth.yaml", "hf://datasets/owner/name/"),
    ],
)
def test_a_path_that_is_not_there_is_answered_with_one_that_is(synth, tmp_path, given, said):
    write_spec(tmp_path)
    (tmp_path / "sub").mkdir()
    write_spec(tmp_path / "sub", "spec.yaml")
    for verb in ("check", "preview"):
        code, _, errors = synth(verb, given)
        assert code == 2
        assert said in errors
        assert "Traceback" not in errors


def test_check_names_the_extra_that_a_build_would_refuse_to_begin_without(synth, tmp_path, monkeypatch):
    _linter.cache_clear()
    monkeypatch.setitem(sys.modules, "harper", None)
    write_spec(tmp_path, checks={"text": {"grammar": {"lints_per_100_words": 15}}})
    code, shown, _ = synth("check", "reviews.synth.yaml")
    assert (code, "not installed: " in shown, "synth-datasets[grammar]" in shown) == (0, True, True)
    write_spec(tmp_path)
    _linter.cache_clear()
    assert "not installed" not in synth("check", "reviews.synth.yaml")[1]


def test_check_names_the_reader_of_perplexity_that_is_not_here(synth, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    write_spec(tmp_path, checks={"text": {"perplexity": [5, 90]}})
    code, shown, _ = synth("check", "reviews.synth.yaml")
    assert (code, "not installed: xllamacpp" in shown, "synth-datasets[local]" in shown) == (0, True, True)
    write_spec(tmp_path, checks={"text": {"perplexity": {"within": [5, 90], "model": "org/reader"}}})
    assert "not installed" not in synth("check", "reviews.synth.yaml")[1]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--rows", "--num-examples N"),
        ("--split", "load_dataset(..., split=...)"),
        ("--api-key", "OPENAI_API_KEY"),
        ("--force", "--again"),
        ("-q", "HF_DATASETS_DISABLE_PROGRESS_BARS=1"),
    ],
)
def test_an_option_that_a_build_does_not_have_is_answered_with_what_does_it(synth, option, said):
    code, _, errors = synth("build", "x.synth.yaml", option)
    assert (code, said in errors, "Did you mean" in errors) == (2, True, False)
    assert said not in synth("diff", option)[2]


def test_check_doubts_single_braces_around_a_column_and_no_others(synth, tmp_path):
    columns = {
        "product": {"sample": ["phone"]},
        "text": {"prompt": "Write on {product}, {{ product }}, {colour}, {{product}} as {json}."},
    }
    path = write_spec(tmp_path, columns=columns)
    code, shown, _ = synth("check", "reviews.synth.yaml")
    line = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if "prompt:" in line)
    said = f"  warning: line {line}: {{product}} is sent as it stands (write {{{{ product }}}} for the value)"
    assert (code, [each for each in shown.splitlines() if "as it stands" in each]) == (0, [said])
