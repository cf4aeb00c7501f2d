"""The filters a template may use; each bounds its result before it makes it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2.runtime import Context

__all__ = ["EACH", "MAX_TEXT", "NAMES", "WORK", "FilterError", "Work", "available", "items", "size", "text"]

MAX_TEXT = 200_000
"""Characters of any text that a template makes."""
WORK = "_work"
"""Where a rendering keeps its budget; templates cannot name it."""
EACH = "_each"
"""The filter that is put around the list of every loop; templates cannot name it."""

_CHARACTERS_PER_STEP = 100
_MAX_INDENT = 100
_MAX_DIGITS = 15


class FilterError(ValueError):
    """A filter does not fit its value, or its result would be too large."""


@dataclass(slots=True)
class Work:
    """What one rendering may still do, in visits of a node; `rate` is what one visit costs."""

    left: int
    rate: int

    def spend(self, steps: int) -> None:
        """Pay for `steps`, or raise `FilterError`."""
        self.left -= steps * self.rate
        if self.left < 0:
            raise FilterError("the template takes too long")


def size(value: object) -> int:
    """Return about how many characters the value prints."""
    if isinstance(value, str):
        return len(value)
    if (listed := items(value)) is not None:
        return sum(size(item) + 2 for item in listed)
    return 1 + value.bit_length() // 3 if isinstance(value, int) else 24


def items(value: object) -> Sequence[object] | None:
    """Return the value if it is a list or a tuple."""
    return value if isinstance(value, (list, tuple)) else None


def text(value: object) -> str:
    """Print a value the way templates do: a list as its items with commas in between."""
    if (listed := items(value)) is not None:
        return ", ".join(map(text, listed))
    if value is None:
        raise FilterError("a value is empty")
    return str(value)


def available() -> dict[str, Callable[..., object]]:
    """Return the filters by name, ready for a Jinja environment."""
    from jinja2 import pass_context

    def metered(function: Callable[..., object]) -> Callable[..., object]:
        @pass_context
        def call(context: "Context", value: object, *arguments: object) -> object:
            work = context[WORK]
            work.spend(1 + size(value) // _CHARACTERS_PER_STEP)
            try:
                result = function(value, *arguments)
            except TypeError as error:
                raise FilterError(f"filter {function.__name__.strip('_')} does not fit: {error}") from error
            work.spend(size(result) // _CHARACTERS_PER_STEP)
            return result

        return call

    @pass_context
    def each(context: "Context", value: object, steps: int) -> Iterator[object]:
        if (listed := items(value)) is None:
            raise FilterError("a loop needs a list")
        for item in listed:
            context[WORK].spend(steps)
            yield item

    return {name: metered(function) for name, function in _FILTERS.items()} | {EACH: each}


def _string(value: object) -> str:
    return _bounded(text(value))


def _bounded(value: str, length: int | None = None) -> str:
    if (len(value) if length is None else length) > MAX_TEXT:
        raise FilterError(f"a text would have more than {MAX_TEXT} characters")
    return value


def _items(value: object) -> Sequence[object]:
    listed = value if isinstance(value, str) else items(value)
    if listed is None:
        raise FilterError("a list or a text is needed")
    return listed


def _number(value: object, name: str, low: int, high: int) -> int:
    if not isinstance(value, int) or not low <= value <= high:
        raise FilterError(f"{name} must be a whole number from {low} to {high}")
    return value


def _lower(value: object) -> str:
    return _bounded(_string(value).lower())


def _upper(value: object) -> str:
    return _bounded(_string(value).upper())


def _title(value: object) -> str:
    return _bounded(" ".join(word[:1].upper() + word[1:].lower() for word in _string(value).split(" ")))


def _capitalize(value: object) -> str:
    return _bounded(_string(value).capitalize())


def _trim(value: object) -> str:
    return _string(value).strip()


def _replace(value: object, old: object, new: object) -> str:
    before, found, into = _string(value), _string(old), _string(new)
    if not found:
        raise FilterError("replace needs a text to look for")
    _bounded(before, len(before) + before.count(found) * (len(into) - len(found)))
    return before.replace(found, into)


def _join(value: object, separator: object = "") -> str:
    parts, between = [_string(item) for item in _items(value)], _string(separator)
    _bounded("", sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _length(value: object) -> int:
    return len(_items(value))


def _first(value: object) -> object:
    if not (listed := _items(value)):
        raise FilterError("there is no first item")
    return listed[0]


def _last(value: object) -> object:
    if not (listed := _items(value)):
        raise FilterError("there is no last item")
    return listed[-1]


def _default(value: object, otherwise: object = "") -> object:
    """Unlike Jinja's, for empty values: every name has a value here."""
    return otherwise if value in ("", [], ()) else value


def _round(value: object, digits: object = 0) -> float:
    if not isinstance(value, int | float):
        raise FilterError("round needs a number")
    return round(value, _number(digits, "digits", 0, _MAX_DIGITS) or None)


def _int(value: object) -> int:
    if not isinstance(value, str | int | float):
        raise FilterError("int needs a number or a text")
    return int(value)


def _float(value: object) -> float:
    return float(_string(value))


def _truncate(value: object, length: object = 255, end: object = "...") -> str:
    """Cut at a space where there is one; `length` counts the ending, as in Jinja."""
    whole, ending = _string(value), _string(end)
    most = _number(length, "length", len(ending), MAX_TEXT)
    if len(whole) <= most:
        return whole
    return whole[: most - len(ending)].rsplit(" ", 1)[0] + ending


def _wordcount(value: object) -> int:
    return len(_string(value).split())


def _indent(value: object, width: object = 4) -> str:
    whole = _string(value)
    spaces = " " * _number(width, "width", 0, _MAX_INDENT)
    lines = whole.split("\n")
    _bounded("", len(whole) + len(spaces) * len(lines))
    first, *rest = lines
    return "\n".join([first, *(spaces + line if line.strip() else line for line in rest)])


_FILTERS: dict[str, Callable[..., object]] = {
    "lower": _lower,
    "upper": _upper,
    "title": _title,
    "capitalize": _capitalize,
    "trim": _trim,
    "replace": _replace,
    "join": _join,
    "length": _length,
    "first": _first,
    "last": _last,
    "default": _default,
    "round": _round,
    "int": _int,
    "float": _float,
    "truncate": _truncate,
    "wordcount": _wordcount,
    "indent": _indent,
}
NAMES = frozenset(_FILTERS)
