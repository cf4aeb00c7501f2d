"""Which type the values of each stored column have, and how Arrow keeps them; told without importing `datasets`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MOST_ROWS", "TEXT", "Each", "Label", "Plain", "Struct", "ValueType", "schema_of", "tables_of"]

MOST_ROWS = 1000
"""Of a table that `tables_of` yields."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A value of one of Arrow's types."""

    dtype: Literal["string", "int32", "int64", "float64", "bool"]


@dataclass(frozen=True, slots=True)
class Label:
    """One of some names, stored as its number (int64)."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """A list."""

    item: "ValueType"


@dataclass(frozen=True, slots=True)
class Struct:
    """Values by name, in this order."""

    fields: tuple[tuple[str, "ValueType"], ...]


ValueType = Plain | Label | Each | Struct

TEXT = Plain("string")


def schema_of(types: Mapping[str, ValueType]) -> "pa.Schema":
    """Return what `datasets` stores such columns as: the `arrow_schema` of their features, but for its metadata."""
    import pyarrow as pa

    return pa.schema([(name, _arrow_type(of)) for name, of in types.items()])


def tables_of(types: Mapping[str, ValueType], rows: Iterable[Mapping[str, object]]) -> "Iterator[pa.Table]":
    """Yield the rows as tables with these columns, two rows first and twice as many each time, up to 1000.

    Stores what `datasets.Features.encode_example` makes of the values of a spec's columns, a column at a time. Lazy.
    """
    import pyarrow as pa

    schema = schema_of(types)
    encoders = [(name, _encoder(of), schema.field(name).type) for name, of in types.items()]
    rows = iter(rows)
    size = 2
    while batch := list(islice(rows, size)):
        columns = [pa.array([encode(row[name]) for row in batch], type=of) for name, encode, of in encoders]
        yield pa.Table.from_arrays(columns, schema=schema)
        size = min(2 * size, MOST_ROWS)


def _arrow_type(of: ValueType) -> "pa.DataType":
    import pyarrow as pa

    match of:
        case Plain("bool"):
            return pa.bool_()
        case Plain():
            return pa.type_for_alias(of.dtype)
        case Label():
            return pa.int64()
        case Each():
            return pa.list_(_arrow_type(of.item))
        case Struct():
            return pa.struct([(name, _arrow_type(each)) for name, each in of.fields])


def _encoder(of: ValueType) -> Callable[[object], object]:
    """Return what makes of a value what Arrow takes; only real rows, which may know nothing of a column, hold None."""
    match of:
        case Plain("string"):
            return lambda value: None if value is None else str(value)
        case Plain("float64"):
            return lambda value: None if value is None else float(cast("float", value))
        case Plain():
            return lambda value: value
        case Label():
            numbers = {name: number for number, name in enumerate(of.names)}
            return lambda value: None if value is None else numbers[str(value)]
        case Each():
            item = _encoder(of.item)
            return lambda value: (
                None if value is None else [item(each) for each in cast("list[object]", value)]
            )
        case Struct():
            return _struct_encoder(of)


def _struct_encoder(of: Struct) -> Callable[[object], object]:
    parts = [(name, _encoder(each)) for name, each in of.fields]

    def encode(value: object) -> object:
        given = cast("dict[str, object] | None", value)
        return None if given is None else {name: part(given[name]) for name, part in parts}

    return encode
