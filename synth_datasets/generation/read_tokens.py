"""The likelihood of a text under a model of transformers: one pass over its tokens."""

from typing import Any

from synth_datasets.generation.likelihood import Likelihood, beginning

__all__ = ["read_likelihood"]


def read_likelihood(model: Any, tokenizer: Any, text: str, tokens: int) -> Likelihood:  # noqa: ANN401 - transformers' own
    """Return what the model makes of the first `tokens` of a text, special ones that the tokenizer adds included.

    Alone, not in a batch: padding would change the last bits. Marks of a chat template are read as they are written.
    """
    import torch

    read = beginning(text, tokens).encode("utf-8", "replace").decode("utf-8")
    ids = tokenizer(read, truncation=True, max_length=tokens, split_special_tokens=True, return_tensors="pt")[
        "input_ids"
    ]
    if ids.shape[1] < 2:  # noqa: PLR2004 - the first token has nothing before it
        return Likelihood(0, 0.0)
    ids = ids.to(model.device)
    with torch.inference_mode():
        likely = model(input_ids=ids).logits[0, :-1].double().cpu().log_softmax(dim=-1)
    return Likelihood(int(ids.shape[1]) - 1, -float(likely.gather(1, ids[0, 1:, None].cpu()).sum()))
