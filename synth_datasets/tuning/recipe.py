"""How to tune, and the curve that came of it."""

from dataclasses import dataclass

__all__ = ["Curve", "Point", "Recipe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to tune."""

    epochs: int = 5
    """Passes over the rows at most."""
    minutes: float | None = None
    """Wall time at most; where it ends the tuning, another run may end elsewhere."""
    rate: float = 5e-4
    """Learning rate, falling linearly to 0 over all passes."""
    rank: int = 16
    """Of LoRA, whose alpha is twice that; on every linear layer but the last."""
    batch: int = 8
    patience: int = 2
    """Checks of the held-out loss without a lower one, of which there are two a pass, until tuning ends."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """One look at the losses."""

    epoch: float
    held_out: float
    train: float | None
    """Mean since the look before; None at the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What came of it: losses are nats for a token of the answer."""

    before: float
    after: float
    """Of the weights that were kept."""
    points: tuple[Point, ...]
    left_out: int
    """Rows that are too long."""
    tokens: int
    """Of the answers of the rows that were learned from."""
    stopped: str
    """What ended it."""
