"""How many rows a device takes at once: the cache of keys and values decides, and what sampling needs."""

from dataclasses import dataclass
from typing import Any

__all__ = ["Room", "measure"]

MOST_ON_CPU = 32
"""More rows hardly go faster on a CPU, whose cores are busy with these."""

_SHARE = 0.5
"""Of the memory that is free once the model is there; the rest is for what a layer computes in between."""
_SAMPLING_BYTES = 24
"""A row and token of the vocabulary: logits in float32, with copies."""


@dataclass(frozen=True, slots=True)
class Room:
    """What batches may take, in bytes."""

    free: int
    token: int
    """One token's keys and values in all layers."""
    row: int
    most: int
    """Rows, however short they are."""

    def rows(self, tokens: int) -> int:
        """Return how many rows of this length fit, at least 1."""
        return max(1, min(self.most, self.free // (self.row + self.token * tokens)))


def measure(model: Any) -> Room:  # noqa: ANN401 - transformers' own
    """Look at the memory that is free now, and at what the model's configuration says of its cache."""
    import psutil
    import torch

    device = model.device
    match device.type:
        case "cuda":
            reserved = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
            free = torch.cuda.mem_get_info(device)[0] + reserved
        case "mps":
            free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        case _:
            free = psutil.virtual_memory().available
    config = model.config.get_text_config()
    heads = getattr(config, "num_attention_heads", None) or 1
    head = getattr(config, "head_dim", None) or config.hidden_size // heads
    shared = getattr(config, "num_key_value_heads", None) or heads
    token = 2 * config.num_hidden_layers * shared * head * model.dtype.itemsize
    most = MOST_ON_CPU if device.type == "cpu" else 1 << 20
    return Room(int(free * _SHARE), token, _SAMPLING_BYTES * config.vocab_size, most)
