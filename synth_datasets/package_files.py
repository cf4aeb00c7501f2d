"""Weights that another package brings: found without importing it, and known by their digests."""

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from synth_datasets.errors import SettingsError

__all__ = ["package_files"]


def package_files(
    package: str, digests: Mapping[str, str], *, needed: str, install: str, mend: str
) -> list[Path]:
    """Return where the files lie that `digests` names within the package, once each has its SHA-256.

    Reads them whole, some 0.1 s for 100 MB. Raises `SettingsError`: that `needed`, and how to `install` it, where the
    package is not there; how to `mend` it where a file is another one.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError(f"{needed}: {install}")
    files = {Path(spec.submodule_search_locations[0]) / name: digest for name, digest in digests.items()}
    for path, expected in files.items():
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}; {install}") from error
        if found != expected:
            raise SettingsError(
                f"{path} is not the published file: its sha256 is {found}, expected was {expected}; {mend}"
            )
    return list(files)
