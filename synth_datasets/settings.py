"""Where a spec is asked, and how hard: what belongs to the person who runs it, never to the spec."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from synth_datasets.errors import SettingsError
from synth_datasets.prices import Price, read_prices

__all__ = ["BackendName", "Settings", "is_url", "load_settings", "public_url"]

BackendName = Literal["auto", "openai", "embedded", "transformers", "vllm"]
Dtype = Literal["float32", "bfloat16", "float16"]

MOST_CONCURRENCY = 10_000
MOST_BATCH_REQUESTS = 50_000  # OpenAI's limits, for one input file
MOST_BATCH_BYTES = 200_000_000

_PLACES = ("base_url", "endpoints")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2

_ENVIRONMENT = {
    "base_url": ("SYNTH_BASE_URL", "OPENAI_BASE_URL"),
    "endpoints": ("SYNTH_ENDPOINTS",),
    "endpoint_name": ("SYNTH_ENDPOINT_NAME",),
    "api_key": ("SYNTH_API_KEY", "OPENAI_API_KEY"),
    "headers": ("SYNTH_HEADERS",),
    "backend": ("SYNTH_BACKEND",),
    "concurrency": ("SYNTH_CONCURRENCY",),
    "timeout_s": ("SYNTH_TIMEOUT",),
    "store": ("SYNTH_STORE",),
    "model_path": ("SYNTH_MODEL_PATH",),
    "device": ("SYNTH_DEVICE",),
    "dtype": ("SYNTH_DTYPE",),
    "attention": ("SYNTH_ATTENTION",),
    "batch": ("SYNTH_BATCH",),
    "batch_requests": ("SYNTH_BATCH_REQUESTS",),
    "batch_bytes": ("SYNTH_BATCH_BYTES",),
    "batch_poll_s": ("SYNTH_BATCH_POLL",),
    "batch_price": ("SYNTH_BATCH_PRICE",),
    "max_cost": ("SYNTH_MAX_COST",),
    "max_requests": ("SYNTH_MAX_REQUESTS",),
    "max_total_tokens": ("SYNTH_MAX_TOTAL_TOKENS",),
    "rpm": ("SYNTH_RPM",),
    "tpm": ("SYNTH_TPM",),
    "allow_endpoint": ("SYNTH_ALLOW_ENDPOINT",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to reach the model; nothing here may change what a row asks, and nothing here is written to a dataset."""

    backend: BackendName = "auto"
    """`auto`: the embedded model for its own id, otherwise an OpenAI-compatible endpoint."""
    base_url: str | None = None
    """None: OpenAI's own endpoint, unless there are `endpoints`."""
    endpoints: tuple[str, ...] = ()
    """Replicas of one model beside `base_url`: base URLs, or files with one a line, read again when they change."""
    endpoint_name: str | None = None
    """A URL that stands for all replicas wherever it is written down who was asked; nobody connects to it."""
    api_key: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Names and values that go with every request, beside or in place of the client's own; secret like the key."""
    concurrency: int | None = None
    """Requests in flight, at all replicas together; None lets the backend choose."""
    timeout_s: float = 120.0
    """For one request, from sending it to its last byte."""
    store: Path | None = None
    """The file that keeps the answers; None: `synth_datasets/answers.sqlite` in the user's cache directory."""
    model_path: Path | None = None
    """Weights for the embedded model, instead of the installed package's; a folder for `transformers` and `vllm`."""
    device: str | None = None
    """Where `transformers` runs a model: `cpu`, `cuda`, `cuda:1`, `mps`; None: the first of CUDA, MPS, CPU."""
    dtype: Dtype | None = None
    """Of a local model's weights; None: the checkpoint's own, and float32 on the CPU."""
    attention: str | None = None
    """How `transformers` computes attention: `sdpa`, `eager`, `flash_attention_2`; None lets it choose."""
    batch: bool = False
    """Ask an OpenAI-compatible endpoint through its batch API: half the price, answers within a day."""
    batch_requests: int = MOST_BATCH_REQUESTS
    """The most requests of one batch."""
    batch_bytes: int = MOST_BATCH_BYTES
    """The largest input file of one batch."""
    batch_poll_s: float = 60.0
    """The longest time between two looks at the batches; the first ones follow sooner."""
    batch_price: Decimal = Decimal("0.5")
    """What part of its price a model has in a batch."""
    prices: Mapping[str, Price] = field(default_factory=dict, hash=False)
    """By model id; a model without an entry has no known price."""
    currency: str = ""
    """Of the prices and of `max_cost`; any text, only shown."""
    max_cost: Decimal | None = None
    """Money that one run may spend; needs a price for every model that is asked."""
    max_requests: int | None = None
    """Requests that one run may send, retries included; those that are refused do not count."""
    max_total_tokens: int | None = None
    """Tokens that one run may use, of prompts and answers together."""
    rpm: int | None = None
    """Requests in any minute; None: as many as the endpoint takes."""
    tpm: int | None = None
    """Tokens in any minute, of prompts and answers together."""
    allow_endpoint: tuple[str, ...] = ()
    """Endpoints that a spec which does not lie on this machine may ask; one that is named for a run is among them."""

    @property
    def places(self) -> tuple[str, ...]:
        """Where the endpoint is: URLs, and paths of files that hold some; empty for OpenAI's own."""
        return (*((self.base_url,) if self.base_url else ()), *self.endpoints)

    @property
    def store_path(self) -> Path:
        """The file that keeps the answers."""
        if self.store is not None:
            return self.store
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(cache) / "synth_datasets" / "answers.sqlite"


