"""Endpoints behind HTTPS: whose certificates are taken."""

import asyncio
import json
import ssl

import pytest
import trustme
from fake_endpoint import text

from synth_datasets.errors import EndpointError
from synth_datasets.generation.answer import Answer
from synth_datasets.generation.openai_backend import OpenAIBackend, probe_of
from synth_datasets.generation.retry import RetryPolicy
from synth_datasets.settings import Settings

ONCE = RetryPolicy(tries=1, first_tries=1, patience_s=0.2, base_s=0.001, cap_s=0.001)
KEY = "sk-of-the-tests"


@pytest.fixture
def authority():
    return trustme.CA()


def asked(authority: trustme.CA, name: str = "localhost") -> tuple[Answer | Exception, list[str]]:
    """Ask an endpoint with a certificate of the authority, for that name; return what came, and what it was sent."""
    heads: list[str] = []

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        content = json.dumps(text("yes").json).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content))
        await writer.drain()
        writer.close()

    async def main() -> Answer | Exception:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(name).configure_cert(context)
        async with await asyncio.start_server(answered, "127.0.0.1", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            settings = Settings(base_url=f"https://localhost:{port}/v1", api_key=KEY)
            backend = OpenAIBackend(settings, policy=ONCE)
            try:
                return await backend.ask(probe_of("e", "m"))
            except EndpointError as error:
                return error
            finally:
                await backend.close()

    return asyncio.run(main()), heads


def test_a_server_whose_authority_nobody_knows_is_not_told_the_key(authority):
    outcome, heads = asked(authority)
    assert isinstance(outcome, EndpointError)
    assert "certificate" in str(outcome).lower()
    assert heads == []


def test_the_environment_may_name_the_authority(authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    outcome, heads = asked(authority)
    assert isinstance(outcome, Answer), outcome
    assert outcome.text == "yes"
    assert KEY in heads[0]


def test_a_certificate_for_another_name_is_refused(authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    outcome, heads = asked(authority, "models.example")
    assert isinstance(outcome, EndpointError)
    assert heads == []
