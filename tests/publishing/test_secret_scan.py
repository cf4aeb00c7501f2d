"""What looks like a key is found and never repeated."""

import pytest

from synth_datasets.errors import PublishError
from synth_datasets.publishing.secret_scan import check_secrets, find_secrets

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "an OpenAI-style key": "sk-" + "proj-" + "Ab1" * 12,
    "a Hugging Face token": "hf_" + "Ab1" * 12,
    "an AWS key id": "AKIA" + "ABCD" * 4,
    "a GitHub token": "ghp_" + "Ab1" * 12,
    "a Slack token": "xoxb-" + "1234567890" * 2,
    "a Google key": "AIza" + "A" * 35,
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a JSON Web Token": "eyJ" + "hbGciOiJI" + ".eyJ" + "zdWIiOiIx" + "." + "c2lnbmF0dXJl",
    "credentials in a URL": "https://user:" + "pa55word@example.org/v1",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_each_kind_is_found_where_it_is(kind):
    assert find_secrets(f"first\nkey: {SECRETS[kind]}\n") == [(2, kind)]


@pytest.mark.parametrize("kind", SECRETS)
def test_the_message_names_the_place_and_not_the_secret(kind):
    with pytest.raises(PublishError) as refused:
        check_secrets([("a.txt", b"fine"), ("b.yaml", f"\n\n{SECRETS[kind]}".encode())])
    assert f"b.yaml:3: looks like {kind}" in str(refused.value)
    assert SECRETS[kind] not in str(refused.value)
    assert SECRETS[kind][4:12] not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "ab12" * 16,
        "a task-oriented sk-8 risk-averse plan",
        "hf_hub_download and hf_transfer",
        "https://example.org/a@b, mail@example.org, http://127.0.0.1:8000/v1",
        "{{ product }} costs 5 at https://shop.example:443/x",
        "-----BEGIN PUBLIC KEY-----",
    ],
)
def test_ordinary_text_passes(text):
    assert find_secrets(text) == []


def test_a_picture_inside_a_page_is_no_secret():
    assert find_secrets(f'<img src="data:image/png;base64,/{SECRETS["a Google key"]}=">') == []


def test_binary_content_is_passed_over():
    check_secrets([("a.parquet", b"\0" + SECRETS["a GitHub token"].encode())])
