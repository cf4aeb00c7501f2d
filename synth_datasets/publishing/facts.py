"""Everything that a card says, and nothing that a card works out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from synth_datasets.quality.beside_real import BesideReal
from synth_datasets.quality.figures import FamilyVerdict
from synth_datasets.quality.pictures import Picture
from synth_datasets.spec.model import DatasetSpec, Scalar
from synth_datasets.validation.outcome import Tally

if TYPE_CHECKING:
    from datasets import Features

__all__ = ["CardFacts", "DataFile", "Figure", "SplitFacts", "data_digest", "endpoint_kind"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; a figure that was not measured is no `Figure`."""

    name: str
    value: str | float
    """A number is shown with up to four significant digits, whole numbers in full."""
    meaning: str
    """For a person who has not read our documentation: what it counts, and which direction is good."""
    real: str | float | None = None
    """The same figure of real rows, where it was measured on some."""
    share: bool = False
    """Whether the numbers are shares, which are shown in percent."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a split."""

    path: str
    """Relative to the release."""
    digest: str
    """SHA-256, as 64 hex digits."""
    num_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFacts:
    """One split as it was written."""

    name: str
    num_examples: int
    num_bytes: int
    """In memory, as Arrow."""
    file_bytes: int
    """On disk, as Parquet."""
    digest: str
    """64 hex digits over the split's files."""
    files: tuple[DataFile, ...] = ()
    """In the order of the rows."""
    sample: Mapping[str, object] | None = None
    """Its first row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What `render_card` may say; a value that is None or empty leaves no line behind."""

    spec: DatasetSpec
    fingerprint: str
    features: "Features"
    splits: tuple[SplitFacts, ...]
    """Those with rows."""
    empty_splits: tuple[str, ...] = ()
    """Splits that the spec asks for and no row was accepted for."""
    endpoint: str | None = None
    """What `endpoint_kind` says of the place that was asked: never an address of one's own."""
    answered_by: tuple[str, ...] = ()
    """The models that the endpoint says have answered."""
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    cost: str = ""
    """What the answers cost at the builder's own prices, such as `1.20 USD`."""
    quality: tuple[Figure, ...] = ()
    verdicts: tuple[FamilyVerdict, ...] = ()
    pictures: tuple[Picture, ...] = ()
    real: tuple[BesideReal, ...] = ()
    overrides: Mapping[str, Scalar | Mapping[str, int]] = field(default_factory=dict)
    """Options that the build laid over the spec, by their names in Python, such as `num_examples`."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Versions of what may change the bytes, by name."""
    citation: str | None = None
    """BibTeX or plain text."""

    @property
    def spec_file(self) -> str:
        """The name of the spec inside the release."""
        return f"{self.spec.name}.synth.yaml"

    @property
    def num_examples(self) -> int:
        """Rows of all splits."""
        return sum(split.num_examples for split in self.splits)

    @property
    def digest(self) -> str:
        """64 hex digits that change with any byte of any split."""
        return data_digest({split.name: split.digest for split in self.splits})


def data_digest(digests: Mapping[str, str]) -> str:
    """Return 64 hex digits over the digests of all splits, whatever their order."""
    import hashlib

    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def endpoint_kind(identity: str) -> str:
    """Return what may be published of an endpoint's identity: an address only if it is OpenAI's own."""
    parts = urlsplit(identity)
    if parts.scheme in ("http", "https"):
        return "OpenAI's API" if parts.hostname == "api.openai.com" else "an OpenAI-compatible endpoint"
    return identity
