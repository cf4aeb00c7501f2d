"""Labelled rows from wherever they lie: a file of real ones, or the splits of a build."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from synth_datasets.errors import SettingsError
from synth_datasets.proof.spans import are_spans, is_list, tagged_words
from synth_datasets.spec.tables import TableError, read_table

if TYPE_CHECKING:
    import datasets

__all__ = ["LabelledRows", "read_rows", "rows_of", "tagged"]

SOURCES = frozenset({"real", "synthetic"})
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Texts with a class each, or words with a tag each."""

    name: str
    """Where they come from, for messages and plots."""
    inputs: tuple[Any, ...]
    """A text a row, or a tuple of words."""
    labels: tuple[Any, ...]
    """A class name a row, or a tuple of tags."""
    groups: tuple[str, ...] = ()
    """Which rows belong together, such as the sentences of one review; empty: none do."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: Sequence[int]) -> "LabelledRows":
        """Return these rows alone, in this order."""
        return LabelledRows(
            self.name,
            tuple(self.inputs[at] for at in places),
            tuple(self.labels[at] for at in places),
            tuple(self.groups[at] for at in places) if self.groups else (),
        )


def tagged(rows: LabelledRows) -> bool:
    """Whether the rows are words with tags."""
    return bool(rows.inputs) and not isinstance(rows.inputs[0], str)


def read_rows(path: Path, *, text: str, label: str, group: str | None = None) -> LabelledRows:
    """Read a CSV, TSV, JSON lines or Parquet file; rows without a text or a label are left out.

    Values of JSON lines and Parquet may be lists: words and their tags, or the mentions in a text. Raises
    `SettingsError`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    wanted = [name for name in dict.fromkeys((text, label, group)) if name is not None]
    try:
        columns: Mapping[str, Sequence[Any]] = read_table(path.name, data, wanted).columns
    except TableError as error:
        listed = _lists(path, data, wanted)
        if listed is None:
            raise SettingsError(f"{path}: {error}") from error
        columns = listed
    groups = columns[group] if group is not None else ()
    return rows_of(path.name, columns[text], columns[label], groups)


def rows_of(
    name: str, inputs: Sequence[Any], labels: Sequence[Any], groups: Sequence[Any] = ()
) -> LabelledRows:
    """Return the rows that have an input and a label; raises `SettingsError` when none has, or they do not fit.

    Texts with lists of mentions (`start`, `end`, `label`) become words with tags.
    """
    _check_kinds(name, inputs, labels)
    if are_spans(inputs, labels):
        inputs, labels = _as_words(name, inputs, labels)
    kept = _whole(inputs, labels)
    if not kept:
        raise SettingsError(f"{name}: no row has a text and a label")
    listed = is_list(inputs[kept[0]])
    if listed and (odd := [at for at in kept if len(inputs[at]) != len(labels[at])]):
        raise SettingsError(
            f"{name}: row {odd[0] + 1} has {len(inputs[odd[0]])} words and {len(labels[odd[0]])} tags"
        )
    return LabelledRows(
        name,
        tuple(tuple(inputs[at]) if listed else str(inputs[at]) for at in kept),
        tuple(tuple(map(str, labels[at])) if listed else str(labels[at]) for at in kept),
        tuple(str(groups[at]) for at in kept) if groups else (),
    )


def _whole(inputs: Sequence[Any], labels: Sequence[Any]) -> list[int]:
    return [at for at, (given, label) in enumerate(zip(inputs, labels, strict=True)) if given and _is(label)]


def _check_kinds(name: str, inputs: Sequence[Any], labels: Sequence[Any]) -> None:
    """Raise `SettingsError` where a column has lists in some rows alone, or words have no list of tags."""
    kept = _whole(inputs, labels)
    for what, values in (("input", inputs), ("label", labels)):
        first = {is_list(values[at]): at for at in reversed(kept)}
        if len(first) > 1:
            raise SettingsError(
                f"{name}: the {what} of row {first[True] + 1} is a list and that of row {first[False] + 1} is none "
                f"({values[first[False]]!r:.80}): all rows need a text and a class, words and their tags, or "
                "a text and a list of its mentions"
            )
    if kept and is_list(inputs[kept[0]]) and not is_list(labels[kept[0]]):
        raise SettingsError(
            f"{name}: row {kept[0] + 1} has words and no list of tags: found {labels[kept[0]]!r:.80}"
        )


def _as_words(name: str, texts: Sequence[Any], spans: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the words and the tags of each row; None where its mentions are not told."""
    words, tags = list[Any](), list[Any]()
    for row, (text, found) in enumerate(zip(texts, spans, strict=True), start=1):
        both = (None, None) if text is None or not is_list(found) else tagged_words(name, text, found, row)
        words.append(both[0])
        tags.append(both[1])
    return words, tags


def dataset_rows(rows: "datasets.Dataset", *, name: str, text: str, label: str) -> LabelledRows:
    """Return the synthetic rows of a dataset, classes and tags by name: those marked as real are left out.

    A column of texts that holds nothing but `real` and `synthetic` marks them, as `mix:` writes it.
    """
    for column in (text, label):
        if column not in rows.column_names:
            raise SettingsError(f"{name} has no column {column!r}; it has: {', '.join(rows.column_names)}")
    marks = next((values for values in _texts(rows, text, label) if set(values) == SOURCES), None)
    if marks is not None:
        kept = [at for at, mark in enumerate(marks) if mark == "synthetic"]
        rows = cast("datasets.Dataset", rows.select(kept))
    return rows_of(name, rows[text][:], _named(rows, label))


def _texts(rows: "datasets.Dataset", *taken: str) -> list[list[str]]:
    from datasets import Value

    return [
        rows[name][:]
        for name, feature in rows.features.items()
        if isinstance(feature, Value) and feature.dtype == "string" and name not in taken
    ]


def _named(rows: "datasets.Dataset", label: str) -> list[Any]:
    from datasets import ClassLabel, List

    feature, values = rows.features[label], rows[label][:]
    inner = feature.feature if isinstance(feature, List) else feature
    if isinstance(inner, Mapping) and isinstance(kind := inner.get("label"), ClassLabel):
        return [
            None if spans is None else [{**span, "label": kind.int2str(span["label"])} for span in spans]
            for spans in values
        ]
    if not isinstance(inner, ClassLabel):
        return values
    names = dict[object, str](enumerate(inner.names))
    if inner is feature:
        return [names.get(value) for value in values]
    return [None if value is None else [names.get(each, "O") for each in value] for value in values]


def _is(label: object) -> bool:
    return label is not None and label not in ("", (), [])


def _lists(path: Path, data: bytes, wanted: Sequence[str]) -> dict[str, list[Any]] | None:
    """Return columns that may hold lists; None when they do not, or the kind of file has none."""
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        try:
            records = [json.loads(line) for line in data.decode().splitlines() if line.strip()]
        except (ValueError, RecursionError):
            return None
        if not records or not all(isinstance(record, dict) for record in records):
            return None
        found = {name: [record.get(name) for record in records] for name in wanted}
    elif suffix == ".parquet":
        import pyarrow as pa

        try:
            from datasets import Dataset

            rows = Dataset.from_parquet(str(path), keep_in_memory=True)
            found = {name: _named(rows, name) for name in wanted if name in rows.column_names}
        except (pa.ArrowException, OSError, ValueError):
            return None
    else:
        return None
    if found.keys() != set(wanted):
        return None
    inputs, labels = (found[name] for name in wanted[:2])
    return found if any(map(is_list, inputs)) or are_spans(inputs, labels) else None
