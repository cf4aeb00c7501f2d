"""The rows that a verb is pointed at: a build's folder, or a dataset on the Hub."""

from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    import datasets

__all__ = ["load_shards", "load_splits"]


def load_splits(build: str) -> "datasets.DatasetDict":
    """Load all splits: of a release the files that its lock names, of anything else what `datasets` finds there.

    It may be a stranger's, whose card can name files anywhere on this machine or elsewhere: `SettingsError` for one
    that does not lie in the folder or the repository, before any is read.
    """
    import datasets

    from synth_datasets.publishing.lock import LOCK_FILE

    if (Path(build) / LOCK_FILE).is_file():
        return load_shards(Path(build))
    _refuse_files_elsewhere(build)
    found = datasets.load_dataset(build)
    if not isinstance(found, datasets.DatasetDict):
        raise SettingsError(f"{build}: no dataset with splits")
    return found


def load_shards(folder: Path) -> "datasets.DatasetDict":
    """Load the splits of a release from the files that its lock names; its card is not asked."""
    import datasets

    from synth_datasets.publishing.release import read_release

    shards = read_release(folder).shards
    if missing := [str(path) for paths in shards.values() for path in paths if not path.is_file()]:
        raise SettingsError(f"{missing[0]} is missing; see `synth verify {folder}`")
    files = {split: [str(path) for path in paths] for split, paths in shards.items() if paths}
    if not files:
        raise SettingsError(f"{folder} has no rows")
    return datasets.load_dataset("parquet", data_files=files)


def _refuse_files_elsewhere(build: str) -> None:
    import datasets

    root = Path(build).resolve()
    for names in (datasets.load_dataset_builder(build).config.data_files or {}).values():
        for name in names:
            if "://" in name:
                inside = not root.is_dir() and name.startswith(f"hf://datasets/{build}@")
            else:
                inside = root.is_dir() and Path(name).resolve().is_relative_to(root)
            if not inside:
                raise SettingsError(
                    f"{build} names {name} as its data, which does not lie there; nothing was read"
                )
