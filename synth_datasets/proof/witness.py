"""One kind of model, trained on every training set under every seed, and what its scores come to."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synth_datasets.proof import scores
from synth_datasets.proof.design import Part, drawn
from synth_datasets.proof.learners import Fit, Model
from synth_datasets.proof.resamples import Resamples, measured
from synth_datasets.proof.result import Cell, Change, Measured, Witness
from synth_datasets.proof.rows import LabelledRows, tagged

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Ground", "heard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all kinds of models are tried on."""

    real: LabelledRows
    synthetic: LabelledRows
    test: LabelledRows
    classes: tuple[str, ...]
    seeds: int
    wanted: Sequence[Part]
    resamples: Resamples


def heard(model: Model, ground: Ground, told: Callable[[], None]) -> Witness:
    """Train the model on every set, and return its scores; `told` hears of each set."""
    parts = (ground.real, ground.synthetic, ground.test)
    fit = model.learner(
        [given for rows in parts for given in rows.inputs], [label for rows in parts for label in rows.labels]
    )
    score = scores.span_scores if tagged(ground.test) else scores.class_scores
    found: dict[Part, tuple[np.ndarray, int]] = {}
    for part in ground.wanted:
        counts = _counts(part, ground, fit, chance=model.chance)
        found[part] = ground.resamples.scores(counts, score), len({id(each) for each in counts})
        told()
    cells = _cells(ground.wanted, found)
    whole = [cell for cell in cells if cell.real == len(ground.real)]
    return Witness(
        name=model.name,
        model=model.said or model.name,
        cells=cells,
        mixes=_changes(ground.wanted, found, len(ground.real)),
        best=max(whole, key=lambda cell: cell.f1.value).synthetic,
    )


def _counts(part: Part, ground: Ground, fit: Fit, *, chance: bool) -> "list[np.ndarray]":
    """Return for each seed what `scores` counts of each test row; one for all where a seed changes nothing."""
    whole = part.real in (0, len(ground.real)) and part.synthetic in (0, len(ground.synthetic))
    if whole and not chance:
        return [_trained(part, ground, fit, 0)] * ground.seeds
    return [_trained(part, ground, fit, seed) for seed in range(ground.seeds)]


def _trained(part: Part, ground: Ground, fit: Fit, seed: int) -> "np.ndarray":
    import numpy as np

    first = len(ground.real)
    real = drawn(_strata(ground.real), part.real, seed)
    synthetic = drawn(_strata(ground.synthetic), part.synthetic, seed) + first
    test = np.arange(len(ground.test)) + first + len(ground.synthetic)
    made = fit(np.concatenate([real, synthetic]), test, seed)
    if tagged(ground.test):
        return scores.span_counts(ground.test.labels, made)
    places = {name: at for at, name in enumerate(ground.classes)}
    expected, said = (np.array([places[each] for each in given]) for given in (ground.test.labels, made))
    return scores.class_counts(expected, said, len(ground.classes))


def _strata(rows: LabelledRows) -> Sequence[str]:
    return [""] * len(rows) if tagged(rows) else rows.labels


def _cells(wanted: Sequence[Part], found: "Mapping[Part, tuple[np.ndarray, int]]") -> tuple[Cell, ...]:
    curve = [(part.real, found[part][0][:, 1]) for part in wanted if not part.synthetic]

    def cell(part: Part) -> Cell:
        draws, trainings = found[part]
        mixed = bool(part.real and part.synthetic)
        gain = measured(draws[:, 1] - found[Part(part.real, 0)][0][:, 1]) if mixed else None
        return Cell(
            real=part.real,
            synthetic=part.synthetic,
            trainings=trainings,
            accuracy=measured(draws[:, 0]),
            f1=measured(draws[:, 1]),
            gain=gain,
            gain_per_1000=None if gain is None else 1_000 * gain.value / part.synthetic,
            worth=None if part.real else _worth(draws[:, 1], curve),
        )

    return tuple(map(cell, wanted))


def _worth(draws: "np.ndarray", curve: "Sequence[tuple[int, np.ndarray]]") -> Measured | None:
    """Return how few real rows score as much, in each resample; the ends of the curve stand for all beyond them.

    Between two points of the curve on a scale of logarithms. Where more rows score less, by chance, the curve is level.
    None where all of them teach the model no more than the fewest do: such a curve measures nothing.
    """
    import numpy as np

    if len(curve) > 1 and curve[-1][1][0] <= curve[0][1][0]:
        return None
    sizes = [size for size, _ in curve]
    rising = np.maximum.accumulate(np.stack([scored for _, scored in curve], axis=1), axis=1)
    worth = np.full(len(draws), float(sizes[-1]))
    for at in range(len(sizes) - 1, 0, -1):
        low, high = rising[:, at - 1], rising[:, at]
        within = (draws <= high) & (draws > low)
        share = np.where(within, draws - low, 0.0) / np.where(within, high - low, 1.0)
        between = np.exp(math.log(sizes[at - 1]) + math.log(sizes[at] / sizes[at - 1]) * share)
        worth = np.where(within, between, worth)
    return measured(np.where(draws <= rising[:, 0], float(sizes[0]), worth))


def _changes(
    wanted: Sequence[Part], found: "Mapping[Part, tuple[np.ndarray, int]]", real: int
) -> tuple[Change, ...]:
    """Return the mixes with all real rows; Bonferroni's correction, so that trying many finds nothing by itself."""
    mixes = [part for part in wanted if part.real == real and part.synthetic]
    changes: list[Change] = []
    for part in mixes:
        difference = found[part][0][:, 1] - found[Part(real, 0)][0][:, 1]
        gain = measured(difference, level=1 - 0.05 / len(mixes))
        verdict = "helps" if gain.low > 0 else "hurts" if gain.high < 0 else "unclear"
        changes.append(Change(synthetic=part.synthetic, gain=gain, verdict=verdict))
    return tuple(changes)
