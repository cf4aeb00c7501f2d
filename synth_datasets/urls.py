"""Which places are URLs, and what of a URL may be shown."""

from urllib.parse import urlsplit

__all__ = ["OPENAI_URL", "is_url", "public_url"]

OPENAI_URL = "https://api.openai.com/v1"


def is_url(place: str) -> bool:
    """Whether a place is an endpoint's URL; otherwise it is the path of a file."""
    return place.startswith(("http://", "https://"))


def public_url(url: str) -> str:
    """Return the URL without credentials, query or final slash: what may be shown, stored and hashed."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
