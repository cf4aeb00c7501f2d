"""Where the replicas of a model are: URLs that the settings name, and files of them that change while a run lasts."""

import logging
from collections.abc import Collection
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.settings import Settings
from synth_datasets.urls import OPENAI_URL, base_url, is_url, public_url

__all__ = ["Roster", "asks_replicas", "endpoint_url", "not_allowed"]

logger = logging.getLogger(__name__)


def asks_replicas(settings: Settings) -> bool:
    """Whether the settings name replicas, or one endpoint under another's name."""
    return bool(settings.endpoints or settings.endpoint_name)


def endpoint_url(settings: Settings) -> str:
    """Return the public URL that stands for all endpoints of the settings: the one named for that, or the first."""
    named = settings.endpoint_name or next((place for place in settings.places if is_url(place)), None)
    if named is None and settings.endpoints:
        raise SettingsError(
            f"the URLs in {settings.endpoints[0]} may come and go, and answers are kept under one name: say "
            "--endpoint-name URL (endpoint_name=..., SYNTH_ENDPOINT_NAME), the base URL that their first build was "
            "asked at, or any other that will stay the same; nobody connects to it"
        )
    return public_url(named or OPENAI_URL)


def not_allowed(settings: Settings) -> list[str]:
    """Return the public URLs that would be asked, and that the settings do not allow to a spec from elsewhere."""
    found = {
        public_url(url)
        for place in settings.places or (OPENAI_URL,)
        if place not in settings.allow_endpoint
        for url in _urls(place)
    }
    return sorted(found.difference(settings.allow_endpoint))


class Roster:
    """The URLs of all replicas; files are read again when they have changed."""

    def __init__(self, settings: Settings, *, allowed: Collection[str] | None = None) -> None:
        """`allowed` are the public URLs, and the files, that may be asked; None: all. Raises `SettingsError`."""
        self._places = settings.places or (OPENAI_URL,)
        self._files = [Path(place) for place in self._places if not is_url(place)]
        self._allowed = allowed
        self._seen = self._stamps()
        self.urls = self._read()
        """Each once, in the order of the settings and files."""
        if not self.urls:
            raise SettingsError(f"{self._files[0]} names no endpoint; write base URLs into it, one a line")

    @property
    def changes(self) -> bool:
        """Whether there is a file that may change."""
        return bool(self._files)

    def look(self) -> bool:
        """Whether the URLs are others now; what cannot be read, or names none, leaves them as they were."""
        if (stamps := self._stamps()) == self._seen:
            return False
        self._seen = stamps
        try:
            urls = self._read()
        except SettingsError as error:
            logger.warning("%s. The endpoints stay as they were", error)
            return False
        if not urls:
            logger.warning("%s names no endpoint any more; they stay as they were", self._files[0])
        if not urls or urls == self.urls:
            return False
        self.urls = urls
        return True

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in self._files]

    def _read(self) -> tuple[str, ...]:
        urls: dict[str, None] = {}
        for place in self._places:
            for url in _urls(place):
                if self._allowed is not None and not {place, public_url(url)} & {*self._allowed}:
                    raise SettingsError(
                        f"{public_url(url)} (of {place}) is not allowed to this spec: --allow-endpoint URL"
                    )
                urls[url] = None
        return tuple(urls)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _urls(place: str) -> list[str]:
    """Return the URL itself, or those of a file: one a line, but for empty lines and those that begin with `#`."""
    if is_url(place):
        return [place]
    path = Path(place)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read as a file of endpoints ({error}); an endpoint itself looks like http://host:port/v1"
        ) from error
    urls = []
    for number, line in enumerate(lines, start=1):
        url = line.strip()
        if not url or url.startswith("#"):
            continue
        try:
            urls.append(base_url(url))
        except ValueError as error:
            raise SettingsError(f"{path}:{number} is no endpoint: {error}") from None
    return urls
