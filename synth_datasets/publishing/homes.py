"""Homes of versions that are not the Hub: a folder, a bare git repository, a bucket; which one an address means.

Each has the same few members: `address`, `versions()` (what identifies each version, by tag), `download(tag, identity,
name, target)` for one file, and `publish(tag, uploads, digest)`, after which the version is there whole, or not at all.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.home_bucket import BucketHome
from synth_datasets.publishing.home_folder import FolderHome
from synth_datasets.publishing.home_git import GitHome
from synth_datasets.publishing.home_index import INDEX_FILE
from synth_datasets.publishing.remote import newest_version

__all__ = ["Home", "home_at", "pick"]

Home = FolderHome | GitHome | BucketHome
_BARE = ("HEAD", "objects", "refs")
_VERSION = re.compile(r"(.+)@(v?\d+\.\d+\.\d+[\w.+-]*)")


def home_at(address: str) -> tuple[Home, str | None] | None:
    """Return the home that an address means and the version after its `@`; None for what the Hub may know.

    `file://` is git, `s3://` a bucket; a folder begins with `/`, `.` or `~`, or holds an index already. Raises
    `PublishError` for any other scheme, and for a bare git repository that is written as a folder.
    """
    found = _VERSION.fullmatch(address)
    place, version = (found[1], found[2]) if found else (address, None)
    if place.startswith("file://"):
        return GitHome(place.rstrip("/")), version
    if place.startswith("s3://"):
        return BucketHome(place.rstrip("/")), version
    if "://" in place:
        raise PublishError(
            f"{place.partition('://')[0]}:// is no home of versions: those are the Hub (owner/name), a folder (/path "
            "or ./path), a bare git repository (file:///path/name.git) and a bucket (s3://bucket/prefix)"
        )
    folder = Path(place).expanduser()
    if place.startswith(("/", ".", "~")) or (folder / INDEX_FILE).is_file():
        if not (folder / INDEX_FILE).is_file() and all((folder / name).exists() for name in _BARE):
            raise PublishError(f"{place} is a bare git repository: write file://{folder.absolute()}")
        return FolderHome(folder), version
    return None


def pick(home: Home, versions: Mapping[str, str], wanted: str | None) -> str:
    """Return the tag of a version, the newest when none is named; raises `PublishError` when it is not there."""
    tag = newest_version(versions) if wanted is None else f"v{wanted.removeprefix('v')}"
    if tag is None or tag not in versions:
        has = f"it has {', '.join(sorted(versions))}" if versions else "nothing has been pushed there"
        raise PublishError(f"{home.address} has no {tag or 'version yet'}; {has}")
    return tag
