"""The backend for OpenAI-compatible endpoints, against a real one on loopback with every fault."""

import email.utils
import itertools
import json
import threading
import time

import pytest
from asking_backend import FAST, KEY, ask, fatal, only, request
from fake_endpoint import (
    Reply,
    content_filtered,
    context_too_long,
    cut_json,
    failure,
    hang,
    model_not_found,
    quota_exhausted,
    rate_limited,
    reset,
    server_error,
    text,
    unauthorized,
    unsupported,
)

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.retry import RetryPolicy
from synth_datasets.plan.request import Message

SCHEMA = '{"additionalProperties":false,"properties":{"stars":{"type":"integer"}},"required":["stars"],"type":"object"}'


# --- what is sent, and what comes back


def test_the_request_is_sent_as_it_is(endpoint):
    asked = request(
        17,
        sampling={"temperature": 0.6, "max_tokens": 120, "stop": ("\n\n", "END")},
        extra={"repeat_penalty": 1.05},
    )
    answer = only(ask(endpoint, [asked]))
    assert endpoint.bodies == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "You write."},
                {"role": "user", "content": "Write a positive review."},
            ],
            "seed": 17,
            "temperature": 0.6,
            "max_tokens": 120,
            "stop": ["\n\n", "END"],
            "repeat_penalty": 1.05,
        }
    ]
    assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"
    assert answer.key == asked.key
    assert (answer.model, answer.finish_reason, answer.completion_tokens) == ("m", "stop", 40)
    assert answer.prompt_tokens > 0


def test_a_schema_is_sent_as_a_strict_response_format(endpoint):
    answer = only(ask(endpoint, [request(schema=SCHEMA)]))
    form = endpoint.bodies[0]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"] == json.loads(SCHEMA)
    assert json.loads(answer.text).keys() == {"stars"}


def test_an_opening_is_sent_as_the_last_message(endpoint):
    opened = (Message("user", "Write."), Message("assistant", "I love"))
    endpoint.script.append(text(" it."))
    assert only(ask(endpoint, [request(messages=opened)])).text == " it."
    assert endpoint.bodies[0]["messages"][-1] == {"role": "assistant", "content": "I love"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (text("cut", finish_reason="length"), {"text": "cut", "finish_reason": "length"}),
        (text("", finish_reason="content_filter"), {"text": "", "finish_reason": "content_filter"}),
        (text("odd", finish_reason="eos_token"), {"text": "odd", "finish_reason": "stop"}),
        (text(None, refusal="I cannot."), {"text": "I cannot.", "finish_reason": "refusal"}),
        (text(None), {"text": "", "finish_reason": "stop"}),
        (text("hi", usage=None), {"text": "hi", "prompt_tokens": 0, "completion_tokens": 0}),
        (
            text("hi", usage=(3, 4), model="m-2026"),
            {"model": "m-2026", "prompt_tokens": 3, "completion_tokens": 4},
        ),
        (text("hi", reasoning="hm"), {"text": "hi", "reasoning": "hm"}),
        (text("<think>\nhm\n</think>\n\nhi"), {"text": "hi", "reasoning": "hm"}),
        (text("hm\n</think>\nhi"), {"text": "hi", "reasoning": "hm"}),
        (
            text("<think>hm", finish_reason="length"),
            {"text": "", "reasoning": "hm", "finish_reason": "length"},
        ),
        (text("a <think> tag"), {"text": "a <think> tag", "reasoning": ""}),
        (text("a lone \ud800 half"), {"text": "a lone \ufffd half"}),
        (text("\U0001f600 é"), {"text": "\U0001f600 é"}),
        (
            text([{"type": "thinking", "thinking": [{"text": "hm"}]}, {"type": "text", "text": "hi"}, 3]),
            {"text": "hi", "reasoning": "hm"},
        ),
        (content_filtered(), {"text": "", "finish_reason": "content_filter"}),
        (failure(403, message="Your input was flagged by moderation"), {"finish_reason": "content_filter"}),
    ],
)
def test_what_comes_back_becomes_an_answer(endpoint, reply, expected):
    endpoint.script.append(reply)
    answer = only(ask(endpoint, [request()]))
    assert {name: getattr(answer, name) for name in expected} == expected
    assert endpoint.count == 1


