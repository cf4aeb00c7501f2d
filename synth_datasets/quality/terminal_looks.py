"""The parts of a report that say whom to believe, as lines for a terminal."""

from collections.abc import Iterator

from synth_datasets.quality.beside_real import BesideReal
from synth_datasets.quality.bias_figures import AttributeFigures
from synth_datasets.quality.comparison import Against
from synth_datasets.quality.completed import CompletedFigures
from synth_datasets.quality.judged_real import likeness_rows, side
from synth_datasets.quality.looks import ColumnNoise
from synth_datasets.quality.votes import VoteFigures
from synth_datasets.quality.wording import change, decimal, p_value, percent, shift

__all__ = ["against_rows", "attribute_rows", "completed_rows", "noise_rows", "real_rows", "vote_rows"]

Rows = Iterator[tuple[str, ...]]


def vote_rows(figures: VoteFigures) -> Rows:
    """Yield a table: planned labels down, voted labels across."""
    yield ("planned \\ voted", *figures.classes)
    for name, row in zip(figures.classes, figures.confusion, strict=True):
        yield (name, *(f"{count:,}" for count in row))


def noise_rows(found: ColumnNoise) -> Rows:
    """Yield what confident learning found, or why it was not asked."""
    figures = found.figures
    if figures is None:
        yield "not measured", found.reason
        return
    low, high = figures.noise_interval
    yield "wrong labels, estimated", f"{percent(figures.noise)} ({percent(low)} to {percent(high)})"
    yield "doubted rows", f"{figures.doubted:,} of {figures.rows:,}"
    for label, likely, count in figures.pairs[:3]:
        yield f"of these {label}, likely {likely}", f"{count:,}"
    yield "found of labels changed on purpose", percent(figures.check.found)
    yield "doubted of the others", percent(figures.check.false_alarms)


def attribute_rows(found: AttributeFigures) -> Rows:
    """Yield the shares of an attribute's values, and what it goes along with."""
    for group in found.groups:
        low, high = group.interval
        real = "" if group.real_share is None else f"; real {percent(group.real_share)}"
        yield (
            group.value,
            f"{group.rows:,}",
            f"{percent(group.share)} ({percent(low)} to {percent(high)}){real}",
        )
    if found.association is not None:
        together = found.association
        yield (
            "with the label",
            f"V {decimal(together.v)}",
            f"{together.test}, p {p_value(together.p_holm)} (Holm)",
        )
    if found.swap is not None:
        low, high = found.swap.interval
        said = f"of {found.swap.rows:,} predictions change ({percent(low)} to {percent(high)})"
        yield "words swapped", percent(found.swap.share), said
    if found.prompts is not None:
        for value, words in found.prompts.words.items():
            said = f"words against equal prompts, p {p_value(found.prompts.words_p_holm)} (Holm)"
            yield f"asked for {value}", f"{words:+z.1f}", said


def completed_rows(found: CompletedFigures) -> Rows:
    """Yield real rows, made ones and both by class."""
    yield (" / ".join(found.columns), "before", "made", "after")
    for cell in found.cells:
        yield cell.name, f"{cell.before:,}", f"{cell.made:,}", f"{cell.after:,}"


def against_rows(found: Against) -> Rows:
    """Yield the figures that have moved."""
    yield "figure", "before", "now", "change"
    for each in found.figures:
        if each.before != each.now:
            name = f"{each.group}: {each.name}"
            yield name, shift(each, each.before), shift(each, each.now), change(each) or " "


def real_rows(found: BesideReal) -> Rows:
    """Yield the figures of made rows, and those of real ones."""
    yield "figure", "made", "real"
    for pair in found.figures:
        yield pair.name, side(pair, pair.made), side(pair, pair.real)
    yield from likeness_rows(found)
