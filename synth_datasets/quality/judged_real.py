"""Made rows beside real ones, in words: when they are near enough, and each figure."""

from collections.abc import Iterator, Sequence

from synth_datasets.quality.beside_real import BesideReal, FigurePair
from synth_datasets.quality.figures import Verdict
from synth_datasets.quality.verdicts import FEW_ROWS
from synth_datasets.quality.wording import decimal, figure, percent

__all__ = ["judge_real", "likeness_rows", "side"]

AUC = 0.75
"""From here on a bag of words tells made rows from real ones. No failure: one stock phrase does it."""
COVERAGE = 0.85
"""Of what other real rows attain."""
DISTINCT = 0.90
COMPRESSION = (1.1, 1.4)
"""Times the ratio of real rows: what planted faults in real reviews came to, as those above."""
PERSONAL = 0.002
LENGTHS = 0.10
"""Distance of lengths; or twice that of other real rows, where it is more."""

Finding = tuple[Verdict, str]


def judge_real(compared: Sequence[BesideReal]) -> list[Finding]:
    """Return what real rows say of made ones; nothing without real rows."""
    return [finding for each in compared for finding in _judged(each)]


def _judged(each: BesideReal) -> Iterator[Finding]:
    if each.rows < FEW_ROWS:
        yield (
            "unmeasured",
            f"{each.column}: too few rows ({each.rows:,} of each, at least {FEW_ROWS} are needed)",
        )
        return
    yield from _apart(each)
    yield from _ratios(each.column, {pair.name: pair for pair in each.figures})
    distance, usual = each.length_distance, each.length_distance_of_real
    if distance is not None and usual is not None:
        bound = max(LENGTHS, 2 * usual)
        said = (
            f"{each.column}: lengths are {decimal(distance)} from real ones, other real rows {decimal(usual)}"
        )
        yield "pass" if distance <= bound else "warn", f"{said} (looked at above {decimal(bound)})"


def _apart(each: BesideReal) -> Iterator[Finding]:
    for note in each.notes:
        yield "unmeasured", f"{each.column}: {note}"
    told, like = each.told_apart, each.likeness
    if told is not None and told.auc is not None:
        words = f", by words such as {', '.join(told.made_words[:4])}" if told.auc >= AUC else ""
        said = f"{each.column}: a classifier ranks a made row above a real one with probability {told.auc:.2f}{words}"
        yield "pass" if told.auc < AUC else "warn", f"{said} (0.5 is chance, looked at from {AUC})"
    if like is not None and like.made is not None and like.baseline is not None and like.baseline.coverage:
        share = like.made.coverage / like.baseline.coverage
        said = f"{each.column}: covers {percent(like.made.coverage)} of the real rows, other real rows cover "
        said += percent(like.baseline.coverage)
        yield "pass" if share >= COVERAGE else "warn", f"{said} (looked at below {percent(COVERAGE)} of that)"


def _ratios(column: str, pairs: dict[str, FigurePair]) -> Iterator[Finding]:
    for name, (made, real) in _both(pairs, ("distinct-2", "compression ratio", "personal data")):
        said = f"{column}: {name} "
        if name == "personal data":
            verdict: Verdict = "pass" if made <= real + PERSONAL else "warn"
            yield verdict, f"{said}in {percent(made)} of the rows, in {percent(real)} of real ones"
        elif name == "distinct-2" and real:
            verdict = "pass" if made / real >= DISTINCT else "warn"
            bound = f"looked at below {percent(DISTINCT)} of that"
            yield verdict, f"{said}{decimal(made)}, of real rows {decimal(real)} ({bound})"
        elif real:
            ratio = made / real
            verdict = "pass" if ratio <= COMPRESSION[0] else "warn" if ratio <= COMPRESSION[1] else "fail"
            bound = f"up to {COMPRESSION[0]:g} times that passes, above {COMPRESSION[1]:g} times fails"
            yield verdict, f"{said}{decimal(made)}, of real rows {decimal(real)} ({bound})"


def _both(pairs: dict[str, FigurePair], names: Sequence[str]) -> Iterator[tuple[str, tuple[float, float]]]:
    for name in names:
        pair = pairs.get(name)
        if pair is not None and pair.made is not None and pair.real is not None:
            yield name, (pair.made, pair.real)


def side(pair: FigurePair, value: float | None) -> str:
    """Word one side of a figure that real rows have as well."""
    return percent(value) if pair.unit == "share" else figure(value)


def likeness_rows(each: BesideReal) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and what other real rows attain, for every figure of made and real rows together."""
    like = each.likeness
    if like is not None and like.made is not None and like.baseline is not None:
        for name in ("coverage", "density", "precision", "recall"):
            yield name, decimal(getattr(like.made, name)), decimal(getattr(like.baseline, name))
        yield "Fréchet's distance", figure(like.frechet), figure(like.frechet_baseline)
        yield "Vendi score", figure(like.vendi), figure(like.vendi_baseline)
    if each.length_distance is not None:
        yield "distance of lengths", decimal(each.length_distance), decimal(each.length_distance_of_real)
    if each.told_apart is not None and each.told_apart.accuracy is not None:
        yield "told apart by a classifier, accuracy", percent(each.told_apart.accuracy), percent(0.5)
        yield "told apart by a classifier, AUC", decimal(each.told_apart.auc), decimal(0.5)
