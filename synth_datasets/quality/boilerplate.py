"""Text that a model says about the task instead of doing it."""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.quality.clip import clip
from synth_datasets.validation.boilerplate import find_boilerplate
from synth_datasets.validation.refusals import is_refusal

__all__ = ["BoilerplateFigures", "BoilerplateKind", "boilerplate_rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoilerplateKind:
    """Rows with one kind of boilerplate."""

    kind: str
    rows: int
    examples: tuple[str, ...]
    """The first rows, clipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoilerplateFigures:
    """How many rows hold text about the task."""

    rows: int
    rate: float | None
    """None without rows."""
    kinds: tuple[BoilerplateKind, ...]
    """Such as `refusal`, `preamble`, `placeholder`: a row counts for the first one. Most rows first."""


def boilerplate_rate(texts: Sequence[str], *, shown: int = 2) -> BoilerplateFigures:
    """Return the share of rows with a refusal, a preamble, a placeholder, a code fence or chat markup.

    Range 0 to 1; lower is better, and 0 is what to expect: on real product reviews it is below 0.005. Unlike
    the checks of a build, it does not know the prompts, so a set that was asked for code fences is flagged.
    It cannot see what its patterns do not know: refusals in nine languages, the rest in English.
    Source: the patterns of this package's own checks, made from what instruction-tuned models write.
    """
    found: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        if kind := _kind(text):
            found.setdefault(kind, []).append(row)
    ranked = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return BoilerplateFigures(
        rows=len(texts),
        rate=sum(map(len, found.values())) / len(texts) if texts else None,
        kinds=tuple(
            BoilerplateKind(
                kind=kind, rows=len(rows), examples=tuple(clip(texts[row]) for row in rows[:shown])
            )
            for kind, rows in ranked
        ),
    )


def _kind(text: str) -> str:
    if is_refusal(text):
        return "refusal"
    return find_boilerplate(text, ()).partition(":")[0].removeprefix("a ").removeprefix("an ")
