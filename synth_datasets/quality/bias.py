"""What part declared attributes have in a dataset: how often each value is there, and what it goes along with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from synth_datasets.quality import out_of_fold
from synth_datasets.quality.association import associate
from synth_datasets.quality.bias_figures import AttributeFigures, BiasFigures, corrected
from synth_datasets.quality.counterfactual import PromptFigures, prompt_pairs, swap_test, value_in
from synth_datasets.quality.groups import class_table, group_figures, real_association
from synth_datasets.quality.out_of_fold import OutOfFold
from synth_datasets.quality.real_rows import RealRows
from synth_datasets.quality.sampling import sample
from synth_datasets.spec.attributes import Bias, BiasAttribute

__all__ = ["BiasPlan", "bias_beside", "measure_bias"]

ROWS = 5_000
"""Rows that classifiers look at; all are counted."""
LEAST = 200
NEED = "scikit-learn is not there: pip install 'synth-datasets[quality]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasPlan:
    """What is measured, and on what beyond the rows."""

    bias: Bias
    prompts: Sequence[str] | None = None
    """What the model was asked for each row's text; None where there is no trace."""
    real: RealRows | None = None


def measure_bias(
    plan: BiasPlan,
    texts: Sequence[str],
    labels: Sequence[str],
    names: Sequence[str],
    columns: Mapping[str, Sequence[str]],
) -> BiasFigures:
    """Count, test and swap. `labels` are class names (empty: none), `columns` the attributes that are columns.

    Counting is over all rows; the classifier behind swapped and predicted figures learns from 5,000 at most. It cannot
    say where a difference comes from, and misses what has no declared word or column. Needs scikit-learn.
    """
    missing: list[str] = [] if out_of_fold.available() else [NEED]
    found = None if missing else _classifier(texts, labels, names)
    made = [
        _attribute(
            each, plan, texts=texts, labels=labels, names=names, columns=columns, found=found, missing=missing
        )
        for each in plan.bias.attributes
    ]
    made, tests = corrected(made)
    return BiasFigures(label=plan.bias.label, text=plan.bias.text, tests=tests, attributes=tuple(made))


def bias_beside(
    plan: BiasPlan,
    texts: Sequence[str],
    labels: Sequence[str],
    names: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    *,
    known: BiasFigures,
) -> BiasFigures:
    """Return figures that are known of the same rows with those of the plan's real rows beside them."""
    made: list[AttributeFigures] = []
    for attribute, figures in zip(plan.bias.attributes, known.attributes, strict=True):
        values, order = _values(attribute, texts, columns)
        real = _real_values(attribute, plan.real)
        groups = group_figures(values, order, labels, names, real)
        made.append(replace(figures, groups=groups, real_v=_real_v(plan, real, order, names)))
    return replace(known, attributes=tuple(made))


@dataclass(frozen=True, slots=True)
class _Classifier:
    rows: list[int]
    found: OutOfFold
    predicted: list[str]


def _classifier(texts: Sequence[str], labels: Sequence[str], names: Sequence[str]) -> _Classifier | None:
    labelled = [row for row, label in enumerate(labels) if label] if texts else []
    rows = [labelled[at] for at in sample(len(labelled), ROWS)]
    if len(rows) < LEAST or len({labels[row] for row in rows}) < 2:  # noqa: PLR2004 - nothing to predict
        return None
    place = {name: at for at, name in enumerate(names)}
    found = out_of_fold.predict_out_of_fold(
        [texts[row] for row in rows], [place[labels[row]] for row in rows], len(names)
    )
    return _Classifier(rows, found, [names[at] for at in found.probabilities.argmax(axis=1)])


def _attribute(
    attribute: BiasAttribute,
    plan: BiasPlan,
    *,
    texts: Sequence[str],
    labels: Sequence[str],
    names: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    found: _Classifier | None,
    missing: Sequence[str],
) -> AttributeFigures:
    values, order = _values(attribute, texts, columns)
    real = _real_values(attribute, plan.real)
    rows = sum(value in order for value in values)
    swap = prompts = None
    notes = list(missing)
    if found is None and not missing:
        notes.append(f"no classifier was trained: that takes {LEAST} rows with text and two labels")
    if found is not None and attribute.terms:
        swap = swap_test(
            range(len(found.rows)),
            [texts[row] for row in found.rows],
            [values[row] for row in found.rows],
            attribute.terms,
            found=found.found,
            names=names,
            called=found.rows,
        )
    if plan.prompts is not None and texts:
        prompts = _prompts(
            attribute, order, plan.prompts, values=values, labels=labels, texts=texts, found=found
        )
        notes += [] if prompts else ["no two prompts differ in this attribute only"]
    return AttributeFigures(
        name=attribute.name,
        words=bool(attribute.terms),
        rows=rows,
        without=sum(not value for value in values),
        several=sum(value == "several" for value in values) if attribute.terms else 0,
        groups=group_figures(values, order, labels, names, real),
        association=None if missing or not labels else associate(class_table(values, order, labels, names)),
        real_v=_real_v(plan, real, order, names),
        swap=swap,
        prompts=prompts,
        notes=tuple(notes),
    )


def _values(
    attribute: BiasAttribute, texts: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> tuple[Sequence[str], list[str]]:
    """Return the value of each row, empty for none, and the values in their order."""
    values = (
        [value_in(text, attribute.terms) for text in texts] if attribute.terms else columns[attribute.name]
    )
    return values, [value for value, _ in attribute.terms] or sorted({value for value in values if value})


def _real_v(
    plan: BiasPlan, real: Sequence[str] | None, order: Sequence[str], names: Sequence[str]
) -> float | None:
    if not out_of_fold.available():
        return None
    return real_association(plan.real.labels if plan.real else (), real, order, names)


def _prompts(
    attribute: BiasAttribute,
    order: Sequence[str],
    prompts: Sequence[str],
    *,
    values: Sequence[str],
    labels: Sequence[str],
    texts: Sequence[str],
    found: _Classifier | None,
) -> PromptFigures | None:
    """Prompts are read for the attribute: where it is a column, by its values, which a prompt may name."""
    terms = attribute.terms or tuple((value, (value,)) for value in order)
    asked = [value_in(prompt, attribute.terms) for prompt in prompts] if attribute.terms else values
    rows = found.rows if found is not None else sample(len(texts), ROWS)
    return prompt_pairs(
        [prompts[row] for row in rows],
        [asked[row] for row in rows],
        labels=[labels[row] if labels else "" for row in rows],
        texts=[texts[row] for row in rows],
        terms=terms,
        predicted=found.predicted if found is not None else None,
    )


def _real_values(attribute: BiasAttribute, real: RealRows | None) -> Sequence[str] | None:
    if real is None:
        return None
    return (
        [value_in(text, attribute.terms) for text in real.texts]
        if attribute.terms
        else real.columns.get(attribute.name)
    )
