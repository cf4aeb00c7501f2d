"""Intervals over test rows and seeds together: resamples of both, the same for every training set."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from synth_datasets.proof.result import Measured

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Resamples", "measured"]

_TIMES = 2_000


class Resamples:
    """Two thousand draws of test rows (whole groups where there are any) and of seeds, fixed by a seed.

    The same draws serve every training set, so that differences are paired. Source: Efron 1979, Bootstrap Methods;
    resampling seeds with rows: Bouthillier et al. 2021, Accounting for Variance in Machine Learning Benchmarks.
    """

    def __init__(self, rows: int, seeds: int, groups: Sequence[str] = (), *, seed: int = 0) -> None:
        import numpy as np

        # Of numpy's generators this one alone promises the same draws for ever.
        draw = np.random.RandomState(seed)
        places = {name: at for at, name in enumerate(dict.fromkeys(groups))}
        of = np.array([places[name] for name in groups]) if groups else np.arange(rows)
        count = len(places) if groups else rows
        weights = draw.multinomial(count, np.full(count, 1 / count), _TIMES)[:, of]
        # The first is the sample itself.
        self._rows = np.vstack([np.ones(rows), weights]).astype(np.float32)
        chosen = draw.multinomial(seeds, np.full(seeds, 1 / seeds), _TIMES) / seeds
        self._seeds = np.vstack([np.full(seeds, 1 / seeds), chosen])

    def scores(
        self, counts: Sequence["np.ndarray"], score: "Callable[[np.ndarray], np.ndarray]"
    ) -> "np.ndarray":
        """Return accuracy and F1, mean over the seeds, for the sample and each resample of it.

        `counts` holds one array a seed, a row for each test row; equal arrays are scored once.
        """
        import numpy as np

        made: dict[int, np.ndarray] = {}
        for each in counts:
            if id(each) not in made:
                made[id(each)] = score(self._rows @ each.astype(np.float32))
        whole = np.stack([made[id(each)] for each in counts], axis=1)
        return np.einsum("ts,tsf->tf", self._seeds, whole)


def measured(draws: "np.ndarray", *, level: float = 0.95) -> Measured:
    """Return the first value and the percentiles of all others."""
    import numpy as np

    outside = 50 * (1 - level)
    low, high = np.percentile(draws[1:], [outside, 100 - outside])
    return Measured(value=float(draws[0]), low=float(low), high=float(high))
