"""Judges at work in a build: scores, votes on labels, planned sizes and languages."""

import json
from pathlib import Path

import pytest
from fake_endpoint import FakeEndpoint, text
from specs import review_spec

from synth_datasets.estimate import estimate
from synth_datasets.features import features_of
from synth_datasets.settings import Settings
from synth_datasets.spec import parse_spec
from synth_datasets.splits import split_outcomes, split_rows
from synth_datasets.validation.outcome import Example, Missing, Tally

LABEL = {"label": {"classes": ["negative", "positive"]}}
TEXT = {"text": {"prompt": "Write a {{ label }} review."}}
SCORE = {"quality": {"score": {"of": "text", "rubric": "How natural is it?"}}}


def made(columns, checks, **changes):
    spec = review_spec(columns=columns, checks=checks, **{"splits": {"train": 4}, **changes})
    return parse_spec(json.dumps(spec), origin="judged.synth.yaml", read_file=Path.read_text)


def prompt_of(body) -> str:
    return body["messages"][-1]["content"]


def said(**values):
    return text(json.dumps(values))


@pytest.fixture
def where(endpoint: FakeEndpoint, tmp_path: Path) -> Settings:
    return Settings(base_url=endpoint.base_url, api_key="k", store=tmp_path / "answers.sqlite", concurrency=4)


def test_a_judge_sees_the_text_and_gives_its_reason_before_the_number(endpoint, where):
    endpoint.rule = lambda body: (
        said(rationale="Reads well.", score=4) if "How natural" in prompt_of(body) else None
    )
    spec = made({**LABEL, **TEXT, **SCORE}, {})
    outcomes = list(split_outcomes(spec, where, "train"))
    assert [each.values["quality"] for each in outcomes] == [4] * 4
    for outcome in outcomes:
        asked = outcome.sources[1].messages[-1][1]
        assert f"<<<\n{outcome.values['text']}\n>>>" in asked
        assert asked.endswith("then give the score: a whole number from 1 to 5.")
    schema = next(body for body in endpoint.bodies if "How natural" in prompt_of(body))["response_format"]
    assert schema["json_schema"]["schema"]["required"] == ["rationale", "score"]
    assert features_of(spec)["quality"].dtype == "int64"
    assert next(split_rows(spec, where, "train")).keys() == {"label", "text", "quality"}


def test_a_low_score_rejects_the_text_that_was_judged_and_both_are_asked_again(endpoint, where):
    judged = set()

    def rule(body):
        if "How natural" not in prompt_of(body):
            return None
        first = len(judged) < 4 and prompt_of(body) not in judged
        judged.add(prompt_of(body))
        return said(rationale="Stilted.", score=2) if first else said(rationale="Fine.", score=3)

    endpoint.rule = rule
    spec = made({**LABEL, **TEXT, **SCORE}, {"quality": {"min": 3}})
    outcomes = list(split_outcomes(spec, where, "train"))
    rejections = [[(r.column, str(r.reason)) for r in each.rejections] for each in outcomes]
    assert rejections == [[("text", "low_score")]] * 4
    assert outcomes[0].rejections[0].detail == "2 from the judge, at least 3 is asked for: Stilted."
    assert outcomes[0].rejections[0].text != outcomes[0].values["text"]
    assert endpoint.count == 16
    assert [[(each.column, '"score": 2' in each.text) for each in row.superseded] for row in outcomes] == [
        [("quality", True)]
    ] * 4
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
    assert tally.answers == 16
    assert {each.column: each.stored for each in estimate(spec, where).columns} == {"text": 8, "quality": 8}


def test_a_low_score_of_a_composed_text_asks_its_first_model_column_again(endpoint, where):
    columns = {
        "question": {"prompt": "Ask something."},
        "answer": {"prompt": "Answer: {{ question }}"},
        "both": {"text": "{{ question }} {{ answer }}"},
        "quality": {"score": {"of": "both", "rubric": "How good?", "rationale": False}},
    }
    endpoint.rule = lambda body: said(score=1) if "How good" in prompt_of(body) else None
    spec = made(columns, {"quality": {"min": 5}}, attempts=2, splits={"train": 1})
    outcome = next(split_outcomes(spec, where, "train"))
    assert isinstance(outcome, Missing)
    assert [(each.column, str(each.reason)) for each in outcome.rejections] == [("question", "low_score")] * 2


VOTES = {
    "reject": [("text", "label_disagreement")],
    "relabel": [],
    "keep": [],
}


