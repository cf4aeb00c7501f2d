"""Train the same models on real rows, synthetic rows and mixes, over several seeds, and test them on real rows."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from synth_datasets.errors import SettingsError
from synth_datasets.proof import letters, linear
from synth_datasets.proof.advice import advise, blind_f1
from synth_datasets.proof.apart import told_apart
from synth_datasets.proof.design import MIXES, SIZES, parts
from synth_datasets.proof.leaks import without_leaks
from synth_datasets.proof.learners import Model
from synth_datasets.proof.resamples import Resamples
from synth_datasets.proof.result import FORMAT, Proof
from synth_datasets.proof.rows import LabelledRows, tagged
from synth_datasets.proof.witness import Ground, heard
from synth_datasets.quality.duplicates import duplicate_rate

__all__ = ["prove", "standard"]

FEW_TEST_ROWS = 200
DOMINATED = 0.5
_APART = 0.9


def prove(
    synthetic: LabelledRows,
    real: LabelledRows,
    test: LabelledRows,
    *,
    models: Sequence[Model] | None = None,
    seeds: int = 5,
    sizes: Sequence[int] = SIZES,
    mixes: Sequence[float] = MIXES,
    label_map: Mapping[str, str] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Proof:
    """Return what `synthetic` rows are worth beside `real` ones, by scores on the `test` rows.

    Without `models` the `standard` ones: a fraction of a second for each training set, of which there are some twenty
    for each seed. Advice is firm only where several models agree. Rows of either training set that copy a test row,
    exactly or nearly, are left out and counted; test rows stay. `told` hears of trainings done and of all. Raises
    `SettingsError` for rows that do not fit together.
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
    wanted = parts(len(own_real), len(own_synthetic), sizes, mixes)
    ground = Ground(
        real=own_real,
        synthetic=own_synthetic,
        test=test,
        classes=classes,
        seeds=seeds,
        wanted=wanted,
        resamples=Resamples(len(test), seeds, test.groups),
    )
    asked = standard(words=words) if models is None else tuple(models)
    heard_of = _counter(told, len(wanted) * len(asked))
    witnesses = tuple(heard(model, ground, heard_of) for model in asked)
    texts, real_texts = (
        [each if isinstance(each, str) else " ".join(each) for each in rows.inputs]
        for rows in (own_synthetic, own_real)
    )
    f1_name = "span F1" if words else "macro-F1"
    firm, advice = advise(
        witnesses, real=len(own_real), f1_name=f1_name, blind=blind_f1(classes, tagging=words)
    )
    proof = Proof(
        format=FORMAT,
        task="tagging" if words else "classification",
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
        witnesses=witnesses,
        firm=firm,
        advice=advice,
        warnings=(),
        cpu_s=0.0,
    )
    return replace(proof, warnings=_warnings(proof), cpu_s=round(time.process_time() - started, 1))


def standard(*, words: bool) -> tuple[Model, ...]:
    """Return two kinds of models of scikit-learn that see and learn differently: for words with tags, or for texts."""
    if words:
        return (
            Model("logistic regression over words", linear.tagger, linear.TAGGER),
            Model("a linear SVM over letters", letters.tagger, letters.TAGGER),
        )
    return (
        Model("logistic regression over words", linear.classifier, linear.CLASSIFIER, chance=False),
        Model("naive Bayes over letters", letters.classifier, letters.CLASSIFIER, chance=False),
    )


def _counter(told: Callable[[int, int], None] | None, total: int) -> Callable[[], None]:
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        if told is not None:
            told(done, total)

    return one_more


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


def _majority(test: LabelledRows) -> float:
    labels = [tag for tags in test.labels for tag in tags] if tagged(test) else test.labels
    return Counter(labels).most_common(1)[0][1] / len(labels)


def _warnings(proof: Proof) -> tuple[str, ...]:
    found: list[str] = []
    for leaks, what in ((proof.real_leaks, "real"), (proof.synthetic_leaks, "synthetic")):
        if leaks.removed:
            grouped = f", {leaks.grouped:,} of a group that is tested" if leaks.grouped else ""
            found.append(
                f"{leaks.removed:,} of {leaks.rows:,} {what} rows were left out of training, as they copy test rows: "
                f"{leaks.exact:,} exactly, {leaks.near:,} nearly{grouped}"
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
