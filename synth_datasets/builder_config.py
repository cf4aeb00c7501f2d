"""What `load_dataset("synth", ...)` takes, and what it refuses before anything else is done."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches

import datasets

from synth_datasets.errors import SettingsError
from synth_datasets.settings import Settings, load_settings

__all__ = ["OVERRIDES", "SynthConfig", "refuse_settings", "refuse_unknown", "settings_of"]

OVERRIDES = ("num_examples", "model", "seed", "temperature", "max_tokens", "attempts")
"""Options that replace what the spec says."""
_SETTINGS = (
    *("backend", "base_url", "endpoints", "endpoint_name", "concurrency", "timeout_s", "store", "model_path"),
    *("max_cost", "max_requests", "max_total_tokens", "rpm", "tpm", "batch", "allow_endpoint"),
)
_FEWER = ("num_rows", "rows", "n", "limit", "num_samples", "max_samples")
"""What others call `num_examples`."""


@dataclass
class SynthConfig(datasets.BuilderConfig):
    """What `load_dataset("synth", ...)` takes beside `data_files`.

    The first six replace what the spec says, the next fifteen say where it is asked and what may be spent on it (see
    `synth_datasets.settings`; a cap holds for one build, or for one pass over a stream), and
    `keep_short` accepts a split with fewer rows than asked for instead of raising `ShortfallError`. `offline` asks
    nobody: what the store does not hold is counted and raised as `AnswerMissingError`.
    """

    num_examples: int | dict[str, int] | None = None
    model: str | None = None
    seed: int | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    attempts: int | None = None
    backend: str | None = None
    base_url: str | None = None
    endpoints: str | list[str] | None = None
    endpoint_name: str | None = None
    concurrency: int | None = None
    timeout_s: float | None = None
    store: str | None = None
    model_path: str | None = None
    max_cost: float | str | None = None
    max_requests: int | None = None
    max_total_tokens: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    batch: bool | None = None
    allow_endpoint: str | None = None
    keep_short: bool = False
    offline: bool = False


def settings_of(config: SynthConfig) -> Settings:
    """Return where the options, the environment and the config file say that it is asked."""
    return load_settings({name: getattr(config, name) for name in _SETTINGS})


def refuse_settings(config: SynthConfig, options: Mapping[str, object]) -> None:
    """Raise `SettingsError` for settings that a README's `configs` bring: where it is asked is the reader's to say."""
    own = (*_SETTINGS, "keep_short", "offline")
    given = [name for name in own if getattr(config, name) not in (None, False, ()) and not options.get(name)]
    if given:
        raise SettingsError(
            f"the README beside the spec sets {', '.join(given)} in its `configs`, which only you may: read it, then "
            f"pass what you mean yourself ({given[0]}=...)"
        )


def refuse_unknown(options: Mapping[str, object]) -> None:
    """Raise `SettingsError` for an option that there is not, and name the one that was meant."""
    known = [item.name for item in fields(SynthConfig)]
    for name in options:
        if name not in known:
            close = ["num_examples"] if name in _FEWER else get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise SettingsError(
                f"unknown option {name!r}{hint} The spec's values that can be replaced are {', '.join(OVERRIDES)}; "
                f"where it is asked is said by {', '.join(_SETTINGS)}"
            )