@pytest.mark.parametrize("on", VOTES)
def test_votes_see_the_text_alone_and_a_disagreement_is_handled_as_asked(endpoint, where, on):
    """Two of three votes call the first text of every row positive; later texts get what they were made for."""
    seen: dict[str, int] = {}

    def rule(body):
        prompt = prompt_of(body)
        if "Which label" not in prompt:
            return None
        first = len(seen) < 4 or prompt in list(seen)[:4]
        seen[prompt] = seen.get(prompt, 0) + 1
        return said(label="positive" if not first or seen[prompt] > 1 else "negative")

    endpoint.rule = rule
    verify = {"votes": 3, "on_disagreement": on, "agreement": "agreement", "ballots": "ballots"}
    spec = made({**LABEL, **TEXT}, {"label": {"verify": verify}}, splits={"train": 2}, attempts=2)
    outcomes = list(split_outcomes(spec, where, "train"))
    negative = next(each for each in outcomes if each.row.stratum == "negative")
    assert all("negative review" not in prompt for prompt in seen)
    assert [(r.column, str(r.reason)) for r in negative.rejections][:1] == VOTES[on]
    if on == "reject":
        assert (
            "made for negative, votes: 1 negative, 2 positive; 2 must agree" in negative.rejections[0].detail
        )
        return
    assert isinstance(negative, Example)
    assert negative.values["label"] == ("positive" if on == "relabel" else "negative")
    assert negative.values["agreement"] == 1
    assert sorted(negative.values["ballots"]) == ["negative", "positive", "positive"]
    assert [each.column for each in negative.sources][1:] == ["label.vote_1", "label.vote_2", "label.vote_3"]
    if on == "relabel":
        assert negative.values["label.relabelled"] == "negative"


def test_a_text_must_keep_to_the_words_that_its_row_plans(endpoint, where):
    columns = {"size": {"sample": [10, 40]}, "text": {"prompt": "Write {{ size }} words."}}
    words = ["river", "stone", "cloud", "lamp", "garden", "paper", "window", "silver", "bread", "harbour"]
    endpoint.rule = lambda body: text(" ".join(words[: 5 + body["seed"] % 6]) + ".")
    checks = {"text": {"words": {"from": "size", "within": 0.2}, "unique": "off"}}
    outcomes = list(split_outcomes(made(columns, checks, attempts=20), where, "train"))
    for outcome in outcomes:
        if outcome.row.index and isinstance(outcome, Example):
            assert 8 <= len(outcome.values["text"].split()) <= 12
        reasons = {str(each.reason) for each in outcome.rejections}
        assert reasons <= {"too_short"}
        assert isinstance(outcome, Missing) == (
            outcome.rejections != () and "40 are planned (32 to 48)" in outcome.rejections[0].detail
        )
    assert {type(each) for each in outcomes} == {Example, Missing}


def test_a_text_must_be_in_the_language_that_its_row_samples(endpoint, where):
    columns = {
        "language": {"sample": ["English", "de"]},
        "text": {"prompt": {"by": "language", "English": "Write.", "de": "Schreibe."}},
    }
    german = "Der Akku hält den ganzen Tag und der Bildschirm ist angenehm hell."
    english = "The battery lasts all day and the screen is pleasantly bright."
    endpoint.rule = lambda body: text(german if body["seed"] % 2 else english)
    checks = {"text": {"language": {"from": "language"}, "unique": "off"}}
    outcomes = list(split_outcomes(made(columns, checks, attempts=12, splits={"train": 8}), where, "train"))
    wanted = {"English": english, "de": german}
    assert [each.values["text"] for each in outcomes] == [
        wanted[each.values["language"]] for each in outcomes
    ]
    assert {str(r.reason) for each in outcomes for r in each.rejections} == {"wrong_language"}


def test_a_conversation_is_shown_to_the_judge_and_a_low_score_has_it_begun_anew(endpoint, where):
    columns = {
        "chat": {
            "messages": {
                "turns": 2,
                "user": {"prompt": "Ask about a refund."},
                "assistant": {"system": "Help."},
            }
        },
        "quality": {"score": {"of": "chat", "rubric": "How natural?", "rationale": False}},
    }
    scores = iter([1, 5])
    endpoint.rule = lambda body: said(score=next(scores)) if "How natural" in prompt_of(body) else None
    outcome = next(
        split_outcomes(made(columns, {"quality": {"min": 3}}, splits={"train": 1}), where, "train")
    )
    assert [(each.column, str(each.reason)) for each in outcome.rejections] == [("chat.turn_1", "low_score")]
    judged = outcome.sources[-1].messages[-1][1]
    assert all(f"{turn['role']}: {turn['content']}" in judged for turn in outcome.values["chat"])
