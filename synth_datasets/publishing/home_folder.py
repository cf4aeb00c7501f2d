"""A plain folder as a home of versions: `v1.0.0/` beside `v1.1.0/`, and the index of both."""

import hashlib
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from synth_datasets.errors import PublishError
from synth_datasets.publishing.home_index import INDEX_FILE, index_text, read_index
from synth_datasets.publishing.manifest import MANIFEST_FILE
from synth_datasets.publishing.placing import in_new
from synth_datasets.publishing.release import read_release
from synth_datasets.publishing.remote import Upload, check_unchanged, is_version

__all__ = ["FolderHome"]


@dataclass(frozen=True, slots=True)
class FolderHome:
    """Versions in a folder of this machine, or of a disk that several share."""

    folder: Path

    @property
    def address(self) -> str:
        """As it may be typed again."""
        return str(self.folder)

    def versions(self) -> dict[str, str]:
        """Return the SHA-256 of each version's manifest, by tag; none where there is no folder yet."""
        try:
            return read_index((self.folder / INDEX_FILE).read_bytes(), self.address)
        except FileNotFoundError:
            return {}

    def version_folder(self, tag: str, identity: str) -> Path:
        """Return where a version lies; raises `PublishError` when it is not the one that the index names."""
        folder = self.folder / tag
        if (found := _manifest_digest(folder)) != identity:
            what = "gone" if found is None else "not what it was when it was published"
            raise PublishError(
                f"{self.address}@{tag} is {what}, as {INDEX_FILE} there tells: put it back from a copy"
            )
        return folder

    def download(self, tag: str, identity: str, name: str, target: Path) -> None:
        """Copy one file of a version to `target`."""
        shutil.copyfile(self.version_folder(tag, identity) / name, target)

    def publish(self, tag: str, uploads: Sequence[Upload], _digest: str) -> str:
        """Write a version, let it appear at once, and name it in the index; return what identifies it.

        A kill leaves no version, or one that the index does not name yet: the same push again completes it. Raises
        `PublishError` when other content took its place meanwhile.
        """
        target = self.folder / tag
        wanted = next(upload.sha256 for upload in uploads if upload.path == MANIFEST_FILE)
        if _manifest_digest(target) != wanted:
            try:
                with in_new(target) as fresh:
                    for upload in uploads:
                        upload.write_into(fresh)
                    check_unchanged(uploads)
            except FileExistsError as error:
                if _manifest_digest(target) != wanted:  # else another push of the same was faster
                    raise PublishError(
                        f"{target} is there already, with other content, and versions never change: raise `version` "
                        "in the spec, build and push again. Nothing was written"
                    ) from error
        self._index()
        return wanted

    def _index(self) -> None:
        """Name the versions that are new, again when another push brought one meanwhile; what is named stays."""
        while (wanted := {**self._found(), **(named := self.versions())}) != named:
            with NamedTemporaryFile("w", dir=self.folder, prefix=f".{INDEX_FILE}-", delete=False) as file:
                file.write(index_text(wanted))
            Path(file.name).chmod(0o644)  # else only its owner could read it
            Path(file.name).replace(self.folder / INDEX_FILE)

    def _found(self) -> dict[str, str]:
        digests = {
            path.name: _manifest_digest(path) for path in self.folder.iterdir() if _holds_its_name(path)
        }
        return {tag: digest for tag, digest in digests.items() if digest is not None}


def _holds_its_name(folder: Path) -> bool:
    """Whether a folder is a release of the version that it is called after."""
    with suppress(PublishError):
        return is_version(folder.name) and f"v{read_release(folder).version}" == folder.name
    return False


def _manifest_digest(folder: Path) -> str | None:
    with suppress(FileNotFoundError, NotADirectoryError):
        return hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()
    return None
