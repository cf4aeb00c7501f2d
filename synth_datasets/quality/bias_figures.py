"""What is known of declared attributes, and the correction of all its p-values together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from synth_datasets.quality.association import Association, holm
from synth_datasets.quality.counterfactual import PromptFigures, SwapFigures

__all__ = ["AttributeFigures", "BiasFigures", "GroupFigures", "corrected"]


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


def corrected(made: Sequence[AttributeFigures]) -> tuple[list[AttributeFigures], int]:
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
