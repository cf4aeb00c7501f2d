"""Where on this machine the spec of a build lay: kept in the user's cache, never in the release."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from synth_datasets.publishing.lock import LOCK_FILE

__all__ = ["origins_of", "remember_origin"]

_MOST = 8


def remember_origin(release: Path, spec: str | Path) -> None:
    """Note that the release at a folder was built from the spec at a path; where nothing can be kept, nothing is.

    It is found again by what the lock says, wherever the release is moved or copied to.
    """
    if "://" in str(spec):
        return
    with suppress(OSError):
        note = _note(release)
        path = Path(spec).resolve()
        kept = dict.fromkeys([str(path), *map(str, origins_of(release))])
        note.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", encoding="utf-8", dir=note.parent, delete=False) as file:
            file.write("".join(f"{each}\n" for each in list(kept)[:_MOST] if "\n" not in each))
        Path(file.name).replace(note)


def origins_of(release: Path) -> list[Path]:
    """Return the specs on this machine that the release was built from and that are still there, the last one first."""
    with suppress(OSError, ValueError):
        lines = _note(release).read_text(encoding="utf-8").splitlines()
        return [path for path in map(Path, lines) if path.is_file()]
    return []


def _note(release: Path) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = hashlib.sha256((release / LOCK_FILE).read_bytes()).hexdigest()[:32]
    return Path(cache) / "synth_datasets" / "origins" / name
