"""A release: one folder with data, card, spec and lock, which anyone can load without this package."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import PublishError
from synth_datasets.publishing.beside import (
    ADDED_FILES,
    CARD_FILE,
    PLOTS_FOLDER,
    QUALITY_FILE,
    REPORT_FILE,
    amended,
)
from synth_datasets.publishing.card import default_citation, licence_url, render_card
from synth_datasets.publishing.croissant import CROISSANT_FILE, croissant_json
from synth_datasets.publishing.facts import CardFacts, DataFile, Figure, SplitFacts, endpoint_kind
from synth_datasets.publishing.header import card_version
from synth_datasets.publishing.lock import ANSWERS_FILE, LOCK_FILE, Lock, parse_lock
from synth_datasets.publishing.lock_of import lock_of, package_versions
from synth_datasets.publishing.locked import check_splits, pinned_origin
from synth_datasets.publishing.manifest import MANIFEST_FILE, files_in, read_manifest, write_manifest
from synth_datasets.publishing.placing import in_place_of, inside, put_right
from synth_datasets.publishing.row_ids import ROWS_FOLDER, write_row_ids
from synth_datasets.publishing.shards import MAX_SHARD_BYTES, file_digest, write_split
from synth_datasets.publishing.terms import terms_warnings
from synth_datasets.publishing.vocabulary import hub_terms
from synth_datasets.quality.beside_real import BesideReal
from synth_datasets.quality.figures import FamilyVerdict
from synth_datasets.quality.pictures import PICTURES, Picture
from synth_datasets.spec.model import DatasetSpec, Scalar
from synth_datasets.trace import TRACE_FOLDER
from synth_datasets.validation.outcome import Tally

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = [
    "CARD_FILE",
    "CHANGELOG_FILE",
    "Release",
    "check_target",
    "differences",
    "read_release",
    "verify_release",
    "write_release",
]

CHANGELOG_FILE = "CHANGELOG.md"
PLOT_FILES = tuple(f"{PLOTS_FOLDER}/{name}" for name in PICTURES)
_DATA = ("data/", f"{ROWS_FOLDER}/")
_BESIDE_LOCK = (LOCK_FILE, MANIFEST_FILE, CHANGELOG_FILE, ANSWERS_FILE, *ADDED_FILES)
"""What is no part of what a lock pins: itself, and what may come or go with the same data."""


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


def write_release(
    folder: Path,
    *,
    spec: DatasetSpec,
    fingerprint: str,
    dataset: "DatasetDict",
    tallies: Mapping[str, Tally] | None = None,
    quality: Mapping[str, object] | None = None,
    figures: Sequence[Figure] = (),
    report: str | None = None,
    verdicts: Sequence[FamilyVerdict] = (),
    pictures: Sequence[Picture] = (),
    real: Sequence[BesideReal] = (),
    trace: Path | None = None,
    answers: Callable[[Path], object] | None = None,
    endpoint: str | None = None,
    endpoint_check: str = "",
    answered_by: Sequence[str] = (),
    overrides: Mapping[str, Scalar | Mapping[str, int]] | None = None,
    keep_short: bool = False,
    locked: Lock | None = None,
    citation: str | None = None,
    cost: str = "",
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> Release:
    """Write a release and put it in place of `folder` at once; an older release there is replaced.

    `quality` becomes `quality.json`, `figures` the card's table below the `verdicts`, `pictures` its plots, `real` its
    figures beside real rows, and `cost` what it says of money; `report` is the text of an HTML page; `trace` a folder
    that is copied, from which the rows' ids are taken; `answers` writes the archive of answers to the path that it is
    given; `endpoint` the identity that the requests carry, and `endpoint_check` what the lock tells it by. A split
    without rows is left out, and named in the card where the spec asks for some: `datasets` cannot load one.
    Raises `PublishError` for a folder that `check_target` refuses, for a dataset without any row, for splits other
    than those of the lock `locked`, and for a spec whose files would take the place of the release's own.
    """
    check_target(folder)
    filled = {name: split for name, split in dataset.items() if len(split)}
    if not filled:
        raise PublishError(f"{spec.name}: no split has a row, so there is nothing to release")
    unasked = {split.name for split in spec.splits if not split.num_examples}
    with in_place_of(folder) as target:
        splits = {
            name: write_split(target, str(name), split, max_shard_bytes=max_shard_bytes)
            for name, split in filled.items()
        }
        facts = CardFacts(
            spec=spec,
            fingerprint=fingerprint,
            features=next(iter(filled.values())).features,
            splits=tuple(
                SplitFacts(
                    name=str(name),
                    num_examples=len(filled[name]),
                    num_bytes=written.num_bytes,
                    file_bytes=written.file_bytes,
                    digest=written.digest,
                    files=tuple(
                        DataFile(path, digest, size)
                        for (path, digest), size in zip(written.digests.items(), written.sizes, strict=True)
                    ),
                    sample=filled[name].with_format(None)[0],
                )
                for name, written in splits.items()
            ),
            empty_splits=tuple(str(name) for name in dataset if name not in filled and name not in unasked),
            endpoint=None if endpoint is None else endpoint_kind(endpoint),
            answered_by=tuple(answered_by),
            tallies=tallies or {},
            cost=cost,
            quality=tuple(figures),
            verdicts=tuple(verdicts),
            pictures=tuple(pictures),
            real=tuple(real),
            overrides=overrides or {},
            packages=package_versions(spec),
            citation=citation,
        )
        if locked is not None:
            check_splits(
                locked,
                {split.name: split.digest for split in facts.splits},
                rows={split.name: split.num_examples for split in facts.splits},
                packages=facts.packages,
            )
        _write_texts(target, facts, quality=quality, report=report)
        if trace is not None:
            shutil.copytree(trace, target / TRACE_FOLDER)
            write_row_ids(target, trace, {str(name): split for name, split in filled.items()})
        lock = replace(
            lock_of(target, facts),
            endpoint_check=endpoint_check,
            keep_short=keep_short,
            spec_origin=pinned_origin(spec, locked),
        )
        (target / LOCK_FILE).write_text(lock.to_json(), encoding="utf-8")
        if answers is not None:
            answers(target / ANSWERS_FILE)
        write_manifest(target, {**lock.files, **lock.trace})
    return Release(folder=folder, lock=lock, warnings=(*hub_terms(spec).warnings, *terms_warnings(spec)))


def read_release(folder: Path) -> Release:
    """Read what a release says of itself; its files are not hashed. Raises `PublishError` when it is none."""
    try:
        text = (folder / LOCK_FILE).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        hint = "" if folder.is_dir() else ": there is no such folder"
        raise PublishError(
            f"{folder} is not a release{hint or f': it has no {LOCK_FILE}'}; make one with `synth build`"
        ) from error
    except (OSError, ValueError) as error:
        raise PublishError(f"{folder / LOCK_FILE}: not readable: {error}") from error
    return Release(folder=folder, lock=parse_lock(text))


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


def _write_texts(
    target: Path, facts: CardFacts, *, quality: Mapping[str, object] | None, report: str | None
) -> None:
    spec = facts.spec
    texts = {facts.spec_file: spec.source}
    own = {CARD_FILE, CROISSANT_FILE, QUALITY_FILE, REPORT_FILE, *PLOT_FILES, facts.spec_file, *_BESIDE_LOCK}
    for path, text in spec.files.items():
        texts[inside(path, taken=own)] = text
    texts[CARD_FILE] = render_card(facts)
    texts[CROISSANT_FILE] = croissant_json(
        facts, license_url=licence_url(spec.license), citation=facts.citation or default_citation(facts)
    )
    if quality is not None:
        texts[QUALITY_FILE] = json.dumps(quality, indent=1, ensure_ascii=False) + "\n"
    if report is not None:
        texts[REPORT_FILE] = report
    for path, text in texts.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        # Bytes, so that no platform changes the line ends of what was hashed.
        file.write_bytes(text.encode("utf-8"))
    for picture in facts.pictures:
        file = target / PLOTS_FOLDER / picture.name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(picture.png)
