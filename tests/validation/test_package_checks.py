"""Checks that a package decides on: what they refuse, what they say, and what happens without the package."""

import sys
import threading

import pytest
from fake_endpoint import text
from specs import write_spec

from synth_datasets import semantic
from synth_datasets.build import build
from synth_datasets.errors import SettingsError, SpecError
from synth_datasets.generation.answer import Answer
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings
from synth_datasets.spec import fingerprint, parse_spec
from synth_datasets.splits import split_outcomes
from synth_datasets.validation import grammar
from synth_datasets.validation.grammar import findings, ungrammatical
from synth_datasets.validation.judge import judge
from synth_datasets.validation.needed import judging_packages, require_packages
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.toxicity import offensive, too_toxic

SPEC = """
name: notes
language: {language}
model: m
columns:
  text: {{prompt: "Write about the battery of a camera."}}
  card: {{fields: {{title: string}}, prompt: "A title"}}
splits: {{train: 4}}
checks: {{{checks}}}
"""
INSULT, SLIP = "Go to hell, you scum.", "He have a apple and them is goed."


def spec(checks: str, language: str = "en"):
    def no_file(name: str) -> str:
        raise OSError(name)

    return parse_spec(SPEC.format(checks=checks, language=language), origin="notes.yaml", read_file=no_file)


@pytest.fixture
def packages():
    pytest.importorskip("profanity_check")
    pytest.importorskip("harper")


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("checks", "written", "reason"),
    [
        ("", INSULT, ""),
        ("text: {toxicity: 0.7}", INSULT, "toxicity"),
        ("text: {toxicity: 1}", INSULT, ""),
        ("text: {toxicity: 0.7}", "The battery lasts all day.", ""),
        ("text: {grammar: {lints_per_100_words: 15}}", SLIP, "grammar"),
        ("text: {grammar: {lints_per_100_words: 1000}}", SLIP, ""),
        ("text: {grammar: {lints_per_100_words: 0}}", "The battery lasts all day.", ""),
        ("text: {grammar: {lints_per_100_words: 0}}", "!?", ""),
    ],
)
def test_a_text_is_judged_by_what_its_package_finds(checks, written, reason):
    made = spec(checks)
    request = Request(endpoint="e", model="m", messages=(Message("user", "Write."),), seed=1)
    answer = Answer(key=request.key, text=written, finish_reason="stop", completion_tokens=7)

    found = judge(made.columns[0], request, answer, {}, made)

    assert (str(found.reason) if isinstance(found, Verdict) else "") == reason
    if isinstance(found, Verdict):
        assert not {"scum", "goed"} & set(found.detail.lower().split())


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("odd", ["", " ", "?!", "x\ud800y", "这个产品非常好用", "w x. " * 200_000])
def test_texts_of_any_kind_are_judged(odd):
    assert too_toxic(odd, 0.9) is None
    assert ungrammatical(odd, 1_000) is None


@pytest.mark.usefixtures("packages")
def test_a_verdict_depends_on_its_text_alone(reviews):
    """Neither on what was judged before, nor on the texts beside it, nor on the thread."""
    texts = reviews[:60]
    forwards = [findings(each) for each in texts]
    backwards: list = []
    other = threading.Thread(target=lambda: backwards.extend(findings(each) for each in reversed(texts)))
    other.start()
    other.join()

    assert forwards == backwards[::-1]
    assert offensive(texts).tolist() == [offensive([each])[0] for each in texts]


