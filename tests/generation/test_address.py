"""Where an endpoint is asked: what its settings make of an address."""

import pytest

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.address import Address, address_of, redirected, same_host
from synth_datasets.settings import Settings

CHAT = "/chat/completions"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def found(base_url: str) -> Address:
    return address_of(Settings(base_url=base_url, api_key="sk-of-the-tests"))


@pytest.mark.parametrize(
    ("base_url", "asked"),
    [
        ("http://host:8000", "http://host:8000/chat/completions"),
        ("http://host:8000/", "http://host:8000/chat/completions"),
        ("http://host/v1//", "http://host/v1/chat/completions"),
        ("https://me:secret@host/v1#top", "https://host/v1/chat/completions"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
        ("http://host/v1?api-version=1&beta", "http://host/v1/chat/completions?api-version=1&beta="),
    ],
)
def test_paths_go_below_the_base_url_and_its_query_behind_them(base_url, asked):
    assert found(base_url).at(CHAT) == asked


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        ("me:p%2Fw@", "Basic bWU6cC93"),
        ("token@", "Basic dG9rZW46"),
        (":token@", "Basic OnRva2Vu"),
        ("", "Bearer sk-of-the-tests"),
    ],
)
def test_credentials_of_the_url_come_before_the_key(credentials, header):
    assert found(f"http://{credentials}host/v1").headers["authorization"] == header


def test_secrets_stay_out_of_its_repr():
    shown = repr(found("http://someone:pass-word-1@host/v1"))
    for secret in ("pass-word-1", "someone", "sk-of-the-tests", "Basic"):
        assert secret not in shown


def test_an_account_that_no_header_can_carry_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1\n")
    assert found("http://host/v1").headers["openai-organization"] == "org-1"
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project\n1")
    with pytest.raises(SettingsError, match="OPENAI_PROJECT_ID: its character 8 is a line break"):
        found("http://host/v1")


# --- redirects


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ("http://models.example/v2", True),
        ("http://models.example:80/v2", True),
        ("https://models.example/v1", True),
        ("https://models.example:8443/v1", False),
        ("http://models.example:8080/v1", False),
        ("http://api.models.example/v1", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_host_stays_the_same_with_its_port_or_its_https(after, same):
    assert same_host("http://models.example/v1", after) is same
    assert not same_host("https://models.example/v1", "http://models.example/v1")


@pytest.mark.parametrize(
    ("location", "after"),
    [
        ("/v2/chat/completions", "http://host/v2/chat/completions"),
        ("moved", "http://host/v1/chat/moved"),
        ("https://host/v1/chat/completions", "https://host/v1/chat/completions"),
        ("http://me:pass@host/v1/chat/completions", "http://host/v1/chat/completions"),
        ("", "http://host/v1/chat/completions?key=1"),
    ],
)
def test_a_redirect_within_the_host_is_followed_without_the_credentials_that_it_names(location, after):
    asked = "http://host/v1/chat/completions?key=1"
    assert redirected(asked, asked, location, CHAT) == after


@pytest.mark.parametrize(
    ("location", "told"),
    [
        (
            "https://api.host.example/v2/chat/completions?key=1",
            "another host: if that is right, set the base URL to https://api.host.example/v2 "
            "(--base-url, OPENAI_BASE_URL)",
        ),
        (
            "http://host:8080/v1/chat/completions/",
            "another port: if that is right, set the base URL to http://host:8080/v1 (",
        ),
        (
            "https://sign-in.example/start",
            "another host: and no /chat/completions, as a page to sign in is none",
        ),
        ("file:///etc/chat/completions", "check the base URL"),
        ("http://host:port/v1", "an address that is none"),
        ("http://[bad/v1", "an address that is none"),
        ("http://host/\udcff", "an address that is none"),
    ],
)
def test_a_redirect_elsewhere_names_the_base_url_to_set(location, told):
    asked = "http://host/v1/chat/completions?key=1"
    with pytest.raises(EndpointError) as caught:
        redirected(asked, asked, location, CHAT)
    assert str(caught.value).startswith("http://host/v1 sends requests on to ")
    assert told in str(caught.value)
    assert "key=1" not in str(caught.value)


# --- proxies


@pytest.mark.parametrize(
    ("base_url", "spared", "proxied"),
    [
        ("http://models.example/v1", "", True),
        ("http://models.example/v1", "other.example,models.example", False),
        ("http://models.example/v1", "example", False),
        ("http://models.example:8000/v1", "models.example:8000", False),
        ("http://models.example:8000/v1", "models.example:9000", True),
        ("http://models.example/v1", "*", False),
        ("http://10.1.2.3:8000/v1", "10.0.0.0/8, 192.168.0.1", False),
        ("http://11.1.2.3:8000/v1", "10.0.0.0/8, 192.168.0.1", True),
        ("http://[fd00::1]:8000/v1", "fd00::/8", False),
        ("http://[fd00::1]:8000/v1", "[fd00::1]", False),
        ("http://[fd00::1]:8000/v1", "10.0.0.0/8,not a range/8", True),
        ("http://127.0.0.1:8000/v1", "", False),
        ("http://[::1]:8000/v1", "", False),
        ("http://vllm.localhost/v1", "", False),
    ],
)
def test_the_environment_says_which_hosts_are_asked_without_a_proxy(monkeypatch, base_url, spared, proxied):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", spared)
    assert found(base_url).proxy == ("http://proxy.example:3128" if proxied else None)


@pytest.mark.parametrize(
    "proxy", ["socks5://secret@127.0.0.1:1080", "http://host:secret", "http://", "http://[::1"]
)
def test_a_proxy_that_is_none_is_told_before_anything_is_asked(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(
        SettingsError, match=r"models\.example .HTTPS_PROXY or ALL_PROXY.*http://host:port"
    ) as caught:
        found("https://models.example/v1")
    assert "secret" not in str(caught.value)
    assert found("http://models.example/v1").proxy is None
    monkeypatch.setenv("NO_PROXY", "models.example")
    assert found("https://models.example/v1").proxy is None