def load_settings(options: Mapping[str, object] | None = None) -> Settings:
    """Combine `options` (those not None), the environment and the user's config file, in this order of strength.

    The file is `~/.config/synth_datasets/config.toml` (`XDG_CONFIG_HOME` and `SYNTH_CONFIG` are honoured), with
    the names of `Settings` as keys. `OPENAI_API_KEY` goes to OpenAI or to `OPENAI_BASE_URL` and to nobody else: for
    another endpoint set `SYNTH_API_KEY`. Whoever says where (`base_url`, `endpoints`) says it alone: what is weaker has
    no part in it. A place among the options is named for this run, so that any spec may ask there. Raises
    `SettingsError` for an unknown or malformed value.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None and value != ()}
    values: dict[str, object] = {}
    for level in (_from_file(), _from_environment("OPENAI_"), _from_environment("SYNTH_")):
        _lay_over(values, level)
    at = [values.get(name) for name in _PLACES]
    _lay_over(values, given)
    if [values.get(name) for name in _PLACES] != at and "headers" not in given:
        values.pop("headers", None)  # they are meant for the endpoint beside which they are set
    settings = _settings(values)
    if _key_is_for_another(settings):
        settings = replace(settings, api_key=None)
    if given.keys() & {*_PLACES}:
        named = [public_url(place) if is_url(place) else place for place in settings.places]
        settings = replace(settings, allow_endpoint=(*settings.allow_endpoint, *named))
    return settings


def is_url(place: str) -> bool:
    """Whether a place is an endpoint's URL; otherwise it is the path of a file."""
    return place.startswith(("http://", "https://"))


def public_url(url: str) -> str:
    """Return the URL without credentials, query or final slash: what may be shown, stored and hashed."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _lay_over(values: dict[str, object], level: Mapping[str, object]) -> None:
    if level.keys() & {*_PLACES}:
        for name in (*_PLACES, "endpoint_name"):
            values.pop(name, None)
    values.update(level)


def _key_is_for_another(settings: Settings) -> bool:
    """Whether the key is OpenAI's while some endpoint is neither OpenAI's nor the one set beside the key."""
    if os.environ.get("SYNTH_API_KEY") or settings.api_key != os.environ.get("OPENAI_API_KEY"):
        return False
    own = os.environ.get("OPENAI_BASE_URL")
    return any(place != own and urlsplit(place).hostname != "api.openai.com" for place in settings.places)


def _from_environment(prefix: str) -> Mapping[str, object]:
    return {
        name: text
        for name, variables in _ENVIRONMENT.items()
        for variable in variables
        if variable.startswith(prefix) and (text := os.environ.get(variable))
    }


def _from_file() -> Mapping[str, object]:
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = Path(os.environ.get("SYNTH_CONFIG") or base / "synth_datasets" / "config.toml")
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: not readable as TOML: {error}") from error


def _settings(values: Mapping[str, object]) -> Settings:
    known = {item.name for item in fields(Settings)}
    if unknown := sorted(values.keys() - known):
        raise SettingsError(f"unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return Settings(**{name: _value(name, value) for name, value in values.items()})  # type: ignore[arg-type]


def _value(name: str, value: object) -> object:
    try:
        return _parse(name, value)
    except ValueError as error:
        raise SettingsError(f"setting {name}: {error}") from error


def _parse(name: str, value: object) -> object:  # noqa: C901, PLR0911, PLR0912 - a table
    match name:
        case "backend":
            return _one_of(value, get_args(BackendName))
        case "dtype":
            return _one_of(value, get_args(Dtype))
        case "allow_endpoint":
            given = value.split(",") if isinstance(value, str) else value
            if not isinstance(given, Sequence):
                raise ValueError("it must be a URL, or a list of them")  # noqa: TRY004 - told with the setting's name
            return tuple(public_url(str(_parse("base_url", str(each).strip()))) for each in given)
        case "endpoints":
            return _places(value)
        case "base_url" | "endpoint_name":
            if urlsplit(str(value)).scheme not in ("http", "https") or not urlsplit(str(value)).hostname:
                raise ValueError("it must look like http://host:port/v1")
            return str(value)
        case "headers":
            return _headers(value)
        case "concurrency":
            number = int(str(value))
            if not 1 <= number <= MOST_CONCURRENCY:
                raise ValueError(f"{number} is not between 1 and {MOST_CONCURRENCY}")
            return number
        case "batch":
            return _flag(value)
        case "batch_requests" | "batch_bytes":
            number = int(str(value))
            most = MOST_BATCH_REQUESTS if name == "batch_requests" else MOST_BATCH_BYTES
            if not 1 <= number <= most:
                raise ValueError(f"{number} is not between 1 and {most}")
            return number
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
        str(_parse("base_url", item)) if "://" in item else str(Path(item).expanduser().absolute())
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
