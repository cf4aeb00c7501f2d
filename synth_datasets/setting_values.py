"""What each setting may be, and how it is read from an option, a variable or the config file."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from synth_datasets.prices import read_prices
from synth_datasets.urls import public_url

__all__ = ["MOST_BATCH_BYTES", "MOST_BATCH_REQUESTS", "BackendName", "Dtype", "read_value"]

BackendName = Literal["auto", "openai", "embedded", "transformers", "vllm"]
Dtype = Literal["float32", "bfloat16", "float16"]

MOST_CONCURRENCY = 10_000
MOST_BATCH_REQUESTS = 50_000  # OpenAI's limits, for one input file
MOST_BATCH_BYTES = 200_000_000

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2


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
            return tuple(public_url(str(read_value("base_url", str(each).strip()))) for each in given)
        case "endpoints":
            return _places(value)
        case "base_url" | "endpoint_name":
            if urlsplit(str(value)).scheme not in ("http", "https") or not urlsplit(str(value)).hostname:
                raise ValueError("it must look like http://host:port/v1")
            return str(value)
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
        str(read_value("base_url", item)) if "://" in item else str(Path(item).expanduser().absolute())
        for item in each
    )


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    """Read a mapping, pairs, or lines of `Name: value`."""
    if isinstance(value, str):
        pairs = [line.partition(":")[::2] for line in value.splitlines() if line.strip()]
    else:
        pairs = [
            *(value.items() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ())
        ]
    read = tuple((str(name).strip(), str(text).strip()) for name, text in pairs)
    if not read or not all(
        _HEADER_NAME.fullmatch(name) and text.isprintable() and text for name, text in read
    ):
        raise ValueError("it must hold lines of `Name: value`, or a table of them in the config file")
    return read


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
