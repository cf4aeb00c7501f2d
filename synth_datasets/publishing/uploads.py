"""The files of a version as a repository gets them: the release's own, and the two that only a push can write."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import ADDED_FILES, CARD_FILE
from synth_datasets.publishing.card import card_for_repo
from synth_datasets.publishing.changelog import with_section
from synth_datasets.publishing.lock import ANSWERS_FILE, LOCK_FILE
from synth_datasets.publishing.manifest import MANIFEST_FILE, manifest_text
from synth_datasets.publishing.release import CHANGELOG_FILE, Release
from synth_datasets.publishing.remote import Upload

__all__ = ["Extras", "release_uploads", "with_changelog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What of a build is published only when asked for."""

    trace: bool = False
    """Prompts, raw answers, and rejected answers."""
    rejections: bool = False
    """Rejected answers alone."""
    answers: bool = False
    """The archive that a rebuild needs, which names the address that was asked."""


def release_uploads(release: Release, repo_id: str | None, extras: Extras) -> list[Upload]:
    """Return what follows from the release alone, sorted by path: it is what tells one version from another.

    The card says how the version is loaded from `repo_id`; for None, which is no repository on the Hub, it stays.
    """
    card = (release.folder / CARD_FILE).read_text(encoding="utf-8")
    paths = {*release.lock.files, LOCK_FILE}
    paths.update(path for path in release.lock.trace if extras.trace or _is_rejections(path, extras))
    paths.update(path for path in ADDED_FILES if (release.folder / path).is_file())
    if extras.answers:
        if not (release.folder / ANSWERS_FILE).is_file():
            raise PublishError(
                f"{release.folder} has no {ANSWERS_FILE}: build it with --with-answers, then push again"
            )
        paths.add(ANSWERS_FILE)
    return [
        Upload(CARD_FILE, card_for_repo(card, repo_id, release.version).encode("utf-8"))
        if path == CARD_FILE and repo_id is not None
        else Upload(path, release.folder / path)
        for path in sorted(paths)
    ]


def with_changelog(uploads: Sequence[Upload], existing: bytes, section: str, version: str) -> list[Upload]:
    """Add the changelog with its new section, and the manifest of everything, sorted by path."""
    text = with_section(existing.decode("utf-8", "replace"), section, version)
    files = [*uploads, Upload(CHANGELOG_FILE, text.encode("utf-8"))]
    digests = {upload.path: upload.sha256 for upload in files}
    files.append(Upload(MANIFEST_FILE, manifest_text(digests).encode("utf-8")))
    return sorted(files, key=lambda upload: upload.path)


def _is_rejections(path: str, extras: Extras) -> bool:
    return extras.rejections and path.endswith(".rejections.jsonl")
