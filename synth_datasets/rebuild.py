"""A version made again from its spec, its lock and its answers, in a clean place and asking nobody."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from synth_datasets.build import build
from synth_datasets.errors import PublishError, SpecError
from synth_datasets.generation.archive import import_answers, read_archive
from synth_datasets.generation.store import AnswerStore
from synth_datasets.publishing.lock import ANSWERS_FILE, LOCK_FILE, LockedSplit
from synth_datasets.publishing.opened import Opened, open_release
from synth_datasets.publishing.verify import differing_files
from synth_datasets.spec import parse_spec
from synth_datasets.spec.files import read_bytes_inside, read_inside
from synth_datasets.spec.tables import MAX_BYTES

__all__ = ["Rebuilt", "rebuild", "rebuild_folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """A version whose splits came out as its lock pins them."""

    source: str
    version: str
    splits: Mapping[str, LockedSplit]
    answers: int
    """Read from the archive; 0 when a store was given."""
    other_files: tuple[str, ...]
    """Files of the release beside its data that came out otherwise, such as a card by another version of `datasets`."""
    folder: Path | None
    """Where the rebuilt release is; None when it was only compared."""


def rebuild(
    source: str,
    folder: Path | None = None,
    *,
    answers: Path | None = None,
    store: Path | None = None,
    beside: Path | None = None,
    options: Mapping[str, Any] | None = None,
    token: str | None = None,
) -> Rebuilt:
    """Build the version at `source` (a folder, or owner/name@version) again, and compare it split by split.

    Spec, lock and answers are taken to a place of their own, with a store and a cache of their own. `answers` is an
    archive in place of the release's, `store` a store in place of any archive, `beside` a folder with what the release
    leaves out, such as private seeds; `options` say where that one was asked
    (`base_url`, `backend`, `model_path`). The release stays in `folder`, or nowhere. Raises `PublishError` naming the
    splits that came out otherwise or what is missing, `AnswerMissingError` counting the answers that are not there.
    """
    opened = open_release(source, token=token)
    with TemporaryDirectory(prefix="synth-rebuild-") as name:
        place = Path(name)
        spec = _take_spec(opened, place / "spec", beside)
        given = dict(options or {})
        count = 0
        if store is None:
            archive = _archive(opened, answers)
            given = {**_asked_at(archive), **given}
            store = place / "answers.sqlite"
            with AnswerStore(store) as opened_store:
                count = import_answers(archive, opened_store).total
        built = build(
            spec,
            folder or place / "build",
            cache_dir=place / "cache",
            options={**given, "store": str(store), "batch": False, "offline": True},
            locked=spec.parent / LOCK_FILE,
        )
        return Rebuilt(
            source=opened.source,
            version=opened.release.version,
            splits=built.release.lock.splits,
            answers=count,
            other_files=tuple(differing_files(opened.release.lock, built.release.lock)),
            folder=folder,
        )


def rebuild_folder(source: str, *, token: str | None = None) -> Path:
    """Return where a rebuilt release goes when nothing is said: `build/<name>`."""
    return Path("build") / open_release(source, token=token).release.name


def _take_spec(opened: Opened, place: Path, beside: Path | None) -> Path:
    """Copy spec, the files it names, and the lock; return the spec's path."""
    release = opened.release
    for path in (*release.spec_files, LOCK_FILE):
        (found,) = opened.paths([path])
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, target)
    spec = place / release.lock.spec_file
    left_out = _left_out(spec)
    if beside is not None:
        for path in left_out:
            if (beside / path).is_file():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(beside / path, place / path)
        left_out = _left_out(spec)
    if left_out:
        raise PublishError(
            f"{opened.source} was made with {', '.join(left_out)}, which it does not hold: its author kept that "
            "private, and without it nobody can make the same rows. Whoever has it names the folder where it lies "
            "(--beside FOLDER); the author can publish it with a version (`release: true` in the spec, where it names "
            "the file)"
        )
    return spec


def _left_out(spec: Path) -> list[str]:
    """Return the files that the spec lacks, such as real rows that were not released."""
    read, missing = read_bytes_inside(spec.parent, MAX_BYTES), dict[str, None]()

    def noting(name: str) -> bytes:
        if not (spec.parent / name).exists():
            missing[name] = None
        return read(name)

    with suppress(SpecError):  # what else is wrong with it, the build tells
        text = spec.read_text(encoding="utf-8")
        parse_spec(text, origin=str(spec), read_file=read_inside(spec.parent), read_bytes=noting)
        return []  # what it can do without, such as weights whose digest is there, may be missing
    return list(missing)


def _archive(opened: Opened, given: Path | None) -> Path:
    found = given or opened.path(ANSWERS_FILE)
    if found is None:
        raise PublishError(
            f"{opened.source} carries no answers, and without them nobody can make the same rows. Its author can "
            "publish a version with them (synth push --with-answers) or send the file that `synth answers export` "
            "makes (then: --answers FILE); whoever built it on this machine has them in the store (--store FILE)"
        )
    return found


def _asked_at(archive: Path) -> dict[str, str]:
    """Return the settings that make requests name the places that those in the archive name."""
    places = {request.endpoint for records in read_archive(archive) for request, _ in records}
    urls = {place for place in places if place.startswith(("http://", "https://"))}
    if len(urls) > 1:
        raise PublishError(
            f"{archive} holds answers of several addresses ({', '.join(sorted(urls))}); a build asks at one"
        )
    kinds = {"openai" if place in urls else place.partition(":")[0] for place in places}
    settings = {"backend": kinds.pop() if len(kinds) == 1 else "auto"}
    return settings | ({"base_url": urls.pop()} if urls else {})