def test_no_more_than_the_concurrency_is_in_flight(endpoint):
    endpoint.latency_s = 0.02
    outcomes = ask(endpoint, [request(number) for number in range(40)], concurrency=5)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert endpoint.max_in_flight == 5
    assert endpoint.connections == 5


# --- what passes


@pytest.mark.parametrize(
    "fault",
    [
        server_error(500),
        server_error(503),
        failure(408, message="timeout"),
        cut_json(),
        reset(),
        Reply(json={"choices": []}),
        Reply(json=["not", "a", "completion"]),
        Reply(json={"error": {"code": 502, "message": "upstream is down"}}),
        Reply(json={"error": "overloaded"}),
    ],
    ids=["500", "503", "408", "cut", "reset", "no choices", "no object", "inner 502", "inner error"],
)
def test_what_may_pass_is_asked_again(endpoint, fault):
    endpoint.script.extend([fault, fault])
    assert only(ask(endpoint, [request()])).text
    assert endpoint.count == 3


def test_a_request_that_hangs_is_asked_again(endpoint):
    endpoint.script.append(hang())
    assert only(ask(endpoint, [request()], timeout_s=0.2)).text
    assert endpoint.count == 2


def test_a_storm_of_faults_loses_and_repeats_nothing(endpoint):
    """Every request is answered once; each fault costs one more request."""
    faults = [rate_limited(0.01), server_error(), cut_json(), reset()] * 5
    turn = iter(range(10_000))
    endpoint.rule = lambda body: faults.pop() if next(turn) % 10 == 9 and faults else None
    outcomes = ask(endpoint, [request(number) for number in range(300)])
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert len({outcome.text for outcome in outcomes}) == 300
    assert endpoint.count == 320


def test_a_request_whose_errors_stay_fails_alone(endpoint):
    endpoint.rule = lambda body: server_error() if body["seed"] == 3 else None
    outcomes = ask(endpoint, [request(number) for number in range(20)])
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Exception)] == [3]
    assert isinstance(outcomes[3], RequestFailedError)
    assert outcomes[3].reason == "endpoint_error"
    assert "500" in outcomes[3].detail


def test_the_only_request_fails_alone_when_a_probe_is_answered(endpoint):
    endpoint.rule = lambda body: server_error() if "poison" in str(body) else None
    [outcome] = ask(endpoint, [request(prompt="poison")])
    assert isinstance(outcome, RequestFailedError)
    assert endpoint.count == FAST.tries + 1
    assert endpoint.bodies[-1]["max_tokens"] == 16


def test_requests_that_hang_on_a_living_endpoint_fail_alone(endpoint):
    endpoint.rule = lambda body: hang() if body["seed"] == 1 else None
    policy = RetryPolicy(tries=2, base_s=0.001, patience_s=30)
    outcomes = ask(endpoint, [request(0), request(1)], timeout_s=0.15, policy=policy)
    assert isinstance(outcomes[0], Answer)
    assert isinstance(outcomes[1], RequestFailedError)
    assert "no answer within 0.15 s" in outcomes[1].detail


# --- 429


