"""Whether a build may become a version: all of its rows are there, and its spec is still the one that was built."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from synth_datasets.errors import PublishError, SpecError
from synth_datasets.publishing.origins import origins_of
from synth_datasets.publishing.release import Release
from synth_datasets.spec import DatasetSpec, digest, ingredients, load_spec, parse_spec

__all__ = ["check_complete", "check_spec", "missing_rows"]


def missing_rows(release: Release) -> dict[str, tuple[int, int]]:
    """Return rows held and rows asked for by each split that is short; an old lock does not say what was asked."""
    asked = {
        name.removeprefix("splits."): number
        for name, number in release.lock.ingredients.items()
        if name.startswith("splits.")
    }
    held = release.splits
    return {name: (held.get(name, 0), number) for name, number in asked.items() if held.get(name, 0) < number}


def check_complete(release: Release) -> None:
    """Raise `PublishError` when a split has fewer rows than the build was asked for."""
    if short := missing_rows(release):
        told = ", ".join(f"{name} {held} of {asked}" for name, (held, asked) in short.items())
        raise PublishError(
            f"{release.folder} is a partial build ({told} rows), and a version is for good: build again without "
            "--keep-short, ask for fewer rows, or push with --allow-short"
        )


def check_spec(release: Release, folders: Iterable[Path]) -> None:
    """Raise `PublishError` when the spec that was built is another one now. Comments and order do not count.

    Where it lies the machine that built it knows; elsewhere, or when it was moved, specs of this dataset in `folders`
    are looked at.
    """
    found = {path: _spec(path) for path in origins_of(release.folder)} or {
        path: spec for folder in dict.fromkeys(folders) for path, spec in _specs(folder, release.name)
    }
    if not found:
        return
    if not any(spec is not None and _same(release, spec, path.parent) for path, spec in found.items()):
        path = next(iter(found))
        raise PublishError(
            f"{path} has changed since {release.folder} was built: build it again (stored answers are not asked for "
            "again), or push what was built with --allow-dirty"
        )


def _same(release: Release, spec: DatasetSpec, folder: Path) -> bool:
    """Whether the release was made of this spec, and of the real rows that lie in its folder now."""
    now = ingredients(spec)
    names = [
        name for name in {**now, **release.lock.ingredients} if name == "seeds" or name.startswith("counts.")
    ]
    rows = all(
        now.get(name) == release.lock.ingredients.get(name) for name in names if release.lock.ingredients
    )
    return rows and digest(spec) == _built(release, folder)


def _built(release: Release, folder: Path) -> str:
    """Return the digest of the release's spec; real rows that the release does not hold are taken from the folder."""
    file = release.folder / release.lock.spec_file
    text = file.read_text(encoding="utf-8")
    if not any(word in text for word in ("seeds:", "balance:", "mix:", "contamination:")):
        return digest(load_spec(file))
    # YAML loads only where a spec is read.
    from synth_datasets.spec.files import read_bytes_inside, read_inside
    from synth_datasets.spec.tables import MAX_BYTES

    beside = read_bytes_inside(folder, MAX_BYTES)
    spec = parse_spec(text, origin=str(file), read_file=read_inside(release.folder), read_bytes=beside)
    return digest(spec)


def _specs(folder: Path, name: str) -> Iterator[tuple[Path, DatasetSpec | None]]:
    for path in sorted([*folder.glob("*.synth.yaml"), *folder.glob("*.synth.yml")]):
        spec = _spec(path)
        if path.name == f"{name}.synth.yaml" if spec is None else spec.name == name:
            yield path, spec


def _spec(path: Path) -> DatasetSpec | None:
    try:
        return load_spec(path)
    except (SpecError, OSError, ValueError):  # half written, perhaps: then it is not what was built
        return None
