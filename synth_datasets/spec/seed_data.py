"""Real data that a spec starts from: where it lies, what of it is read, and what was found there."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from synth_datasets.spec.problems import shown
from synth_datasets.spec.tables import Fault, Table, TableError, read_table

__all__ = ["Balance", "SeedData", "Seeds", "Source", "counted", "seed_data", "tables"]

_ID = 16
_MOST_ID = 200


@dataclass(frozen=True, slots=True)
class Source:
    """Files beside the spec, or files of a dataset on the Hub at one commit."""

    files: tuple[str, ...]
    hub: str = ""
    """The id of the dataset on the Hub; empty: the files lie beside the spec."""
    revision: str = ""
    """The commit, 40 hex digits."""

    def __str__(self) -> str:
        files = ", ".join(shown(file) for file in self.files)
        return files + (f" of {self.hub} at {self.revision[:12]}" if self.hub else "")


@dataclass(frozen=True, slots=True, eq=False)
class SeedData:
    """The seeds, each once, in the order of the files."""

    ids: tuple[str, ...]
    """The value of the column of ids, or 16 hex digits that follow from the row's values."""
    columns: Mapping[str, tuple[str, ...]]
    digest: str = ""
    """Of all ids and values in their order."""
    unordered: str = ""
    """The same, whatever the order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seeds:
    """Real rows that prompts may show; which of its columns say what, and how they are dealt to the splits."""

    source: Source
    text: str
    """The column that is compared: for near copies among seeds, for likeness, and with what a model writes."""
    label: str | None = None
    """The column that `same` compares."""
    split: str | None = None
    """The column that says each seed's split; None: dealt by `shares`."""
    group: str | None = None
    """The column whose equal values stay in one split."""
    id: str | None = None
    shares: tuple[tuple[str, float], ...] = ()
    """Splits of the spec and the share of the seeds that each gets, none 0."""
    columns: tuple[str, ...] = ()
    """Every column that is read."""
    copies: Mapping[str, float] = field(default_factory=dict)
    """By column or field of the model: the likeness to any seed from which its text is refused."""
    ordered: bool = False
    """Whether the order of the seeds decides which row gets which."""
    data: SeedData | None = None
    """None: on the Hub, and not looked at yet."""
    origin: str = ""
    """Path or URL of the spec, for messages; seeds of two specs may be equal."""

    @property
    def key(self) -> str:
        """Everything that the seeds change in a dataset: their content, not the names of files."""
        content = "@".join([*self.source.files, self.source.hub, self.source.revision])
        if self.data is not None:
            content = self.data.digest if self.ordered else self.data.unordered
        parts = [self.text, self.label, self.split, self.group, self.id, self.shares, sorted(self.columns)]
        return json.dumps([content, *parts, sorted(self.copies.items())])

    def __hash__(self) -> int:
        return hash((self.data and self.data.digest, self.key))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Seeds):
            return NotImplemented
        return self.key == other.key and (self.data and self.data.digest) == (
            other.data and other.data.digest
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Real rows that a split completes: how many there are of each class, and how many there shall be."""

    source: Source
    split: str
    columns: tuple[tuple[str, str], ...]
    """Column of the spec and column of the data; one for classes, two for cells."""
    to: int | tuple[tuple[str, int], ...] | None
    """Rows of each class; None: as many as the largest has."""
    before: tuple[tuple[tuple[str, ...], int], ...] | None = None
    """Real rows by class or cell, all of them; None: on the Hub, and not looked at yet."""
    after: tuple[tuple[tuple[str, ...], int], ...] = ()
    """Real rows and made ones together, if the split is built whole."""


def tables(source: Source, wanted: Sequence[str], read: Mapping[str, bytes]) -> list[tuple[str, Table]]:
    """Return the table of each file; raises `TableError` whose messages name the file."""
    found: list[tuple[str, Table]] = []
    faults: list[Fault] = []
    for name in source.files:
        try:
            found.append((name, read_table(name, read[name], wanted)))
        except TableError as error:
            faults += [_in_file(name, fault) for fault in error.faults]
    if faults:
        raise TableError(faults)
    return found


def seed_data(seeds: Seeds, read: Mapping[str, bytes]) -> SeedData:
    """Return the seeds of the files' bytes; a row that is there twice counts once. Raises `TableError`."""
    names = seeds.columns
    rows: dict[str, tuple[str, ...]] = {}
    faults: list[Fault] = []
    for file, table in tables(seeds.source, names, read):
        for line, row in zip(
            table.lines, zip(*(table.columns[name] for name in names), strict=True), strict=True
        ):
            values = dict(zip(names, row, strict=True))
            fault = _wanting(seeds, values)
            identity = _identity(row) if seeds.id is None else values[seeds.id]
            if not fault and rows.setdefault(identity, row) != row:
                fault = f"the id '{shown(identity)}' is there twice"
            if fault and len(faults) < 5:  # noqa: PLR2004 - enough to see what is wrong
                faults.append(_in_file(file, Fault(fault, line)))
    if faults:
        raise TableError(faults)
    if not rows:
        raise TableError([Fault(f"'{shown(str(seeds.source))}' holds no row")])
    columns = {name: tuple(row[at] for row in rows.values()) for at, name in enumerate(names)}
    parts = [_part(identity, row, names) for identity, row in rows.items()]
    return SeedData(tuple(rows), columns, digest=_digest(parts), unordered=_digest(sorted(parts)))


def counted(table: Table, columns: Sequence[str]) -> Counter[tuple[str, ...]]:
    """Return how many rows have each combination of the columns' values."""
    return Counter(zip(*(table.columns[name] for name in columns), strict=True))


def _wanting(seeds: Seeds, values: Mapping[str, str]) -> str:
    """Return what the row lacks; empty when it is whole."""
    if not values[seeds.text].strip():
        return f"no text in '{shown(seeds.text)}'"
    for name in (seeds.label, seeds.split, seeds.id):
        if name is not None and not values[name].strip():
            return f"no value in '{shown(name)}'"
    if seeds.id is not None and (len(values[seeds.id]) > _MOST_ID or not values[seeds.id].isprintable()):
        return f"the id in '{shown(seeds.id)}' is longer than {_MOST_ID} characters, or cannot be printed"
    return ""


def _in_file(name: str, fault: Fault) -> Fault:
    place = f"'{shown(name)}'" + (f", line {fault.line}" if fault.line else "")
    return Fault(f"{place}: {fault.message}", fault.line, fault.hint)


def _identity(row: Sequence[str]) -> str:
    data = json.dumps(row).encode()
    return hashlib.blake2b(data, digest_size=_ID // 2).hexdigest()


def _part(identity: str, row: Sequence[str], names: Sequence[str]) -> bytes:
    return hashlib.sha256(json.dumps([identity, sorted(zip(names, row, strict=True))]).encode()).digest()


def _digest(parts: Sequence[bytes]) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()
