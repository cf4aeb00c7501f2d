"""The spec that a build was made of, together with the real rows that the build does not hold."""

from collections.abc import Callable
from pathlib import Path

from synth_datasets.errors import SettingsError, SpecError
from synth_datasets.spec import DatasetSpec, load_spec

__all__ = ["spec_of"]


def spec_of(folder: Path) -> DatasetSpec:
    """Return the spec that lies in a build's folder.

    Files that it names and that the build keeps private are read in that folder or beside the spec it was built from,
    where this machine remembers that, and nowhere else: a stranger's build may name any file. Raises `SettingsError`
    where they are in neither.
    """
    from synth_datasets.publishing.origins import origins_of
    from synth_datasets.publishing.release import read_release
    from synth_datasets.spec import parse_spec
    from synth_datasets.spec.files import read_inside

    file = folder / read_release(folder).lock.spec_file
    try:
        return load_spec(file)
    except SpecError as error:
        missing: list[str] = []
        beside = [folder, *(path.parent for path in origins_of(folder))]
        read = _reader(beside, missing)
        try:
            return parse_spec(
                file.read_text(encoding="utf-8"),
                origin=str(file),
                read_file=read_inside(folder),
                read_bytes=read,
            )
        except SpecError:
            if not missing:
                raise error from None
        names = ", ".join(dict.fromkeys(missing))
        raise SettingsError(
            f"{folder} was made with {names}, which it does not hold, and the spec that it was built from lies on this "
            f"machine no more, or without it: copy {names} into {folder} (what is pushed or verified stays as it is)"
        ) from None


def _reader(folders: list[Path], missing: list[str]) -> Callable[[str], bytes]:
    """Return a function that reads a file in the first of the folders that has it, and notes those that none has."""
    from synth_datasets.spec.files import read_bytes_inside
    from synth_datasets.spec.tables import MAX_BYTES

    def read(name: str) -> bytes:
        place = next((folder for folder in folders if (folder / name).is_file()), None)
        if place is None:
            missing.append(name)
        return read_bytes_inside(place or folders[0], MAX_BYTES)(name)

    return read
