"""What is found of wrong labels, as frozen values that a report holds."""

from dataclasses import dataclass

__all__ = ["DoubtfulLabel", "NoNoiseFigures", "NoiseCheck", "NoiseFigures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulLabel:
    """A row whose label the classifier does not believe."""

    row: int
    """As it was handed in; in a report it counts from 0 over all splits."""
    label: str
    likely: str
    probability: float
    """Of the label, by a classifier that has not seen the row."""
    text: str
    """Clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseCheck:
    """What the same method makes of these rows after some of their labels were changed on purpose."""

    changed: int
    found: float
    """Share of the changed labels that it doubts; of wrong labels that were there before it finds more than this where
    they are many, for here they are learned from as well."""
    false_alarms: float
    """Share of the other labels that it doubts; those that are wrong already count here, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFigures:
    """Labels that are probably wrong; every interval covers 95 %."""

    rows: int
    """Rows that were looked at."""
    folds: int
    accuracy: float
    """Share of rows whose label is the most probable class."""
    majority: float
    """Share of the most frequent class, which a blind guess reaches."""
    copies: float
    """Share of rows in groups of near copies too large to be kept together: wrong labels are learnt there."""
    rule: str
    """`likely`: rows are doubted whose most probable class is another, which is the rule where the check shows that it
    doubts few others; `confident`: of these the ones whose other class is more probable by `factor`."""
    factor: float
    """How many times as probable as its label another class must be for a row to be doubted; at least 1. Infinite
    where there are so few rows that a single false alarm would be more than is aimed at: none is doubted."""
    doubted: int
    noise: float
    """Share of wrong labels, estimated from the calibrated confident joint."""
    noise_interval: tuple[float, float]
    """Percentiles of a bootstrap over the rows, predictions and thresholds held fixed."""
    confident: tuple[tuple[str, str, int], ...]
    """Label, likely class and rows, the most frequent first: the confident joint off its diagonal, which the estimate
    comes from and which has other rows than the doubted ones."""
    pairs: tuple[tuple[str, str, int], ...] = ()
    """Label, likely class and rows of those that are doubted, the most frequent first; together they are `doubted`."""
    check: NoiseCheck
    examples: tuple[DoubtfulLabel, ...]
    """The least believed first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoNoiseFigures:
    """What there is to say of rows of fewer than two classes: no label can be taken for another one."""

    rows: int
    noise: None = None
    noise_interval: None = None
    accuracy: None = None
    majority: float | None
    """Share of the only class; None without rows."""
    doubted: int = 0
    check: None = None
    examples: tuple[DoubtfulLabel, ...] = ()
