"""A release to a home that is not the Hub: a folder, a git repository, a bucket; the rules are those of the Hub."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.homes import Home
from synth_datasets.publishing.manifest import read_manifest
from synth_datasets.publishing.opened import NoReleaseError, open_version
from synth_datasets.publishing.prepared import Allowed, prepare, step_from
from synth_datasets.publishing.pushed import PushResult, Status
from synth_datasets.publishing.release import CHANGELOG_FILE, Release
from synth_datasets.publishing.remote import (
    Change,
    Upload,
    is_data,
    is_version,
    newest_version,
    version_order,
)
from synth_datasets.publishing.uploads import Extras, with_changelog

__all__ = ["push_to_home"]


def push_to_home(
    folder: Path, home: Home, *, extras: Extras, allowed: Allowed, dry_run: bool = False
) -> PushResult:
    """Publish a release folder as a version there; pushed again, it finds itself, or goes on where it stopped.

    A version that is there is never changed, and one that is too small a step from the one before it is refused. Who
    may read it is the place's own affair. Raises `PublishError`.
    """
    release, uploads = prepare(folder, None, extras, allowed)
    tag = f"v{release.version}"
    versions = home.versions()
    if tag in versions:
        if not _same(home, tag, versions[tag], uploads):
            raise PublishError(
                f"{home.address} has a {tag} already, with other content, and versions never change: raise `version` "
                f"in the spec above {newest_version(versions) or tag}, build and push again. Nothing was written"
            )
        return _result("already_published", home, release, uploads, commit=versions[tag], creates=False)
    step = step_from(release, versions, lambda base: open_version(home, base, versions[base]))
    uploads = with_changelog(uploads, _changelog(home, versions), step.section, release.version)
    commit = None if dry_run else home.publish(tag, uploads, release.digest)
    return _result(
        "dry_run" if dry_run else "published",
        home,
        release,
        uploads,
        commit=commit,
        creates=not versions,
        changes=tuple(Change("add", upload.path, upload.size) for upload in uploads),
        warnings=step.warnings,
    )


def _same(home: Home, tag: str, identity: str, uploads: Sequence[Upload]) -> bool:
    """Whether the version holds these files and no other data."""
    opened = open_version(home, tag, identity)
    held = read_manifest(opened.release.folder)
    wanted = {upload.path: upload.sha256 for upload in uploads}
    return all(held.get(path) == digest for path, digest in wanted.items()) and not any(
        is_data(path) for path in held.keys() - wanted.keys()
    )


def _changelog(home: Home, versions: Mapping[str, str]) -> bytes:
    """Return the changelog of the newest version that is a release of ours."""
    for tag in sorted(filter(is_version, versions), key=version_order, reverse=True):
        try:
            path = open_version(home, tag, versions[tag]).path(CHANGELOG_FILE)
        except NoReleaseError:  # somebody else's tag, perhaps
            continue
        return b"" if path is None else path.read_bytes()
    return b""


def _result(
    status: Status,
    home: Home,
    release: Release,
    uploads: Sequence[Upload],
    *,
    commit: str | None,
    creates: bool,
    changes: tuple[Change, ...] = (),
    warnings: tuple[str, ...] = (),
) -> PushResult:
    return PushResult(
        status=status,
        repo_id=home.address,
        url=home.address,
        tag=f"v{release.version}",
        commit=commit,
        private=None,
        creates=creates,
        files=tuple((upload.path, upload.size) for upload in uploads),
        changes=changes,
        warnings=warnings,
    )
