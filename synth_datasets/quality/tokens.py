"""How much of some texts is written in scripts that do not part words."""

import re
from collections.abc import Sequence

from synth_datasets.validation.tokens import UNSPACED, tokens

__all__ = ["tokens", "unspaced_share"]

_CHARACTER = re.compile(f"[{UNSPACED}]")


def unspaced_share(texts: Sequence[str]) -> float:
    """Return the share of tokens that are single characters because their script has no spaces; 0 without tokens."""
    characters = sum(len(_CHARACTER.findall(text)) for text in texts)
    return characters / max(1, sum(len(tokens(text)) for text in texts)) if characters else 0.0
