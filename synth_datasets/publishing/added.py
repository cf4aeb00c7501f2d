"""Sections that are put into a finished release, and its digests made right: data, trace and lock stay as they are."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import ADDED_FILES, amended
from synth_datasets.publishing.lock import LOCK_FILE
from synth_datasets.publishing.manifest import MANIFEST_FILE, write_manifest
from synth_datasets.publishing.markdown import framed
from synth_datasets.publishing.release import Release, differences, read_release

__all__ = ["inserted", "open_built", "write_added"]


def open_built(folder: Path, writing: Collection[str]) -> Release:
    """Read a release; raises `PublishError` when more of it has changed than the files that are to be written.

    So a kill while something was added does no harm: adding it again puts the digests right.
    """
    release = read_release(folder)
    ours = {*writing, LOCK_FILE, MANIFEST_FILE}
    if changed := [path for path, what in differences(release) if path not in ours and what != "unknown"]:
        raise PublishError(f"{folder}: changed since it was built: {', '.join(changed[:10])}; build it again")
    return release


def inserted(text: str, name: str, section: str, before: str | None) -> str:
    """Put a section in place of the older one of its name, else before the first line that the pattern finds.

    Without such a line it stands at the end; without a pattern it is left out.
    """
    new = framed(name, section)
    old = re.compile(f"<!-- {re.escape(name)} -->.*?<!-- /{re.escape(name)} -->", re.DOTALL)
    if old.search(text):
        return old.sub(lambda _: new, text, count=1)
    if before is None:
        return text
    found = re.search(before, text, re.MULTILINE)
    at = len(text) if found is None else found.start()
    return f"{text[:at]}{new}\n\n{text[at:]}"


def write_added(release: Release, files: Mapping[str, bytes]) -> None:
    """Write files into a release and list them in its manifest."""
    for name, content in files.items():
        path = release.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    pinned = {**release.lock.files, **release.lock.trace}
    changing = {*amended(ADDED_FILES), *ADDED_FILES}
    write_manifest(release.folder, {path: digest for path, digest in pinned.items() if path not in changing})
