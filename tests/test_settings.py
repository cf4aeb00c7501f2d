"""Where a model is asked: options over environment over the config file, and nothing secret shown."""

from decimal import Decimal
from pathlib import Path

import pytest

from synth_datasets.errors import SettingsError
from synth_datasets.prices import Price, money
from synth_datasets.settings import Settings, load_settings


def test_options_win_over_the_environment_and_the_environment_over_the_file(own_home, monkeypatch):
    config = own_home / "config" / "synth_datasets" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('base_url = "http://file:1/v1"\nconcurrency = 3\ntimeout_s = 5\n')
    assert load_settings().base_url == "http://file:1/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://environment:2/v1")
    assert load_settings().base_url == "http://environment:2/v1"
    monkeypatch.setenv("SYNTH_BASE_URL", "http://own:3/v1")
    settings = load_settings({"base_url": None, "concurrency": 7})
    assert (settings.base_url, settings.concurrency, settings.timeout_s) == ("http://own:3/v1", 7, 5.0)
    assert load_settings({"base_url": "http://option:4/v1"}).base_url == "http://option:4/v1"


def test_a_config_file_can_be_named_and_is_blamed_by_name(tmp_path, monkeypatch):
    path = tmp_path / "mine.toml"
    path.write_text("concurrency = [")
    monkeypatch.setenv("SYNTH_CONFIG", str(path))
    with pytest.raises(SettingsError, match=r"mine\.toml"):
        load_settings()
    path.write_text("concurency = 2")
    with pytest.raises(SettingsError, match=r"unknown setting concurency.*concurrency"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backend", "gpu"),
        ("base_url", "localhost:8000"),
        ("base_url", "file:///etc/passwd"),
        ("base_url", "http://host:port/v1"),
        ("endpoint_name", "http://host:99999/v1"),
        ("allow_endpoint", "http://ok:1/v1, http://host:port/v1"),
        ("endpoints", "http://ok:1/v1, http://host:port/v1"),
        ("concurrency", "many"),
        ("concurrency", 0),
        ("concurrency", 100_000),
        ("timeout_s", -1),
        ("timeout_s", "nan"),
    ],
)
def test_a_malformed_value_is_named(name, value):
    with pytest.raises(SettingsError, match=f"setting {name}"):
        load_settings({name: value})


def test_the_store_lies_in_the_users_cache_unless_told_otherwise(own_home):
    assert Settings().store_path == own_home / "cache" / "synth_datasets" / "answers.sqlite"
    assert load_settings({"store": "~/x.sqlite"}).store_path == Path.home() / "x.sqlite"


def test_openais_key_is_not_sent_to_anybody_else(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    assert load_settings().api_key == "sk-openai"
    assert load_settings({"base_url": "https://api.openai.com/v1"}).api_key == "sk-openai"
    assert load_settings({"base_url": "http://elsewhere:8000/v1"}).api_key is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://router:1/v1")
    assert load_settings().api_key == "sk-openai"
    assert load_settings({"base_url": "http://elsewhere:8000/v1"}).api_key is None
    monkeypatch.setenv("SYNTH_API_KEY", "sk-openai")
    assert load_settings({"base_url": "http://elsewhere:8000/v1"}).api_key == "sk-openai"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", " "])
def test_space_around_a_key_is_no_part_of_it_wherever_it_is_set(own_home, monkeypatch, end):
    """A file that is read into a variable, or was written on Windows, ends in a line break."""
    config = own_home / "config" / "synth_datasets" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('api_key = """\nsk-file\n"""')
    assert load_settings().api_key == "sk-file"
    monkeypatch.setenv("OPENAI_API_KEY", f"sk-openai{end}")
    assert load_settings().api_key == "sk-openai"
    assert load_settings({"base_url": "http://elsewhere:8000/v1"}).api_key is None, "it is still OpenAI's"
    monkeypatch.setenv("OPENAI_BASE_URL", f"HTTP://router:1/v1{end}")
    assert (load_settings().base_url, load_settings().api_key) == ("http://router:1/v1", "sk-openai")
    monkeypatch.setenv("SYNTH_API_KEY", end)
    assert load_settings().api_key == "sk-openai", "a variable of space alone is not set"
    monkeypatch.setenv("SYNTH_API_KEY", f"sk-own{end}")
    assert load_settings({"base_url": "http://elsewhere:8000/v1"}).api_key == "sk-own"
    assert load_settings({"api_key": f" sk-option{end}"}).api_key == "sk-option"


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ("\r", "character 10 is a line break"),
        ("\n", "a line break"),
        ("\t", "a control character"),
        ("\x00", "a control character"),
        ("\u200b", "ZERO WIDTH SPACE"),
        ("\u2026", "HORIZONTAL ELLIPSIS"),
        ("é", "E WITH ACUTE"),
        ("\udc80", "U\\+DC80"),
    ],
)
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(inside, told):
    with pytest.raises(SettingsError, match=f"setting api_key.*{told}.*copy the key anew") as caught:
        load_settings({"api_key": f"sk-secret{inside}-0123"})
    assert "secret" not in str(caught.value)
    assert "0123" not in str(caught.value)


