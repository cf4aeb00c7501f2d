"""A bucket of an S3-compatible store as a home of versions: `prefix/v1.0.0/`, and the index, which comes last."""

import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth_datasets.errors import PublishError
from synth_datasets.publishing.home_index import INDEX_FILE, index_text, read_index
from synth_datasets.publishing.manifest import MANIFEST_FILE
from synth_datasets.publishing.remote import Upload, check_unchanged
from synth_datasets.publishing.shards import file_digest

__all__ = ["BucketHome"]

_TRIES = 10
_PIECE = 1 << 22


@dataclass(frozen=True, slots=True)
class BucketHome:
    """Versions below a prefix; keys and endpoint are those of `AWS_*` variables and files, as any S3 client reads them.

    No object is ever overwritten but the index, and that only as it was read: the store has to know conditional
    writes (`If-None-Match`, `If-Match`), as Amazon's, MinIO and most others do.
    """

    address: str

    def versions(self) -> dict[str, str]:
        """Return the SHA-256 of each version's manifest, by tag; none where there is no index yet."""
        return self._read_index()[0]

    def download(self, tag: str, identity: str, name: str, target: Path) -> None:
        """Write one file of a version to `target`; the manifest must be the one that the index names."""
        with self._told("fetching from"):
            self._store().get_file(f"{self._root}/{tag}/{name}", str(target))
        if name == MANIFEST_FILE and file_digest(target) != identity:
            raise PublishError(
                f"{self.address}@{tag}: {name} is not what the index names; it was changed there"
            )

    def publish(self, tag: str, uploads: Sequence[Upload], _digest: str) -> str:
        """Write the objects that are not there yet, then name the version in the index; return what identifies it.

        What an interrupted push left is kept when it is the same. Raises `PublishError` when it is not, and when
        somebody else published the version meanwhile.
        """
        wanted = next(upload.sha256 for upload in uploads if upload.path == MANIFEST_FILE)
        for upload in uploads:
            self._put(tag, upload)
        check_unchanged(uploads)
        for _ in range(_TRIES):
            versions, etag = self._read_index()
            if versions.setdefault(tag, wanted) != wanted:
                raise PublishError(
                    f"somebody else published other content as {tag} of {self.address} meanwhile, and versions never "
                    "change: raise `version` in the spec, build and push again"
                )
            if self._write_index(versions, etag):
                return wanted
        raise PublishError(f"{self.address}: its index is changed again and again by others; push again")

    @property
    def _root(self) -> str:
        return self.address.removeprefix("s3://")

    def _put(self, tag: str, upload: Upload) -> None:
        path = f"{self._root}/{tag}/{upload.path}"
        store = self._store()
        with self._told("writing to"):
            try:
                if isinstance(upload.source, bytes):
                    store.pipe_file(path, upload.source, mode="create")
                else:
                    store.put_file(str(upload.source), path, mode="create")
            except FileExistsError:
                if not self._holds(path, upload):
                    raise PublishError(
                        f"{self.address}/{tag}/ holds files of another build of {tag} that never became a version, "
                        f"by a push that was stopped or runs now. When none runs, remove it (aws s3 rm --recursive "
                        f"{self.address}/{tag}/) and push again"
                    ) from None

    def _holds(self, path: str, upload: Upload) -> bool:
        digest = hashlib.sha256()
        with self._store().open(path, "rb", block_size=_PIECE) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        return digest.hexdigest() == upload.sha256

    def _read_index(self) -> tuple[dict[str, str], str | None]:
        """Return the versions and what identifies the index as it was read; None where there is none."""
        store, path = self._store(), f"{self._root}/{INDEX_FILE}"
        with self._told("looking at"):
            for _ in range(_TRIES):
                try:
                    before = store.info(path)["ETag"]
                    text = store.cat_file(path)
                    if store.info(path)["ETag"] == before:
                        return read_index(text, self.address), before
                except FileNotFoundError:
                    store.ls(self._root.partition("/")[0], refresh=True)  # tells a bucket that is not there
                    return {}, None
        raise PublishError(f"{self.address}: its index is changed again and again by others; try again")

    def _write_index(self, versions: dict[str, str], etag: str | None) -> bool:
        """Write the index unless it was changed since it was read; return whether it was written."""
        store, path = self._store(), f"{self._root}/{INDEX_FILE}"
        with self._told("writing the index of"):
            try:
                if etag is None:
                    store.pipe_file(path, index_text(versions).encode(), mode="create")
                else:
                    store.pipe_file(path, index_text(versions).encode(), IfMatch=etag)
            except OSError as error:
                if isinstance(error, FileExistsError) or "pre-conditions" in str(error):
                    return False
                raise
        return True

    def _store(self) -> Any:  # noqa: ANN401 - s3fs has no types, and is an extra
        try:
            import s3fs
        except ImportError as error:
            raise PublishError("buckets need the extra s3: pip install 'synth-datasets[s3]'") from error
        return s3fs.S3FileSystem(use_listings_cache=False)

    @contextmanager
    def _told(self, doing: str) -> Generator[None]:
        """Turn what the store refuses into a `PublishError` that says what to do."""
        from botocore.exceptions import BotoCoreError, NoCredentialsError

        try:
            yield
        except NoCredentialsError as error:
            raise PublishError(
                f"no key for {self.address}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE (and "
                "AWS_ENDPOINT_URL for a store that is not Amazon's)"
            ) from error
        except PermissionError as error:
            raise PublishError(
                f"this key may not do that (while {doing} {self.address}): {error}; it needs to list, read and write "
                "below the prefix"
            ) from error
        except FileNotFoundError as error:
            raise PublishError(
                f"{self.address}: there is no such bucket, or a file of the version is gone (while {doing} it)"
            ) from error
        except (OSError, BotoCoreError) as error:
            raise PublishError(
                f"the store failed (while {doing} {self.address}): {error}; try again"
            ) from error
