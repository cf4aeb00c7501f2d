"""What of a URL may be shown: nothing that is secret."""

from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.urls import public_url


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