def test_a_key_does_not_show():
    assert "sk-secret" not in repr(Settings(api_key="sk-secret"))


def test_prices_and_caps_come_from_the_users_file(own_home):
    config = own_home / "config" / "synth_datasets" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        'currency = "EUR"\nmax_cost = 4.1\nrpm = 500\n'
        '[prices."org/model-1.5"]\ninput = 0.25\noutput = 2\n'
        "[prices.other]\ninput = 0\noutput = 0\ncached_input = 0.1\n"
    )
    settings = load_settings({"max_requests": 0})
    assert settings.currency == "EUR"
    assert (settings.max_cost, settings.max_requests, settings.rpm) == (Decimal("4.1"), 0, 500)
    assert settings.prices["org/model-1.5"] == Price(input=Decimal("0.25"), output=Decimal(2))
    assert settings.prices["org/model-1.5"].cost(1_000_000, 500_000) == Decimal("1.25")
    assert settings.prices["other"].cost(1_000_000, 0, 1_000_000) == Decimal("0.1")
    assert not Settings().prices, "no price is built in"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prices", "cheap"),
        ("prices", {"m": 3}),
        ("prices", {"m": {"input": 1}}),
        ("prices", {"m": {"input": 1, "output": 2, "per": 3}}),
        ("prices", {"m": {"input": -1, "output": 2}}),
        ("prices", {"m": {"input": True, "output": 2}}),
        ("prices", {"m": {"input": "nan", "output": 2}}),
        ("max_cost", "four"),
        ("max_cost", -1),
        ("max_cost", "inf"),
        ("max_requests", -1),
        ("max_total_tokens", 1.5),
        ("rpm", 0),
        ("tpm", "lots"),
    ],
)
def test_a_malformed_price_cap_or_limit_is_named(name, value):
    with pytest.raises(SettingsError, match=f"setting {name}"):
        load_settings({name: value})


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "0.00"), ("0.000012", "0.000012"), ("0.5", "0.50"), ("3.14159", "3.14"), ("1234.5", "1,234.50")],
)
def test_money_has_digits_that_mean_something(amount, shown):
    assert money(Decimal(amount), "") == shown
    assert money(Decimal(amount), "kr") == f"{shown} kr"


