"""`tuning.json`: every figure of a tuning, and what it takes to hold the same rows out again; no row, no path."""

import json
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

from synth_datasets.quality.memorisation import Memory
from synth_datasets.tuning.recipe import Curve, Recipe

__all__ = ["LOSS_PLOT", "Tuning", "versions"]

LOSS_PLOT = "loss.png"
_FORMAT = 1
_PACKAGES = ("synth-datasets", "torch", "transformers", "peft")


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The rows, without a word of them."""

    sha256: str
    """Of the file."""
    column: str
    """What the file calls the texts."""
    group: str | None
    """The column whose rows stay together."""
    train: int
    held_out: int
    share: float
    """That was asked to be held out."""
    drawn: tuple[str, ...] = ()
    """Columns of the prompt that the file lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """All that is told of a tuning."""

    model: str
    """The id of the model that was tuned, or the name of its folder."""
    identity: str
    """Its digest, or its id and revision."""
    revision: str | None
    adapter: str
    """The digest of the adapter."""
    spec: str
    column: str
    """Of the spec."""
    data: Data
    recipe: Recipe
    curve: Curve
    memory: Memory | None
    packages: dict[str, str]

    @property
    def change(self) -> float:
        """What became of the held-out loss, as a share of what it was: negative is better."""
        return self.curve.after / self.curve.before - 1

    def to_json(self) -> str:
        """Return the file's text; equal tunings give equal texts."""
        return json.dumps({"format": _FORMAT, **_rounded(asdict(self))}, indent=1, ensure_ascii=False) + "\n"


def versions() -> dict[str, str]:
    """Return the versions of the packages that the weights depend on."""
    return {name: metadata.version(name) for name in _PACKAGES}


def _rounded(value: Any) -> Any:  # noqa: ANN401 - plain values
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(each) for each in value]
    return value
