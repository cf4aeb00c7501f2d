"""A release wherever it is: a folder, or a version on the Hub or elsewhere, whose files are fetched when needed."""

import re
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from synth_datasets.disks import disk_advice
from synth_datasets.errors import PublishError
from synth_datasets.publishing.home_folder import FolderHome
from synth_datasets.publishing.home_index import versions_cache
from synth_datasets.publishing.homes import Home, home_at, pick
from synth_datasets.publishing.hub_errors import told_plainly
from synth_datasets.publishing.lock import LOCK_FILE
from synth_datasets.publishing.manifest import MANIFEST_FILE, read_manifest
from synth_datasets.publishing.release import Release, read_release
from synth_datasets.publishing.remote import Remote, is_version, newest_version, read_files
from synth_datasets.publishing.shards import file_digest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = [
    "NoReleaseError",
    "Opened",
    "find_revision",
    "open_commit",
    "open_release",
    "open_version",
    "split_source",
]

_REPO = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w.+/-]+))?")
_NUMBER = re.compile(r"\d+\.\d+\.\d+.*")


class NoReleaseError(PublishError):
    """What a tag names is no release of this package, or none of that version, or not what was released."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A release and where it was found; `release.folder` holds what was fetched so far."""

    source: str
    """As it may be typed again: the folder, or owner/name@tag."""
    release: Release
    _fetch: Callable[[str], object] = field(repr=False, default=lambda _: None)
    _there: Callable[[str], bool] | None = field(repr=False, default=None)

    def path(self, name: str) -> Path | None:
        """Return where a file of the release lies, fetched if need be; None when the release has none."""
        file = self.release.folder / name
        if self._there is not None:
            if not self._there(name):
                return None
            if not file.is_file():
                self._fetch(name)
        return file if file.is_file() else None

    def paths(self, names: Iterable[str]) -> list[Path]:
        """Return where files lie that must be there; raises `PublishError` naming one that is not."""
        found = []
        for name in names:
            path = self.path(name)
            if path is None:
                raise PublishError(f"{self.source}: {name} is missing; see `synth verify`")
            found.append(path)
        return found


def open_release(source: str, *, token: str | None = None) -> Opened:
    """Open a folder, or owner/name@version (or another home's address@version): without @version the newest one.

    Of a version elsewhere only the lock is fetched at once, into a cache. Raises `PublishError`.
    """
    if (Path(source) / LOCK_FILE).exists():
        return Opened(source, read_release(Path(source)))
    found = home_at(source)
    if found is not None and (versions := found[0].versions()):
        home, wanted = found
        tag = pick(home, versions, wanted)
        return open_version(home, tag, versions[tag])
    if Path(source).exists():
        return Opened(source, read_release(Path(source)))  # says what it is instead
    if found is not None:
        raise PublishError(
            f"{source}: no such folder, and no version on the Hub or elsewhere; there is nothing to read yet"
            if isinstance(found[0], FolderHome)
            else f"{source}: there is no version yet"
        )
    from huggingface_hub import HfApi

    repo_id, revision = split_source(source)
    api = HfApi(token=token)
    tag, commit = find_revision(api, repo_id, revision)
    return open_commit(api, repo_id, tag, commit)


def open_version(home: Home, tag: str, identity: str) -> Opened:
    """Open a version in a home that is not the Hub.

    Files are fetched when they are needed, into the user's cache, by what identifies the version; each is compared
    with the version's manifest on the way. Raises `PublishError`.
    """
    source = f"{home.address}@{tag}"
    if isinstance(home, FolderHome):
        with _no_release():
            folder = home.version_folder(tag, identity)
        return Opened(source, _read_version(source, tag, folder))
    folder = versions_cache() / identity
    if not (folder / MANIFEST_FILE).is_file():
        _place(folder / MANIFEST_FILE, lambda target: home.download(tag, identity, MANIFEST_FILE, target))
    with _no_release():
        digests = read_manifest(folder)

    def fetch(name: str) -> None:
        def checked(target: Path) -> None:
            home.download(tag, identity, name, target)
            if file_digest(target) != digests[name]:
                raise NoReleaseError(
                    f"{source}: {name} is not what {MANIFEST_FILE} names; it was changed there"
                )

        _place(folder / name, checked)

    if LOCK_FILE not in digests:
        raise NoReleaseError(f"{source} has no {LOCK_FILE}: it is no release of synth_datasets")
    if not (folder / LOCK_FILE).is_file():
        fetch(LOCK_FILE)
    return Opened(source, _read_version(source, tag, folder), fetch, {*digests, MANIFEST_FILE}.__contains__)


def split_source(source: str) -> tuple[str, str | None]:
    """Return repository and revision of owner/name[@revision]; raises `PublishError` for anything else."""
    found = _REPO.fullmatch(source)
    if found is None:
        raise PublishError(
            f"{source}: no such folder, and no version on the Hub, which is written as owner/name@v1.0.0"
        )
    return found[1], found[2]


def find_revision(api: "HfApi", repo_id: str, revision: str | None) -> tuple[str, str]:
    """Return tag (or whatever was asked for) and commit; None means the newest version."""
    with told_plainly(repo_id, "looking at"):
        refs = api.list_repo_refs(repo_id, repo_type="dataset")
        tags = {ref.name: ref.target_commit for ref in refs.tags}
        wanted = newest_version(tags) if revision is None else revision
        if wanted is not None and _NUMBER.fullmatch(wanted) and wanted not in tags:
            wanted = f"v{wanted}"
        if wanted in tags:
            return wanted, str(tags[wanted])
        branches = {ref.name: ref.target_commit for ref in refs.branches}
        if wanted is not None and re.fullmatch("[0-9a-f]{40}", wanted):
            return wanted, wanted
        if wanted in branches:
            return wanted, str(branches[wanted])
    has = ", ".join(sorted(tags)) or "no version yet"
    raise PublishError(f"{repo_id} has no {wanted or 'version'}; it has {has}")


def open_commit(api: "HfApi", repo_id: str, tag: str, commit: str, *, remote: Remote | None = None) -> Opened:
    """Open the release at a commit; raises `PublishError` when there is none of ours."""
    with told_plainly(repo_id, "reading"):
        known = remote is not None and remote.head == commit
        files = remote.files if remote is not None and known else read_files(api, repo_id, commit)
        if LOCK_FILE not in files:
            raise NoReleaseError(f"{repo_id}@{tag} has no {LOCK_FILE}: it is no release of synth_datasets")

        def fetch(name: str) -> str:
            with told_plainly(repo_id, f"fetching {name} from"):
                return api.hf_hub_download(repo_id, name, repo_type="dataset", revision=commit)

        folder = Path(fetch(LOCK_FILE)).parent
    source = f"{repo_id}@{tag}"
    return Opened(source, _read_version(source, tag, folder), fetch, files.__contains__)


def _read_version(source: str, tag: str, folder: Path) -> Release:
    """Read a release that must be the version which its tag names, if it names one."""
    with _no_release():
        release = read_release(folder)
    if is_version(tag) and tag != f"v{release.version}":
        raise NoReleaseError(f"{source} holds version {release.version}: the tag was set by something else")
    return release


@contextmanager
def _no_release() -> Generator[None]:
    try:
        yield
    except PublishError as error:
        raise NoReleaseError(str(error)) from error


def _place(file: Path, write: Callable[[Path], object]) -> None:
    """Let a file appear whole."""
    with disk_advice(versions_cache(), "XDG_CACHE_HOME"):
        file.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".synth-", dir=file.parent) as name:
            part = Path(name) / file.name
            write(part)
            part.replace(file)
