"""Train the same model on real rows, synthetic rows and mixes, over several seeds, and test it on real rows."""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from synth_datasets.errors import SettingsError
from synth_datasets.proof import scores
from synth_datasets.proof.advice import advise
from synth_datasets.proof.apart import told_apart
from synth_datasets.proof.design import MIXES, SIZES, Part, drawn, parts
from synth_datasets.proof.leaks import without_leaks
from synth_datasets.proof.linear import CLASSIFIER, TAGGER, Fit, classifier, tagger
from synth_datasets.proof.resamples import Resamples, measured
from synth_datasets.proof.result import FORMAT, Cell, Change, Measured, Proof
from synth_datasets.proof.rows import LabelledRows, tagged
from synth_datasets.quality.duplicates import duplicate_rate

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Learner", "prove"]

Learner = Callable[[Sequence[Any], Sequence[Any]], Fit]
"""All inputs and labels to what trains on some of them; see `Fit`."""

FEW_TEST_ROWS = 200
DOMINATED = 0.5
_APART = 0.9


def prove(
    synthetic: LabelledRows,
    real: LabelledRows,
    test: LabelledRows,
    *,
    learner: Learner | None = None,
    model: str = "",
    seeds: int = 5,
    sizes: Sequence[int] = SIZES,
    mixes: Sequence[float] = MIXES,
    label_map: Mapping[str, str] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Proof:
    """Return what `synthetic` rows are worth beside `real` ones, by scores on the `test` rows.

    Without a `learner` (whose name is `model`) a linear one of scikit-learn: a second or less for each training set,
    of which there are some twenty for each seed. Rows of either training set that copy a test row, exactly or nearly,
    are left out and counted; test rows stay. `told` hears of trainings done and of all. Raises `SettingsError` for
    rows that do not fit together.
    """
    started = time.process_time()
    _check(synthetic, real, test, label_map or {})
    synthetic = replace(synthetic, labels=_renamed(synthetic.labels, label_map or {}))
    classes = _classes(synthetic, real, test)
    own_real, real_leaks = without_leaks(real, test)
    own_synthetic, synthetic_leaks = without_leaks(synthetic, test)
    for name, rows in ((real.name, own_real), (synthetic.name, own_synthetic)):
        if not len(rows):
            raise SettingsError(f"{name}: every row is a copy of a test row; nothing is left to train on")
    words = tagged(test)
    standard = tagger if words else classifier
    trials = _Trials(
        real=own_real,
        synthetic=own_synthetic,
        test=test,
        classes=classes,
        seeds=seeds,
        chance=learner is not None or words,
        fit=(learner or standard)(
            [*own_real.inputs, *own_synthetic.inputs, *test.inputs],
            [*own_real.labels, *own_synthetic.labels, *test.labels],
        ),
    )
    wanted = parts(len(own_real), len(own_synthetic), sizes, mixes)
    found = _scored(trials, wanted, told)
    cells = _cells(wanted, found)
    changes = _changes(wanted, found, len(own_real))
    f1_name = "span F1" if words else "macro-F1"
    texts = [each if isinstance(each, str) else " ".join(each) for each in own_synthetic.inputs]
    real_texts = [each if isinstance(each, str) else " ".join(each) for each in own_real.inputs]
    proof = Proof(
        format=FORMAT,
        task="tagging" if words else "classification",
        model=model if learner is not None else TAGGER if words else CLASSIFIER,
        f1_name=f1_name,
        classes=classes,
        seeds=seeds,
        real=len(own_real),
        synthetic=len(own_synthetic),
        test=len(test),
        majority=_majority(test),
        real_leaks=real_leaks,
        synthetic_leaks=synthetic_leaks,
        near_identical=duplicate_rate(texts).near,
        told_apart=told_apart(real_texts, texts),
        cells=cells,
        mixes=changes,
        best=_best(cells, len(own_real)),
        advice=advise(changes, cells, real=len(own_real), f1_name=f1_name),
        warnings=(),
        cpu_s=0.0,
    )
    return replace(proof, warnings=_warnings(proof), cpu_s=round(time.process_time() - started, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trials:
    real: LabelledRows
    synthetic: LabelledRows
    test: LabelledRows
    classes: tuple[str, ...]
    seeds: int
    chance: bool
    """Whether the model itself depends on the seed."""
    fit: Fit

    def counts(self, part: Part) -> "list[np.ndarray]":
        """Return for each seed what `scores` counts of each test row; one for all where a seed changes nothing."""
        whole = part.real in (0, len(self.real)) and part.synthetic in (0, len(self.synthetic))
        if whole and not self.chance:
            return [self._trained(part, 0)] * self.seeds
        return [self._trained(part, seed) for seed in range(self.seeds)]

    def _trained(self, part: Part, seed: int) -> "np.ndarray":
        import numpy as np

        real = drawn(_strata(self.real), part.real, seed)
        synthetic = drawn(_strata(self.synthetic), part.synthetic, seed) + len(self.real)
        test = np.arange(len(self.test)) + len(self.real) + len(self.synthetic)
        made = self.fit(np.concatenate([real, synthetic]), test, seed)
        if tagged(self.test):
            return scores.span_counts(self.test.labels, made)
        places = {name: at for at, name in enumerate(self.classes)}
        expected, said = (np.array([places[each] for each in given]) for given in (self.test.labels, made))
        return scores.class_counts(expected, said, len(self.classes))


def _scored(
    trials: _Trials, wanted: Sequence[Part], told: Callable[[int, int], None] | None
) -> "dict[Part, tuple[np.ndarray, int]]":
    """Return for each part its scores in every resample, and how many different trainings they come from."""
    resamples = Resamples(len(trials.test), trials.seeds, trials.test.groups)
    score = scores.span_scores if tagged(trials.test) else scores.class_scores
    found: dict[Part, tuple[np.ndarray, int]] = {}
    for done, part in enumerate(wanted, 1):
        counts = trials.counts(part)
        found[part] = resamples.scores(counts, score), len({id(each) for each in counts})
        if told is not None:
            told(done, len(wanted))
    return found


def _cells(wanted: Sequence[Part], found: "Mapping[Part, tuple[np.ndarray, int]]") -> tuple[Cell, ...]:
    curve = [(part.real, float(found[part][0][0, 1])) for part in wanted if not part.synthetic]

    def cell(part: Part) -> Cell:
        draws, trainings = found[part]
        mixed = bool(part.real and part.synthetic)
        gain = measured(draws[:, 1] - found[Part(part.real, 0)][0][:, 1]) if mixed else None
        f1 = measured(draws[:, 1])
        return Cell(
            real=part.real,
            synthetic=part.synthetic,
            trainings=trainings,
            accuracy=measured(draws[:, 0]),
            f1=f1,
            gain=gain,
            gain_per_1000=None if gain is None else 1_000 * gain.value / part.synthetic,
            worth=None if part.real else _worth(f1, curve),
        )

    return tuple(map(cell, wanted))


def _worth(f1: Measured, curve: Sequence[tuple[int, float]]) -> float | None:
    """Return the real rows that score as much, between two points of the curve on a scale of logarithms."""
    for (few, low), (many, high) in pairwise(curve):
        if low <= f1.value <= high and low < high:
            return math.exp(math.log(few) + math.log(many / few) * (f1.value - low) / (high - low))
    return None


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


def _best(cells: Sequence[Cell], real: int) -> int:
    return max((cell for cell in cells if cell.real == real), key=lambda cell: cell.f1.value).synthetic


def _check(
    synthetic: LabelledRows, real: LabelledRows, test: LabelledRows, label_map: Mapping[str, str]
) -> None:
    if len({tagged(rows) for rows in (synthetic, real, test)}) > 1:
        raise SettingsError("some of the rows are texts with a class and some are words with tags")
    known = _names(real) | _names(test)
    strange = sorted({label_map.get(name, name) for name in _names(synthetic)} - known)
    if strange:
        raise SettingsError(
            f"{synthetic.name} has the labels {', '.join(strange[:5])}, the real rows have "
            f"{', '.join(sorted(known)[:10])}: say which is which, such as --label-map {strange[0]}={min(known)}"
        )


def _names(rows: LabelledRows) -> set[str]:
    return {tag for tags in rows.labels for tag in tags} if tagged(rows) else set(rows.labels)


def _renamed(labels: Sequence[Any], names: Mapping[str, str]) -> tuple[Any, ...]:
    if not names:
        return tuple(labels)
    return tuple(
        names.get(each, each) if isinstance(each, str) else tuple(names.get(tag, tag) for tag in each)
        for each in labels
    )


def _classes(*rows: LabelledRows) -> tuple[str, ...]:
    return tuple(sorted(set[str]().union(*map(_names, rows))))


def _strata(rows: LabelledRows) -> Sequence[str]:
    return [""] * len(rows) if tagged(rows) else rows.labels


def _majority(test: LabelledRows) -> float:
    labels = [tag for tags in test.labels for tag in tags] if tagged(test) else test.labels
    return Counter(labels).most_common(1)[0][1] / len(labels)


def _warnings(proof: Proof) -> tuple[str, ...]:
    found: list[str] = []
    for leaks, what in ((proof.real_leaks, "real"), (proof.synthetic_leaks, "synthetic")):
        if leaks.removed:
            grouped = f", {leaks.grouped:,} of a group that is tested" if leaks.grouped else ""
            found.append(
                f"{leaks.removed:,} of {leaks.rows:,} {what} rows were left out of training: {leaks.exact:,} are test "
                f"rows, {leaks.near:,} nearly{grouped}"
            )
    if proof.near_identical is not None and proof.near_identical > DOMINATED:
        found.append(
            f"{proof.near_identical:.0%} of the synthetic rows nearly repeat another one: more of them add little"
        )
    if proof.told_apart is not None and proof.told_apart.accuracy.value > _APART:
        share, words = proof.told_apart.accuracy.value, ", ".join(proof.told_apart.synthetic_words[:5])
        found.append(
            f"a linear model tells synthetic rows from real ones in {share:.0%} of cases, by words such as {words}: a "
            "model may learn to tell them apart instead of the classes"
        )
    if proof.test < FEW_TEST_ROWS:
        found.append(f"{proof.test:,} test rows are few: intervals are wide")
    return tuple(found)