@pytest.mark.alone
def test_a_429_pauses_everybody_and_nobody_is_dropped(endpoint):
    times: list[float] = []

    def rule(body: dict) -> Reply | None:
        times.append(time.monotonic())
        return rate_limited(0.2) if len(times) == 5 else None

    endpoint.rule = rule
    endpoint.latency_s = 0.01
    outcomes = ask(endpoint, [request(number) for number in range(60)], concurrency=4)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert endpoint.count == 61
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) > 0.15  # all four stood still


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("retry-after", lambda: email.utils.formatdate(time.time() + 2, usegmt=True)),
        ("retry-after-ms", lambda: "900"),
    ],
    ids=["date", "ms"],
)
@pytest.mark.alone
def test_the_wait_may_be_a_date_or_milliseconds(endpoint, header, value):
    endpoint.script.append(rate_limited(value(), header=header))
    begun = time.monotonic()
    assert only(ask(endpoint, [request()]))
    assert 0.8 < time.monotonic() - begun < 4


def test_fewer_are_in_flight_after_complaints_and_more_again_later(endpoint):
    """The endpoint takes two at once: the rest is turned away, and everything is answered in the end."""
    endpoint.rule = lambda body: rate_limited(0.001) if endpoint.in_flight > 2 else None
    endpoint.latency_s = 0.002
    policy = RetryPolicy(base_s=0.001, cap_s=0.01, most_pauses=1000)
    outcomes = ask(endpoint, [request(number) for number in range(200)], concurrency=32, policy=policy)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert endpoint.count - 200 < 200  # without pacing, thousands


def test_429s_without_an_answer_end_after_a_while(endpoint):
    endpoint.rule = lambda body: rate_limited(None)
    message = fatal(ask(endpoint, [request(number) for number in range(4)]))
    assert "asked for patience" in message
    assert "SYNTH_CONCURRENCY" in message


def test_a_wait_of_hours_ends_the_run_with_the_figure(endpoint):
    endpoint.rule = lambda body: rate_limited(7200)
    assert "asks to wait 2.0 hours" in fatal(ask(endpoint, [request()]))


# --- the end


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (unauthorized(), ["does not accept the API key", "SYNTH_API_KEY"]),
        (failure(400, message="API key not valid."), ["does not accept the API key"]),
        (failure(403, message="Project does not have access"), ["does not let this API key use m"]),
        (model_not_found("m"), ["does not serve the model m", "Correct `model`"]),
        (failure(404, message="Not Found"), ["does not look like", "most end in /v1"]),
        (failure(405, message="Method Not Allowed"), ["does not look like"]),
        (quota_exhausted(), ["quota is used up", "Top it up"]),
        (failure(402, message="Insufficient Balance"), ["quota is used up"]),
        (Reply(301), ["status (301)"]),
    ],
    ids=["401", "400 key", "403", "model", "404", "405", "quota", "402", "301"],
)
def test_what_stops_everybody_says_what_to_do(endpoint, reply, words):
    endpoint.rule = lambda body: reply
    message = fatal(ask(endpoint, [request()]))
    for word in [*words, endpoint.base_url, "run again to ask only for the rest"]:
        assert word in message
    assert endpoint.count == 1


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(204, b""), "the response (status 204) is not whole JSON: it is empty"),
        (Reply(json=b"all healthy"), "it begins with 'all healthy'"),
        (Reply(json=b"data: " + b"x" * 1000), f"it begins with 'data: {'x' * 34}'."),
        (Reply(json=f"your key is {KEY}".encode()), "it begins with 'your key is ***'"),
        (Reply(json=b"its key is sk-proj-0123456789abcdefghijklmnopq"), "'its key is [an OpenAI-style key]'"),
        (Reply(json={"choices": []}), "the response is no chat completion"),
    ],
    ids=["nothing", "words", "stream", "own key", "other key", "no choices"],
)
def test_an_endpoint_that_never_gives_a_completion_is_dead_and_no_request_is_blamed(endpoint, reply, told):
    endpoint.rule = lambda body: reply
    message = fatal(ask(endpoint, [request(number) for number in range(20)]))
    assert "has answered nothing for 0.3 s" in message
    assert told in message


