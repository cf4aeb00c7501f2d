"""What of a URL may be shown: nothing that is secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.urls import base_url, public_url


def test_a_public_url_has_no_credentials_query_or_fragment():
    assert public_url("https://user:pass@Host.example:8443/v1/?key=sk#x") == "https://host.example:8443/v1"


@given(
    st.text(
        alphabet=st.characters(codec="ascii", exclude_characters="@/?#[]:\\ \t\r\n"), min_size=1, max_size=20
    )
)
def test_no_password_survives_in_a_public_url(password):
    shown = public_url(f"http://somebody:{password}zzz@host:1/v1")
    assert shown == "http://host:1/v1"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (" http://host:8000/v1\r\n", "http://host:8000/v1"),
        ("HTTP://Host/v1", "http://Host/v1"),
        (
            "https://me:p%2Fw@host/openai/v1/?api-version=2026",
            "https://me:p%2Fw@host/openai/v1/?api-version=2026",
        ),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://host:/v1", "http://host:/v1"),
        ("http://my_host.", "http://my_host."),
    ],
)
def test_a_base_url_is_taken_as_it_is_but_for_space_around_it_and_the_case_of_its_scheme(written, read):
    assert base_url(written) == read


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("localhost:8000/v1", "http://host:port/v1"),
        ("unix:///run/model.sock", "http://host:port/v1"),
        ("http:/host/v1", "http://host:port/v1"),
        ("http://:8000/v1", "http://host:port/v1"),
        ("http://host:port/v1", "port is no number"),
        ("http://host:99999/v1", "port is no number"),
        ("http://host:0/v1", "port is no number"),
        ("http://::1:8000/v1", "brackets around it"),
        ("http://[::1/v1", r"http://\[::1\]:port/v1"),
        ("http://models..example/v1", "empty part"),
        (f"http://{'a' * 64}.example/v1", "too long"),
        ("http://host /v1", "a space"),
        ("http://host/v\n1", "does not show"),
        ("http://host/v1\u200b", "does not show"),
        ("http://host/v1/chat/completions/", "leave out /chat/completions"),
        ("http://me:secret/word@host:8000/v1", "%2F"),
        ("http://me:secret\uff03word@host/v1", "http://host:port/v1"),
    ],
)
def test_what_is_no_base_url_is_told_without_a_word_of_it(written, told):
    with pytest.raises(ValueError, match=told) as caught:
        base_url(written)
    assert "secret" not in str(caught.value)
    assert "word@" not in str(caught.value)


@given(
    st.sampled_from(["http", "https"]),
    st.sampled_from(["", "me:secret@"]),
    st.one_of(
        st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map("[{}]".format), st.just("Models.example")
    ),
    st.one_of(st.just(""), st.integers(1, 65535).map(":{}".format)),
    st.sampled_from(["", "/", "/v1", "/v1//", "/v1?key=1"]),
)
def test_a_public_url_is_a_base_url_and_its_own_public_url(scheme, credentials, host, port, path):
    shown = public_url(base_url(f"{scheme}://{credentials}{host}{port}{path}"))
    assert base_url(shown) == public_url(shown) == shown
