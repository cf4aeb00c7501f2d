"""Whether a model can tell synthetic rows from real ones."""

from collections.abc import Sequence

from synth_datasets.proof.result import Measured, ToldApart
from synth_datasets.quality.slices import wilson
from synth_datasets.quality.two_sample import two_sample_test

__all__ = ["told_apart"]


def told_apart(real: Sequence[str], synthetic: Sequence[str]) -> ToldApart | None:
    """Return how often a linear model over words is right about where a text comes from, on texts it did not see.

    By cross-validation, with Wilson's interval over all texts. None with fewer than 50 of each.
    """
    found = two_sample_test(synthetic, real)
    if found.accuracy is None:
        return None
    low, high = wilson(round(found.accuracy * found.tested), found.tested)
    return ToldApart(
        rows=found.rows,
        accuracy=Measured(value=found.accuracy, low=low, high=high),
        synthetic_words=found.made_words,
        real_words=found.real_words,
    )
