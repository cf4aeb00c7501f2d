"""Where a spec is asked, and how hard: what belongs to the person who runs it, never to the spec."""

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from synth_datasets.errors import SettingsError
from synth_datasets.prices import Price
from synth_datasets.setting_values import (
    MOST_BATCH_BYTES,
    MOST_BATCH_REQUESTS,
    BackendName,
    Dtype,
    read_value,
)
from synth_datasets.urls import base_url, is_url, public_url

__all__ = ["Settings", "load_settings"]

_PLACES = ("base_url", "endpoints")
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


def _lay_over(values: dict[str, object], level: Mapping[str, object]) -> None:
    if level.keys() & {*_PLACES}:
        for name in (*_PLACES, "endpoint_name"):
            values.pop(name, None)
    values.update(level)


def _key_is_for_another(settings: Settings) -> bool:
    """Whether the key is OpenAI's while some endpoint is neither OpenAI's nor the one set beside the key."""
    openai = _from_environment("OPENAI_")
    if "api_key" in _from_environment("SYNTH_") or settings.api_key != openai.get("api_key"):
        return False
    own = openai.get("base_url")
    with suppress(ValueError):  # a malformed one is nobody's
        own = base_url(str(own))
    return any(place != own and urlsplit(place).hostname != "api.openai.com" for place in settings.places)


def _from_environment(prefix: str) -> Mapping[str, object]:
    return {
        name: text
        for name, variables in _ENVIRONMENT.items()
        for variable in variables
        if variable.startswith(prefix) and (text := os.environ.get(variable, "").strip())
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
        return read_value(name, value)
    except ValueError as error:
        raise SettingsError(f"setting {name}: {error}") from error
