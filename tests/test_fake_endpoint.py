"""The fake endpoint is trusted by the other tests, so its faults are checked here."""

import http.client
import json

import pytest
from fake_endpoint import FakeEndpoint, cut_json, rate_limited, reset, text


def ask(endpoint: FakeEndpoint, **extra: object) -> tuple[int, dict, str]:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint._port, timeout=5)
    body = {"model": "m", "messages": [{"role": "user", "content": "Write a positive review"}], **extra}
    try:
        connection.request(
            "POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()
    finally:
        connection.close()


def test_the_default_answer_follows_from_the_body_alone(endpoint):
    first, again, other = (ask(endpoint, seed=seed)[2] for seed in (1, 1, 2))
    assert first == again != other
    assert endpoint.count == 3


def test_a_schema_is_followed(endpoint):
    schema = {"type": "object", "properties": {"stars": {"type": "integer", "minimum": 1, "maximum": 5}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    answer = json.loads(ask(endpoint, response_format=form)[2])["choices"][0]["message"]["content"]
    assert 1 <= json.loads(answer)["stars"] <= 5


def test_the_script_comes_before_the_rule(endpoint):
    endpoint.rule = lambda _: text("by rule")
    endpoint.script.extend([rate_limited(3), cut_json()])
    status, headers, _ = ask(endpoint)
    assert (status, headers["retry-after"]) == (429, "3")
    status, _, body = ask(endpoint)
    assert status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(body)
    assert "by rule" in ask(endpoint)[2]


def test_a_reset_and_a_stopped_server_are_connection_errors(endpoint):
    endpoint.script.append(reset())
    with pytest.raises(ConnectionResetError):
        ask(endpoint)
    endpoint.stop()
    with pytest.raises(ConnectionRefusedError):
        ask(endpoint)
    endpoint.start()
    assert ask(endpoint)[0] == 200
