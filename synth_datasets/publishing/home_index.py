"""`versions.json`: the index of the versions in a folder or a bucket, written after all else."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.remote import is_version, version_order

__all__ = ["INDEX_FILE", "index_text", "read_index", "versions_cache"]

INDEX_FILE = "versions.json"
_FORMAT = 1
_DIGEST = re.compile("[0-9a-f]{64}")


def index_text(versions: Mapping[str, str]) -> str:
    """Return the file's text for the SHA-256 of each version's manifest, by tag."""
    ordered = {tag: {"manifest": versions[tag]} for tag in sorted(versions, key=version_order)}
    return json.dumps({"format": _FORMAT, "versions": ordered}, indent=1) + "\n"


def read_index(text: str | bytes, address: str) -> dict[str, str]:
    """Return the SHA-256 of each version's manifest; raises `PublishError` for what is no index of ours."""
    versions: dict[str, str] = {}
    try:
        data = json.loads(text)
        versions = {tag: entry["manifest"] for tag, entry in data["versions"].items()}
        good = data["format"] == _FORMAT and all(map(is_version, versions))
        good = good and all(_DIGEST.fullmatch(digest) for digest in versions.values())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        good = False
    if not good:
        raise PublishError(
            f"{address}: {INDEX_FILE} is not an index of synth_datasets that this version can read; choose another "
            "place, or put the file back from a copy"
        )
    return versions


def versions_cache() -> Path:
    """Return the folder that keeps what was read of versions elsewhere, by what identifies them."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "synth_datasets" / "versions"