@pytest.mark.parametrize("before", [b"", b"\n ", b"\xef\xbb\xbf"], ids=["nothing", "space", "BOM"])
def test_a_web_page_is_not_an_endpoint(endpoint, before):
    endpoint.rule = lambda body: Reply(json=before + b"<!doctype html><title>hi</title>")
    assert "a web page came back" in fatal(ask(endpoint, [request()]))


@pytest.mark.alone
def test_an_endpoint_that_was_never_there_fails_within_seconds(endpoint):
    endpoint.stop()
    begun = time.monotonic()
    message = fatal(ask(endpoint, [request(number) for number in range(10)], policy=RetryPolicy()))
    assert time.monotonic() - begun < 6
    assert f"{endpoint.base_url} cannot be reached: cannot connect" in message


def test_a_host_that_does_not_exist_fails_within_seconds(endpoint):
    message = fatal(ask(endpoint, [request()], base_url="http://no-such-host.invalid/v1"))
    assert "no-such-host.invalid" in message


def test_an_endpoint_that_dies_ends_the_run_after_patience(endpoint):
    """Requests that failed while it died are not blamed."""
    seen = threading.Event()
    endpoint.rule = lambda body: seen.set() if len(endpoint.bodies) > 20 else None
    endpoint.latency_s = 0.005
    killer = threading.Thread(target=lambda: seen.wait(10) and endpoint.stop())
    killer.start()
    outcomes = ask(endpoint, [request(number) for number in range(2000)])
    killer.join()
    kinds = {type(outcome) for outcome in outcomes}
    assert kinds == {Answer, EndpointError}
    assert "has answered nothing for 0.3 s" in fatal([o for o in outcomes if isinstance(o, Exception)])


def test_an_endpoint_that_only_fails_is_dead_and_no_request_is_blamed(endpoint):
    endpoint.rule = lambda body: server_error(502)
    message = fatal(ask(endpoint, [request(number) for number in range(20)]))
    assert "has answered nothing" in message
    assert "502" in message


def test_an_endpoint_that_only_hangs_is_dead(endpoint):
    endpoint.rule = lambda body: hang()
    message = fatal(ask(endpoint, [request(number) for number in range(8)], timeout_s=0.3))
    assert "SYNTH_TIMEOUT" in message


def test_an_endpoint_that_comes_back_in_time_is_forgiven(endpoint):
    endpoint.latency_s = 0.005
    back = threading.Thread(target=lambda: (endpoint.stop(), endpoint.start()))
    endpoint.rule = lambda body: back.start() if len(endpoint.bodies) == 20 else None
    outcomes = ask(endpoint, [request(n) for n in range(100)], policy=RetryPolicy(base_s=0.01, cap_s=0.1))
    back.join()
    assert all(isinstance(outcome, Answer) for outcome in outcomes)


# --- what an endpoint does not take


def test_a_refused_schema_falls_to_json_mode_and_then_to_the_prompt(endpoint, caplog):
    refused = failure(400, message="'response_format.type' must be 'text'", param="response_format.type")
    endpoint.rule = lambda body: refused if "response_format" in body else None
    notes: list[str] = []
    outcomes = ask(endpoint, [request(n, schema=SCHEMA) for n in range(10)], concurrency=1, notes=notes)
    assert all(json.loads(outcome.text).keys() == {"stars"} for outcome in outcomes)
    forms = [body.get("response_format", {}).get("type") for body in endpoint.bodies]
    assert forms == ["json_schema", "json_object", *[None] * 10]
    assert SCHEMA in endpoint.bodies[-1]["messages"][-1]["content"]
    assert SCHEMA not in endpoint.bodies[0]["messages"][-1]["content"]
    assert SCHEMA in endpoint.bodies[1]["messages"][-1]["content"]
    assert len(notes) == 2
    assert len(caplog.records) == 2  # once, not once a request
    assert outcomes[0].key == request(0, schema=SCHEMA).key


