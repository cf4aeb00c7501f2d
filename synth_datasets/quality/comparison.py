"""Two reports side by side: the figures that both, or one of them, have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from synth_datasets.quality.figures import FamilyVerdict, Section, TextFigures

__all__ = ["Against", "FigureShift", "compare_reports"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureShift:
    """One figure, before and now."""

    group: str
    """What it is about: `verdicts`, `rows`, a column."""
    name: str
    unit: str
    """`share`, `number` or `verdict`."""
    before: float | None
    """None: not measured then, as in `now`; of a verdict its rank (0 not measured, 1 pass, 2 warn, 3 fail)."""
    now: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """An earlier report, set beside this one."""

    title: str
    """Of the earlier one."""
    figures: tuple[FigureShift, ...]


_RANKS: Mapping[str, float] = {"unmeasured": 0.0, "pass": 1.0, "warn": 2.0, "fail": 3.0}
_Named = tuple[tuple[str, str], tuple[str, float | None]]


def compare_reports(
    title: str,
    before: tuple[tuple[FamilyVerdict, ...], Section],
    now: tuple[tuple[FamilyVerdict, ...], Section],
) -> Against:
    """Set the verdicts and all splits' figures of two reports side by side; what neither has measured is left out."""
    then, after = dict(_figures(*before)), dict(_figures(*now))
    shifts = [
        FigureShift(
            group=key[0],
            name=key[1],
            unit=(after.get(key) or then[key])[0],
            before=_rounded(then.get(key)),
            now=_rounded(after.get(key)),
        )
        for key in dict.fromkeys([*after, *then])
    ]
    figures = tuple(each for each in shifts if each.before is not None or each.now is not None)
    return Against(title=title, figures=figures)


def _rounded(found: tuple[str, float | None] | None) -> float | None:
    """Return the value as a file holds it: one of the two reports may come from one."""
    return None if found is None or found[1] is None else round(found[1], 6)


def _figures(verdicts: tuple[FamilyVerdict, ...], whole: Section) -> Iterator[_Named]:
    for verdict in verdicts:
        yield ("verdicts", verdict.family), ("verdict", _RANKS[verdict.verdict])
    yield ("rows", "all splits"), ("number", float(whole.rows))
    if whole.funnel is not None:
        yield ("rows", "answers kept"), ("share", whole.funnel.acceptance_rate)
    for column, labels in whole.labels.items():
        for name, count in labels.counts.items():
            yield (column, name), ("number", float(count))
    for column, figures in whole.texts.items():
        for name, (unit, value) in _text(figures).items():
            yield (column, name), (unit, value)


def _text(figures: TextFigures) -> dict[str, tuple[str, float | None]]:
    repeated = figures.repetition
    pairs = next((each.value for each in figures.distinct or () if each.n == 2), None)  # noqa: PLR2004 - pairs
    return {
        "words, median": ("number", figures.lengths.words.median),
        "word for word duplicates": ("share", figures.duplicates.exact),
        "near duplicates": ("share", figures.duplicates.near),
        "boilerplate": ("share", figures.boilerplate.rate),
        "personal data": ("share", figures.personal.rate if figures.personal else None),
        "rows sharing 8 words in a row": ("share", repeated.self_repetition if repeated else None),
        "distinct word pairs": ("share", pairs),
        "compression ratio": ("number", figures.compression.value if figures.compression else None),
    }
