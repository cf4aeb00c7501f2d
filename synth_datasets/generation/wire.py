"""The way to one endpoint: chat completions at little cost, and a client of `openai` for everything else."""

import asyncio
import base64
import ipaddress
import json
import logging
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import (
    SplitResult,
    parse_qsl,
    quote,
    quote_plus,
    unquote,
    urlencode,
    urljoin,
    urlsplit,
    urlunsplit,
)
from urllib.request import getproxies, proxy_bypass

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.chat import Body
from synth_datasets.generation.replies import Reply, Trouble, shown
from synth_datasets.settings import Settings
from synth_datasets.urls import public_url

if TYPE_CHECKING:
    import ssl

    import aiohttp
    import openai

__all__ = ["OPENAI_URL", "Wire"]

OPENAI_URL = "https://api.openai.com/v1"

_CONNECT_S = 10.0
_KEPT_S = 5.0
"""How long an idle connection is kept: servers drop them, some after as little."""
_SHORTEST_SECRET = 6
"""A shorter one cannot be told from a part of a word."""
_BARE = "!$'()*,:@/?"
"""What aiohttp leaves as it is in the value of a query."""
_PORTS = {"http": 80, "https": 443}
_MOST_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 307, 308})
_NO_KEY = "none"
"""Servers of one's own take anything."""
_ACCOUNT = {"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"}
"""Which account is billed, in the variables of the client of `openai`."""
_OF_MACHINE = tuple(f"X-Stainless-{of}" for of in ("OS", "Arch", "Runtime", "Runtime-Version"))
"""What the client of `openai` would say of the machine it runs on."""
_UNREACHED = frozenset(
    {"ClientConnectorError", "ClientHttpProxyError", "ConnectError", "ConnectionTimeoutError", "ProxyError"}
)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Wire:
    """Connections to one endpoint, at most `concurrency`; made inside the event loop that uses them.

    Requests go through a session of aiohttp. The client of `openai` checks types and goes through a second HTTP
    library for each request, which costs four times as much, and its import most of a second: it is made when
    something else than chat completions is asked for.
    """

    def __init__(self, settings: Settings, *, concurrency: int) -> None:
        url = settings.base_url or OPENAI_URL
        parts = urlsplit(url)
        if not settings.api_key and parts.hostname == urlsplit(OPENAI_URL).hostname:
            raise SettingsError(
                "OpenAI's endpoint needs an API key: set OPENAI_API_KEY, or ask another endpoint with SYNTH_BASE_URL"
            )
        trust = not _loopback(parts.hostname or "")  # a proxy cannot reach this machine's own servers
        self.secrets = _secrets(url, settings)
        """What must not appear in any message."""
        self.timeout_s = settings.timeout_s
        self._url, self._headers = _chat_completions(url), _headers(url, settings)
        tls = _tls() if parts.scheme == "https" else True
        self._session = _session(concurrency=concurrency, tls=tls, timeout_s=self.timeout_s)
        self._proxy, self._proxy_headers = _proxy(self._url) if trust else (None, None)
        self._make = lambda: _client(url, settings, concurrency=concurrency, trust=trust)
        self._client: openai.AsyncOpenAI | None = None

    def client(self) -> "openai.AsyncOpenAI":
        """Return the client for everything else that the endpoint offers."""
        if self._client is None:
            self._client = self._make()
        return self._client

    async def post(self, body: Body) -> Reply | Trouble:
        """Send the body: what came back whole, or why nothing did. Sends no cookies.

        Follows redirects within the host; raises `EndpointError` where one leads elsewhere or in a circle.
        """
        try:
            content = _encode(body).encode()
        except UnicodeEncodeError:
            failure = RequestFailedError("bad_request", "the prompt holds a lone surrogate, which is no text")
            raise failure from None
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._sent(content)
        except EndpointError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the transport raises, there was no reply
            return self.lost(error)

    async def _sent(self, content: bytes) -> Reply:
        url = self._url
        for _ in range(_MOST_REDIRECTS):
            response = await self._session.post(
                url,
                data=content,
                headers=self._headers,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
                allow_redirects=False,
            )
            reply = Reply(response.status, await response.read(), response.headers)
            if response.status not in _REDIRECTS or "location" not in response.headers:
                return reply
            url = urljoin(url, response.headers["location"])
            if not _same_host(self._url, url):
                # The key must not go along, and a request without it would be in vain.
                raise EndpointError(
                    f"{public_url(self._url)} sends requests on to {public_url(url)}, which is another host: "
                    "if that is right, name it as the base URL (SYNTH_BASE_URL)"
                )
        raise EndpointError(f"{public_url(self._url)} sends requests round in a circle; correct the base URL")

    def lost(self, error: BaseException) -> Trouble:
        """Return why there was no reply."""
        causes = _causes(error)
        detail = shown(str(causes[-1]) or type(causes[-1]).__name__, self.secrets)
        # The client's transport calls every broken connection a ConnectTimeout; what lies beneath tells them apart.
        names = {base.__name__ for cause in causes for base in type(cause).__mro__}
        if names & _UNREACHED:
            return Trouble(f"cannot connect: {detail}", connecting=True)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return Trouble(f"no answer within {self.timeout_s:g} s", timed_out=True)
        return Trouble(f"the connection broke: {detail}")

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
        if self._client is not None:
            await self._client.close()