def test_json_mode_is_kept_where_it_is_taken(endpoint):
    def rule(body: dict) -> Reply | None:
        schema = body.get("response_format", {}).get("type") == "json_schema"
        return failure(400, message="json_schema is not supported") if schema else None

    endpoint.rule = rule
    outcomes = ask(endpoint, [request(n, schema=SCHEMA) for n in range(20)])
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert endpoint.bodies[-1]["response_format"] == {"type": "json_object"}
    assert endpoint.count <= 28  # those in flight at the first refusal ask twice, nobody else


@pytest.mark.parametrize("name", ["seed", "temperature", "repeat_penalty"])
def test_a_parameter_that_is_refused_is_left_out_and_noted(endpoint, name):
    endpoint.rule = lambda body: unsupported(name) if name in body else None
    notes: list[str] = []
    asked = [request(n, sampling={"temperature": 0.6}, extra={"repeat_penalty": 1.1}) for n in range(5)]
    outcomes = ask(endpoint, asked, concurrency=1, notes=notes)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert endpoint.count == 6
    assert name not in endpoint.bodies[-1]
    assert [name in note for note in notes] == [True]


@pytest.mark.parametrize(
    "refused",
    [
        failure(400, message="Unrecognized request argument supplied: seed"),
        Reply(422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}),
        Reply(400, [{"error": {"message": 'Invalid JSON payload received. Unknown name "seed"'}}]),
        Reply(400, {"error": "unsupported parameter: seed"}),
        Reply(400, "unknown field seed"),
    ],
    ids=["openai", "pydantic", "google", "plain", "string"],
)
def test_refusals_are_understood_in_many_shapes(endpoint, refused):
    endpoint.rule = lambda body: refused if "seed" in body else None
    assert only(ask(endpoint, [request()]))


def test_max_tokens_is_renamed_where_it_is_refused(endpoint):
    endpoint.rule = lambda body: unsupported("max_tokens") if "max_tokens" in body else None
    assert only(ask(endpoint, [request(sampling={"max_tokens": 50})]))
    assert endpoint.bodies[-1]["max_completion_tokens"] == 50


def test_an_opening_that_is_refused_is_asked_for_in_words(endpoint):
    refused = failure(400, message="The conversation must end with a user message.")
    endpoint.rule = lambda body: refused if body["messages"][-1]["role"] == "assistant" else None
    opened = (Message("user", "Write."), Message("assistant", "I love it"))
    assert only(ask(endpoint, [request(messages=opened)]))
    [message] = endpoint.bodies[-1]["messages"]
    assert message["role"] == "user"
    assert message["content"].startswith("Write.")
    assert "I love it" in message["content"]


def test_a_value_out_of_range_is_the_specs_mistake(endpoint):
    endpoint.rule = lambda body: failure(
        400, message="Invalid 'temperature': must be at most 2", param="temperature"
    )
    message = fatal(ask(endpoint, [request(sampling={"temperature": 9.0})]))
    assert "refuses temperature=9.0" in message
    assert "Correct it in the spec" in message


def test_a_prompt_that_is_too_long_fails_alone(endpoint):
    endpoint.rule = lambda body: context_too_long() if body["seed"] == 1 else None
    outcomes = ask(endpoint, [request(n) for n in range(3)])
    assert [type(outcome) for outcome in outcomes] == [Answer, RequestFailedError, Answer]
    assert outcomes[1].reason == "context_too_long"


def test_refusals_for_no_known_reason_fail_alone_until_they_are_all_there_is(endpoint):
    endpoint.rule = lambda body: failure(400, message="no")
    outcomes = ask(endpoint, [request(number) for number in range(25)])
    alone = [outcome for outcome in outcomes if isinstance(outcome, RequestFailedError)]
    assert len(alone) == 19
    assert {outcome.reason for outcome in alone} == {"bad_request"}
    assert any("refused all of the first 20 requests" in str(outcome) for outcome in outcomes)
