"""The embedded model's weights as a checkpoint of `transformers`, converted once and kept in the user's cache."""

import os
import shutil
import tempfile
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, WEIGHTS_SHA256, find_weights
from synth_datasets.settings import Settings

__all__ = ["checkpoint_of"]

_LAST = "model.safetensors"


def checkpoint_of(model_id: str, settings: Settings) -> str:
    """Return what `from_pretrained` is given for a model: its id or folder, or that of the converted embedded model.

    Its 4-bit weights are unpacked to float32: 538 MB in the cache, some 20 CPU seconds the first time. Nothing is
    trained or rounded, so the checkpoint says what the GGUF says. Raises `SettingsError` without `gguf` or the weights.
    """
    if model_id != EMBEDDED_MODEL_ID:
        return model_id
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "synth_datasets" / "checkpoints" / f"{EMBEDDED_MODEL_ID}-{WEIGHTS_SHA256[:12]}"
    if not (folder / _LAST).is_file():
        weights = find_weights(settings)
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".converting-", dir=folder.parent))
        try:
            _convert(weights, made)
            made.rename(folder)
        except OSError:
            if not (folder / _LAST).is_file():  # else another process was quicker
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return str(folder)


def _convert(weights: Path, folder: Path) -> None:
    try:
        import gguf as _  # noqa: F401 - transformers reads the file with it
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise SettingsError(
            f"{EMBEDDED_MODEL_ID} cannot be read for transformers ({error}): pip install 'synth-datasets[tune]'"
        ) from error
    where = {"pretrained_model_name_or_path": weights.parent, "gguf_file": weights.name}
    AutoTokenizer.from_pretrained(**where).save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    # It is unpacked by now: what says that it is packed would have it unpacked again.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer, model.is_quantized = None, False
    model.save_pretrained(folder)
