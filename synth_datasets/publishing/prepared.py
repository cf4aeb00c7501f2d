"""A build on its way out: all that can be refused, wherever it goes, before anything leaves the machine."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.changelog import changelog_section
from synth_datasets.publishing.diff import compare
from synth_datasets.publishing.opened import NoReleaseError, Opened
from synth_datasets.publishing.readiness import check_complete, check_spec
from synth_datasets.publishing.release import Release, read_release, verify_release
from synth_datasets.publishing.remote import Upload, version_order
from synth_datasets.publishing.secret_scan import check_uploads
from synth_datasets.publishing.uploads import Extras, release_uploads
from synth_datasets.publishing.versions import base_of, judge, too_small

__all__ = ["Allowed", "Step", "prepare", "step_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a person may say is meant."""

    short: bool = False
    """A build with fewer rows than its spec asks for."""
    dirty: bool = False
    """A build whose spec has changed since."""
    personal_data: bool = False
    """Rows with what looks like somebody's address or number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The section of the changelog for what changed since the version before, and what a careful person would know."""

    section: str
    warnings: tuple[str, ...] = ()


def prepare(
    folder: Path, repo_id: str | None, extras: Extras, allowed: Allowed
) -> tuple[Release, list[Upload]]:
    """Return the release and its own files, sorted by path, after every check that needs no network.

    `repo_id` is where the card says that it is loaded from, if it is on the Hub. Raises `PublishError`.
    """
    release = read_release(folder)
    verify_release(release)
    version_order(f"v{release.version}")
    if not allowed.short:
        check_complete(release)
    if not allowed.dirty:
        check_spec(release, [Path.cwd(), *folder.resolve().parents[:2]])
    uploads = release_uploads(release, repo_id, extras)
    check_uploads(uploads, allow_personal_data=allowed.personal_data)
    return release, uploads


def step_from(release: Release, tags: Collection[str], open_tag: Callable[[str], Opened]) -> Step:
    """Compare with the version before among `tags`; raises `PublishError` when the step from it is too small.

    A tag that names no release of ours, set by hand perhaps, is passed over with a warning; one that cannot be read now
    ends the push.
    """
    before, passed_over = _version_before(release, tags, open_tag)
    how = "so that any version fits" if before is None else f"but with {before.release.version}"
    warnings = tuple(f"not compared with {tag}, {how}: {error}" for tag, error in passed_over.items())
    if before is None:
        return Step(section=changelog_section(release, None, None), warnings=warnings)
    diff = compare(before, Opened(str(release.folder), release))
    verdict = judge(diff)
    if told := too_small(release.version, f"v{before.release.version}", verdict, tags):
        raise PublishError(f"{told}. Nothing was uploaded")
    return Step(section=changelog_section(release, diff, verdict), warnings=warnings)


def _version_before(
    release: Release, tags: Collection[str], open_tag: Callable[[str], Opened]
) -> tuple[Opened | None, dict[str, NoReleaseError]]:
    passed_over: dict[str, NoReleaseError] = {}
    while (base := base_of(release.version, set(tags) - passed_over.keys())) is not None:
        try:
            return open_tag(base), passed_over
        except NoReleaseError as error:
            passed_over[base] = error
    return None, passed_over
