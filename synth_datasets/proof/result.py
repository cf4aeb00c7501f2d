"""What a proof by training found, as frozen values that JSON holds whole."""

import json
from dataclasses import dataclass

from synth_datasets.proof.leaks import Leaks
from synth_datasets.quality import document

__all__ = ["FORMAT", "Cell", "Change", "Measured", "Proof", "ToldApart", "Witness"]

FORMAT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A figure with its interval of 95 %: percentiles of a bootstrap over test rows and seeds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One training set, over all seeds."""

    real: int
    synthetic: int
    trainings: int
    """Different ones: where every row takes part, a seed changes nothing for a model without chance."""
    accuracy: Measured
    f1: Measured
    gain: Measured | None = None
    """F1 less that of the same real rows alone, on the same test rows and with the same seeds."""
    gain_per_1000: float | None = None
    """Gain for each thousand synthetic rows."""
    worth: Measured | None = None
    """Of synthetic rows alone: real rows that give as much, by the learning curve; its ends stand for all beyond.
    None where that curve does not rise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What adding so many synthetic rows to all real ones does; the interval allows for how many mixes were tried."""

    synthetic: int
    gain: Measured
    verdict: str
    """`helps`, `hurts` or `unclear`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldApart:
    """How often a linear model tells a synthetic row from a real one that it has not learned from; 0.5 is chance."""

    rows: int
    """Of each kind; each is tested once, by a model that other rows taught."""
    accuracy: Measured
    synthetic_words: tuple[str, ...]
    """Words that speak most for a synthetic row."""
    real_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What one kind of model says."""

    name: str
    """As the advice calls it."""
    model: str
    """What it is."""
    cells: tuple[Cell, ...]
    """Real rows alone, synthetic rows alone, then mixes; by number of rows."""
    mixes: tuple[Change, ...]
    """With all real rows."""
    best: int
    """Synthetic rows of the mix that scores best; 0: real rows alone."""

    @property
    def baseline(self) -> Cell:
        """All real rows, and nothing else."""
        return max((cell for cell in self.cells if not cell.synthetic), key=lambda cell: cell.real)

    @property
    def curve(self) -> tuple[Cell, ...]:
        """Real rows alone, by their number."""
        return tuple(cell for cell in self.cells if not cell.synthetic)

    @property
    def verdict(self) -> str:
        """`helps` when some mix does, else `hurts` when some mix does, else `unclear`."""
        said = {change.verdict for change in self.mixes}
        return next((word for word in ("helps", "hurts") if word in said), "unclear")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Everything found; a function of the rows, the models and the seeds."""

    format: int
    task: str
    """`classification` or `tagging`."""
    f1_name: str
    """`macro-F1`, or `span F1`."""
    classes: tuple[str, ...]
    seeds: int
    real: int
    """Rows to train on, leaks left out."""
    synthetic: int
    test: int
    majority: float
    """Accuracy of always saying the most frequent class."""
    real_leaks: Leaks
    synthetic_leaks: Leaks
    near_identical: float | None
    """Share of the synthetic rows that nearly repeat another one."""
    told_apart: ToldApart | None
    witnesses: tuple[Witness, ...]
    """The kinds of models that were asked, each over the same rows, resamples and seeds."""
    firm: bool
    """Whether there are several, and all say the same of what to do with all real rows."""
    advice: str
    warnings: tuple[str, ...]
    cpu_s: float

    def to_json(self) -> str:
        """Return JSON text with a final newline."""
        return json.dumps(document.plain(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Proof":
        """Read what `to_json` wrote; raises ValueError that says what does not fit."""
        try:
            value = json.loads(text)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        found = value.get("format") if isinstance(value, dict) else None
        if found != FORMAT:
            raise ValueError(f"this is no proof of format {FORMAT} (its format is {found!r}); prove again")
        return document.restore(cls, value)