def test_headers_come_from_the_file_or_the_environment_and_stay_with_their_endpoint(own_home, monkeypatch):
    config = own_home / "config" / "synth_datasets" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('base_url = "http://gateway:1/v1"\n[headers]\napi-key = "gw-secret-1"\n')
    assert load_settings().headers == (("api-key", "gw-secret-1"),)
    assert "gw-secret-1" not in repr(load_settings())
    assert load_settings({"base_url": "http://another:2/v1"}).headers == ()
    monkeypatch.setenv("SYNTH_HEADERS", "api-key: other-secret\nX-Team: data\n")
    assert load_settings().headers == (("api-key", "other-secret"), ("X-Team", "data"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("no colon", "header 1 has a name"),
        ("a: b\n\na b: c", "header 2 has a name"),
        ("näme: c", "header 1 has a name"),
        ({"X:Y": "c"}, "header 1 has a name"),
        ({"": "c"}, "header 1 has a name"),
        ("name:", "header 1 has no value"),
        ("name: be\x07ll", "value of header 1.*a control character"),
        ("name: clé", "value of header 1.*E WITH ACUTE"),
        ({"x": "two\nlines"}, "value of header 1.*a line break"),
        (7, ""),
        ("\n", ""),
        ({}, ""),
    ],
)
def test_headers_that_are_none_are_refused_without_being_shown(given, told):
    with pytest.raises(SettingsError, match=f"{told}.*Name: value") as caught:
        load_settings({"headers": given})
    assert "colon" not in str(caught.value)
    assert "lines\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Expect"])
def test_headers_that_would_break_each_request_are_refused(name):
    with pytest.raises(SettingsError, match=f"header 1 is {name}.*leave it out"):
        load_settings({"headers": {name: "100-continue"}})


def test_who_says_where_says_it_alone(own_home, monkeypatch):
    """A base URL of the environment is no replica of those that are named in an option, nor the other way round."""
    config = own_home / "config" / "synth_datasets" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('endpoints = ["http://a:1/v1", "list.txt"]\nendpoint_name = "http://all/v1"\n')
    found = load_settings()
    assert found.endpoints == ("http://a:1/v1", str(Path("list.txt").absolute()))
    assert found.endpoint_name == "http://all/v1"
    found = load_settings({"base_url": "http://b:1/v1"})
    assert (found.places, found.endpoint_name) == (("http://b:1/v1",), None)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://router:1/v1")
    assert load_settings().places == ("http://router:1/v1",)
    monkeypatch.setenv("SYNTH_ENDPOINTS", "http://c:1/v1, http://d:1/v1")
    assert load_settings().places == ("http://c:1/v1", "http://d:1/v1")
    monkeypatch.setenv("SYNTH_BASE_URL", "http://e:1/v1")
    assert load_settings({"endpoints": ()}).places == ("http://e:1/v1", "http://c:1/v1", "http://d:1/v1")
    assert load_settings({"endpoints": ["http://f:1/v1"]}).places == ("http://f:1/v1",)
    assert load_settings({"endpoint_name": "http://n/v1"}).places[0] == "http://e:1/v1"


@pytest.mark.parametrize("value", [[], "ftp://host/v1", ["http:///v1"], 7])
def test_endpoints_that_are_none_are_refused(value):
    with pytest.raises(SettingsError, match="setting endpoints"):
        load_settings({"endpoints": value})


def test_openais_key_goes_to_no_replica_unless_all_are_openais(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://router:1/v1")
    own = ["http://router:1/v1", "https://api.openai.com/v1"]
    assert load_settings({"endpoints": own}).api_key == "sk-openai"
    assert load_settings({"endpoints": [*own, "http://elsewhere:1/v1"]}).api_key is None
    assert load_settings({"endpoints": [*own, "list.txt"]}).api_key is None


def test_replicas_that_are_named_for_a_run_may_be_asked_by_any_spec_and_others_not(tmp_path, monkeypatch):
    file = str(tmp_path / "list.txt")
    monkeypatch.setenv("SYNTH_ENDPOINTS", f"http://a:1/v1,{file}")
    assert load_settings().allow_endpoint == ()
    named = load_settings({"endpoints": ["http://me:secret@b:1/v1/", file]})
    assert named.allow_endpoint == ("http://b:1/v1", file)
