"""`synth.sha256`: the digest of every file of a release, as `sha256sum -c` reads it, and of the list itself."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.lock import lies_inside
from synth_datasets.publishing.shards import file_digest

__all__ = ["MANIFEST_FILE", "files_in", "manifest_text", "read_manifest", "write_manifest"]

MANIFEST_FILE = "synth.sha256"
_DESKTOP_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_TOOLS = (".git/", ".gitattributes", ".cache/huggingface/")
_SEAL = "# sha256 of the lines above: "
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def manifest_text(digests: Mapping[str, str]) -> str:
    """Return the file's text for SHA-256 digests by path; equal digests give equal texts."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))
    return f"{lines}{_SEAL}{hashlib.sha256(lines.encode()).hexdigest()}\n"


def write_manifest(folder: Path, known: Mapping[str, str]) -> None:
    """Write the manifest of every file in the folder, and hash those whose digest is not known."""
    digests = {
        path: known.get(path) or file_digest(folder / path)
        for path in files_in(folder)
        if path != MANIFEST_FILE
    }
    (folder / MANIFEST_FILE).write_bytes(manifest_text(digests).encode("utf-8"))


def read_manifest(folder: Path) -> dict[str, str]:
    """Return the digests by path; raises `PublishError` when the list is not there or not as it was written."""
    path = folder / MANIFEST_FILE
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise PublishError(f"{MANIFEST_FILE}: missing") from error
    except (OSError, ValueError) as error:
        raise PublishError(f"{MANIFEST_FILE}: changed ({error})") from error
    found = [_LINE.fullmatch(line) for line in text.split("\n")[:-2]]
    digests = {match[2]: match[1] for match in found if match}
    if text != manifest_text(digests) or not all(map(lies_inside, digests)):
        raise PublishError(f"{MANIFEST_FILE}: changed, its last line is not the digest of the others")
    return digests


def files_in(folder: Path) -> list[str]:
    """Return the files below the folder, sorted, but for what desktops, git and the Hub's client leave there."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(
        path
        for path in found
        if not path.startswith(_TOOLS) and path.rpartition("/")[2] not in _DESKTOP_FILES
    )
