"""The way to an endpoint: URL, headers, redirects, proxies and secrets, against a real one on loopback."""

import asyncio
import gzip
import json
import logging
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

import pytest
from asking_backend import FAST, KEY, ask, fatal, only, request
from fake_endpoint import FakeEndpoint, Reply, failure, reset, server_error, text

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.openai_backend import OpenAIBackend
from synth_datasets.settings import Settings


@pytest.fixture
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def completion(pack: Callable[[bytes], bytes] = bytes, headers: str = "") -> bytes:
    """Return an answer as it goes over a connection."""
    content = pack(json.dumps(text("hi").json).encode())
    return f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {len(content)}\r\n\r\n".encode() + content


def own_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


def asked_of(
    replies: Sequence[bytes], name: Callable[[int], str] = own_url, host: str = "127.0.0.1"
) -> tuple[Answer | Exception, list[str]]:
    """Ask once, of a server or proxy that sends these bytes in turn, the last ones again and again, and hangs up.

    `name` says which base URL to ask, from the server's port. Returns what came, and the heads of the requests.
    """
    heads: list[str] = []

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(replies[min(len(heads), len(replies)) - 1])
        await writer.drain()
        writer.close()

    async def main() -> Answer | Exception:
        async with await asyncio.start_server(answered, host, 0) as server:
            base_url = name(server.sockets[0].getsockname()[1])
            backend = OpenAIBackend(Settings(base_url=base_url, api_key=KEY), policy=FAST)
            try:
                return await backend.ask(request())
            except EndpointError as error:
                return error
            finally:
                await backend.close()

    return asyncio.run(main()), heads


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


def test_an_account_that_the_settings_name_is_billed_in_batches_too(endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-environment")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-1\r\n")

    async def main() -> None:
        import httpx2

        own = (("openai-organization", "org-of-the-settings"),)
        backend = OpenAIBackend(Settings(base_url=endpoint.base_url, headers=own))
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}
        try:
            await backend._wire.post(body)
            await backend.call(lambda c: c.post("/chat/completions", body=body, cast_to=httpx2.Response))
        finally:
            await backend.close()

    asyncio.run(main())
    billed = [(each["openai-organization"], each["openai-project"]) for each in endpoint.headers]
    assert billed == [("org-of-the-settings", "project-1")] * 2


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
    assert "which is another port" in message
    assert f"set the base URL to {other.base_url} (--base-url, OPENAI_BASE_URL)" in message
    assert "of-the-url" not in message
    assert (endpoint.count, other.count) == (1, 0)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_asked_with_the_whole_body_whatever_its_status(endpoint, status):
    endpoint.script.append(Reply(status, headers={"location": "/v1/chat/completions/moved"}))
    assert only(ask(endpoint, [request()])).text
    assert endpoint.targets == ["/v1/chat/completions", "/v1/chat/completions/moved"]
    assert endpoint.bodies[0] == endpoint.bodies[1]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(307, headers={"location": "http://127.0.0.1:port/v1"}), "to an address that is none"),
        (Reply(303, headers={"location": "/sign-in"}), "it answers with status (303)"),
    ],
)
def test_a_redirect_that_leads_nowhere_is_told_at_once(endpoint, reply, told):
    endpoint.rule = lambda body: reply
    assert told in fatal(ask(endpoint, [request()]))
    assert endpoint.count == 1


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
    assert (
        "http://models.example/v1 cannot be reached: the proxy http://127.0.0.1:1, which the environment"
        in message
    )
    assert "NO_PROXY" in message


def test_a_proxy_gets_the_whole_url_and_its_own_password_alone(monkeypatch, no_proxy):
    def name(port: int) -> str:
        monkeypatch.setenv("ALL_PROXY", f"http://me:pass%20word@127.0.0.1:{port}")
        return "http://models.example/v1"

    outcome, [head] = asked_of([completion()], name)
    assert isinstance(outcome, Answer)
    assert outcome.text == "hi"
    head = head.lower()
    assert head.startswith("post http://models.example/v1/chat/completions http/1.1")
    assert "\r\nproxy-authorization: basic bwu6cgfzcyb3b3jk\r\n" in head
    assert f"\r\nauthorization: bearer {KEY}\r\n" in head


@pytest.mark.parametrize(
    ("scheme", "status", "told"),
    [
        ("http", "407 Proxy Authentication Required", "http://user:password@host:port"),
        ("https", "407 Proxy Authentication Required", "http://user:password@host:port"),
        ("https", "502 Bad Gateway", "opens no way to it (502"),
    ],
)
def test_a_proxy_that_lets_nobody_through_is_blamed(monkeypatch, no_proxy, scheme, status, told):
    def name(port: int) -> str:
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{port}")
        return f"{scheme}://models.example/v1"

    refused = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    outcome, heads = asked_of([refused], name)
    assert isinstance(outcome, EndpointError), outcome
    assert f"{scheme}://models.example/v1 cannot be reached: the proxy http://127.0.0.1:" in str(outcome)
    assert told in str(outcome)
    assert len(heads) == FAST.first_tries
    if scheme == "https":  # it was asked for a tunnel alone
        assert KEY not in "".join(heads)


# --- how answers come


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_answers_are_read(coding):
    pack = gzip.compress if coding == "gzip" else zlib.compress
    outcome, _ = asked_of([completion(pack, f"Content-Encoding: {coding}\r\n")])
    assert isinstance(outcome, Answer)
    assert outcome.text == "hi"


def test_answers_in_chunks_are_read():
    whole = json.dumps(text("hi").json).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (whole[:9], whole[9:]))
    outcome, _ = asked_of([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % chunks])
    assert isinstance(outcome, Answer)


@pytest.mark.parametrize(
    "broken",
    [
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nnope",
        b"\x15\x03\x01\x00\x02\x02F",
        b"",
    ],
    ids=["chunks cut", "cut", "no gzip", "unknown coding", "no HTTP", "nothing"],
)
def test_an_answer_that_breaks_off_is_asked_for_again_and_told_when_it_stays(broken):
    outcome, heads = asked_of([broken, completion()])
    assert isinstance(outcome, Answer)
    assert len(heads) == 2
    outcome, _ = asked_of([broken])
    assert isinstance(outcome, EndpointError)
    assert "the connection broke: " in str(outcome)


def test_an_address_of_ipv6_is_asked_and_named():
    try:
        outcome, [head] = asked_of([completion()], lambda port: f"http://[::1]:{port}/v1", host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert isinstance(outcome, Answer)
    assert head.startswith("POST /v1/chat/completions HTTP/1.1\r\nHost: [::1]:")


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
