"""What each setting may be, and how it is read from an option, a variable or the config file."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, get_args

from synth_datasets.prices import read_prices
from synth_datasets.urls import base_url, public_url

__all__ = ["MOST_BATCH_BYTES", "MOST_BATCH_REQUESTS", "BackendName", "Dtype", "header_value", "read_value"]

BackendName = Literal["auto", "openai", "embedded", "transformers", "vllm"]
Dtype = Literal["float32", "bfloat16", "float16"]

MOST_CONCURRENCY = 10_000
MOST_BATCH_REQUESTS = 50_000  # OpenAI's limits, for one input file
MOST_BATCH_BYTES = 200_000_000

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2
_FRAMING = frozenset({"content-length", "expect", "transfer-encoding"})
"""Headers that say how a request is sent; another value would make it hang or break."""
_HEADERS = "The setting holds lines of `Name: value`, or is a table of them in the config file"


def read_value(name: str, value: object) -> object:  # noqa: C901, PLR0911, PLR0912 - a table
    """Return the setting's value from a text, or from what TOML or Python holds; `ValueError` says what it must be."""
    match name:
        case "backend":
            return _one_of(value, get_args(BackendName))
        case "dtype":
            return _one_of(value, get_args(Dtype))
        case "allow_endpoint":
            given = value.split(",") if isinstance(value, str) else value
            if not isinstance(given, Sequence):
                raise ValueError("it must be a URL, or a list of them")  # noqa: TRY004 - told with the setting's name
            return tuple(public_url(base_url(str(each))) for each in given)
        case "endpoints":
            return _places(value)
        case "base_url" | "endpoint_name":
            return base_url(str(value))
        case "api_key":
            return _key(value)
        case "headers":
            return _headers(value)
        case "concurrency":
            return _up_to(MOST_CONCURRENCY, value)
        case "batch":
            return _flag(value)
        case "batch_requests":
            return _up_to(MOST_BATCH_REQUESTS, value)
        case "batch_bytes":
            return _up_to(MOST_BATCH_BYTES, value)
        case "batch_price":
            return _money(value)
        case "timeout_s" | "batch_poll_s":
            seconds = float(str(value))
            if not seconds > 0:
                raise ValueError(f"{seconds:g} is not above 0")
            return seconds
        case "store" | "model_path":
            return Path(str(value)).expanduser()
        case "prices":
            return read_prices(value)
        case "max_cost":
            return _money(value)
        case "max_requests" | "max_total_tokens":
            return _at_least(0, value)
        case "rpm" | "tpm":
            return _at_least(1, value)
        case _:
            return str(value)


def _places(value: object) -> tuple[str, ...]:
    """Read URLs and paths of files: a list, or a text with commas."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, Sequence) or not given:
        raise ValueError("it must be URLs such as http://host:port/v1, or files that hold one a line")
    each = [str(item).strip() for item in given]
    return tuple(
        base_url(item) if "://" in item else str(Path(item).expanduser().absolute()) for item in each
    )


def header_value(text: str) -> str:
    """Return the text as a header can carry it, without space around it; `ValueError` says what stands against it."""
    value = text.strip()
    for place, letter in enumerate(value, start=1):
        if not " " <= letter <= "~":
            called = "a line break" if letter in "\r\n" else unicodedata.name(letter, "a control character")
            raise ValueError(
                f"its character {place} is {called} (U+{ord(letter):04X}), which no header can carry"
            )
    return value


def _key(value: object) -> str:
    try:
        return header_value(str(value))
    except ValueError as error:
        raise ValueError(f"{error}; copy the key anew, alone and in one line") from None


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    """Read a mapping, pairs, or lines of `Name: value`; messages repeat neither, since either may be the secret."""
    if isinstance(value, str):
        pairs = [line.partition(":")[::2] for line in value.splitlines() if line.strip()]
    else:
        pairs = [
            *(value.items() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ())
        ]
    if not pairs:
        raise ValueError(_HEADERS)
    return tuple(
        _header(number, str(name).strip(), str(text)) for number, (name, text) in enumerate(pairs, start=1)
    )


def _header(number: int, name: str, text: str) -> tuple[str, str]:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(
            f"header {number} has a name that HTTP does not know: letters, digits and hyphens. {_HEADERS}"
        )
    if name.lower() in _FRAMING:
        raise ValueError(f"header {number} is {name}, which each request sets itself; leave it out")
    try:
        value = header_value(text)
    except ValueError as error:
        raise ValueError(f"the value of header {number}: {error}. {_HEADERS}") from None
    if not value:
        raise ValueError(f"header {number} has no value. {_HEADERS}")
    return name, value


def _one_of(value: object, names: Sequence[str]) -> object:
    if value not in names:
        raise ValueError(f"{value!r} is not one of {', '.join(names)}")
    return value


def _up_to(most: int, value: object) -> int:
    number = int(str(value))
    if not 1 <= number <= most:
        raise ValueError(f"{number} is not between 1 and {most}")
    return number


def _at_least(least: int, value: object) -> int:
    number = int(str(value))
    if number < least:
        raise ValueError(f"{number} is below {least}")
    return number


def _money(value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no amount of money") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{value!r} is no amount of money")
    return amount


def _flag(value: object) -> bool:
    match str(value).lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
        case _:
            raise ValueError(f"{value!r} is neither true nor false")
