"""Rows of a test set beside a spec, of which no generated text may hold a part."""

import hashlib
import json
from dataclasses import dataclass, field

from synth_datasets.spec.seed_data import Source

__all__ = ["EvaluationSet"]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationSet:
    """A column of texts, read from files that are in no release."""

    source: Source
    column: str
    texts: tuple[str, ...]
    """Each once, in the order of the files; none is empty."""
    key: str = field(init=False)
    """The SHA-256 of what the texts are, whatever their order and wherever they lie."""

    def __post_init__(self) -> None:
        # `json` writes half surrogates as escapes, so that any text has a digest.
        object.__setattr__(self, "key", hashlib.sha256(json.dumps(sorted(self.texts)).encode()).hexdigest())

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, EvaluationSet) else NotImplemented
