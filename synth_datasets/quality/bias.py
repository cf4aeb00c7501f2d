"""What part declared attributes have in a dataset: how often each value is there, and what it goes along with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from synth_datasets.quality import out_of_fold
from synth_datasets.quality.association import Association, associate, holm
from synth_datasets.quality.counterfactual import (
    PromptFigures,
    SwapFigures,
    prompt_pairs,
    swap_test,
    value_in,
)
from synth_datasets.quality.intervals import difference, wilson
from synth_datasets.quality.out_of_fold import OutOfFold
from synth_datasets.quality.sampling import sample
from synth_datasets.spec.attributes import Bias, BiasAttribute

__all__ = ["AttributeFigures", "BiasFigures", "BiasPlan", "GroupFigures", "RealRows", "measure_bias"]

ROWS = 5_000
"""Rows that classifiers look at; all are counted."""
LEAST = 200
NEED = "scikit-learn is not there: pip install 'synth-datasets[quality]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class RealRows:
    """Real rows to set beside made ones; columns are called as the made ones are."""

    texts: Sequence[str]
    labels: Sequence[str]
    """Empty without labels."""
    columns: Mapping[str, Sequence[str]]
    """Of attributes that are columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasPlan:
    """What is measured, and on what beyond the rows."""

    bias: Bias
    prompts: Sequence[str] | None = None
    """What the model was asked for each row's text; None where there is no trace."""
    real: RealRows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """The rows of one value; every interval covers 95 %."""

    value: str
    rows: int
    share: float
    """Of the rows that have a value."""
    interval: tuple[float, float]
    """Wilson's."""
    labels: Mapping[str, float]
    """Share of each class among them; empty without a label column or rows."""
    real_share: float | None
    difference: tuple[float, float] | None
    """Bounds of this share less the real one: Newcombe's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFigures:
    """One attribute."""

    name: str
    words: bool
    """Whether values are read off words of the text, and not a column."""
    rows: int
    """Rows that have exactly one value."""
    without: int
    """Rows that have none."""
    several: int
    """Rows with words of several values."""
    groups: tuple[GroupFigures, ...]
    association: Association | None
    """With the label; None without one, or where there is nothing to compare."""
    real_v: float | None
    """Cramér's V in the real rows: a greater one here is amplified."""
    swap: SwapFigures | None
    prompts: PromptFigures | None
    notes: tuple[str, ...]
    """What was not measured, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BiasFigures:
    """All attributes that the spec declares."""

    label: str | None
    text: str | None
    tests: int
    """Tests that p-values are corrected for (Holm)."""
    attributes: tuple[AttributeFigures, ...]


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
    made, tests = _corrected(made)
    return BiasFigures(label=plan.bias.label, text=plan.bias.text, tests=tests, attributes=tuple(made))


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
    values = (
        [value_in(text, attribute.terms) for text in texts] if attribute.terms else columns[attribute.name]
    )
    order = [value for value, _ in attribute.terms] or sorted({value for value in values if value})
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
        groups=_groups(values, order, labels, names, real),
        association=None if missing or not labels else associate(_table(values, order, labels, names)),
        real_v=_real_v(plan.real, real, order, names) if not missing else None,
        swap=swap,
        prompts=prompts,
        notes=tuple(notes),
    )


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


def _table(
    values: Sequence[str], order: Sequence[str], labels: Sequence[str], names: Sequence[str]
) -> list[list[int]]:
    counts: dict[tuple[str, str], int] = {}
    for pair in zip(values, labels, strict=True):
        counts[pair] = counts.get(pair, 0) + 1
    return [[counts.get((value, name), 0) for name in names] for value in order]


def _groups(
    values: Sequence[str],
    order: Sequence[str],
    labels: Sequence[str],
    names: Sequence[str],
    real: Sequence[str] | None,
) -> tuple[GroupFigures, ...]:
    total = sum(value in order for value in values)
    of = sum(value in order for value in real or ())
    found: list[GroupFigures] = []
    for value in order if total else ():
        rows = sum(each == value for each in values)
        theirs = sum(each == value for each in real or ())
        row = _table(values, [value], labels, names)[0] if labels and rows else []
        found.append(
            GroupFigures(
                value=value,
                rows=rows,
                share=rows / total,
                interval=wilson(rows, total),
                labels={name: count / sum(row) for name, count in zip(names, row, strict=True)}
                if sum(row)
                else {},
                real_share=theirs / of if of else None,
                difference=difference(rows, total, theirs, of) if of else None,
            )
        )
    return tuple(found)


def _real_v(
    real: RealRows | None, values: Sequence[str] | None, order: Sequence[str], names: Sequence[str]
) -> float | None:
    if real is None or values is None or not real.labels:
        return None
    found = associate(_table(values, order, real.labels, names))
    return None if found is None else found.v


def _corrected(made: Sequence[AttributeFigures]) -> tuple[list[AttributeFigures], int]:
    """Correct all p-values of all attributes together; returns how many there are, too."""
    found = [_p_values(each) for each in made]
    corrected = iter(holm([p for each in found for p in each.values()]))
    return [
        _with_p(each, {name: next(corrected) for name in names})
        for each, names in zip(made, found, strict=True)
    ], sum(map(len, found))


def _p_values(each: AttributeFigures) -> dict[str, float]:
    found: dict[str, float] = {}
    if each.association is not None:
        found["association"] = each.association.p
    if each.prompts is not None:
        found["words"] = each.prompts.words_p
        if each.prompts.predicted_p is not None:
            found["predicted"] = each.prompts.predicted_p
    return found


def _with_p(each: AttributeFigures, p: Mapping[str, float]) -> AttributeFigures:
    if each.association is not None:
        each = replace(each, association=replace(each.association, p_holm=p["association"]))
    if each.prompts is not None:
        prompts = replace(each.prompts, words_p_holm=p["words"], predicted_p_holm=p.get("predicted"))
        each = replace(each, prompts=prompts)
    return each
