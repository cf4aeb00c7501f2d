"""What a part says of itself, and whether some parts make a whole."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import file_digest
from importlib import metadata
from pathlib import Path
from typing import Any

from synth_datasets.errors import SettingsError
from synth_datasets.parts.record import PART_FILE, faults_of, read_record
from synth_datasets.parts.shard import Shard
from synth_datasets.parts.unfinished import LOCK

__all__ = [
    "ANSWERS",
    "FORMAT",
    "PART_FILE",
    "Part",
    "answers_of",
    "digests_in",
    "find_parts",
    "read_part",
    "the_whole",
    "whole_of",
    "write_part",
]

FORMAT = 1
ANSWERS = "answers.sqlite"
_SHOWN = 8
_EXTRA = re.compile(r"(^|/)\.|\.sqlite-(wal|shm|journal)$")
"""Files that others leave: hidden ones, and those of a program that looked into the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that was asked, as its folder describes it."""

    folder: Path
    name: str
    """Of the dataset."""
    shard: Shard
    fingerprint: str
    """Of the spec with its overrides: parts of one dataset have the same."""
    ingredients: Mapping[str, object]
    """The fingerprint in parts, to name what differs."""
    endpoints: Mapping[str, str]
    """Who was asked, by model id."""
    package: str
    """Version of this package."""
    spec_file: str
    """Path within the folder; of a spec from a URL, the URL."""
    overrides: Mapping[str, Any]
    rows: Mapping[str, int]
    """Rows of the part by split, missing ones included."""
    keep_short: bool
    answers: int
    """Requests that were answered or failed; 0 where they are in the store already."""
    lists: str = ""
    """SHA-256 of the items of generated lists; empty where there are none."""
    files: Mapping[str, str]
    """SHA-256 by path within the folder."""


def write_part(part: Part) -> None:
    """Write what the part says of itself, which makes it complete."""
    record = {name: value for name, value in asdict(part).items() if name not in ("folder", "shard")}
    text = json.dumps({"format": FORMAT, "shard": str(part.shard), **record}, indent=1, sort_keys=True)
    (part.folder / PART_FILE).write_text(text + "\n", encoding="utf-8")


def read_part(folder: Path) -> Part:
    """Read a part and look whether its files are whole; raises `SettingsError` naming what is not.

    It may be a stranger's: nothing outside the folder is read, and nothing follows from what it says but rows.
    """
    record = read_record(folder)
    form = record.pop("format", None)
    if form != FORMAT:
        raise SettingsError(
            f"{folder / PART_FILE} has format {form}, this version reads {FORMAT}: make the part again"
        )
    if faults := faults_of(record):
        raise SettingsError(f"{folder / PART_FILE} cannot be read as a part ({faults}): make the part again")
    part = Part(folder=folder, shard=Shard.parse(record.pop("shard")), **record)
    found = digests_in(folder)
    wrong = {name for name, digest in part.files.items() if found.get(name) != digest}
    wrong.update(name for name in found.keys() - part.files.keys() if not _EXTRA.search(name))
    if "://" not in part.spec_file and part.spec_file not in part.files:
        wrong.add(part.spec_file)
    if wrong:
        names = ", ".join(sorted(wrong)[:_SHOWN])
        raise SettingsError(
            f"{folder}: {names} is not as it was written; copy the part again, or make it again"
        )
    return part


def answers_of(folder: Path) -> Path:
    """Return where the answers of the part are; raises `SettingsError` when it is none, or has none."""
    if ANSWERS not in read_part(folder).files:
        raise SettingsError(f"{folder} holds no answers: they are in the store that it was made with")
    return folder / ANSWERS


def digests_in(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of the part but its own description; links have none."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[path.relative_to(folder).as_posix()] = "a link"
        elif path.is_file() and path not in (folder / PART_FILE, folder / LOCK):
            with path.open("rb") as data:
                found[path.relative_to(folder).as_posix()] = file_digest(data, "sha256").hexdigest()
    return found


def find_parts(given: Sequence[Path]) -> list[Path]:
    """Return the folders of parts: those given, and those that lie in given folders; hidden ones are unfinished."""
    found: list[Path] = []
    for path in given:
        below: Iterable[Path] = [] if (path / PART_FILE).exists() else path.glob(f"*/{PART_FILE}")
        inner = sorted(each.parent for each in below if not each.parent.name.startswith("."))
        found += inner or [path]
    return list(dict.fromkeys(found))


def whole_of(given: Iterable[Path]) -> list[Part]:
    """Read the parts in these folders, or below them; raises `SettingsError` unless they make a whole."""
    return the_whole(map(read_part, find_parts(list(given))))


def the_whole(parts: Iterable[Part]) -> list[Part]:
    """Return the parts in order; raises `SettingsError` that names parts which are missing, doubled or foreign."""
    ordered = sorted(parts, key=lambda part: (part.shard.of, part.shard.number))
    if not ordered:
        raise SettingsError("no part was named: give the folders that `synth build --shard` made")
    wrong = [*_foreign(ordered), *_doubled(ordered), *_missing(ordered)]
    if wrong:
        raise SettingsError("\n".join(["these parts make no whole:", *(f"  {line}" for line in wrong)]))
    return ordered


def package_version() -> str:
    """Return the version of this package, as parts note it."""
    return metadata.version("synth-datasets")


def _foreign(parts: Sequence[Part]) -> list[str]:
    """Return a line for each part that was made otherwise than most."""
    usual, _ = Counter((part.fingerprint, part.shard.of) for part in parts).most_common(1)[0]
    alike = [part for part in parts if (part.fingerprint, part.shard.of) == usual]
    model = alike[-1]  # the first may be part 0, which is asked by itself
    found: list[str] = []
    for part in parts:
        if part.shard.of != model.shard.of:
            found.append(f"{part.folder} is part {part.shard}, the others are of {model.shard.of}")
        elif part.fingerprint != model.fingerprint:
            names = {*part.ingredients, *model.ingredients}
            differ = sorted(n for n in names if part.ingredients.get(n) != model.ingredients.get(n))
            found.append(
                f"{part.folder} was made from another spec than {model.folder}: {', '.join(differ[:_SHOWN])} differ"
            )
        elif part.endpoints != model.endpoints:
            theirs, others = (", ".join(sorted({*each.endpoints.values()})) for each in (part, model))
            found.append(f"{part.folder} was asked at {theirs}, {model.folder} at {others}")
        elif part.package != model.package:
            found.append(
                f"{part.folder} was made by version {part.package}, {model.folder} by {model.package}: delete one "
                "and make it again with the version of the other"
            )
        elif model.lists and part.lists and part.lists != model.lists:
            found.append(
                f"{part.folder} draws from other generated lists than {model.folder}: give both the answers of one "
                f"part {Shard(0, part.shard.of)}, and make one of them again"
            )
    return found


def _doubled(parts: Sequence[Part]) -> list[str]:
    counts = Counter(part.shard for part in parts)
    return [
        f"part {shard} is there {count} times: "
        f"{', '.join(str(part.folder) for part in parts if part.shard == shard)}"
        for shard, count in counts.items()
        if count > 1
    ]


def _missing(parts: Sequence[Part]) -> list[str]:
    of = parts[0].shard.of
    there = {part.shard.number for part in parts if part.shard.of == of}
    missing = [str(Shard(number, of)) for number in range(1, of + 1) if number not in there]
    if not missing:
        return []
    more = f" and {len(missing) - _SHOWN} more" if missing[_SHOWN:] else ""
    return [
        f"part {', '.join(missing[:_SHOWN])}{more} of {of} missing: synth build SPEC --shard {missing[0]}"
    ]
