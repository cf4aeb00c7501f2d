"""An adapter's weights laid over a model of `transformers`: safetensors, with settings that were checked."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from synth_datasets.errors import SettingsError
from synth_datasets.spec.adapters import CONFIG, WEIGHTS, Adapter, AdapterError, adapter_digest, lora_settings

__all__ = ["adapter_for", "merged", "with_lora"]


def adapter_for(digest: str | None, adapters: Collection[Adapter]) -> Adapter | None:
    """Return the adapter that a request names; raises `SettingsError` when the backend was opened without it."""
    if digest is None:
        return None
    for adapter in adapters:
        if adapter.digest == digest:
            return adapter
    raise SettingsError(f"no backend was opened with the adapter {digest[:12]}")


def merged(model: Any, adapter: Adapter) -> Any:  # noqa: ANN401 - transformers' own
    """Return the model with the adapter's weights added to its own, so that it is as fast as before.

    The settings that PEFT gets are those that were checked, not the file: the file could name code. Raises
    `SettingsError` without `peft`, without the weights, and when they are others than the spec's or another model's.
    """
    data = _weights(adapter)
    try:
        from peft import LoraConfig, set_peft_model_state_dict
        from safetensors import SafetensorError
        from safetensors.torch import load
    except ImportError as error:
        raise SettingsError(
            f"an adapter cannot be read ({error}): pip install 'synth-datasets[tune]'"
        ) from error
    settings = lora_settings((Path(adapter.folder) / CONFIG).read_text(encoding="utf-8"))
    try:
        laid = with_lora(model, LoraConfig(task_type="CAUSAL_LM", **settings))
        result = set_peft_model_state_dict(laid, load(data))
        if result.unexpected_keys or any("lora_" in key for key in result.missing_keys):
            raise ValueError("its tensors are not those of this model")
        return laid.merge_and_unload()
    except (ValueError, RuntimeError, SafetensorError) as error:
        raise SettingsError(
            f"the adapter {adapter.path} does not fit the model ({str(error).splitlines()[0]}): name the model that it "
            f"was made for, which its {CONFIG} tells"
        ) from error


def with_lora(model: Any, config: Any) -> Any:  # noqa: ANN401 - transformers' and PEFT's own
    """Return PEFT's model of these settings, whose weights change nothing yet."""
    import warnings

    from peft import get_peft_model

    with warnings.catch_warnings():
        # PEFT asks by a name that transformers has given up.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        return get_peft_model(model, config)


def _weights(adapter: Adapter) -> bytes:
    if not adapter.folder:
        raise SettingsError(
            f"the spec does not lie on this machine, and weights of its adapter {adapter.path} are not fetched from "
            "elsewhere; copy the spec and the adapter into a folder here, or replay stored answers (--offline)"
        )
    folder = Path(adapter.folder)
    try:
        data, config = (folder / WEIGHTS).read_bytes(), (folder / CONFIG).read_text(encoding="utf-8")
        found = adapter_digest(lora_settings(config), hashlib.sha256(data).hexdigest())
    except (OSError, ValueError, AdapterError) as error:
        raise SettingsError(
            f"the weights of the adapter {adapter.path} (digest {adapter.digest[:12]}) are not here ({error}): put "
            f"{WEIGHTS} into {folder}, or replay stored answers (--offline, synth rebuild)"
        ) from error
    if found != adapter.digest:
        raise SettingsError(f"{folder} has changed since the spec was read; run again")
    return data
