"""When figures pass, deserve a look, or fail: the thresholds, and the reasons in words.

The thresholds were set on real reviews and on sets with planted faults. Without real rows to compare with,
the diversity figures, which depend on language and length, warn at most. There is no overall score: a set can
look good in one family because it fails in another.
"""

from collections.abc import Iterator, Mapping, Sequence

from synth_datasets.quality.diversity import DistinctFigures
from synth_datasets.quality.figures import ColumnOverlap, FamilyVerdict, Section, TextFigures, Verdict
from synth_datasets.quality.labels import LabelFigures
from synth_datasets.quality.wording import UNSPACED, percent

__all__ = ["FEW_ROWS", "headline", "judge_families"]

FEW_ROWS = 200
"""Below this many rows, the figures that need more text are not measured."""

TOTAL_VARIATION = (0.05, 0.20)
EMPTY_TEXTS = (0.0, 0.01)
BOILERPLATE = (0.0, 0.01)
PERSONAL = (0.002, 0.01)
DUPLICATES = (0.02, 0.10)
OVERLAP = (0.005, 0.01)
REPETITION = (0.05, 0.20)
COMPRESSION = 4.0
"""1.4 times what real short English reviews have."""
DISTINCT_2 = 0.60
"""Three quarters of what real short English reviews have."""
ACCEPTANCE = 0.50

_ORDER: tuple[Verdict, ...] = ("unmeasured", "pass", "warn", "fail")

Finding = tuple[Verdict, str]


def judge_families(
    splits: Mapping[str, Section],
    whole: Section,
    overlaps: Sequence[ColumnOverlap],
    more: Mapping[str, Sequence[Finding]] | None = None,
) -> tuple[FamilyVerdict, ...]:
    """Grade each family by its worst figures; the reasons name those, then what could not be measured."""
    families = {
        "labels": list(_labels(splits)),
        "lengths": [each for column, figures in whole.texts.items() for each in _lengths(column, figures)],
        "duplicates": [
            each for column, figures in whole.texts.items() for each in _duplicates(column, figures)
        ],
        "overlap": list(_overlaps(overlaps)),
        "repetition": [
            each for column, figures in whole.texts.items() for each in _repetition(column, figures)
        ],
        "diversity": [
            each for column, figures in whole.texts.items() for each in _diversity(column, figures)
        ],
        "boilerplate": [
            each for column, figures in whole.texts.items() for each in _boilerplate(column, figures)
        ],
        "personal_data": [
            each for column, figures in whole.texts.items() for each in _personal(column, figures)
        ],
        "acceptance": list(_acceptance(whole)),
        **(more or {}),
    }
    return tuple(_verdict(family, findings) for family, findings in families.items())


def headline(verdicts: Sequence[FamilyVerdict]) -> tuple[Verdict, str]:
    """Return the worst verdict, and how many families have which, in words; it is no score, only where to begin."""
    worst: Verdict = max((each.verdict for each in verdicts), key=_ORDER.index, default="unmeasured")
    words: dict[Verdict, str] = {
        "fail": "fail",
        "warn": "deserve a look",
        "pass": "pass",
        "unmeasured": "not measured",
    }
    told = [
        f"{count} {said}"
        for kind, said in words.items()
        if (count := sum(each.verdict == kind for each in verdicts))
    ]
    return worst, ", ".join(told)


def _verdict(family: str, findings: Sequence[Finding]) -> FamilyVerdict:
    if not findings:
        return FamilyVerdict(
            family=family, verdict="unmeasured", reasons=("nothing to measure in this dataset",)
        )
    worst = max((verdict for verdict, _ in findings), key=_ORDER.index)
    told = [reason for verdict, reason in findings if verdict == worst]
    if worst != "unmeasured":
        told += [reason for verdict, reason in findings if verdict == "unmeasured"]
    return FamilyVerdict(family=family, verdict=worst, reasons=tuple(told))


def _labels(splits: Mapping[str, Section]) -> Iterator[Finding]:
    for split, section in splits.items():
        for column, figures in section.labels.items():
            yield from _label(f"{column} in {split}", figures)


def _label(where: str, figures: LabelFigures) -> Iterator[Finding]:
    if not figures.rows:
        yield "unmeasured", f"{where}: no rows"
        return
    if figures.empty:
        yield "warn" if figures.asked is None else "fail", f"{where}: no row is {' or '.join(figures.empty)}"
    if figures.unlabelled:
        yield "warn", f"{where}: {figures.unlabelled:,} of {figures.rows:,} rows have no label"
    if figures.total_variation is None:
        yield "pass", f"{where}: nothing was asked, so only empty classes are looked for"
    else:
        distance = figures.total_variation
        said = f"{where}: {percent(distance)} of the rows would have to change class to be as asked"
        yield _graded(distance, TOTAL_VARIATION), f"{said} ({_bounds(TOTAL_VARIATION)})"


def _lengths(column: str, figures: TextFigures) -> Iterator[Finding]:
    lengths = figures.lengths
    if not lengths.texts:
        yield "unmeasured", f"{column}: no rows"
        return
    share = lengths.empty / lengths.texts
    yield _graded(share, EMPTY_TEXTS), f"{column}: {lengths.empty:,} of {lengths.texts:,} texts are empty"


