"""A release: one folder with data, card, spec and lock, which anyone can load without this package."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import (
    ADDED_FILES,
    CARD_FILE,
    PLOTS_FOLDER,
    QUALITY_FILE,
    REPORT_FILE,
    amended,
)
from synth_datasets.publishing.croissant import CROISSANT_FILE
from synth_datasets.publishing.header import card_version
from synth_datasets.publishing.lock import ANSWERS_FILE, LOCK_FILE, Lock, parse_lock
from synth_datasets.publishing.manifest import MANIFEST_FILE, files_in, read_manifest
from synth_datasets.publishing.placing import put_right
from synth_datasets.publishing.row_ids import ROWS_FOLDER
from synth_datasets.publishing.shards import file_digest
from synth_datasets.quality.pictures import PICTURES

__all__ = [
    "CHANGELOG_FILE",
    "PLOT_FILES",
    "Release",
    "check_target",
    "differences",
    "read_release",
    "verify_release",
]

CHANGELOG_FILE = "CHANGELOG.md"
PLOT_FILES = tuple(f"{PLOTS_FOLDER}/{name}" for name in PICTURES)
"""Paths of all plots that a release may have."""
_DATA = ("data/", f"{ROWS_FOLDER}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release folder that has been read."""

    folder: Path
    lock: Lock
    warnings: tuple[str, ...] = ()
    """One sentence for each value that the Hub does not know, and for each model whose outputs may be restricted; only
    where the release was just written."""

    @property
    def name(self) -> str:
        """The dataset's name in its spec."""
        return self.lock.name

    @property
    def version(self) -> str:
        """Semantic version, without the `v` of its tag."""
        return self.lock.version

    @property
    def fingerprint(self) -> str:
        """Of the spec that the rows come from."""
        return self.lock.fingerprint

    @property
    def digest(self) -> str:
        """64 hex digits over the data of all splits."""
        return self.lock.digest

    @property
    def splits(self) -> dict[str, int]:
        """Rows by split."""
        return {name: split.num_examples for name, split in self.lock.splits.items()}

    @property
    def shards(self) -> dict[str, list[Path]]:
        """The files with the rows of each split, in their order: those that the lock names, whatever else is there."""
        return {
            split: [
                self.folder / path for path in sorted(self.lock.files) if path.startswith(f"data/{split}-")
            ]
            for split in self.lock.splits
        }

    @property
    def left_out(self) -> tuple[str, ...]:
        """Splits of the spec that have no row: `datasets` cannot load such, and so they are no part of a release."""
        named = self.lock.ingredients.get("splits")
        names = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
        return tuple(name for name in names if name not in self.lock.splits)

    @property
    def spec_files(self) -> list[str]:
        """Paths of the spec, which comes first, and of the files that it names."""
        lock = self.lock
        own = {lock.spec_file, CARD_FILE, CROISSANT_FILE, QUALITY_FILE, REPORT_FILE, *PLOT_FILES}
        named = [
            path
            for path in lock.files
            if path not in own and not (path.startswith(_DATA) and path.endswith(".parquet"))
        ]
        return [lock.spec_file, *named]

    @property
    def digests(self) -> dict[str, str]:
        """64 hex digits by split."""
        return {name: split.digest for name, split in self.lock.splits.items()}


def read_release(folder: Path) -> Release:
    """Read what a release says of itself; its files are not hashed. Raises `PublishError` when it is none.

    It may be a stranger's: one with a link that leads out of its folder is refused, so that none is read or written by.
    """
    try:
        text = (folder / LOCK_FILE).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        hint = "" if folder.is_dir() else ": there is no such folder"
        raise PublishError(
            f"{folder} is not a release{hint or f': it has no {LOCK_FILE}'}; make one with `synth build`"
        ) from error
    except (OSError, ValueError) as error:
        raise PublishError(f"{folder / LOCK_FILE}: not readable: {error}") from error
    _refuse_links(folder)
    return Release(folder=folder, lock=parse_lock(text))


def _refuse_links(folder: Path) -> None:
    """Raise `PublishError` for a link out of the folder, but for those into what the Hub's client keeps beside it."""
    root = folder.resolve()
    homes = (root, root.parent.parent / "blobs") if root.parent.name == "snapshots" else (root,)
    for path in root.rglob("*"):
        if path.is_symlink() and not any(_leads_into(path, home) for home in homes):
            raise PublishError(
                f"{folder / path.relative_to(root)} is a link that leads out of the release: put a copy of the file in "
                "its place, if it belongs there"
            )


def _leads_into(link: Path, home: Path) -> bool:
    try:
        return link.resolve().is_relative_to(home)
    except (OSError, RuntimeError):  # it leads to itself
        return False


def verify_release(release: Release) -> None:
    """Hash every file; raises `PublishError` naming what was changed, added or removed since the build.

    The card may have been edited, as long as its header still names this version and this data.
    """
    changed = [
        path
        for path, what in differences(release)
        # A file beside the release is not pushed; one in `data/` would be loaded with the rest.
        if (path.startswith("data/") if what == "unknown" else path != CARD_FILE or what == "missing")
    ]
    if changed:
        raise PublishError(
            f"{release.folder}: changed since it was built: {', '.join(changed)}; build it again, "
            "so that the card, the figures and the data belong together"
        )
    named = card_version((release.folder / CARD_FILE).read_text(encoding="utf-8"))
    if named != (release.version, release.digest):
        raise PublishError(
            f"{release.folder / CARD_FILE}: its header does not name version {release.version} and the "
            "digest of this data (`version` and `description` in `configs`); put them back, or build it again"
        )


def check_target(folder: Path) -> None:
    """Raise `PublishError` unless `folder` is absent, empty, or an untouched release, which may be replaced.

    Cheap next to a build: call it before rows are paid for. A release that a killed build had moved aside is put back.
    """
    put_right(folder)
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not (folder / LOCK_FILE).is_file():
        raise PublishError(
            f"{folder} is not empty and not a release of ours; nothing was written. "
            "Choose another folder, or empty it"
        )
    if edited := [path for path, what in differences(read_release(folder)) if what != "missing"]:
        raise PublishError(
            f"{folder} holds work that replacing this release would lose: {', '.join(edited[:10])}; "
            "move it away, or choose another folder"
        )


def differences(release: Release) -> Iterator[tuple[str, str]]:
    """Yield path and `missing`, `changed` or `unknown` for what differs from the lock, the trace left out."""
    listed: dict[str, str] = {}
    with suppress(PublishError):  # `verify` is there to tell; what is the release's own, the lock says, too
        listed = read_manifest(release.folder)
    beside = {path: listed[path] for path in (ANSWERS_FILE, CHANGELOG_FILE, *ADDED_FILES) if path in listed}
    now = {path: listed[path] for path in amended(listed) if path in listed and path in release.lock.files}
    for path, digest in {**release.lock.files, **now, **beside}.items():
        file = release.folder / path
        if not file.is_file():
            yield path, "missing"
        elif file_digest(file) != digest:
            yield path, "changed"
    known = {*release.lock.files, *release.lock.trace, *beside, LOCK_FILE, MANIFEST_FILE}
    for path in files_in(release.folder):
        if path not in known:
            yield path, "unknown"
