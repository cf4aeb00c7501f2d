"""Small language models that say how likely a text is: the embedded one, or a folder of transformers."""

import http.client
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from synth_datasets.errors import SettingsError
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, WEIGHTS_SHA256, find_weights
from synth_datasets.quality.embedders import folder_digest
from synth_datasets.settings import Settings

__all__ = ["TOKENS", "Score", "Scorer", "embedded_scorer", "folder_scorer"]

TOKENS = 256
"""Tokens of a text that a model of a folder looks at."""
FEW_TOKENS = 64
"""Tokens of a text that the embedded model looks at, for it takes them one by one."""
_FORCED = 1_000.0
_CONTEXT = 512


@dataclass(frozen=True, slots=True)
class Score:
    """What a model makes of one text."""

    tokens: int
    """All but the first."""
    surprise: float
    """Their negative log-likelihood, in nats."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scorer:
    """A model that scores texts."""

    said: str
    """Name and digest, as a report shows them."""
    score: Callable[[Sequence[str]], Sequence[Score]]


def embedded_scorer(settings: Settings | None = None) -> Scorer:
    """Return the embedded model as a scorer: 20 to 40 tokens a second on a core, one request each.

    llama.cpp tells the likelihood of tokens that it writes and not of those that it reads, so each token is made the
    only one that can come next, and its likelihood is that before this (`post_sampling_probs` is off). Its four-bit
    weights give other numbers than the full ones. Raises `SettingsError` where runtime or weights are missing.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise SettingsError(
            f"{EMBEDDED_MODEL_ID} needs xllamacpp: pip install 'synth-datasets[local]', or name a model's folder"
        ) from error
    weights = find_weights(settings or Settings())
    key = secrets.token_hex(32)
    native: Any = xllamacpp  # it comes without types

    def score(texts: Sequence[str]) -> Sequence[Score]:
        server = native.Server(_parameters(native, weights, key))
        with _client(str(server.listening_address), key) as ask:
            return [_forced(ask, text) for text in texts]

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

    def one(text: str) -> Score:
        ids = tokenizer(text, truncation=True, max_length=TOKENS, return_tensors="pt")["input_ids"]
        if ids.shape[1] < 2:  # noqa: PLR2004 - the first token has nothing before it
            return Score(0, 0.0)
        with torch.no_grad():
            likely = model(input_ids=ids).logits[0, :-1].double().log_softmax(dim=-1)
        return Score(int(ids.shape[1]) - 1, -float(likely.gather(1, ids[0, 1:, None]).sum()))

    return Scorer(
        said=f"{folder.name}, sha256 {folder_digest(folder)[:16]}",
        score=lambda texts: [one(text) for text in texts],
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


_Ask = Callable[[str, Mapping[str, object]], Mapping[str, Any]]


@contextmanager
def _client(address: str, key: str) -> Iterator[_Ask]:
    """Give what posts to the server, past any proxy that the environment names."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(str(where.hostname), where.port)

    def ask(path: str, body: Mapping[str, object]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise SettingsError(f"the embedded model cannot score this text: {said[:200]!r}")
        found: Mapping[str, Any] = json.loads(said)
        return found

    with closing(connection):
        yield ask


def _forced(ask: _Ask, text: str) -> Score:
    tokens: list[int] = list(ask("/tokenize", {"content": text, "add_special": True})["tokens"])[:FEW_TOKENS]
    surprise = 0.0
    for at in range(1, len(tokens)):
        body = {
            "prompt": tokens[:at],
            "n_predict": 1,
            "n_probs": 1,
            "temperature": 0,
            "cache_prompt": True,
            "logit_bias": [[tokens[at], _FORCED]],
        }
        found = ask("/completion", body)["completion_probabilities"][0]
        if found["id"] != tokens[at]:
            raise SettingsError("this version of xllamacpp does not write the token that it is told to write")
        surprise -= float(found["logprob"])
    return Score(max(0, len(tokens) - 1), surprise)
