"""Loads a causal language model of `transformers` onto this machine's device."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth_datasets.errors import SettingsError
from synth_datasets.generation.adapter_weights import merged
from synth_datasets.generation.checkpoint import checkpoint_of
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID
from synth_datasets.settings import Settings
from synth_datasets.spec.adapters import Adapter

__all__ = ["Loaded", "load_model", "where_it_lies"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to generate, with what belongs to it."""

    model: Any
    tokenizer: Any
    ends: frozenset[int]
    """Tokens that end an answer."""


def where_it_lies(model_id: str, settings: Settings) -> str:
    """Return the folder of `settings.model_path`, which stands for every id but the embedded model's, else the id."""
    if settings.model_path is None or model_id == EMBEDDED_MODEL_ID:
        return model_id
    return str(settings.model_path)


def load_model(
    model_id: str, revision: str | None, settings: Settings, adapter: Adapter | None = None
) -> Loaded:
    """Load safetensors, without running code from the Hub; takes as long as reading the weights.

    Without `settings.device` it is CUDA, MPS or the CPU, whichever is there first; without `settings.dtype` float32 on
    the CPU and the checkpoint's own elsewhere. An adapter is merged into the weights. Raises `SettingsError` when
    libraries, model or device are missing.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig
    except ImportError as error:
        raise SettingsError(
            f"the transformers backend cannot import its libraries ({error}): "
            "pip install 'synth-datasets[transformers]'"
        ) from error
    place = where_it_lies(model_id, settings)
    if place != model_id and not Path(place).is_dir():
        raise SettingsError(
            f"SYNTH_MODEL_PATH: there is no folder {place}; the transformers backend needs one"
        )
    place = checkpoint_of(place, settings)
    gpu = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else None
    device = settings.device or gpu or "cpu"
    dtype = settings.dtype or ("float32" if device == "cpu" else "auto")
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, revision=revision)
        # Pickled weights can run code; a model that a stranger's spec names must not.
        model = AutoModelForCausalLM.from_pretrained(
            place,
            revision=revision,
            dtype=dtype,
            attn_implementation=settings.attention,
            use_safetensors=True,
        )
    except (ImportError, OSError, ValueError) as error:
        raise SettingsError(
            f"transformers cannot load {place!r} as a causal language model: {error}"
        ) from error
    ends = _ends(model.generation_config, tokenizer)
    if adapter is not None:
        model = merged(model, adapter)
    # Emptied, because `generate` would fill what a call leaves open with sampling that no spec asked for.
    model.generation_config = GenerationConfig(pad_token_id=0)
    try:
        return Loaded(model.to(device).eval(), tokenizer, ends)
    except (AssertionError, RuntimeError) as error:  # the first: a torch that was built without CUDA
        raise SettingsError(
            f"{place} does not go onto the device {device!r} ({error}): choose another with --device"
        ) from error


def _ends(generation_config: Any, tokenizer: Any) -> frozenset[int]:  # noqa: ANN401 - transformers' own
    """Collect the tokens that end a turn."""
    named = generation_config.eos_token_id
    several = [*named] if isinstance(named, list) else [named]
    return frozenset(token for token in (*several, tokenizer.eos_token_id) if token is not None)
