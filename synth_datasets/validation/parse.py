"""From a structured answer to the values of its fields: strict JSON, else what is read without guessing."""

import json
import math
import re
from collections.abc import Mapping

from synth_datasets.spec.model import Field
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.reasons import Reason

__all__ = ["field_values", "is_complete", "parse_object"]

_MOST_REPAIRED = 16_384
"""Characters of an answer that may be repaired; answers are short, and a repair takes its time."""
_MOST_BRACES = 64
_INT64 = 2**63
_SEPARATORS = re.compile(r"[\s_-]+")
_DECODER = json.JSONDecoder()


def is_complete(text: str) -> bool:
    """Whether the text is one whole JSON object and nothing else."""
    return isinstance(_loads(text), dict)


def parse_object(text: str) -> dict[str, object] | Verdict:
    """Return the one JSON object that the text holds: alone, in a code fence, amid chat, or slightly broken.

    Only an object with its closing brace is repaired, and a repair that leaves a value empty counts as having
    no value: nothing is made up.
    """
    found = _loads(text)
    if found is not None:
        return _object(found)
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return Verdict(Reason.UNPARSABLE, f"no JSON object in {_short(text)}")
    within = text[begin : end + 1]
    try:
        found, stop = _DECODER.raw_decode(within)
    except (ValueError, RecursionError):
        return _repaired(within)
    if "{" in within[stop:]:
        return Verdict(Reason.WRONG_SHAPE, "more than one JSON object")
    return _object(found)


def field_values(fields: tuple[Field, ...], found: Mapping[str, object]) -> dict[str, object] | Verdict:
    """Return the value of every field, or the first field's fault; keys that no field has are left out."""
    values: dict[str, object] = {}
    for field in fields:
        key = field.key or field.name
        if key not in found:
            return Verdict(Reason.WRONG_SHAPE, f"{key} is missing")
        value = _value(field, found[key])
        if isinstance(value, Verdict):
            return value
        values[field.name] = value
    return values


def _loads(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # also a number of thousands of digits
        return None


def _object(found: object) -> dict[str, object] | Verdict:
    if isinstance(found, dict):
        return found
    return Verdict(Reason.WRONG_SHAPE, f"a JSON {_kind(found)} instead of an object")


def _repaired(text: str) -> dict[str, object] | Verdict:
    from json_repair import repair_json

    broken = Verdict(Reason.UNPARSABLE, f"no valid JSON: {_short(text)}")
    if len(text) > _MOST_REPAIRED or text.count("{") + text.count("[") > _MOST_BRACES:
        return broken
    try:
        found = repair_json(text, return_objects=True, skip_json_loads=True)
    except (ValueError, RecursionError, IndexError):
        return broken
    if not isinstance(found, dict):
        return broken
    return {name: value for name, value in found.items() if value not in ("", None) and value != []}


def _value(field: Field, value: object) -> object:  # noqa: PLR0911 - one return a type
    match field.type, value:
        case "string", str():
            return _string(field, value)
        case (("integer" | "number"), bool()):
            pass
        case "integer", int():
            return _in_range(field, value)
        case (("integer" | "number"), (int() | float())):
            return _number(field, value)
        case "boolean", bool():
            return value
        case "classes", (str() | int()) if not isinstance(value, bool):
            return _label(field, str(value))
        case "list", list():
            return _list(field, value)
        case "objects", list():
            return _objects(field, value)
    wanted = {"classes": "a label", "list": "a list of strings", "objects": "a list of mappings"}.get(
        field.type, f"a {field.type}"
    )
    return Verdict(Reason.WRONG_SHAPE, f"{field.name} is a {_kind(value)}, {wanted} is asked for")


def _string(field: Field, value: str) -> str | Verdict:
    text = value.strip()
    if not text:
        return Verdict(Reason.EMPTY, f"{field.name} is empty")
    return _sized(field, len(text), "characters") or text


def _list(field: Field, value: list[object]) -> list[str] | Verdict:
    items = [item.strip() for item in value if isinstance(item, str)]
    if len(items) != len(value) or not all(items):
        return Verdict(Reason.WRONG_SHAPE, f"{field.name} holds items that are no text")
    return _sized(field, len(items), "items") or items


def _objects(field: Field, value: list[object]) -> list[dict[str, object]] | Verdict:
    found: list[dict[str, object]] = []
    for number, item in enumerate(value, 1):
        values = field_values(field.items, item) if isinstance(item, dict) else None
        if isinstance(values, Verdict):
            return Verdict(values.reason, f"item {number}: {values.detail}")
        if values is None:
            return Verdict(Reason.WRONG_SHAPE, f"item {number} is a {_kind(item)}, a mapping is asked for")
        found.append(values)
    return _sized(field, len(found), "items") or found


def _number(field: Field, value: float) -> int | float | Verdict:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        return Verdict(Reason.OUT_OF_RANGE, f"{field.name} is no finite number")
    if field.type == "number":
        return _in_range(field, number)
    if not number.is_integer():
        return Verdict(Reason.WRONG_SHAPE, f"{field.name} is {number:g}, an integer is asked for")
    return _in_range(field, int(number))


def _in_range(field: Field, value: float) -> int | float | Verdict:
    if field.minimum is not None and value < field.minimum:
        return Verdict(
            Reason.OUT_OF_RANGE, f"{field.name} is {_digits(value)}, at least {field.minimum:g} is asked for"
        )
    if field.maximum is not None and value > field.maximum:
        return Verdict(
            Reason.OUT_OF_RANGE, f"{field.name} is {_digits(value)}, at most {field.maximum:g} is asked for"
        )
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return Verdict(Reason.OUT_OF_RANGE, f"{field.name} does not fit into 64 bits")
    return value


def _label(field: Field, text: str) -> str | Verdict:
    """Return the class: as written, else regardless of case and separators where only one fits."""
    if text in field.classes:
        return text
    plain = _plain(text)
    fits = [label for label in field.classes if _plain(label) == plain]
    if len(fits) == 1:
        return fits[0]
    return Verdict(
        Reason.UNKNOWN_LABEL, f"{field.name} is {_short(text)}, none of {', '.join(field.classes)[:200]}"
    )


def _plain(label: str) -> str:
    return _SEPARATORS.sub(" ", label).strip().casefold()


def _sized(field: Field, size: int, unit: str) -> Verdict | None:
    if field.minimum is not None and size < field.minimum:
        return Verdict(
            Reason.TOO_SHORT, f"{field.name} has {size} {unit}, at least {field.minimum:g} are asked for"
        )
    if field.maximum is not None and size > field.maximum:
        return Verdict(
            Reason.TOO_LONG, f"{field.name} has {size} {unit}, at most {field.maximum:g} are asked for"
        )
    return None


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
        case _:
            return "mapping"


def _digits(value: float) -> str:
    return _short(
        f"{value:g}" if isinstance(value, float) else hex(value) if abs(value) >= _INT64 else str(value)
    )


def _short(text: str) -> str:
    plain = " ".join(text[:200].split())
    return repr(plain if len(plain) <= 60 else f"{plain[:60]}…")  # noqa: PLR2004 - a line's worth
