"""What looks like a key is found and never repeated; what may be somebody's own stops a push unless it is meant."""

import re
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from leaks import SECRETS

from synth_datasets import secret_kinds
from synth_datasets.errors import Problem, PublishError, SpecError
from synth_datasets.publishing import personal_data
from synth_datasets.publishing.personal_data import find_personal_data
from synth_datasets.publishing.remote import Upload
from synth_datasets.publishing.secret_scan import check_uploads
from synth_datasets.secret_kinds import find_secrets, without_secrets


def kinds(text):
    return sorted({kind for _, kind in find_secrets(text)})


@pytest.mark.parametrize("name", SECRETS)
def test_each_kind_is_found_where_it_is_and_kept_out_of_messages(name):
    kind, secret = SECRETS[name]
    for text in (secret, f"key: {secret}\n", f'{{"key": "{secret}"}}', f"It says ({secret}), so."):
        assert kinds(text) == [kind], text
        assert re.search(secret_kinds.ANCHORS, text)
        assert secret not in without_secrets(text)
    assert kind in str(PublishError(f"no {secret} here"))
    wrong = SpecError("a.yaml", [Problem(1, "model", f"unknown value {secret}", f"is it {secret}?")])
    for error in (PublishError(f"no {secret} here"), wrong):
        assert secret[8:] not in str(error) + repr(error)


@pytest.mark.parametrize("name", SECRETS)
def test_the_refusal_names_the_place_and_not_the_secret(name, tmp_path):
    kind, secret = SECRETS[name]
    rows = {
        "text": ["fine", f"Use {secret} for it."],
        "chat": [
            [{"role": "user", "content": "hi"}],
            [{"role": "user", "content": secret}, {"role": "x", "content": None}],
        ],
        "tag": pa.array(["a", secret]).dictionary_encode(),
    }
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    uploads = [
        Upload("a.txt", b"fine"),
        Upload("b.yaml", f"\n\n{secret}".encode()),
        Upload("data/train.parquet", tmp_path / "rows.parquet"),
    ]
    with pytest.raises(PublishError) as refused:
        check_uploads(uploads, allow_personal_data=True)
    places = ["b.yaml:3", *(f"data/train.parquet: row 1, {column}" for column in rows)]
    assert [line.strip() for line in str(refused.value).split("\n")[1:-1]] == [
        f"{place}: looks like {kind}" for place in places
    ]
    assert secret[8:] not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "ab12" * 16,
        "a task-oriented sk-8 risk-averse plan",
        "sk-learn-based-text-classification is what they use",
        "hf_hub_download and hf_transfer",
        "https://example.org/a@b, mail@example.org, http://127.0.0.1:8000/v1",
        "{{ product }} costs 5 at https://shop.example:443/x",
        "postgres://user:password@localhost/db, redis://:<password>@cache",
        "-----BEGIN PUBLIC KEY-----",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "Set Authorization: Bearer TOKEN, and accountKey=...",
        "123e4567-e89b-12d3-a456-426614174000",
        "Mr. O.Connell.Senior.Junior wrote a long.sentence.without spaces",
        "npm_config_registry, pypi-server, key-value stores, SG.1",
    ],
)
def test_ordinary_text_passes(text):
    assert kinds(text) == []
    assert without_secrets(text) == text


def test_a_picture_inside_a_page_is_no_secret():
    page = f'<img src="data:image/png;base64,/{SECRETS["Google API"][1]}=">'
    check_uploads([Upload("report.html", page.encode())])


def test_a_private_key_over_several_lines_leaves_no_line():
    key = (
        "-----BEGIN OPENSSH "
        + "PRIVATE KEY-----\nb3BlbnNzaC1r\nZXktdjEA\n-----END OPENSSH "
        + "PRIVATE KEY-----"
    )
    assert without_secrets(f"a {key} b") == "a [a private key] b"


