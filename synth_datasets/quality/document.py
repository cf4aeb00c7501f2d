"""Frozen dataclasses to plain JSON values and back, checked against their annotations."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

__all__ = ["plain", "restore", "schema"]

T = TypeVar("T")

_JSON_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", types.NoneType: "null"}


def plain(value: object) -> Any:  # noqa: ANN401 - a JSON value
    """Return dicts, lists, numbers and strings; floats are rounded to 6 decimals."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def restore(kind: type[T], value: object, where: str = "report") -> T:
    """Build `kind` from what `plain` gave; raises ValueError that names the place that does not fit.

    Keys that `kind` does not know are passed over, so that a later version may add some.
    """
    return cast("T", _restore(kind, value, where))


def schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any annotation that a report uses
    """Return the JSON Schema of what `plain` gives for `kind`."""
    origin, arguments = get_origin(kind), get_args(kind)
    found: dict[str, Any]
    if dataclasses.is_dataclass(kind):
        fields = {name: schema(each) for name, each in _fields(kind).items()}
        said = (kind.__doc__ or "").partition("\n")[0]
        found = {"type": "object", "description": said, "properties": fields}
        found["required"] = [name for name in fields if name in _required(kind)]
    elif origin in {Union, types.UnionType}:
        found = {"anyOf": [schema(each) for each in arguments]}
    elif origin is Literal:
        found = {"enum": list(arguments)}
    elif origin is Mapping:
        found = {"type": "object", "additionalProperties": schema(arguments[1])}
    elif origin is tuple and arguments[-1] is Ellipsis:
        found = {"type": "array", "items": schema(arguments[0])}
    elif origin is tuple:
        found = {"type": "array", "prefixItems": [schema(each) for each in arguments], "items": False}
    else:
        found = {"type": _JSON_NAMES[kind]}
    return found


def _restore(kind: Any, value: Any, where: str) -> object:  # noqa: ANN401 - annotations and JSON
    origin, arguments = get_origin(kind), get_args(kind)
    found: object
    if origin in {Union, types.UnionType}:
        inner = next(each for each in arguments if each is not types.NoneType)
        found = None if value is None else _restore(inner, value, where)
    elif origin is Literal:
        found = _expect(value in arguments, value, f"one of {', '.join(map(str, arguments))}", where)
    elif dataclasses.is_dataclass(kind):
        _expect(isinstance(value, dict), value, "an object", where)
        found = _object(cast("type", kind), value, where)
    elif origin is Mapping:
        _expect(isinstance(value, dict), value, "an object", where)
        found = {key: _restore(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    elif origin is tuple:
        _expect(isinstance(value, list), value, "a list", where)
        found = _items(arguments, value, where)
    elif kind is float and type(value) is int:
        found = float(value)
    else:
        found = _expect(type(value) is kind, value, _JSON_NAMES[kind], where)
    return found


def _items(kinds: tuple[Any, ...], value: list[object], where: str) -> tuple[object, ...]:
    kinds = kinds[:1] * len(value) if kinds[-1] is Ellipsis else kinds
    _expect(len(kinds) == len(value), value, f"{len(kinds)} items", where)
    return tuple(
        _restore(kind, item, f"{where}[{position}]")
        for position, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _object(kind: type, value: Mapping[str, object], where: str) -> object:
    fields = _fields(kind)
    if missing := _required(kind) - value.keys():
        raise ValueError(f"{where}: {', '.join(sorted(missing))} is missing")
    given = {name: each for name, each in fields.items() if name in value}
    return kind(**{name: _restore(each, value[name], f"{where}.{name}") for name, each in given.items()})


def _required(kind: Any) -> set[str]:  # noqa: ANN401 - annotations
    """Return the fields that have no default: those that came later have one, so that older reports stay readable."""
    return {field.name for field in dataclasses.fields(kind) if field.default is dataclasses.MISSING}


def _fields(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - annotations
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _expect(fits: bool, value: object, expected: str, where: str) -> object:
    if not fits:
        raise ValueError(f"{where}: expected {expected}, found {str(value)[:60]!r}")
    return value
