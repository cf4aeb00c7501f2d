"""What a dataset repository holds now, and how it differs from what would be pushed."""

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import ADDED_FILES
from synth_datasets.publishing.lock import ANSWERS_FILE, LOCK_FILE, Lock, parse_lock
from synth_datasets.publishing.shards import file_digest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

__all__ = [
    "Change",
    "Remote",
    "RemoteFile",
    "Upload",
    "changes",
    "check_unchanged",
    "is_data",
    "is_version",
    "newest_version",
    "read_remote",
    "same_files",
    "version_order",
]

_NUMBER = "(0|[1-9][0-9]*)"
_VERSION_TAG = re.compile(rf"v{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


@dataclass(frozen=True)
class Upload:
    """One file of a release as it will be named in the repository."""

    path: str
    source: Path | bytes = field(repr=False)

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size

    def write_into(self, folder: Path) -> None:
        """Write the file to its path in the folder, with the folders on the way; one that is there is replaced."""
        target = folder / self.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(self.source, bytes):
            target.write_bytes(self.source)
        else:
            shutil.copyfile(self.source, target)

    @cached_property
    def sha256(self) -> str:
        """Of the content, which is also the id of a large file."""
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest()
        return file_digest(self.source)

    @cached_property
    def blob_id(self) -> str:
        """The id that git gives the content."""
        digest = hashlib.sha1(f"blob {self.size}\0".encode(), usedforsecurity=False)
        if isinstance(self.source, bytes):
            digest.update(self.source)
        else:
            with self.source.open("rb") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file in the repository."""

    size: int
    blob_id: str
    sha256: str | None
    """Of a large file; None for one that git itself holds."""

    def holds(self, upload: Upload) -> bool:
        """Whether the content is the upload's, byte for byte."""
        if self.size != upload.size:
            return False
        return self.sha256 == upload.sha256 if self.sha256 is not None else self.blob_id == upload.blob_id


@dataclass(frozen=True, slots=True)
class Change:
    """What a push does to one path."""

    action: Literal["add", "update", "delete"]
    path: str
    size: int
    """Bytes that the path holds afterwards."""

    def __str__(self) -> str:
        size = "" if self.action == "delete" else f" ({self.size:,} bytes)"
        return f"{self.action:<6} {self.path}{size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A repository at one moment."""

    head: str | None
    """The commit of `main`; None when the repository does not exist or cannot be seen."""
    private: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    """Commit by tag."""
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    """At `head`, by path."""
    lock: Lock | None = None
    """Of the version at `head`; None when there is none that can be read."""


def read_remote(api: "HfApi", repo_id: str) -> Remote:
    """Ask the Hub what the repository holds; four requests, nothing is changed."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        info = api.dataset_info(repo_id)
    except GatedRepoError:  # counts as not found, and is there
        raise
    except RepositoryNotFoundError:
        return Remote(head=None)
    if info.id != repo_id:
        raise PublishError(
            f"{repo_id} is called {info.id} now: name it so, for the card says where it is loaded from"
        )
    refs = api.list_repo_refs(repo_id, repo_type="dataset")
    head = str(info.sha)
    files = read_files(api, repo_id, head)
    return Remote(
        head=head,
        private=bool(info.private),
        tags={ref.name: ref.target_commit for ref in refs.tags},
        files=files,
        lock=_read_lock(api, repo_id, head) if LOCK_FILE in files else None,
    )


def read_files(api: "HfApi", repo_id: str, revision: str) -> dict[str, RemoteFile]:
    """Return every file at a commit, branch or tag."""
    from huggingface_hub.hf_api import RepoFile

    return {
        entry.path: RemoteFile(entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else None)
        for entry in api.list_repo_tree(repo_id, recursive=True, revision=revision, repo_type="dataset")
        if isinstance(entry, RepoFile)
    }


def changes(remote: Remote, uploads: Iterable[Upload]) -> list[Change]:
    """Return what must change, by path; nothing but data and files of an earlier version is ever deleted."""
    wanted = {upload.path: upload for upload in uploads}
    found = [
        Change("update" if path in remote.files else "add", path, upload.size)
        for path, upload in wanted.items()
        if path not in remote.files or not remote.files[path].holds(upload)
    ]
    lock = remote.lock
    owned = {*lock.files, *lock.trace, ANSWERS_FILE, *ADDED_FILES} if lock else set()
    stale = {path for path in remote.files if path in owned or is_data(path)} - wanted.keys()
    return sorted([*found, *(Change("delete", path, 0) for path in stale)], key=lambda change: change.path)


def same_files(files: Mapping[str, RemoteFile], uploads: Iterable[Upload]) -> bool:
    """Whether `files` are these uploads and no other data."""
    wanted = {upload.path: upload for upload in uploads}
    held = all(path in files and files[path].holds(upload) for path, upload in wanted.items())
    return held and not any(is_data(path) for path in files.keys() - wanted.keys())


def check_unchanged(uploads: Iterable[Upload]) -> None:
    """Raise `PublishError` when a file is not what it was when the push began: another build may have come between."""
    for upload in uploads:
        if isinstance(upload.source, Path) and (
            not upload.source.is_file() or file_digest(upload.source) != upload.sha256
        ):
            raise PublishError(
                f"{upload.source} was changed while it was pushed, so no version was made: push again when nothing "
                "writes there"
            )


def newest_version(tags: Iterable[str]) -> str | None:
    """Return the tag with the highest semantic version; None when no tag is a version."""
    versions = [tag for tag in tags if _VERSION_TAG.fullmatch(tag)]
    return max(versions, key=version_order, default=None)


def is_data(path: str) -> bool:
    """Whether the card would load the file with the rest."""
    return path.startswith("data/") and path.endswith(".parquet")


def is_version(tag: str) -> bool:
    """Whether a tag names a semantic version."""
    return _VERSION_TAG.fullmatch(tag) is not None


def version_order(tag: str) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
    """Return what sorts version tags by semver.org §11; build metadata does not count."""
    found = _VERSION_TAG.fullmatch(tag)
    if found is None:
        raise PublishError(f"{tag.removeprefix('v')!r} is not a semantic version such as 1.0.0")
    major, minor, patch, pre = found.groups()
    parts = tuple(
        (not part.isdigit(), int(part) if part.isdigit() else 0, part)
        for part in (pre or "").split(".")
        if part
    )
    return int(major), int(minor), int(patch), pre is None, parts


def _read_lock(api: "HfApi", repo_id: str, revision: str) -> Lock | None:
    with TemporaryDirectory(prefix="synth-lock-") as folder:
        path = api.hf_hub_download(
            repo_id, LOCK_FILE, repo_type="dataset", revision=revision, local_dir=folder
        )
        try:
            return parse_lock(Path(path).read_text(encoding="utf-8"))
        except (PublishError, ValueError):
            return None  # somebody else's file, or another version's: then only data is ours to delete
