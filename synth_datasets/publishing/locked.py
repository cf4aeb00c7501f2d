"""A rebuild under a lock: refused before anything is asked if it would be another dataset, compared once it is made."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from synth_datasets.errors import PublishError, SettingsError
from synth_datasets.publishing.facts import endpoint_kind
from synth_datasets.publishing.lock import LOCK_FILE, Lock, parse_lock
from synth_datasets.spec import DatasetSpec, fingerprint, ingredients

__all__ = [
    "check_build",
    "check_splits",
    "differing",
    "endpoint_check",
    "endpoint_kinds",
    "find_lock",
    "pinned_origin",
]

_ROUNDS = 200_000
"""Some 0.05 s: dear for whoever would try addresses, cheap for a build."""
_ABSENT = object()


def find_lock(spec_file: Path, given: Path | None = None) -> tuple[Path, Lock]:
    """Return the lock's path and the lock: the given file (or the one in that folder), or the one beside the spec."""
    path = given or spec_file.parent
    path = path / LOCK_FILE if path.is_dir() else path
    try:
        return path, parse_lock(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        where = "there is no such file" if given else "there is none beside the spec"
        raise SettingsError(
            f"{path}: {where}; name the lock of a build, such as --locked build/NAME/{LOCK_FILE}"
        ) from error
    except PublishError as error:
        raise SettingsError(f"{path}: {error}") from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: not readable as a lock: {error}") from error


def pinned_origin(spec: DatasetSpec, locked: Lock | None = None) -> str:
    """Return where on the Hub the spec was read, if it names a commit; a rebuild keeps what its lock says."""
    if re.fullmatch(r"hf://datasets/[\w.-]+/[\w.-]+@[0-9a-f]{40}/.+", spec.origin):
        return spec.origin
    return "" if locked is None else locked.spec_origin


def endpoint_kinds(endpoints: Mapping[str, str]) -> str:
    """Return what may be published of the places that a spec's models are asked at."""
    return " and ".join(sorted({endpoint_kind(each) for each in endpoints.values()}))


def endpoint_check(endpoints: Mapping[str, str], salt: str) -> str:
    """Return 32 hex digits that tell these endpoints from others without naming them, even to who tries addresses."""
    named = json.dumps(sorted(endpoints.items())).encode()
    return hashlib.pbkdf2_hmac("sha256", named, salt.encode(), _ROUNDS, 16).hex()


def check_build(
    path: Path,
    lock: Lock,
    *,
    spec: DatasetSpec,
    overrides: Mapping[str, object],
    endpoints: Mapping[str, str],
) -> None:
    """Raise `SettingsError` with every difference, old → new, unless the build would make the locked dataset.

    `spec` has the overrides laid over it; of `overrides` those count that were given.
    """
    found = [
        *differing("option ", lock.overrides, overrides),
        *_spec_differences(lock, spec),
        *_endpoint_differences(lock, endpoints),
    ]
    if found:
        lines = "\n".join(f"  {line}" for line in dict.fromkeys(found))
        raise SettingsError(
            f"{path} pins another dataset than this build would make; nothing was asked. Old → new:\n{lines}\n"
            "Undo these changes, or build without --locked and get a new lock."
        )


def check_splits(
    lock: Lock, made: Mapping[str, str], *, rows: Mapping[str, int], packages: Mapping[str, str]
) -> None:
    """Raise `PublishError` naming each split whose digest is not the locked one."""
    lines = [
        f"  {name}: {_split(lock, name)} → {rows.get(name, 0)} rows, digest {made.get(name, 'none')[:16]}"
        for name in {**lock.splits, **made}
        if name not in lock.splits or name not in made or lock.splits[name].digest != made[name]
    ]
    if not lines:
        return
    other = [
        f"  {name} {lock.packages.get(name, '(unknown)')} → {version}"
        for name, version in packages.items()
        if lock.packages.get(name) != version
    ]
    if other:
        lines += ["These packages differ, and may write other bytes for equal rows:", *other]
    raise PublishError(
        f"{lock.name}: these splits are not what the lock pins; nothing was written. Old → new:\n"
        + "\n".join(lines)
        + "\nThe answers are not those that the lock was made with: import them (synth answers import FILE), name the "
        "store that holds them (--store), or build without --locked and get a new lock."
    )


def differing(prefix: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    """Yield `name: old → new` for each value that differs or is on one side only, in the order of both."""
    for name in {**old, **new}:
        before, after = _shown(old.get(name, _ABSENT)), _shown(new.get(name, _ABSENT))
        if before != after:
            yield f"{prefix}{name}: {before} → {after}"


def _split(lock: Lock, name: str) -> str:
    pinned = lock.splits.get(name)
    return "not there" if pinned is None else f"{pinned.num_examples} rows, digest {pinned.digest[:16]}"


def _spec_differences(lock: Lock, spec: DatasetSpec) -> Iterator[str]:
    if lock.fingerprint == fingerprint(spec):
        return
    now = ingredients(spec)
    old = lock.ingredients
    if not old:  # a lock of an earlier version names little
        old = {"seed": lock.seed, "attempts": lock.attempts}
        yield f"fingerprint: {lock.fingerprint[:16]} → {fingerprint(spec)[:16]}"
        now = {name: now[name] for name in old}
    yield from differing("", old, now)


def _endpoint_differences(lock: Lock, endpoints: Mapping[str, str]) -> Iterator[str]:
    kind = endpoint_kinds(endpoints)
    if lock.endpoint not in (None, kind):
        yield f"endpoint: {lock.endpoint} → {kind}"
    elif lock.endpoint_check and lock.endpoint_check != endpoint_check(endpoints, lock.fingerprint):
        places = ", ".join(sorted(set(endpoints.values())))
        yield f"endpoint: {lock.endpoint} at another address (a lock names none) → {places}"


def _shown(value: object) -> str:
    return "not there" if value is _ABSENT else json.dumps(value, ensure_ascii=False)
