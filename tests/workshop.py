"""Builds whole and in parts, each machine with a store and a cache of its own; answers and digests for such tests."""

import hashlib
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fake_endpoint import FakeEndpoint

from synth_datasets.build import build
from synth_datasets.parts.ask import ask_part
from synth_datasets.parts.shard import Shard
from synth_datasets.settings import Settings
from synth_datasets.spec import load_spec, with_overrides

__all__ = ["Workshop", "often_alike", "sometimes_alike", "tree"]


def often_alike(body: dict[str, Any]) -> str | None:
    """Answer so that many rows repeat each other and some are too short."""
    return _alike(body, 5, 3, 7)


def sometimes_alike(body: dict[str, Any]) -> str | None:
    """Answer so that some rows repeat each other and some are too short."""
    return _alike(body, 11, 7, 13)


def _alike(body: dict[str, Any], short: int, alike: int, which: int) -> str | None:
    number = int(hashlib.sha256(repr(body).encode()).hexdigest(), 16)
    if number % short == 0:
        return "Meh."
    if number % alike == 0:
        return f"This {('phone', 'laptop', 'kettle')[number % which % 3]} came late and the box was torn, but it works."
    return None


def tree(folder: Path) -> dict[str, str]:
    """Return the digest of each file below the folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Workshop:
    """Builds whole and in parts."""

    def __init__(self, endpoint: FakeEndpoint, place: Path) -> None:
        self.endpoint, self.place = endpoint, place
        self.said: list[str] = []
        """What the last merge said."""
        self._numbers = itertools.count()
        self.latest = place

    def home(self) -> Path:
        """Return the folder of one more machine."""
        self.latest = self.place / f"machine-{next(self._numbers)}"
        return self.latest

    def settings(self, home: Path, **changes: Any) -> Settings:
        given = {"base_url": self.endpoint.base_url, "api_key": "sk-test", "store": home / "answers.sqlite"}
        return Settings(**{**given, **changes})

    def whole(self, spec: Path | str, *, with_answers: bool = False, **options: Any) -> Path:
        """Return the release that one process makes."""
        home = self.home()
        given = {"base_url": self.endpoint.base_url, "store": str(home / "answers.sqlite"), **options}
        build(spec, home / "made", cache_dir=home / "cache", options=given, with_answers=with_answers)
        return home / "made"

    def parts(
        self,
        spec: Path | str,
        of: int,
        *,
        overrides: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> list[Path]:
        """Return the folders of all parts, each made on a machine of its own."""
        folders = []
        effective = with_overrides(load_spec(spec), **(overrides or {}))
        for number in range(1, of + 1):
            home = self.home()
            shard = Shard(number, of)
            where = self.settings(home, **(settings or {}))
            ask_part(effective, where, shard, home / shard.folder, overrides=overrides, **options)
            folders.append(home / shard.folder)
        return folders

    def merged(
        self,
        parts: list[Path],
        spec: Path | str | None = None,
        *,
        with_answers: bool = False,
        home: Path | None = None,
        record: Path | None = None,
        **options: Any,
    ) -> Path:
        """Return the release that the parts make on another machine; `record` is the part that says of what."""
        home = home or self.home()
        told = json.loads(((record or parts[0]) / "part.json").read_text())
        given = {"base_url": self.endpoint.base_url, "store": str(home / "answers.sqlite"), **options}
        self.said = []
        build(
            spec or parts[0] / told["spec_file"],
            home / "made",
            cache_dir=home / "cache",
            options={**told["overrides"], **given},
            parts=parts,
            said=self.said.append,
            with_answers=with_answers,
        )
        return home / "made"
