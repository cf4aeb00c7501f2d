"""Where an endpoint is asked, with which headers and through which proxy, and what of that is secret."""

import base64
import ipaddress
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
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
from synth_datasets.setting_values import header_value
from synth_datasets.settings import Settings
from synth_datasets.urls import OPENAI_URL, base_url, public_url

__all__ = ["NO_KEY", "Address", "address_of", "redirected", "same_host"]

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
    proxy: str | None
    """Without credentials; None: requests go straight to the endpoint."""
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
            "OpenAI's endpoint needs an API key: set OPENAI_API_KEY, or ask another endpoint with --base-url URL "
            "(base_url=..., OPENAI_BASE_URL)"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    credentials = (user, password) if user or password else None
    base = urlunsplit(parts._replace(netloc=_host(parts.netloc), query="", fragment=""))
    proxy, proxy_headers = _proxy(parts.scheme, _host(parts.netloc), parts.hostname or "")
    return Address(
        base=base,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        credentials=credentials,
        headers=_headers(settings, credentials),
        proxy=proxy,
        proxy_headers=proxy_headers,
        secrets=_secrets(url, settings),
    )


def redirected(asked: str, url: str, location: str, path: str) -> str:
    """Return where a redirect from `url` leads, which a request for `path` came to from the URL `asked`.

    Raises `EndpointError` unless that is the same host: a key must not go to another one of its own accord, and a
    request without it would be in vain.
    """
    base = public_url(asked).removesuffix(path)
    try:
        after = urljoin(url, location)
        parts, shown = urlsplit(after), public_url(after)
        after.encode()
    except ValueError:  # a port that is no number, or bytes that are no text
        raise EndpointError(
            f"{base} sends requests on to an address that is none; correct the base URL "
            "(--base-url, OPENAI_BASE_URL), or its server"
        ) from None
    if same_host(asked, after):
        return urlunsplit(parts._replace(netloc=_host(parts.netloc)))
    differs = "port" if parts.hostname == urlsplit(asked).hostname else "host"
    if parts.scheme in _PORTS and shown.endswith(path):
        then = (
            f"if that is right, set the base URL to {shown.removesuffix(path)} (--base-url, OPENAI_BASE_URL)"
        )
    else:
        then = (
            f"and no {path}, as a page to sign in is none; check the base URL (--base-url, OPENAI_BASE_URL) "
            "and the key"
        )
    raise EndpointError(f"{base} sends requests on to {shown}, which is another {differs}: {then}")


def same_host(before: str, after: str) -> bool:
    """Whether a redirect stays with the host and its port, or goes over to the host's HTTPS."""
    was, now = urlsplit(before), urlsplit(after)
    if was.hostname != now.hostname or now.scheme not in _PORTS:
        return False
    if was.scheme == now.scheme:
        return _port(was) == _port(now)
    return now.scheme == "https" and _port(now) == _PORTS["https"]


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


def _headers(settings: Settings, credentials: tuple[str, str] | None) -> dict[str, str]:
    """Return the headers of every request; those of the settings win, and credentials in the URL over them."""
    headers = {
        "connection": "keep-alive",
        "accept": "application/json",
        "content-type": "application/json",
        "user-agent": f"synth_datasets/{version('synth-datasets')}",
        "authorization": f"Bearer {settings.api_key or NO_KEY}",
    }
    for name, variable in _ACCOUNT.items():
        if (value := os.environ.get(variable)) is not None:
            headers[name] = _account(variable, value)
    headers.update({name.lower(): value for name, value in settings.headers})
    if credentials is not None:
        headers["authorization"] = _basic(*credentials)
    return headers


def _account(variable: str, value: str) -> str:
    try:
        return header_value(value)
    except ValueError as error:
        raise SettingsError(f"{variable}: {error}; set it anew, or unset it") from None


def _host(netloc: str) -> str:
    """Return the host and port of a URL, without credentials."""
    return netloc.rpartition("@")[2]


def _proxy(scheme: str, place: str, host: str) -> tuple[str | None, dict[str, str] | None]:
    """Return the proxy that the environment names for a host (`place`: with its port), and its credentials."""
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    if not found or _loopback(host) or proxy_bypass(place) or _in_range(host, proxies.get("no", "")):
        return None, None
    try:
        proxy = urlsplit(base_url(found if "://" in found else f"http://{found}"))
    except ValueError:
        raise SettingsError(
            f"the proxy that the environment names for {host} ({scheme.upper()}_PROXY or ALL_PROXY) cannot be used: it "
            f"must look like http://host:port, and SOCKS is not known. With {host} in NO_PROXY none is used"
        ) from None
    user, password = unquote(proxy.username or ""), unquote(proxy.password or "")
    headers = {"Authorization": _basic(user, password)} if user or password else None
    return urlunsplit(proxy._replace(netloc=_host(proxy.netloc))), headers


def _in_range(host: str, spared: str) -> bool:
    """Whether NO_PROXY has a range of addresses with the host in it, such as 10.0.0.0/8, which urllib does not read."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for entry in spared.split(","):
        with suppress(ValueError):  # a name
            if address in ipaddress.ip_network(entry.strip().strip("[]"), strict=False):
                return True
    return False


def _loopback(host: str) -> bool:
    """Whether the host is this machine, whose own servers no proxy can reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _basic(user: str, password: str) -> str:
    """Return credentials as a header (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


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
