"""The way to an endpoint: URL, headers, redirects, proxies and secrets, against a real one on loopback."""

import asyncio
import json
import logging
import subprocess
import sys
import traceback
from urllib.parse import urlencode

import pytest
from asking_backend import KEY, ask, fatal, only, request
from fake_endpoint import FakeEndpoint, Reply, failure, reset, server_error, text

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.settings import Settings

# --- what is sent


@pytest.mark.parametrize(
    "query", ["", "?version=1&a=b%20c", "?key=%C3%BC%2F%26&plus=a%2Bb"], ids=["none", "blank", "escaped"]
)
def test_what_is_sent_is_what_the_client_sends(endpoint, monkeypatch, query):
    """But for what the client tells about this machine, its retries and timeouts."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-1")

    async def main():
        import httpx2

        backend = OpenAIBackend(
            Settings(base_url=f"{endpoint.base_url}{query}", api_key=KEY, headers=(("X-Team", "blue"),))
        )
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello, ünïcode."}]}
        try:
            await backend._wire.post(body)
            await backend.call(lambda c: c.post("/chat/completions", body=body, cast_to=httpx2.Response))
        finally:
            await backend.close()

    asyncio.run(main())
    assert endpoint.bodies[0] == endpoint.bodies[1]
    assert endpoint.targets[0] == endpoint.targets[1]
    own, theirs = endpoint.headers
    assert own == {name: value for name, value in theirs.items() if not name.startswith("x-stainless-")}
    assert own["openai-organization"] == "org-1"
    assert own["openai-project"] == "project-1"
    assert own["x-team"] == "blue"
    assert own["user-agent"].startswith("synth_datasets/")


def test_the_client_s_package_is_not_imported_to_ask(endpoint):
    code = (
        "import asyncio, sys\n"
        "from synth_datasets.generation.openai_backend import OpenAIBackend\n"
        "from synth_datasets.generation.openai_backend import probe_of\n"
        "from synth_datasets.settings import Settings\n"
        "async def main():\n"
        "    backend = OpenAIBackend(Settings(base_url=sys.argv[1]))\n"
        "    print((await backend.ask(probe_of('e', 'm'))).text)\n"
        "    await backend.close()\n"
        "asyncio.run(main())\n"
        "print('openai' in sys.modules, 'httpx2' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, endpoint.base_url], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False False"


def test_headers_of_ones_own_go_with_each_request_and_stay_out_of_messages(endpoint):
    own = (("api-key", "azure-secret-0123"), ("Authorization", "Token gateway-secret"))
    ask(endpoint, [request()], headers=own)
    assert endpoint.headers[0]["api-key"] == "azure-secret-0123"
    assert endpoint.headers[0]["authorization"] == "Token gateway-secret"
    endpoint.rule = lambda body: failure(
        401, code="x", message="azure-secret-0123 is wrong, and gateway-secret"
    )
    (refused,) = ask(endpoint, [request()], headers=own)
    assert isinstance(refused, EndpointError)
    assert "azure-secret-0123" not in str(refused)


def test_a_prompt_that_is_no_text_fails_alone(endpoint):
    [outcome] = ask(endpoint, [request(prompt="lone \ud800")])
    assert isinstance(outcome, RequestFailedError)
    assert outcome.reason == "bad_request"


# --- redirects


def test_cookies_are_not_kept_and_redirects_are_followed(endpoint):
    endpoint.script += [
        Reply(307, headers={"location": "/v1/chat/completions/moved", "set-cookie": "tracked=1; Path=/"}),
        Reply(json=text("first").json, headers={"set-cookie": "tracked=2; Path=/"}),
    ]
    url = endpoint.base_url.replace("127.0.0.1", "localhost")  # cookies of bare addresses are kept by nobody
    outcomes = ask(endpoint, [request(1), request(2)], base_url=url, concurrency=1)
    assert [type(outcome) for outcome in outcomes] == [Answer, Answer]
    assert endpoint.targets == ["/v1/chat/completions", "/v1/chat/completions/moved", "/v1/chat/completions"]
    assert endpoint.bodies[0] == endpoint.bodies[1]
    assert not [headers for headers in endpoint.headers if "cookie" in headers]


def test_a_redirect_to_another_host_is_told_and_gets_neither_key_nor_prompt(endpoint):
    other = FakeEndpoint()
    other.start()
    try:
        elsewhere = f"{other.base_url}/chat/completions?key=of-the-url"
        endpoint.rule = lambda body: Reply(307, headers={"location": elsewhere})
        message = fatal(ask(endpoint, [request()], headers=(("api-key", "azure-secret-0123"),)))
    finally:
        other.stop()
    assert "which is another host" in message
    assert "name it as the base URL" in message
    assert "of-the-url" not in message
    assert (endpoint.count, other.count) == (1, 0)


def test_redirects_in_a_circle_are_told_at_once(endpoint):
    endpoint.rule = lambda body: Reply(301, headers={"location": "/v1/chat/completions"})
    assert "round in a circle" in fatal(ask(endpoint, [request()]))
    assert endpoint.count == 10


# --- keys


def test_openai_needs_a_key(endpoint):
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        ask(endpoint, [request()], base_url=None, api_key=None)


def test_ones_own_endpoint_needs_no_key_and_gets_none_of_the_environment(endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert only(ask(endpoint, [request()], api_key=None))
    assert endpoint.headers[0]["authorization"] == "Bearer none"


def test_credentials_and_query_of_the_url_reach_the_endpoint(endpoint):
    url = endpoint.base_url.replace("127.0.0.1", "me:pass-word-1@127.0.0.1") + "?api-version=2026"
    assert only(ask(endpoint, [request()], base_url=url))
    assert endpoint.targets == ["/v1/chat/completions?api-version=2026"]
    assert endpoint.headers[0]["authorization"].startswith("Basic ")


# --- proxies


def test_a_proxy_is_not_asked_for_loopback(endpoint, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert only(ask(endpoint, [request()]))


def test_a_proxy_is_asked_for_other_hosts(endpoint, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    message = fatal(ask(endpoint, [request()], base_url="http://models.example/v1"))
    assert "127.0.0.1" in message


def test_a_proxy_gets_the_whole_url_and_its_own_password_alone(endpoint, monkeypatch):
    heads = []

    async def proxied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
        content = json.dumps(text("hi").json).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content))
        await writer.drain()
        writer.close()

    async def main() -> Answer:
        async with await asyncio.start_server(proxied, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            monkeypatch.setenv("ALL_PROXY", f"http://me:pass%20word@127.0.0.1:{port}")
            backend = OpenAIBackend(Settings(base_url="http://models.example/v1", api_key=KEY))
            try:
                return await backend.ask(request())
            finally:
                await backend.close()

    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert asyncio.run(main()).text == "hi"
    [head] = heads
    assert head.startswith("post http://models.example/v1/chat/completions http/1.1")
    assert "\r\nproxy-authorization: basic bwu6cgfzcyb3b3jk\r\n" in head
    assert f"\r\nauthorization: bearer {KEY}\r\n" in head


# --- what nobody may see


def test_no_secret_shows_anywhere(endpoint, caplog):
    """In no message, note, chain, repr or log line, though the endpoint echoes them all."""
    secrets = [KEY, "pass-word-1", "token-in-query"]
    url = endpoint.base_url.replace("127.0.0.1", "someone:pass-word-1@127.0.0.1") + "?key=token-in-query"
    echo = f"key {KEY} with pass-word-1 and token-in-query"
    replies = [
        failure(401, message=echo),
        failure(400, message=f"Unsupported parameter: seed {echo}", param="seed"),
        failure(404, message=echo),
        failure(429, message=echo, code="insufficient_quota"),
        failure(400, message=echo, code=KEY),
        server_error(500),
        Reply(500, {"error": echo}),
        reset(),
    ]
    shown = []
    with caplog.at_level(logging.DEBUG):
        for reply in replies:
            endpoint.rule = lambda body, reply=reply: reply
            for outcome in ask(endpoint, [request()], base_url=url, notes=shown):
                assert isinstance(outcome, Exception)
                shown += traceback.format_exception(outcome)
                chain: BaseException | None = outcome
                while chain is not None:
                    shown += [repr(chain), str(chain)]
                    chain = chain.__cause__ or chain.__context__
    shown += [record.getMessage() for record in caplog.records]
    assert endpoint.count > 10
    for secret in secrets:
        assert not [line for line in shown if secret in line]


@pytest.mark.parametrize(
    "secret", ["ab+cd/efgh==", "two words", "clé:à/b", "".join(map(chr, range(32, 127)))]
)
def test_no_secret_of_the_url_shows_as_requests_write_it(endpoint, secret):
    url = f"{endpoint.base_url}?{urlencode({'sig': secret})}"

    async def main() -> str:
        backend = OpenAIBackend(Settings(base_url=url, api_key=KEY))
        try:
            await backend.ask(request())
            # Some errors of the transport show the URL.
            return backend._wire.lost(RuntimeError(f"no way to {endpoint.targets[0]}")).detail
        finally:
            await backend.close()

    shown = asyncio.run(main())
    written = endpoint.targets[0].partition("sig=")[2]
    assert "sig=***" in shown
    assert written not in shown


def test_the_client_tells_nothing_of_this_machine_unless_settings_do(endpoint):
    async def main(*headers: tuple[str, str]) -> None:
        import httpx2

        backend = OpenAIBackend(Settings(base_url=endpoint.base_url, headers=headers))
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}
        try:
            await backend.call(lambda c: c.post("/chat/completions", body=body, cast_to=httpx2.Response))
        finally:
            await backend.close()

    asyncio.run(main())
    asyncio.run(main(("x-stainless-os", "mine")))
    told = {f"x-stainless-{of}" for of in ("os", "arch", "runtime", "runtime-version")}
    by_itself, as_asked = endpoint.headers
    assert not told & by_itself.keys()
    assert as_asked["x-stainless-os"] == "mine"


def test_no_secret_of_the_url_shows_in_the_log_of_the_client(endpoint, caplog):
    async def main() -> None:
        backend = OpenAIBackend(Settings(base_url=f"{endpoint.base_url}?key=token-in-query"))
        try:
            await backend.call(lambda client: client.models.list())
        finally:
            await backend.close()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    lines = [record.getMessage() for record in caplog.records]
    assert any("/v1/models" in line for line in lines)
    assert not [line for line in lines if "token-in-query" in line]
