"""Whether a release is what was written: every digest, every count, and what its parts say of each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import CARD_FILE, amended
from synth_datasets.publishing.facts import data_digest
from synth_datasets.publishing.header import card_version, header_of
from synth_datasets.publishing.lock import LOCK_FILE, Lock, parse_lock
from synth_datasets.publishing.manifest import MANIFEST_FILE, files_in, read_manifest
from synth_datasets.publishing.release import Release, read_release
from synth_datasets.publishing.row_ids import ROWS_FOLDER, row_ids_paths
from synth_datasets.publishing.shards import file_digest, files_digest

__all__ = ["Verified", "differing_files", "find_damage", "verify"]

_LOADED = ("data/", f"{ROWS_FOLDER}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A release without a finding."""

    release: Release
    files: int
    """How many were hashed, the manifest included."""
    num_bytes: int
    beside: tuple[str, ...]
    """Files in the folder that are no part of the release."""


def verify(folder: Path) -> Verified:
    """Check every digest and count; raises `PublishError` that names each file that is not what was released.

    Reads every byte once. It finds damage and edits, not a forger: one who changes a release and makes its digests
    anew is found by the commit of the tag alone.
    """
    if not (folder / LOCK_FILE).exists() and not (folder / MANIFEST_FILE).exists():
        read_release(folder)  # says what it is instead
    problems = list(find_damage(folder))
    if problems:
        lines = "\n".join(f"  {line}" for line in problems)
        raise PublishError(f"{folder} is not what was released:\n{lines}\nGet it again, or build it again.")
    listed = read_manifest(folder)
    return Verified(
        release=read_release(folder),
        files=len(listed) + 1,
        num_bytes=sum((folder / path).stat().st_size for path in (*listed, MANIFEST_FILE)),
        beside=tuple(path for path in files_in(folder) if path not in listed and path != MANIFEST_FILE),
    )


def differing_files(old: Lock, new: Lock) -> Iterator[str]:
    """Yield the files beside the data and the trace that two locks pin otherwise, or one of them not at all."""
    for path in {**old.files, **new.files}:
        if not path.startswith("data/") and old.files.get(path) != new.files.get(path):
            yield path


def find_damage(folder: Path) -> Iterator[str]:
    """Yield `path: what` for each file that is missing, changed, or too many, and each count that does not fit."""
    listed: dict[str, str] = {}
    damaged: set[str] = set()
    try:
        listed = read_manifest(folder)
    except PublishError as error:
        yield str(error)
    for path, digest in listed.items():
        what = _file_damage(folder / path, digest)
        if what:
            damaged.add(path)
            yield f"{path}: {what}"
    for path in files_in(folder):
        if path.startswith(_LOADED) and listed and path not in listed:
            yield f"{path}: no part of the release, and it would be read with it"
    try:
        lock = parse_lock((folder / LOCK_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, PublishError):
        if LOCK_FILE not in damaged:
            yield f"{LOCK_FILE}: not readable"
        return
    if LOCK_FILE not in damaged:
        yield from _against_lock(folder, lock, listed, damaged)


def _file_damage(file: Path, digest: str) -> str:
    if not file.is_file():
        return "missing"
    try:
        return "" if file_digest(file) == digest else "changed"
    except OSError as error:
        return f"not readable ({error.strerror})"


def _against_lock(folder: Path, lock: Lock, listed: dict[str, str], damaged: set[str]) -> Iterator[str]:
    """Yield what the lock says otherwise than the manifest, the data and the card do; adds to `damaged`."""
    yield from _pinned(folder, lock, listed, damaged)
    digests = {}
    for split, pinned in lock.splits.items():
        shards = [path for path in lock.files if path.startswith(f"data/{split}-")]
        digests[split] = files_digest([lock.files[path] for path in shards])
        if not damaged.intersection([*shards, *row_ids_paths(lock.files, split)]):
            yield from _counts(folder, lock, split, shards)
        if digests[split] != pinned.digest:
            yield f"{LOCK_FILE}: the digest of {split} is not that of its files"
    if data_digest(digests) != lock.digest:
        yield f"{LOCK_FILE}: the digest of the data is not that of its splits"
    if CARD_FILE not in damaged:
        yield from _card(folder, lock)


def _pinned(folder: Path, lock: Lock, listed: dict[str, str], damaged: set[str]) -> Iterator[str]:
    now = amended(listed).intersection(listed)
    for path, digest in {**lock.files, **lock.trace}.items():
        # The card is another one in a repository, and the trace may have stayed at home.
        # What was measured beside other people's rows stands in files that the manifest has as they are.
        elsewhere = path == CARD_FILE or (path in lock.trace and path not in listed) or path in now
        if elsewhere or path in damaged:
            continue
        if path in listed:
            what = "" if listed[path] == digest else f"not the file that {LOCK_FILE} pins"
        else:
            what = _file_damage(folder / path, digest) or (f"not named by {MANIFEST_FILE}" if listed else "")
        if what:
            damaged.add(path)
            yield f"{path}: {what}"


def _counts(folder: Path, lock: Lock, split: str, shards: list[str]) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    asked = lock.splits[split].num_examples
    try:
        rows = sum(pq.read_metadata(folder / path).num_rows for path in shards)
        named = [pq.read_metadata(folder / path).num_rows for path in row_ids_paths(lock.files, split)]
    except (OSError, pa.ArrowException) as error:
        yield f"data/{split}: not readable ({error})"
        return
    if rows != asked:
        yield f"{LOCK_FILE}: {split} has {rows} rows, not {asked}"
    if named and sum(named) != rows:
        yield f"{ROWS_FOLDER}/{split}: names {sum(named)} rows, the split has {rows}"


def _card(folder: Path, lock: Lock) -> Iterator[str]:
    try:
        card = (folder / CARD_FILE).read_text(encoding="utf-8")
        named, header = card_version(card), header_of(card)
    except (OSError, ValueError, PublishError):
        yield f"{CARD_FILE}: its header cannot be read"
        return
    if named != (lock.version, lock.digest):
        yield f"{CARD_FILE}: its header names another version or other data"
    told = {
        str(split["name"]): split["num_examples"]
        for split in (header.get("dataset_info") or {}).get("splits", [])
    }
    if told != {name: split.num_examples for name, split in lock.splits.items()}:
        yield f"{CARD_FILE}: its header counts other rows"
