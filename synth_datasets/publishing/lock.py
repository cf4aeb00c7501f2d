"""`synth.lock`: what a release pins, as JSON beside its card."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from synth_datasets.errors import PublishError

__all__ = ["ANSWERS_FILE", "LOCK_FILE", "Lock", "LockedSplit", "lies_inside", "parse_lock"]

LOCK_FILE = "synth.lock"
ANSWERS_FILE = "answers.parquet"
"""The archive of answers that a release may carry; its lock does not pin it, for the data is the same without."""
LOCK_FORMAT = 2
_READABLE = (1, LOCK_FORMAT)
"""Format 1 had neither ingredients, notes nor the endpoint's check, and did not say whether short splits were kept."""


@dataclass(frozen=True, slots=True)
class LockedSplit:
    """How many rows a split holds, and the digest of its files."""

    num_examples: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Everything a rebuild must match, and every file that the release is made of."""

    name: str
    version: str
    fingerprint: str
    """Of the spec."""
    digest: str
    """Of the data: 64 hex digits over all splits."""
    spec_file: str
    seed: int
    attempts: int
    endpoint: str | None
    """The kind of endpoint; never a private address."""
    answered_by: tuple[str, ...]
    models: tuple[Mapping[str, Any], ...]
    """Id, revision and sampling parameters of every model that was asked, with the columns it wrote."""
    overrides: Mapping[str, Any]
    """Options that were laid over the spec file."""
    splits: Mapping[str, LockedSplit]
    files: Mapping[str, str]
    """SHA-256 by path, of all files but this one and the trace."""
    ingredients: Mapping[str, Any] = field(default_factory=dict)
    """What the fingerprint covers, by its place in the spec: values, and digests of prompts and columns."""
    endpoint_check: str = ""
    """Tells the endpoints that were asked from others without naming them (`locked.endpoint_check`)."""
    keep_short: bool = False
    """Whether a split with fewer rows than asked for was accepted."""
    notes: Mapping[str, int] = field(default_factory=dict)
    """What of the requests the endpoint did not take and how it was asked instead, with the answers it concerns."""
    spec_origin: str = ""
    """Where on the Hub the spec was read, with its commit; empty for one that lay on the machine."""
    trace: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the file's text; equal locks give equal texts."""
        return json.dumps({"format": LOCK_FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def parse_lock(text: str) -> Lock:
    """Read what `to_json` wrote; raises `PublishError` for anything else."""
    try:
        data = json.loads(text)
        if data.pop("format") not in _READABLE:
            raise PublishError(
                f"{LOCK_FILE}: written by another version of synth_datasets; build the release again"
            )
        data["splits"] = {name: LockedSplit(**split) for name, split in data["splits"].items()}
        data["answered_by"] = tuple(data["answered_by"])
        data["models"] = tuple(data["models"])
        lock = Lock(**data)
        _check(lock)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PublishError(f"{LOCK_FILE}: not readable ({error}); build the release again") from error
    return lock


def lies_inside(path: str) -> bool:
    """Whether a path that a release names, which may be a stranger's, stays in the release on any platform.

    And is no part of git's own folder, whose settings name programs to run.
    """
    parts = path.split("/")
    return not set("\\:\n\0") & set(path) and not any(
        part in ("", ".", "..") or part.lower().rstrip(". ") in (".git", "git~1") for part in parts
    )


def _check(lock: Lock) -> None:
    """Raise `ValueError` for paths that leave the folder, and for counts and digests that are none."""
    for path in (lock.spec_file, *lock.files, *lock.trace):
        if not lies_inside(path):
            raise ValueError(f"it names a path outside the release: {path!r}")
    for name, split in lock.splits.items():
        if not re.fullmatch(r"\w+(\.\w+)*", name) or type(split.num_examples) is not int:
            raise ValueError(f"its split {name!r} is none")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", lock.name):
        raise ValueError(f"its name {lock.name!r} is none of a spec's")
    if not isinstance(lock.version, str) or not re.fullmatch(r"[0-9A-Za-z.+-]+", lock.version):
        raise ValueError(f"its version {lock.version!r} is none")
    mappings = (lock.overrides, lock.ingredients, lock.notes, lock.packages, *lock.models)
    if not all(isinstance(each, dict) for each in mappings):
        raise ValueError("what it says of models, options or packages is no mapping")
    digests = [*lock.files.values(), *lock.trace.values(), *(split.digest for split in lock.splits.values())]
    if not all(isinstance(digest, str) for digest in (*digests, lock.digest, lock.version)):
        raise ValueError("it holds digests that are none")
