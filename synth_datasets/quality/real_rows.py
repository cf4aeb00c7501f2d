"""Real rows that made ones are set beside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["RealRows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RealRows:
    """Real rows to set beside made ones; columns are called as the made ones are."""

    texts: Sequence[str]
    labels: Sequence[str]
    """Empty without labels."""
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of attributes that are columns."""
    of: str = ""
    """The text column of the made rows that they are real ones of; empty: the first."""
    source: str = ""
    """What they are, in words for a reader, such as the name of a file; no path."""
    digest: str = ""
    """SHA-256 of the file; empty where they are part of the dataset or of its spec."""
    public: bool = False
    """Whether a report may show their words: they are in the dataset, or it stays with whoever has them."""
