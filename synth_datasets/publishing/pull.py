"""One version from the Hub, or another home, into a folder of its own, checked, so that training needs no network."""

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from synth_datasets.disks import disk_advice
from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import CARD_FILE
from synth_datasets.publishing.card import repo_load_line
from synth_datasets.publishing.home_folder import FolderHome
from synth_datasets.publishing.homes import Home, home_at, pick
from synth_datasets.publishing.hub_errors import told_plainly
from synth_datasets.publishing.lock import LOCK_FILE
from synth_datasets.publishing.manifest import MANIFEST_FILE, read_manifest
from synth_datasets.publishing.opened import find_revision, open_version, split_source
from synth_datasets.publishing.placing import alone_in
from synth_datasets.publishing.release import read_release
from synth_datasets.publishing.remote import is_version
from synth_datasets.publishing.verify import Verified, verify

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = ["Pulled", "pull", "verify_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What is in the folder now."""

    folder: Path
    verified: Verified
    fetched: bool
    """False: it was there already, whole."""


def pull(source: str, folder: Path | None = None, *, token: str | None = None) -> Pulled:
    """Fetch owner/name@version, or that of another home, into `folder`, `<name>-<version>` by default.

    Without @version it is the newest one. The folder appears whole and verified, or not at all; an interrupted pull
    goes on where it was. A folder that holds that version is verified again, and the Hub is not asked when the version
    is named. Raises `PublishError`.
    """
    if (found_home := home_at(source)) is not None:
        return _pull_from(*found_home, folder)
    from huggingface_hub import HfApi

    repo_id, revision = split_source(source)
    # A version that is named is known before the Hub is asked, which may be out of reach by now.
    if revision is not None and _names(known := _target(folder, repo_id, revision), repo_id, revision):
        return Pulled(folder=known, verified=verify(known), fetched=False)
    api = HfApi(token=token)
    tag, commit = find_revision(api, repo_id, revision)
    target = _target(folder, repo_id, tag)

    def there() -> Pulled | None:
        if not _taken(target):
            return None
        if not _names(target, repo_id, tag) and not _same_manifest(api, repo_id, commit, target):
            raise PublishError(
                f"{target} is there and is not {repo_id}@{tag}; name another folder with -o, or move it away"
            )
        return Pulled(folder=target, verified=verify(target), fetched=False)

    if (found := there()) is not None:
        return found
    part = target.with_name(f".{target.name}-{commit[:12]}.synth-part")
    with disk_advice(target.parent, "-o"):
        part.mkdir(parents=True, exist_ok=True)
        with alone_in(part):
            if (found := there()) is not None:  # another pull was faster
                return found
            with told_plainly(repo_id, "fetching"):
                api.snapshot_download(repo_id, repo_type="dataset", revision=commit, local_dir=part)
            verified = verify(part)
            version = verified.release.version
            if is_version(tag) and tag != f"v{version}":
                raise PublishError(
                    f"{repo_id}@{tag} holds version {version}: the tag was set by something else"
                )
            shutil.rmtree(part / ".cache", ignore_errors=True)
            return _in_place(part, target, verified, there)


def verify_at(source: str, *, token: str | None = None) -> Verified:
    """Verify a folder, or a version elsewhere, which is fetched for it and not kept; raises `PublishError`."""
    folder = Path(source)
    if folder.is_dir() and (
        home_at(source) is None or (folder / LOCK_FILE).exists() or (folder / MANIFEST_FILE).exists()
    ):
        verified = verify(folder)
        _check_index(folder.resolve())
        return verified
    with TemporaryDirectory(prefix="synth-verify-") as name:
        return pull(source, Path(name) / "version", token=token).verified


def _check_index(folder: Path) -> None:
    """Raise `PublishError` for a version in its home that is not the one which the index there names."""
    home = FolderHome(folder.parent)
    try:
        identity = home.versions().get(folder.name)
    except PublishError:  # an index of something else
        return
    if identity is not None:
        home.version_folder(folder.name, identity)


def _pull_from(home: Home, wanted: str | None, folder: Path | None) -> Pulled:
    """Fetch a version from a home that is not the Hub."""
    versions = home.versions()
    tag = pick(home, versions, wanted)
    opened = open_version(home, tag, versions[tag])
    names = [*read_manifest(opened.release.folder), MANIFEST_FILE]
    target = folder or Path(f"{opened.release.name}-{opened.release.version}")
    manifest = (opened.release.folder / MANIFEST_FILE).read_bytes()

    def there() -> Pulled | None:
        if not _taken(target):
            return None
        held = target / MANIFEST_FILE
        if not held.is_file() or held.read_bytes() != manifest:
            raise PublishError(
                f"{target} is there and is not {opened.source}; name another folder with -o, or move it away"
            )
        return Pulled(folder=target, verified=verify(target), fetched=False)

    if (found := there()) is not None:
        return found
    with disk_advice(target.parent, "-o"), _part_of(target) as part:
        for path, source in zip(names, opened.paths(names), strict=True):
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, part / path)
        return _in_place(part, target, verify(part), there)


@contextmanager
def _part_of(target: Path) -> Generator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}-", suffix=".synth-part", dir=target.parent) as name:
        yield Path(name) / target.name


def _in_place(part: Path, target: Path, verified: Verified, there: Callable[[], Pulled | None]) -> Pulled:
    try:
        part.rename(target)
    except OSError as error:
        if found := there():  # another pull was faster
            return found
        raise PublishError(f"{target}: cannot be made: {error.strerror}") from error
    return Pulled(folder=target, verified=replace(verified, release=read_release(target)), fetched=True)


def _target(folder: Path | None, repo_id: str, revision: str) -> Path:
    return folder or Path(f"{repo_id.partition('/')[2]}-{revision.removeprefix('v').replace('/', '-')}")


def _taken(target: Path) -> bool:
    return target.exists() and not (target.is_dir() and not any(target.iterdir()))


def _names(target: Path, repo_id: str, revision: str) -> bool:
    """Whether the folder's card says that it is that version of that repository."""
    card = target / CARD_FILE
    line = repo_load_line(repo_id, revision.removeprefix("v"))
    return card.is_file() and line in card.read_text(encoding="utf-8")


def _same_manifest(api: "HfApi", repo_id: str, commit: str, target: Path) -> bool:
    """Whether the folder is that commit all the same: a repository may have been renamed since."""
    held = target / MANIFEST_FILE
    if not held.is_file():
        return False
    with told_plainly(repo_id, "comparing with"):
        path = api.hf_hub_download(repo_id, MANIFEST_FILE, repo_type="dataset", revision=commit)
    return held.read_bytes() == Path(path).read_bytes()
