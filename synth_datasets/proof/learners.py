"""What a proof trains: a model, its names, and how it comes from rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Fit", "Learner", "Model"]

Fit = Callable[["np.ndarray", "np.ndarray", int], Sequence[Any]]
"""Places of the rows to train on, places of those to label, and a seed, to a label for each of the latter."""
Learner = Callable[[Sequence[Any], Sequence[Any]], Fit]
"""All inputs and labels to what trains on some of them and labels others."""


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of model, as a witness of what rows are worth."""

    name: str
    """As advice calls it, such as `naive Bayes over letters`."""
    learner: Learner
    said: str = ""
    """What it is, where the name does not say all."""
    chance: bool = True
    """Whether a training depends on its seed, even with the same rows."""
