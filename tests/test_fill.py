"""Rows on their way through several model columns: what is asked again, what is kept, and in which order."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fake_endpoint import FakeEndpoint, default_text, text
from specs import review_spec

from synth_datasets.errors import ShortfallError
from synth_datasets.features import features_of, types_of
from synth_datasets.settings import Settings
from synth_datasets.spec import parse_spec
from synth_datasets.spec.templates import Template
from synth_datasets.splits import split_outcomes, split_rows
from synth_datasets.validation.outcome import Example, Missing
from synth_datasets.value_types import tables_of

CHAIN = {
    "topic": {"sample": ["trains", "gardens", "weather"]},
    "question": {"prompt": "Ask one question about {{ topic }}."},
    "shouted": {"text": "{{ question|upper }}", "hidden": True},
    "answer": {"prompt": "Answer this: {{ shouted }}"},
    "verdict": {"prompt": "Judge {{ topic }} in a sentence.", "hidden": True},
}


def chain(**changes):
    spec = review_spec(columns=CHAIN, splits={"train": 8}, attempts=6, **changes)
    return parse_spec(json.dumps(spec), origin="chain.synth.yaml", read_file=Path.read_text)


@pytest.fixture
def where(endpoint: FakeEndpoint, tmp_path: Path) -> Settings:
    return Settings(base_url=endpoint.base_url, api_key="k", store=tmp_path / "answers.sqlite", concurrency=4)


def prompt_of(body) -> str:
    return body["messages"][-1]["content"]


def test_a_column_is_asked_after_those_it_reads_and_sees_their_answers(endpoint, where):
    outcomes = list(split_outcomes(chain(), where, "train"))
    assert len(outcomes) == 8
    for outcome in outcomes:
        assert isinstance(outcome, Example)
        sources = {source.column: source for source in outcome.sources}
        assert sources["answer"].messages[-1][1] == f"Answer this: {outcome.values['question'].upper()}"
        assert outcome.values["answer"] == sources["answer"].text
    assert endpoint.count == 24


def test_hidden_columns_are_made_but_not_stored(where):
    rows = list(split_rows(chain(), where, "train"))
    assert [list(row) for row in rows] == [["topic", "question", "answer"]] * 8


def test_a_rejected_answer_is_asked_again_and_what_came_before_it_is_kept(endpoint, where):
    refused = set()

    def once(body):
        if prompt_of(body).startswith("Answer") and prompt_of(body) not in refused:
            refused.add(prompt_of(body))
            return text("As an AI language model, I cannot answer that.")
        return None

    endpoint.rule = once
    outcomes = list(split_outcomes(chain(), where, "train"))
    assert [[(r.column, r.attempt, str(r.reason)) for r in each.rejections] for each in outcomes] == [
        [("answer", 0, "refusal")]
    ] * 8
    assert endpoint.count == 24 + 8
    assert sum(prompt_of(body).startswith("Ask") for body in endpoint.bodies) == 8


def test_a_duplicate_takes_back_only_what_was_built_on_it(endpoint, where):
    """Two questions are equal: the later row asks a new one, answers that, and keeps its verdict."""
    same = []

    def rule(body):
        if prompt_of(body).startswith("Ask") and len(same) < 2:
            same.append(body["seed"])
            return text("Why does the morning train to the coast always leave seven minutes late?")
        return None

    endpoint.rule = rule
    outcomes = list(split_outcomes(chain(), where, "train"))
    rejected = [(each.row.index, r.column, str(r.reason)) for each in outcomes for r in each.rejections]
    assert len(rejected) == 1
    assert rejected[0][1:] == ("question", "near_duplicate")
    prompts = [prompt_of(body) for body in endpoint.bodies]
    assert sum(prompt.startswith("Ask") for prompt in prompts) == 9
    assert sum(prompt.startswith("Answer") for prompt in prompts) == 9
    assert sum(prompt.startswith("Judge") for prompt in prompts) == 8
    loser = outcomes[rejected[0][0]]
    assert "MORNING TRAIN" not in next(s.messages[-1][1] for s in loser.sources if s.column == "answer")


def test_the_row_that_comes_first_keeps_a_text_that_two_rows_gave(endpoint, where):
    spec = chain()
    same = text("The very same words come back to everyone who asks about this.")
    endpoint.rule = lambda body: same if prompt_of(body).startswith("Ask") else None
    outcomes = list(split_outcomes(spec, where, "train"))
    assert isinstance(outcomes[0], Example)
    assert all(isinstance(each, Missing) for each in outcomes[1:])
    assert all(len(each.rejections) == spec.attempts for each in outcomes[1:])


def test_an_answer_too_long_for_the_template_that_reads_it_is_a_rejection(endpoint, where):
    long = []

    def rule(body):
        if prompt_of(body).startswith("Ask") and not long:
            long.append(body["seed"])
            words = default_text(body)
            return text(" ".join(f"{words} {number}" for number in range(3000)))
        return None

    endpoint.rule = rule
    outcomes = list(split_outcomes(chain(checks={"question": {"repetition": "keep"}}), where, "train"))
    assert all(isinstance(each, Example) for each in outcomes)
    reasons = [str(r.reason) for each in outcomes for r in each.rejections]
    assert reasons == ["too_long"]


def test_fields_come_from_one_structured_answer_with_labels_checked(endpoint, where):
    columns = {
        "product": {"sample": ["phone", "kettle"]},
        "review": {
            "fields": {
                "title": {"type": "string", "max": 200},
                "stars": {"type": "integer", "min": 1, "max": 5},
                "aspect": {"classes": ["battery", "screen"]},
            },
            "prompt": "Review a {{ product }}.",
        },
    }
    spec = parse_spec(
        json.dumps(review_spec(columns=columns, splits={"train": 6}, attempts=8)),
        origin="f",
        read_file=Path.read_text,
    )
    wrong = [
        '{"title": "Good enough for me", "stars": 9, "aspect": "battery"}',
        "no json at all",
        '{"title": "Good enough for me", "stars": 3, "aspect": "smell"}',
        '{"title": "Only a title here"}',
    ]
    endpoint.script.extend(text(each) for each in wrong)
    outcomes = list(split_outcomes(spec, where, "train"))
    assert {str(r.reason) for each in outcomes for r in each.rejections} >= {
        "out_of_range",
        "unparsable",
        "unknown_label",
        "wrong_shape",
    }
    for outcome in outcomes:
        assert outcome.values["stars"] in range(1, 6)
        assert outcome.values["aspect"] in ("battery", "screen")
    assert endpoint.bodies[0]["response_format"]["type"] == "json_schema"
    assert list(outcomes[0].values) == ["product", "title", "stars", "aspect"]


def test_a_hopeless_model_is_not_asked_for_every_row(endpoint, where):
    spec = parse_spec(
        json.dumps(review_spec(splits={"train": 2000}, attempts=1)), origin="h", read_file=Path.read_text
    )
    endpoint.rule = lambda body: text("I'm sorry, but I can't help with that request.")
    with pytest.raises(ShortfallError, match="stopped early"):
        list(split_rows(spec, where, "train"))
    assert endpoint.count < 300


def test_several_labels_are_drawn_for_each_row_and_stored_as_class_labels(endpoint, where):
    columns = {
        "topics": {"labels": {"price": 3, "battery": 1, "screen": 1}, "count": [1, 2]},
        "text": {"prompt": "Write a review about {{ topics }}."},
    }
    spec = review_spec(columns=columns, splits={"train": 12})
    parsed = parse_spec(json.dumps(spec), origin="many.synth.yaml", read_file=Path.read_text)
    rows = list(split_rows(parsed, where, "train"))
    assert {len(row["topics"]) for row in rows} == {1, 2}
    assert all(
        f"about {', '.join(row['topics'])}." in prompt_of(body) for row, body in zip_asked(rows, endpoint)
    )
    features = features_of(parsed)
    assert features["topics"].feature.names == ["price", "battery", "screen"]
    stored = [row for table in tables_of(types_of(parsed), rows) for row in table.to_pylist()]
    assert [[features["topics"].feature.int2str(i) for i in row["topics"]] for row in stored] == [
        row["topics"] for row in rows
    ]


def zip_asked(rows, endpoint):
    """Pair each row with the request whose answer it holds."""
    by_text = {default_text(body): body for body in endpoint.bodies}
    return [(row, by_text[row["text"]]) for row in rows]


def test_a_column_is_asked_only_where_its_condition_holds_and_hears_the_turns_before_it(endpoint, where):
    spec = chain()
    by_name = {column.name: column for column in spec.columns}
    answer = by_name["answer"]
    prompt = replace(
        answer.prompt,
        when=Template("{{ topic == 'trains' }}"),
        turns=(("user", "question"), ("assistant", "shouted")),
    )
    columns = tuple(replace(c, prompt=prompt) if c.name == "answer" else c for c in spec.columns)
    outcomes = list(split_outcomes(replace(spec, columns=columns), where, "train"))
    asked = [outcome for outcome in outcomes if outcome.values["topic"] == "trains"]
    assert 0 < len(asked) < len(outcomes) == 8
    for outcome in outcomes:
        sources = {source.column: source for source in outcome.sources}
        assert (
            ("answer" in sources) == (outcome.values["topic"] == "trains") == bool(outcome.values["answer"])
        )
    question = asked[0].values["question"]
    said = next(source.messages for source in asked[0].sources if source.column == "answer")
    assert said[:2] == (("user", question), ("assistant", question.upper()))
    assert endpoint.count == 16 + len(asked)
