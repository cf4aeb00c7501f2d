"""Keys and headers stay where they are: a worker takes its own, from its environment or config file."""

from dataclasses import replace
from urllib.parse import urlsplit

from synth_datasets.settings import Settings, load_settings
from synth_datasets.urls import OPENAI_URL, is_url, public_url

__all__ = ["with_own_secrets", "without_secrets"]


def without_secrets(settings: Settings) -> Settings:
    """Return what may lie in Ray's object store: no key, no headers, no credentials in addresses."""
    return replace(
        settings,
        api_key=None,
        headers=(),
        base_url=None if settings.base_url is None else _bare(settings.base_url),
        endpoints=tuple(map(_bare, settings.endpoints)),
    )


def with_own_secrets(settings: Settings) -> Settings:
    """Return the settings with the secrets that this node has for these endpoints, as it would use them itself."""
    own = load_settings()
    if tuple(map(_bare, own.places)) != settings.places:
        places = {"base_url": settings.base_url, "endpoints": settings.endpoints}
        own = load_settings(places if settings.places else {"base_url": OPENAI_URL})
    return replace(
        settings, base_url=own.base_url, endpoints=own.endpoints, api_key=own.api_key, headers=own.headers
    )


def _bare(place: str) -> str:
    if not is_url(place):
        return place
    parts = urlsplit(place)
    return public_url(place) if parts.username or parts.password or parts.query else place
