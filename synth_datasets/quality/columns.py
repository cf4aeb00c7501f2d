"""The columns that a report measures, out of an Arrow table or a `datasets.Dataset`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from synth_datasets.quality.clip import clip

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = ["Columns", "concatenate", "named", "read", "read_all", "shown", "take", "without", "worded"]

Label = int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """One split, or several one after the other."""

    rows: int
    texts: "Mapping[str, pa.ChunkedArray]"
    """By column; strings or nulls, still in Arrow's memory."""
    labels: Mapping[str, Sequence[Label]]


def read(
    table: "pa.Table | datasets.Dataset",
    text_columns: Sequence[str],
    label_columns: Mapping[str, Sequence[str]],
) -> Columns:
    """Return the named columns; raises KeyError for one that is missing, ValueError where text is none."""
    import pyarrow as pa

    names = [*text_columns, *label_columns]
    if missing := [name for name in names if name not in table.column_names]:
        raise KeyError(f"no column {', '.join(missing)}; there are {', '.join(table.column_names)}")
    # A Dataset's own table knows nothing of `select` and `shuffle`; reading through the Arrow format does.
    arrow = table if isinstance(table, pa.Table) else _arrow(table, names)
    return Columns(
        rows=len(table),
        texts={name: _text(name, arrow.column(name)) for name in text_columns},
        labels={name: cast("list[Label]", arrow.column(name).to_pylist()) for name in label_columns},
    )


def concatenate(
    parts: Sequence[Columns], text_columns: Sequence[str], label_columns: Mapping[str, Sequence[str]]
) -> Columns:
    """Return the rows of all parts in order."""
    import pyarrow as pa

    return Columns(
        rows=sum(part.rows for part in parts),
        texts={
            name: pa.chunked_array(
                [chunk for part in parts for chunk in part.texts[name].chunks], type=pa.large_string()
            )
            for name in text_columns
        },
        labels={name: [label for part in parts for label in part.labels[name]] for name in label_columns},
    )


def read_all(
    tables: "Mapping[str, pa.Table | datasets.Dataset]",
    text_columns: Sequence[str],
    label_columns: Mapping[str, Sequence[str]],
) -> Columns:
    """Return the rows of all tables in order; raises what `read` raises."""
    parts = [read(table, text_columns, label_columns) for table in tables.values()]
    return concatenate(parts, text_columns, label_columns)


def without(data: Columns, positions: Sequence[int]) -> Columns:
    """Return all rows but those at the positions."""
    import pyarrow as pa

    left = set(positions)
    kept = [row for row in range(data.rows) if row not in left]
    at = pa.array(kept, type=pa.int64())
    return Columns(
        rows=len(kept),
        texts={name: texts.take(at) for name, texts in data.texts.items()},
        labels={name: [labels[row] for row in kept] for name, labels in data.labels.items()},
    )


def take(texts: "pa.ChunkedArray", positions: Sequence[int]) -> list[str]:
    """Return the texts at ascending positions; a null is an empty text."""
    import pyarrow as pa

    chosen = texts if len(positions) == len(texts) else texts.take(pa.array(positions, type=pa.int64()))
    return [text or "" for text in chosen.to_pylist()]


def named(labels: Sequence[Label], names: Sequence[str]) -> list[str]:
    """Return class names; an empty one for a row without a label."""
    return [
        label if isinstance(label, str) else names[label] if label is not None and label >= 0 else ""
        for label in labels
    ]


def worded(
    tables: "Mapping[str, pa.Table | datasets.Dataset]", column: str, names: Sequence[str] | None
) -> list[str]:
    """Return a column of all tables as text: classes by name, and nothing for null."""
    import pyarrow as pa

    found: list[object] = []
    for table in tables.values():
        arrow = table if isinstance(table, pa.Table) else _arrow(table, [column])
        found += arrow.column(column).to_pylist()
    if names is not None:
        return named(cast("list[Label]", found), names)
    return ["" if value is None else str(value) for value in found]


def shown(
    table: "pa.Table | datasets.Dataset", position: int, label_columns: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return one row as text by column: classes by name, lists and numbers as JSON, all clipped."""
    import pyarrow as pa

    row = table.slice(position, 1).to_pylist()[0] if isinstance(table, pa.Table) else table[position]
    values: dict[str, str] = {}
    for column, value in row.items():
        if column in label_columns:
            values[column] = named([value], label_columns[column])[0]
        else:
            values[column] = clip(
                value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            )
    return values


def _arrow(dataset: "datasets.Dataset", names: Sequence[str]) -> "pa.Table":
    return cast("pa.Table", dataset.select_columns(list(names)).with_format("arrow")[:])


def _is_conversation(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_struct(
        kind.value_type
    ):
        return False
    return {field.name for field in kind.value_type} == {"role", "content"}


def _spoken(turns: Sequence[Mapping[str, str]] | None) -> str | None:
    """Return what the user and the assistant say; a system message may be the same in all rows."""
    if turns is None:
        return None
    return "\n".join(turn["content"] for turn in turns if turn["role"] != "system")


def _text(name: str, column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    import pyarrow as pa

    kind = column.type
    if _is_conversation(kind):
        return pa.chunked_array([pa.array(map(_spoken, column.to_pylist()), pa.large_string())])
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)):
        raise ValueError(f"column {name} holds {kind}, not text: leave it out of the text columns")
    return column.cast(pa.large_string())