@pytest.mark.usefixtures("packages")
def test_a_build_asks_again_and_the_lock_names_the_packages(tmp_path, endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    first = iter([INSULT])
    endpoint.rule = lambda body: next((text(each) for each in first), None)
    path = write_spec(tmp_path, checks={"text": {"toxicity": 0.7, "grammar": {"lints_per_100_words": 60}}})
    options = {"base_url": endpoint.base_url, "store": str(tmp_path / "store")}

    made = build(path, tmp_path / "out", cache_dir=tmp_path / "cache", options=options)

    reasons = [reason for tally in made.tallies.values() for (_, _, reason) in tally.rejected.elements()]
    assert reasons == ["toxicity"]
    assert made.release.lock.packages.keys() >= {"alt-profanity-check", "scikit-learn", "harper-py"}
    assert "py3langid" not in made.release.lock.packages


def test_a_build_asks_again_for_what_was_said_before(tmp_path, endpoint, monkeypatch):
    pytest.importorskip("tokenizers")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    written = iter(["The battery died after two days.", "After just two days the battery was dead!"])
    endpoint.rule = lambda body: next((text(each) for each in written), None)
    path = write_spec(tmp_path, splits={"train": 3}, checks={"text": {"unique": "semantic"}})
    options = {"base_url": endpoint.base_url, "store": str(tmp_path / "store"), "concurrency": 1}

    made = build(path, tmp_path / "out", cache_dir=tmp_path / "cache", options=options)

    assert [each for tally in made.tallies.values() for each in tally.rejected.elements()] == [
        ("positive", "text", "semantic_duplicate")
    ]
    assert made.release.lock.packages.keys() >= {"tokenizers", "wordllama"}
    shown = " ".join(each.read_text() for each in (tmp_path / "out").rglob("*rejections*"))
    assert "similarity 0.90 to train/" in shown
    assert "semantic_duplicate" in (tmp_path / "out" / "README.md").read_text()


def test_packages_are_named_only_where_a_check_needs_them():
    assert judging_packages(spec("")) == ()
    assert judging_packages(spec("text: {language: en}")) == ("py3langid",)
    assert judging_packages(spec("text: {unique: semantic}")) == ("tokenizers", "wordllama")
    assert judging_packages(spec("title: {grammar: {lints_per_100_words: 8}}")) == ("harper-py",)


@pytest.mark.parametrize(
    ("module", "check"),
    [
        ("profanity_check", "toxicity: 0.9"),
        ("harper", "grammar: {lints_per_100_words: 8}"),
        ("tokenizers", "unique: semantic"),
    ],
)
def test_without_the_package_nothing_is_asked(tmp_path, endpoint, monkeypatch, module, check):
    monkeypatch.setitem(sys.modules, module, None)
    grammar._linter.cache_clear()
    semantic._vectors.cache_clear()
    where = Settings(base_url=endpoint.base_url, api_key="k", store=tmp_path / "answers.sqlite")

    require_packages(spec(""))
    extra = "semantic" if "semantic" in check else check.partition(":")[0]
    with pytest.raises(SettingsError, match=rf"pip install 'synth-datasets\[{extra}\]'"):
        list(split_outcomes(spec(f"title: {{{check}}}"), where, "train"))
    assert endpoint.count == 0


@pytest.mark.parametrize(
    ("checks", "language", "said"),
    [
        ("text: {toxicity: 1.5}", "en", "must be at most 1"),
        ("text: {toxicity: 0}", "en", "must be above 0"),
        ("text: {toxicity: reject}", "en", "expected a number, found 'reject'"),
        ("text: {toxicity: 0.9}", "de", "known for English only, and the texts are in de"),
        ("text: {grammar: 8}", "en", "expected a mapping, found '8'"),
        ("text: {grammar: {lints: 8}}", "en", "unknown key 'lints' (known: lints_per_100_words)"),
        ("text: {grammar: {lints_per_100_words: 8}, language: fr}", "en", "the texts are in fr"),
        ("text: {unique: {semantic: 0.5}}", "en", "must be at least 0.7"),
        ("text: {unique: {semantic: 2}}", "en", "must be at most 1"),
        ("text: {unique: {sematic: 0.9}}", "en", "{near: 0.8} or {semantic: 0.9}"),
        ("text: {unique: semantics}", "en", "semantic"),
        (
            "text: {unique: semantic}",
            "he",
            "`semantic` tells no texts in he apart: it knows their letters only",
        ),
        ("card: {toxicity: 0.9}", "en", "applies to texts, not to a whole answer"),
        ("card: {grammar: {lints_per_100_words: 8}}", "en", "applies to texts, not to a whole answer"),
    ],
)
def test_mistakes_are_told_with_their_line(checks, language, said):
    with pytest.raises(SpecError) as caught:
        spec(checks, language)

    assert said in str(caught.value)
    assert "line 9" in str(caught.value)


def test_checks_that_are_on_change_the_fingerprint():
    checks = ("", "toxicity: 0.9", "toxicity: 0.8", "grammar: {lints_per_100_words: 8}")
    assert len({fingerprint(spec(f"text: {{{each}}}")) for each in checks}) == 4
