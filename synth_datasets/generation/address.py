"""Where an endpoint is asked, with which headers and through which proxy, and what of that is secret."""

import base64
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from urllib.parse import (
    SplitResult,
    parse_qsl,
    quote,
    quote_plus,
    unquote,
    urlencode,
    urlsplit,
    urlunsplit,
)
from urllib.request import getproxies, proxy_bypass

from synth_datasets.errors import SettingsError
from synth_datasets.settings import Settings
from synth_datasets.urls import OPENAI_URL

__all__ = ["NO_KEY", "Address", "address_of", "same_host"]

NO_KEY = "none"
"""Servers of one's own take anything."""

_SHORTEST_SECRET = 6
"""A shorter one cannot be told from a part of a word."""
_BARE = "!$'()*,:@/?"
"""What aiohttp leaves as it is in the value of a query."""
_PORTS = {"http": 80, "https": 443}
_ACCOUNT = {"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"}
"""Which account is billed, in the variables of the client of `openai`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One endpoint, as requests to it are made."""

    base: str
    """The base URL without credentials and query."""
    query: Mapping[str, str]
    """What the base URL has after its path, which goes with every request."""
    credentials: tuple[str, str] | None = field(repr=False)
    """User and password of the base URL."""
    headers: Mapping[str, str] = field(repr=False)
    """Of every request, with lower-case names."""
    proxied: bool
    """Whether the environment may name a proxy: none reaches this machine's own servers."""
    proxy: str | None
    proxy_headers: Mapping[str, str] | None = field(repr=False)
    """The proxy's credentials, which aiohttp turns into `Proxy-Authorization`, in front of a tunnel and without one."""
    secrets: frozenset[str] = field(repr=False)
    """What must not appear in any message."""

    @property
    def https(self) -> bool:
        """Whether the endpoint has to prove who it is."""
        return self.base.startswith("https:")

    def at(self, path: str) -> str:
        """Return the URL of what the endpoint offers under `path`, which begins with a slash."""
        parts = urlsplit(self.base)
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}{path}", query=urlencode(self.query)))


def address_of(settings: Settings) -> Address:
    """Return where the settings' `base_url` is asked; raises `SettingsError` for OpenAI's without a key."""
    url = settings.base_url or OPENAI_URL
    parts = urlsplit(url)
    if not settings.api_key and parts.hostname == urlsplit(OPENAI_URL).hostname:
        raise SettingsError(
            "OpenAI's endpoint needs an API key: set OPENAI_API_KEY, or ask another endpoint with SYNTH_BASE_URL"
        )
    base = urlunsplit(parts._replace(netloc=_host(parts.netloc), query="", fragment=""))
    proxied = not _loopback(parts.hostname or "")
    proxy, proxy_headers = _proxy(base) if proxied else (None, None)
    return Address(
        base=base,
        query=dict(parse_qsl(parts.query)),
        credentials=(unquote(parts.username), unquote(parts.password or "")) if parts.username else None,
        headers=_headers(url, settings),
        proxied=proxied,
        proxy=proxy,
        proxy_headers=proxy_headers,
        secrets=_secrets(url, settings),
    )


def same_host(before: str, after: str) -> bool:
    """Whether a redirect stays with the host and its port, or goes over to the host's HTTPS."""
    was, now = urlsplit(before), urlsplit(after)
    if was.hostname != now.hostname or now.scheme not in ("http", "https"):
        return False
    if was.scheme == now.scheme:
        return _port(was) == _port(now)
    return now.scheme == "https" and _port(now) == _PORTS["https"]


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


def _headers(url: str, settings: Settings) -> dict[str, str]:
    """Return the headers of every request; those of the settings win, and credentials in the URL over them."""
    headers = {
        "connection": "keep-alive",
        "accept": "application/json",
        "content-type": "application/json",
        "user-agent": _agent(),
        "authorization": f"Bearer {settings.api_key or NO_KEY}",
    }
    for name, variable in _ACCOUNT.items():
        if (value := os.environ.get(variable)) is not None:
            headers[name] = value
    headers.update({name.lower(): value for name, value in settings.headers})
    parts = urlsplit(url)
    if parts.username:
        headers["authorization"] = _basic(parts.username, parts.password or "")
    return headers


def _host(netloc: str) -> str:
    """Return the host and port of a URL, without credentials."""
    return netloc.rpartition("@")[2]


def _agent() -> str:
    return f"synth_datasets/{version('synth-datasets')}"


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


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
