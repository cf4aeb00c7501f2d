"""The description of a part as it lies on disk: JSON that may be a stranger's, read field by field."""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from synth_datasets.errors import SettingsError
from synth_datasets.parts.shard import Shard
from synth_datasets.spec import with_overrides

__all__ = ["PART_FILE", "faults_of", "read_record"]

PART_FILE = "part.json"
_MOST_BYTES = 64 * 2**20


def read_record(folder: Path) -> dict[str, Any]:
    """Return what the folder's description says, as it stands; raises `SettingsError` where none can be read."""
    path = folder / PART_FILE
    try:
        if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is a link, or too long")
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise TypeError("it is no object")
    except FileNotFoundError as error:
        raise SettingsError(
            f"{folder} is no part: it has no {PART_FILE}, which is written last; let `synth build --shard` finish it"
        ) from error
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise SettingsError(f"{path} cannot be read as a part ({error}): make the part again") from error
    return record


def faults_of(record: Mapping[str, Any]) -> str:
    """Return what of a description is not as it should be; empty where all is."""
    wrong = [name for name, fits in _FIELDS.items() if name in record and not fits(record[name])]
    missing = _FIELDS.keys() - record.keys() - {"lists"}
    unknown = record.keys() - _FIELDS.keys()
    told = {"no": missing, "unknown": unknown, "unfit": wrong}
    return "; ".join(f"{what} {', '.join(sorted(names))}" for what, names in told.items() if names)


def _text(value: object) -> bool:
    return isinstance(value, str) and len(value) < 2**16 and value.isprintable()


def _shard(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(Shard.parse(value))
    except SettingsError:
        return False


def _digest(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _by_name(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and all(_text(name) and fits(value[name]) for name in value)


def _override(name: str, value: object) -> bool:
    if name == "model":
        return _text(value)
    if name == "num_examples" and isinstance(value, dict):
        return _by_name(_count)(value)
    return type(value) in (int, float)


def _overrides(value: object) -> bool:
    """Whether these are overrides of a spec, and no settings: where it is asked is for whoever merges to say."""
    known = inspect.signature(with_overrides).parameters.keys() - {"spec"}
    return isinstance(value, dict) and all(name in known and _override(name, value[name]) for name in value)


_FIELDS: Mapping[str, Callable[[object], bool]] = {
    "shard": _shard,
    "name": _text,
    "fingerprint": _digest,
    "ingredients": lambda value: isinstance(value, dict),
    "endpoints": _by_name(_text),
    "package": _text,
    "spec_file": _text,
    "overrides": _overrides,
    "rows": _by_name(_count),
    "keep_short": lambda value: isinstance(value, bool),
    "answers": _count,
    "lists": lambda value: value == "" or _digest(value),
    "files": _by_name(_digest),
}
"""What each field may hold."""