def _client(url: str, settings: Settings, *, concurrency: int, trust: bool) -> "openai.AsyncOpenAI":
    import httpx2
    import openai

    parts = urlsplit(url)
    query = _query(url)
    if query:
        # The transport logs each URL at INFO, with the query, where some gateways want their key.
        logging.getLogger("httpx2").addFilter(_redaction(_secrets(url, settings)))
    nothing: dict[str, Any] = dict.fromkeys(_OF_MACHINE, openai.Omit())
    http = openai.DefaultAioHttpClient(
        auth=(unquote(parts.username), unquote(parts.password or "")) if parts.username else None,
        limits=httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        timeout=httpx2.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s)),
        trust_env=trust,
        verify=_tls(),
    )
    return openai.AsyncOpenAI(
        api_key=settings.api_key or _NO_KEY,
        base_url=urlunsplit(parts._replace(netloc=_host(parts.netloc), query="", fragment="")),
        default_query=query,
        default_headers={"User-Agent": _agent(), **nothing, **dict(settings.headers)},
        max_retries=0,  # the client's own retries know neither the neighbours nor a cut body
        timeout=http.timeout,
        http_client=http,
    )


def _chat_completions(url: str) -> str:
    """Return where chat completions are asked for: without credentials, which are a header."""
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/chat/completions"
    query = urlencode(_query(url))
    return urlunsplit(parts._replace(netloc=_host(parts.netloc), path=path, query=query, fragment=""))


def _headers(url: str, settings: Settings) -> dict[str, str]:
    """Return the headers of every request; those of the settings win, and credentials in the URL over them."""
    headers = {
        "connection": "keep-alive",
        "accept": "application/json",
        "content-type": "application/json",
        "user-agent": _agent(),
        "authorization": f"Bearer {settings.api_key or _NO_KEY}",
    }
    for name, variable in _ACCOUNT.items():
        if (value := os.environ.get(variable)) is not None:
            headers[name] = value
    headers.update({name.lower(): value for name, value in settings.headers})
    parts = urlsplit(url)
    if parts.username:
        headers["authorization"] = _basic(parts.username, parts.password or "")
    return headers


def _same_host(before: str, after: str) -> bool:
    """Whether a redirect stays with the host and its port, or goes over to the host's HTTPS."""
    was, now = urlsplit(before), urlsplit(after)
    if was.hostname != now.hostname or now.scheme not in ("http", "https"):
        return False
    if was.scheme == now.scheme:
        return _port(was) == _port(now)
    return now.scheme == "https" and _port(now) == _PORTS["https"]


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def _host(netloc: str) -> str:
    """Return the host and port of a URL, without credentials."""
    return netloc.rpartition("@")[2]


def _agent() -> str:
    return f"synth_datasets/{version('synth-datasets')}"


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


def _proxy(url: str) -> tuple[str | None, dict[str, str] | None]:
    """Return the proxy that the environment names for the URL, and its credentials.

    Those are in the header that aiohttp turns into `Proxy-Authorization`, in front of a tunnel and without one.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or proxy_bypass(_host(parts.netloc)):
        return None, None
    proxy = urlsplit(found if "://" in found else f"http://{found}")
    headers = {"Authorization": _basic(proxy.username, proxy.password or "")} if proxy.username else None
    return urlunsplit(proxy._replace(netloc=_host(proxy.netloc))), headers


def _basic(user: str, password: str) -> str:
    """Return the credentials of a URL as a header (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{unquote(user)}:{unquote(password)}'.encode()).decode()}"


def _secrets(url: str, settings: Settings) -> frozenset[str]:
    parts = urlsplit(url)
    found = [
        settings.api_key,
        parts.password,
        parts.username,
        *(value for _, value in parse_qsl(parts.query)),
        *(value for _, value in settings.headers),
    ]
    forms = {form for text in found if text for form in _forms(text)}
    return frozenset(form for form in forms if len(form) >= _SHORTEST_SECRET)


def _forms(text: str) -> tuple[str, ...]:
    """Return how a text may be written where a URL, or an answer that repeats it, is shown."""
    return (text, unquote(text), quote(text, safe=""), quote_plus(text), quote_plus(text, safe=_BARE))


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


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