def test_binary_content_is_passed_over_and_a_broken_table_is_not():
    check_uploads([Upload("a.bin", b"\0" + SECRETS["GitHub classic"][1].encode())])
    with pytest.raises(PublishError, match="cannot be read as Parquet"):
        check_uploads([Upload("data/a.parquet", b"none")])


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.string()), pa.list_(pa.string(), 2), pa.large_list(pa.string())]
)
def test_lists_of_any_kind_are_looked_into(kind, tmp_path):
    rows = pa.array([["a", "b"], None, ["c", SECRETS["GitHub classic"][1]]], kind)
    pq.write_table(pa.table({"texts": rows}), tmp_path / "x.parquet")
    with pytest.raises(PublishError, match=r"data/x\.parquet: row 2, texts: looks like a GitHub"):
        check_uploads([Upload("data/x.parquet", tmp_path / "x.parquet")])


PERSONAL = {
    "mail": ("Write to maria.keller84@gmail.com.", "an e-mail address"),
    "mail with a tag": ("(j.doe+shop@web.de)", "an e-mail address"),
    "phone": ("Ring +49 151 23456789 today", "a telephone number"),
    "phone at home": ("Call (415) 867-5309 after five", "a telephone number"),
    "card": ("It was 4929 1234 5678 9015.", "a payment card"),
    "account": ("to DE12 5001 0517 0648 4898 90 please", "a bank account"),
    "number": ("My SSN is 219-09-9999.", "a social security number"),
}


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_data_in_rows_stops_a_push_unless_it_is_meant(name, tmp_path):
    text, kind = PERSONAL[name]
    assert [found for _, found in find_personal_data(text)] == [kind]
    assert re.search(personal_data.ANCHORS, text)
    pq.write_table(pa.table({"text": ["fine", text]}), tmp_path / "rows.parquet")
    uploads = [Upload("data/train.parquet", tmp_path / "rows.parquet")]
    with pytest.raises(PublishError, match="--allow-personal-data") as refused:
        check_uploads(uploads)
    assert f"data/train.parquet: row 1, text: looks like {kind}" in str(refused.value)
    assert text not in str(refused.value)
    check_uploads(uploads, allow_personal_data=True)
    check_uploads([Upload("README.md", text.encode()), Upload("reviews.synth.yaml", text.encode())])


@pytest.mark.parametrize(
    "text",
    [
        "jane.doe@example.com, bob@mail.example.org, x@shop.test, root@localhost",
        "Write to support@amazon.com or info@acme.io",
        "Call (415) 555-0132, +1 212 555 0199",
        "Order 4929123456789015123, 12,345,678 rows, 2024-05-17, 10.0.0.1, 8.8.8.8",
        "card 4111 1111 1111 1111 or 4242424242424242",
        "IBAN GB82 WEST 1234 5698 7654 32",
        "It costs $1,299.99 and weighs 1.234 kg; ISBN 978-3-16-148410-0",
        "@handle wrote: 5 of 10, 2 x 3",
    ],
)
def test_what_is_nobodys_passes(text):
    assert list(find_personal_data(text)) == []


def test_more_findings_than_can_be_read_are_counted(tmp_path):
    pq.write_table(pa.table({"text": [PERSONAL["mail"][0]] * 70}), tmp_path / "rows.parquet")
    with pytest.raises(PublishError, match=r"\.\.\. and 50 more"):
        check_uploads([Upload("data/train.parquet", tmp_path / "rows.parquet")])


def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path):
    text = (
        "I bought this phone in May 2024 for $499 and the battery lasts 10 hours, which is good; row {}. " * 2
    )
    table = pa.table({"text": [text.format(row, row) for row in range(100_000)], "label": [0] * 100_000})
    pq.write_table(table, tmp_path / "rows.parquet")
    started = time.process_time()
    check_uploads([Upload("data/train.parquet", tmp_path / "rows.parquet")])
    assert time.process_time() - started < 5  # 0.2 s on the machine where it was written
