"""The JSON Schema that a structured answer must follow, derived from the declared fields.

Written for strict structured outputs (https://platform.openai.com/docs/guides/structured-outputs) and for
grammars made from a schema: an object of required properties in the order of the spec, nothing else, and no
string or list without an end, which small models would not find by themselves.
"""

import json
import math

from synth_datasets.spec.model import Field, FieldsColumn

__all__ = ["MAX_ITEMS", "MAX_STRING", "json_schema_of", "schema_text"]

MAX_STRING = 2000
"""Characters of a string without `max`."""
MAX_ITEMS = 32
"""Items of a list without `max`."""
_MAX_ENUM = 64


def json_schema_of(column: FieldsColumn) -> dict[str, object]:
    """Return the schema; up to 64 integers are listed, as grammars follow lists better than bounds."""
    return _mapping(column.fields)


def schema_text(column: FieldsColumn) -> str:
    """Return the schema as compact JSON, with properties in the order that the model shall fill them in."""
    return json.dumps(json_schema_of(column), ensure_ascii=False, separators=(",", ":"))


def _mapping(fields: tuple[Field, ...]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {field.key or field.name: _property(field) for field in fields},
        "required": [field.key or field.name for field in fields],
        "additionalProperties": False,
    }


def _property(field: Field) -> dict[str, object]:
    return _described(field) | _typed(field)


def _described(field: Field) -> dict[str, object]:
    return {"description": field.description} if field.description else {}


def _typed(field: Field) -> dict[str, object]:  # noqa: PLR0911 - one return a type
    match field.type:
        case "string":
            return {"type": "string"} | _sizes(field, "Length", MAX_STRING)
        case "list":
            items = {"type": "string", "maxLength": MAX_STRING}
            return {"type": "array", "items": items} | _sizes(field, "Items", MAX_ITEMS)
        case "objects":
            return {"type": "array", "items": _mapping(field.items)} | _sizes(field, "Items", MAX_ITEMS)
        case "integer":
            return {"type": "integer"} | _integers(field)
        case "number":
            return {"type": "number"} | _bounds(field.minimum, field.maximum)
        case "boolean":
            return {"type": "boolean"}
        case "classes":
            return {"type": "string", "enum": list(field.classes)}


def _sizes(field: Field, what: str, most: int) -> dict[str, object]:
    least = 0 if field.minimum is None else math.ceil(field.minimum)
    most = max(most, least) if field.maximum is None else math.floor(field.maximum)
    return {f"min{what}": least, f"max{what}": most} if least else {f"max{what}": most}


def _integers(field: Field) -> dict[str, object]:
    low = None if field.minimum is None else math.ceil(field.minimum)
    high = None if field.maximum is None else math.floor(field.maximum)
    if low is not None and high is not None and high - low < _MAX_ENUM:
        return {"enum": list(range(low, high + 1))}
    return _bounds(low, high)


def _bounds(low: float | None, high: float | None) -> dict[str, object]:
    return {name: value for name, value in (("minimum", low), ("maximum", high)) if value is not None}
