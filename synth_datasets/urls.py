"""Which places are URLs, which of them a model can be asked at, and what of a URL may be shown."""

from urllib.parse import urlsplit

__all__ = ["OPENAI_URL", "base_url", "is_url", "public_url"]

OPENAI_URL = "https://api.openai.com/v1"

_FORM = "it must look like http://host:port/v1"
_LONGEST_LABEL = 63  # RFC 1035, 2.3.4


def is_url(place: str) -> bool:
    """Whether a place is an endpoint's URL; otherwise it is the path of a file."""
    return place.startswith(("http://", "https://"))


def base_url(text: str) -> str:
    """Return the base URL that somebody wrote, without space around it.

    `ValueError` says what it must be, and never repeats the URL, which may hold a password.
    """
    url = text.strip()
    if not url.isprintable() or any(letter.isspace() for letter in url):
        raise ValueError(f"{_FORM}, and it holds a space or a character that does not show")
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets without an IPv6 address, or letters that stand for several
        raise ValueError(f"{_FORM}, or http://[::1]:port/v1 for an address of IPv6") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(
            f"{_FORM}, and its port is no number from 1 to 65535 (a password has %2F, %3F, %23 for /, ?, #; "
            "an address of IPv6 has brackets around it)"
        )
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(_FORM)
    if ":" not in host and any(not 0 < len(label) <= _LONGEST_LABEL for label in host.rstrip(".").split(".")):
        raise ValueError(f"{_FORM}, and its host has an empty part, or one that is too long")
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise ValueError(f"{_FORM}: leave out /chat/completions at its end, which is added to each request")
    return parts.scheme + url[len(parts.scheme) :]


def public_url(url: str) -> str:
    """Return the URL without credentials, query or final slash: what may be shown, stored and hashed."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
