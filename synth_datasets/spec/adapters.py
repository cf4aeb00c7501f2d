"""Adapters: LoRA weights that a model is asked with; their settings are data, checked key by key."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from synth_datasets.spec.problems import shown

__all__ = [
    "CARD",
    "CONFIG",
    "DIGEST",
    "TUNING",
    "WEIGHTS",
    "Adapter",
    "AdapterError",
    "adapter_digest",
    "lora_settings",
]

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
DIGEST = f"{WEIGHTS}.sha256"
"""Stands for the weights where these are not: what a release carries of them."""
TUNING, CARD = "tuning.json", "README.md"

_READ: Mapping[str, Callable[[object], bool]] = {
    "peft_type": lambda value: value == "LORA",
    "r": lambda value: type(value) is int and 0 < value <= 1_024,  # noqa: PLR2004 - beyond any that is trained
    "lora_alpha": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "target_modules": lambda value: isinstance(value, list) and bool(value) and all(map(_is_name, value)),
    "use_rslora": lambda value: isinstance(value, bool),
}
_UNREAD = frozenset(
    [
        *[
            "base_model_name_or_path",
            "revision",
            "task_type",
            "inference_mode",
            "lora_dropout",
            "peft_version",
        ],
        *["init_lora_weights", "auto_mapping", "megatron_core", "qalora_group_size"],
    ]
)
"""What changes nothing once the weights are there. Two of them name Python modules: none of these is ever followed."""


class AdapterError(ValueError):
    """The folder holds no adapter that can be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """LoRA weights that a model is asked with."""

    path: str
    """The folder, relative to the spec."""
    digest: str
    """64 hex digits of the settings and the weights: all that can change an answer."""
    folder: str = field(default="", compare=False)
    """Where it lies on this machine; empty for a spec that does not lie here."""


def lora_settings(config: str) -> dict[str, Any]:
    """Return the settings of LoRA in an `adapter_config.json`; raises `AdapterError` for what we would not obey.

    PEFT's other keys change the weights, or name files and Python modules to load: a stranger's must not.
    """
    try:
        given = json.loads(config)
    except (ValueError, RecursionError) as error:
        raise AdapterError(f"{CONFIG} is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise AdapterError(f"{CONFIG} is no JSON object")
    lacking = [name for name, fits in _READ.items() if name != "use_rslora" and not fits(given.get(name))]
    rslora = given.get("use_rslora", False)
    if lacking or not isinstance(rslora, bool):
        names = ", ".join(lacking or ["use_rslora"])
        raise AdapterError(
            f"{CONFIG}: {names}: not what can be read here, which is LoRA (`peft_type: LORA`, a rank, an alpha, and a "
            "list of module names)"
        )
    for name, value in given.items():
        if name not in _READ and name not in _UNREAD and value not in (None, False, [], {}, "", "none"):
            raise AdapterError(
                f"{CONFIG}: `{shown(name)}` is set, and only plain LoRA can be read; merge the adapter into its model "
                "with PEFT, and name the merged model"
            )
    return {
        "r": given["r"],
        "lora_alpha": given["lora_alpha"],
        "target_modules": sorted(given["target_modules"]),
        "use_rslora": rslora,
    }


def adapter_digest(settings: Mapping[str, Any], weights: str) -> str:
    """Return 64 hex digits of the settings that `lora_settings` gives and of the SHA-256 of the weights."""
    text = json.dumps({**settings, "weights": weights}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_name(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\w[\w.]{0,99}", value) is not None
