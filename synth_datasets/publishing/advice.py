"""What `synth version` tells: how a build's version stands to what changed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.diff import compare
from synth_datasets.publishing.homes import home_at
from synth_datasets.publishing.hub_errors import told_plainly
from synth_datasets.publishing.lock import LOCK_FILE
from synth_datasets.publishing.opened import (
    Opened,
    find_revision,
    open_commit,
    open_release,
    open_version,
    split_source,
)
from synth_datasets.publishing.readiness import missing_rows
from synth_datasets.publishing.release import Release, read_release
from synth_datasets.publishing.remote import newest_version
from synth_datasets.publishing.versions import base_of, fits, judge, least_version

__all__ = ["Advice", "advise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Lines for a person, and whether the version may be published."""

    lines: tuple[str, ...]
    fits: bool


def advise(folder: Path, against: str | None, *, token: str | None = None) -> Advice:
    """Compare a build with the version before it: of a repository the newest that is older than the build's.

    Raises `PublishError` when there is nothing to read on either side.
    """
    release = read_release(folder)
    head = f"{release.name} {release.version}, {sum(release.splits.values()):,} rows"
    short = tuple(
        f"Partial: {name} has {held} of {asked} rows" for name, (held, asked) in missing_rows(release).items()
    )
    if against is None:
        told = "Compare it with the version before: --against owner/name, or a folder"
        return Advice(lines=(f"{head}, digest sha256:{release.digest}", *short, told), fits=True)
    base, tags = _base(release, against, token)
    if base is None:
        return Advice(lines=(f"{head}: {against} has no older version, so any fits", *short), fits=True)
    verdict = judge(compare(base, Opened(str(folder), release)))
    before = base.release.version
    good = fits(release.version, before, verdict.level)
    least = least_version(before, verdict.level, tags)
    lines = [f"{head}, against {base.source}: a {verdict.level} change"]
    lines += [f"  {level:<5}  {text}" for level, text in verdict.reasons]
    lines += short
    lines += _conclusion(release.version, least, good, taken=f"v{release.version}" in tags)
    return Advice(lines=tuple(lines), fits=good)


def _base(release: Release, against: str, token: str | None) -> tuple[Opened | None, Collection[str]]:
    """Return what to compare with, and the tags that are taken."""
    if (Path(against) / LOCK_FILE).exists():
        return open_release(against, token=token), ()
    found = home_at(against)
    if found is not None:
        home, wanted = found
        versions = home.versions()
        if wanted is not None or (not versions and Path(against).exists()):
            return open_release(against, token=token), versions
        tag = _tag_before(release, versions, against)
        return (None if tag is None else open_version(home, tag, versions[tag])), versions
    if Path(against).exists() or split_source(against)[1] is not None:
        return open_release(against, token=token), ()
    from huggingface_hub import HfApi

    repo_id, _ = split_source(against)
    api = HfApi(token=token)
    with told_plainly(repo_id, "looking at"):
        refs = api.list_repo_refs(repo_id, repo_type="dataset")
    tags = [ref.name for ref in refs.tags]
    tag = _tag_before(release, tags, repo_id)
    return (None if tag is None else open_commit(api, repo_id, *find_revision(api, repo_id, tag))), tags


def _tag_before(release: Release, tags: Collection[str], place: str) -> str | None:
    # A version that is there already is compared with itself: it says what a new one needs.
    this = f"v{release.version}"
    tag = this if this in tags else base_of(release.version, tags)
    newest = newest_version(tags)
    if tag is None and newest is not None:
        raise PublishError(
            f"{place} has {newest}, which is newer than {release.version}; name what to compare with: {place}@{newest}"
        )
    return tag


def _conclusion(version: str, least: str, good: bool, *, taken: bool) -> Iterator[str]:
    if taken:
        yield f"{version} is published already. The least version that fits is {least}"
    elif good:
        yield f"{version} fits; the least version that would is {least}"
    else:
        yield f"{version} is too small a step. The least version that fits is {least}: write it into the spec"