def _duplicates(column: str, figures: TextFigures) -> Iterator[Finding]:
    found = figures.duplicates
    if found.near is None or found.exact is None:
        yield "unmeasured", f"{column}: no rows"
        return
    exact = percent(found.exact)
    said = f"{column}: {percent(found.near)} of the rows repeat another one, {exact} word for word"
    yield _graded(found.near, DUPLICATES), f"{said} ({_bounds(DUPLICATES)})"


def _overlaps(overlaps: Sequence[ColumnOverlap]) -> Iterator[Finding]:
    for each in overlaps:
        where = f"{each.column}: {each.later} and {each.earlier}"
        if each.overlap.near is None:
            yield "unmeasured", f"{where}: one of them has no rows"
        else:
            said = f"{where}: {percent(each.overlap.near)} of {each.later} is also in {each.earlier}"
            yield _graded(each.overlap.near, OVERLAP), f"{said} ({_bounds(OVERLAP)})"


def _repetition(column: str, figures: TextFigures) -> Iterator[Finding]:
    found = figures.repetition
    if found is None or found.self_repetition is None or found.template_rate is None:
        yield "unmeasured", _too_few(column, figures)
        return
    if figures.unspaced > UNSPACED:
        yield "unmeasured", _unspaced(column)
        return
    said = f"{column}: {percent(found.self_repetition)} of the rows share 8 words in a row with another one"
    yield _graded(found.self_repetition, REPETITION), f"{said} ({_bounds(REPETITION)})"
    said = f"{column}: {percent(found.template_rate)} of the rows hold a phrase that 1 % of them share"
    yield _graded(found.template_rate, REPETITION), f"{said} ({_bounds(REPETITION)})"


def _diversity(column: str, figures: TextFigures) -> Iterator[Finding]:
    if figures.distinct is None or figures.compression is None:
        yield "unmeasured", _too_few(column, figures)
        return
    if figures.unspaced > UNSPACED:
        yield "unmeasured", _unspaced(column)
        return
    ratio = figures.compression.value
    if ratio is not None:
        said = f"{column}: compresses {ratio:.2f} to 1 (looked at from {COMPRESSION:g})"
        yield "pass" if ratio < COMPRESSION else "warn", said
    yield from _distinct(column, next(each for each in figures.distinct if each.n == 2))  # noqa: PLR2004 - pairs


def _distinct(column: str, pairs: DistinctFigures) -> Iterator[Finding]:
    if pairs.value is None or not pairs.comparable:
        yield (
            "unmeasured",
            f"{column}: {pairs.tokens:,} words are too few to compare, {pairs.budget:,} are needed",
        )
        return
    said = f"{column}: {percent(pairs.value)} of the word pairs are distinct"
    yield "pass" if pairs.value > DISTINCT_2 else "warn", f"{said} (looked at below {percent(DISTINCT_2)})"


def _boilerplate(column: str, figures: TextFigures) -> Iterator[Finding]:
    found = figures.boilerplate
    if found.rate is None:
        yield "unmeasured", f"{column}: no rows"
        return
    kinds = ", ".join(f"{each.kind} {each.rows:,}" for each in found.kinds)
    said = f"{column}: {percent(found.rate)} of the rows hold text about the task"
    yield _graded(found.rate, BOILERPLATE), f"{said} ({kinds})" if kinds else said


def _personal(column: str, figures: TextFigures) -> Iterator[Finding]:
    found = figures.personal
    if found is None or found.rate is None:
        yield "unmeasured", f"{column}: no rows"
        return
    kinds = ", ".join(f"{each.kind} {each.rows:,}" for each in found.kinds)
    said = f"{column}: {percent(found.rate)} of the rows hold what looks like personal data"
    said = f"{said} ({kinds})" if kinds else f"{said}; names and places have no form and are not looked for"
    yield _graded(found.rate, PERSONAL), f"{said} ({_bounds(PERSONAL)})" if kinds else said


def _acceptance(whole: Section) -> Iterator[Finding]:
    if whole.funnel is None or whole.funnel.acceptance_rate is None:
        yield "unmeasured", "no tally of answers was given"
        return
    funnel, rate = whole.funnel, whole.funnel.acceptance_rate
    said = f"{percent(rate)} of {funnel.answers:,} answers were kept (looked at below {percent(ACCEPTANCE)})"
    yield "pass" if rate >= ACCEPTANCE else "warn", said
    if funnel.missing_rows:
        yield "warn", f"{funnel.missing_rows:,} rows are missing because all their attempts were rejected"


def _graded(value: float, bounds: tuple[float, float]) -> Verdict:
    """Up to the first bound passes, above the second fails."""
    low, high = bounds
    return "pass" if value <= low else "warn" if value <= high else "fail"


def _bounds(bounds: tuple[float, float]) -> str:
    return f"up to {percent(bounds[0])} passes, above {percent(bounds[1])} fails"


def _unspaced(column: str) -> str:
    return f"{column}: written without spaces, and no bounds are known for sequences of characters"


def _too_few(column: str, figures: TextFigures) -> str:
    return f"{column}: too few rows ({figures.measured_rows:,}, at least {FEW_ROWS} are needed)"
