"""The rows of a build as a person judges them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import SettingsError
from synth_datasets.features import label_columns, text_columns, visible_columns
from synth_datasets.publishing.release import read_release
from synth_datasets.publishing.row_ids import read_row_ids, row_ids_paths
from synth_datasets.spec.model import DatasetSpec, FieldsColumn, PromptColumn
from synth_datasets.spec.review_file import fixable
from synth_datasets.spec.reviews import row_digest

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BuiltRow", "Judged", "built_rows", "judged_columns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltRow:
    """One stored row, classes by their names."""

    id: str
    split: str
    values: Mapping[str, object]
    digest: str
    """Of the judged columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What of a spec's rows is judged, and what may be done about it."""

    columns: tuple[str, ...]
    """Those whose values a decision names: the texts that models wrote, and the labels."""
    others: tuple[str, ...]
    """Stored columns that are shown beside them."""
    fixable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By column, the classes of a label and () for a text."""
    asked_again: tuple[str, ...] = ()
    """Columns that a model writes: one of them is asked again when a row is rejected."""


def judged_columns(spec: DatasetSpec) -> Judged:
    """Return what is judged of the spec's rows; raises `SettingsError` when no model writes anything that is stored."""
    wanted = {*text_columns(spec), *label_columns(spec)}
    stored = visible_columns(spec)
    written = [column for column in spec.columns if isinstance(column, PromptColumn | FieldsColumn)]
    if not written:
        raise SettingsError(f"{spec.name}: no model writes a column of it, so there is nothing to ask again")
    asked = [name for name in text_columns(spec) if name in stored]
    columns = tuple(name for name in stored if name in wanted)
    return Judged(
        columns=columns or stored,
        others=tuple(name for name in stored if columns and name not in wanted),
        fixable=fixable(spec.columns),
        asked_again=tuple(asked),
    )


def built_rows(folder: Path, judged: Judged) -> list[BuiltRow]:
    """Return every row of the build, in its order; some 2 kB a row in memory. Raises `SettingsError`."""
    release = read_release(folder)
    rows: list[BuiltRow] = []
    for split in release.splits:
        files = release.lock.files
        named = [folder / path for path in row_ids_paths(files, split)]
        if not named:
            raise SettingsError(
                f"{folder} does not say which row is which; build it again with `synth build`"
            )
        shards = release.shards[split]
        if not _count(shards) == _count(named) == release.splits[split]:
            raise SettingsError(f"{folder} holds other rows than it says, see `synth verify {folder}`")
        ids, values = read_row_ids(named) or [], _values(shards)
        if len(values) != len(ids) or (values and not values[0].keys() >= {*judged.columns, *judged.others}):
            raise SettingsError(f"{folder} was built from another spec; build it again with `synth build`")
        rows.extend(
            BuiltRow(id=row_id, split=split, values=row, digest=row_digest(row, judged.columns))
            for row_id, row in zip(ids, values, strict=True)
        )
    return rows


def _count(paths: Sequence[Path]) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in paths)


def _values(paths: Sequence[Path]) -> list[dict[str, object]]:
    import pyarrow.parquet as pq

    rows: list[dict[str, object]] = []
    for path in paths:
        table = pq.read_table(path)
        names = _class_names(table)
        rows += [
            {key: _named(value, names.get(key)) for key, value in row.items()} for row in table.to_pylist()
        ]
    return rows


def _class_names(table: "pa.Table") -> dict[str, list[str]]:
    from datasets import ClassLabel, Features

    features = Features.from_arrow_schema(table.schema)
    return {name: list(each.names) for name, each in features.items() if isinstance(each, ClassLabel)}


def _named(value: object, names: Sequence[str] | None) -> object:
    return names[value] if names is not None and isinstance(value, int) else value
