"""Small language models that say how likely a text is: the embedded one, or a folder of transformers."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from synth_datasets.errors import SettingsError
from synth_datasets.generation.forced_tokens import ForcedTokensError, forced_likelihood
from synth_datasets.generation.likelihood import Likelihood
from synth_datasets.generation.read_tokens import read_likelihood
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, WEIGHTS_SHA256, find_weights, what_to_install
from synth_datasets.quality.embedders import folder_digest
from synth_datasets.settings import Settings

__all__ = ["TOKENS", "Scorer", "embedded_scorer", "folder_scorer"]

TOKENS = 256
"""Tokens of a text that a model of a folder looks at."""
FEW_TOKENS = 64
"""Tokens of a text that the embedded model looks at, for it takes them one by one."""
_CONTEXT = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scorer:
    """A model that scores texts."""

    said: str
    """Name and digest, as a report shows them."""
    score: Callable[[Sequence[str]], Sequence[Likelihood]]


def embedded_scorer(settings: Settings | None = None) -> Scorer:
    """Return the embedded model as a scorer: 20 to 60 tokens a second on a core, see `forced_likelihood`.

    Its four-bit weights give other numbers than the full ones. Raises `SettingsError` where runtime or weights are
    missing.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise SettingsError(
            f"{EMBEDDED_MODEL_ID} needs xllamacpp:\n{what_to_install(settings or Settings())}\n"
            "or name a model's folder"
        ) from error
    weights = find_weights(settings or Settings())
    key = secrets.token_hex(32)
    native: Any = xllamacpp  # it comes without types

    def score(texts: Sequence[str]) -> Sequence[Likelihood]:
        server = native.Server(_parameters(native, weights, key))
        address = str(server.listening_address)
        try:
            found = [forced_likelihood(address, key, text, FEW_TOKENS) for text in texts]
        except (ForcedTokensError, OSError, HTTPException) as error:
            raise SettingsError(f"{EMBEDDED_MODEL_ID} cannot score these texts: {error}") from error
        return [each for each in found if each is not None]

    return Scorer(said=f"{EMBEDDED_MODEL_ID} (Q4_1), sha256 {WEIGHTS_SHA256[:16]}", score=score)


def folder_scorer(folder: Path) -> Scorer:
    """Return the causal language model of a folder, as transformers saved it; needs torch. No code of it is run."""
    if not (folder / "config.json").is_file():
        raise SettingsError(
            f"--scorer {folder}: expected {EMBEDDED_MODEL_ID}, or a folder with a model as transformers saves it"
        )
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise SettingsError(
            f"--scorer {folder} needs transformers and torch: pip install 'synth-datasets[transformers]'"
        ) from error
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(folder), local_files_only=True, dtype=torch.float32
        ).eval()
    except (OSError, ValueError) as error:
        raise SettingsError(f"--scorer {folder} holds no causal language model: {error}") from error

    return Scorer(
        said=f"{folder.name}, sha256 {folder_digest(folder)[:16]}",
        score=lambda texts: [read_likelihood(model, tokenizer, text, TOKENS) for text in texts],
    )


def _parameters(native: Any, weights: Path, key: str) -> Any:  # noqa: ANN401 - types of the runtime
    params = native.CommonParams()
    params.model.path = str(weights)
    params.n_parallel, params.n_ctx, params.n_gpu_layers, params.verbosity = 1, _CONTEXT, 0, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = params.n_threads_http = 1
    params.fit_params = params.warmup = params.ui = params.endpoint_slots = False
    params.cache_ram_mib = 0
    params.api_keys = [key]  # the port on loopback is for this process alone
    return params
