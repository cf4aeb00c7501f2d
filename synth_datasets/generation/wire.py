"""The way to one endpoint: chat completions at little cost, and a client of `openai` for everything else."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import EndpointError
from synth_datasets.generation.address import NO_KEY, Address, address_of, redirected
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.chat import CHAT_COMPLETIONS, Body
from synth_datasets.generation.replies import Reply, Trouble, shown
from synth_datasets.settings import Settings
from synth_datasets.urls import public_url

if TYPE_CHECKING:
    import ssl

    import aiohttp
    import openai

__all__ = ["Wire"]

_CONNECT_S = 10.0
_KEPT_S = 5.0
"""How long an idle connection is kept: servers drop them, some after as little."""
_MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 307, 308})
_PROXY_WANTS = 407
_WANTED = "wants its own user and password (407), as in http://user:password@host:port"
_OF_MACHINE = tuple(f"X-Stainless-{of}" for of in ("OS", "Arch", "Runtime", "Runtime-Version"))
"""What the client of `openai` would say of the machine it runs on."""
_UNREACHED = frozenset({"ClientConnectorError", "ConnectError", "ConnectionTimeoutError", "ProxyError"})
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Wire:
    """Connections to one endpoint, at most `concurrency`; made inside the event loop that uses them.

    Requests go through a session of aiohttp. The client of `openai` checks types and goes through a second HTTP
    library for each request, which costs four times as much, and its import most of a second: it is made when
    something else than chat completions is asked for.
    """

    def __init__(self, settings: Settings, *, concurrency: int) -> None:
        self._address = address = address_of(settings)
        self.secrets = address.secrets
        """What must not appear in any message."""
        self.timeout_s = settings.timeout_s
        tls = _tls() if address.https else True
        self._session = _session(concurrency=concurrency, tls=tls, timeout_s=self.timeout_s)
        self._make = lambda: _client(address, settings, concurrency=concurrency)
        self._client: openai.AsyncOpenAI | None = None

    def client(self) -> "openai.AsyncOpenAI":
        """Return the client for everything else that the endpoint offers."""
        if self._client is None:
            self._client = self._make()
        return self._client

    async def post(self, body: Body, path: str = CHAT_COMPLETIONS) -> Reply | Trouble:
        """Send the body to this path below the base URL: what came back whole, or why nothing did. Sends no cookies.

        Follows redirects within the host; raises `EndpointError` where one leads elsewhere or in a circle.
        """
        try:
            content = _encode(body).encode()
        except UnicodeEncodeError:
            failure = RequestFailedError("bad_request", "the prompt holds a lone surrogate, which is no text")
            raise failure from None
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._sent(content, path)
        except EndpointError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the transport raises, there was no reply
            return self.lost(error)

    async def _sent(self, content: bytes, path: str) -> Reply | Trouble:
        address = self._address
        url = asked = address.at(path)
        for _ in range(_MOST_REDIRECTS):
            response = await self._session.post(
                url,
                data=content,
                headers=address.headers,
                proxy=address.proxy,
                proxy_headers=address.proxy_headers,
                allow_redirects=False,
            )
            reply = Reply(response.status, await response.read(), response.headers)
            if response.status == _PROXY_WANTS and address.proxy is not None:
                return self._no_way_through(_WANTED)
            if response.status not in _REDIRECTS or "location" not in response.headers:
                return reply
            url = redirected(asked, url, response.headers["location"], path)
        base = public_url(address.base)
        raise EndpointError(
            f"{base} sends requests round in a circle; correct the base URL (--base-url, OPENAI_BASE_URL)"
        )

    def lost(self, error: BaseException) -> Trouble:
        """Return why there was no reply."""
        causes = _causes(error)
        detail = shown(str(causes[-1]) or type(causes[-1]).__name__, self.secrets)
        # The client's transport calls every broken connection a ConnectTimeout; what lies beneath tells them apart.
        names = {base.__name__ for cause in causes for base in type(cause).__mro__}
        if "ClientHttpProxyError" in names:
            return self._no_way_through(
                _WANTED if detail.startswith("407") else f"opens no way to it ({detail})"
            )
        if "ClientProxyConnectionError" in names:
            return self._no_way_through(f"cannot be reached ({detail})")
        if names & _UNREACHED:
            return Trouble(f"cannot connect: {detail}", connecting=True)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return Trouble(f"no answer within {self.timeout_s:g} s", timed_out=True)
        return Trouble(f"the connection broke: {detail}")

    def _no_way_through(self, why: str) -> Trouble:
        proxy = self._address.proxy
        return Trouble(
            f"the proxy {proxy}, which the environment names (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY; NO_PROXY lists hosts "
            f"without one), {why}",
            connecting=True,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
        if self._client is not None:
            await self._client.close()


def _client(address: Address, settings: Settings, *, concurrency: int) -> "openai.AsyncOpenAI":
    import httpx2
    import openai

    if address.query:
        # The transport logs each URL at INFO, with the query, where some gateways want their key.
        logging.getLogger("httpx2").addFilter(_redaction(address.secrets))
    nothing: dict[str, Any] = dict.fromkeys(_OF_MACHINE, openai.Omit())
    http = openai.DefaultAioHttpClient(
        auth=address.credentials,
        limits=httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        timeout=httpx2.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s)),
        trust_env=address.proxy is not None,
        verify=_tls(),
    )
    return openai.AsyncOpenAI(
        api_key=settings.api_key or NO_KEY,
        organization=address.headers.get("openai-organization"),
        project=address.headers.get("openai-project"),
        base_url=address.base,
        default_query=dict(address.query),
        default_headers={"User-Agent": address.headers["user-agent"], **nothing, **dict(settings.headers)},
        max_retries=0,  # the client's own retries know neither the neighbours nor a cut body
        timeout=http.timeout,
        http_client=http,
    )


def _tls() -> "ssl.SSLContext":
    """Return what servers must prove; the environment may name other authorities (SSL_CERT_FILE, SSL_CERT_DIR)."""
    import httpx2

    return httpx2.create_ssl_context()


def _session(*, concurrency: int, tls: "ssl.SSLContext | bool", timeout_s: float) -> "aiohttp.ClientSession":
    import aiohttp

    # No headers of its own: aiohttp would give them to a proxy as well, the key among them.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency, ssl=tls, keepalive_timeout=_KEPT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        # The whole exchange has its limit in `post`.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(_CONNECT_S, timeout_s)),
    )


def _redaction(secrets: frozenset[str]) -> Callable[[logging.LogRecord], bool]:
    """Return a filter that takes secrets out of another library's log lines, and lets every line pass."""

    def redact(record: logging.LogRecord) -> bool:
        record.msg, record.args = shown(record.getMessage(), secrets), ()
        return True

    return redact


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and what it came from, outermost first."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    return [cause for cause in causes if not isinstance(cause, asyncio.CancelledError)]
