"""Where the bars of the page's plots go: geometry in a drawing 360 units wide, for the template."""

from collections.abc import Mapping
from dataclasses import dataclass

from synth_datasets.quality.completed import CompletedFigures
from synth_datasets.quality.funnel import Funnel
from synth_datasets.quality.labels import LabelFigures
from synth_datasets.quality.lengths import Lengths
from synth_datasets.quality.wording import number, percent

__all__ = [
    "Bar",
    "BarPlot",
    "Bin",
    "Histogram",
    "Panel",
    "completed_plot",
    "funnel_plot",
    "label_plot",
    "length_plot",
]

WIDTH = 360
ROW = 36
PANEL = 84
BASE = 66
SPACE = 44
NAME = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """One value with its name above it."""

    name: str
    note: str
    kind: str
    """`got`, `lost` or `all`: what the colour says."""
    top: int
    width: float
    asked: float | None = None
    """Where the asked value is marked."""


@dataclass(frozen=True, slots=True)
class BarPlot:
    """Bars below each other."""

    summary: str
    """The plot in words, for those who do not see it."""
    height: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a histogram."""

    left: float
    top: float
    width: float
    height: float
    said: str


@dataclass(frozen=True, slots=True)
class Panel:
    """The histogram of one class."""

    name: str
    note: str
    top: int
    median: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Panels below each other over one axis."""

    summary: str
    height: int
    panels: tuple[Panel, ...]
    ticks: tuple[tuple[float, str], ...]


def label_plot(figures: LabelFigures) -> BarPlot:
    """Draw rows by class, with a mark where the asked number is."""
    asked = figures.asked or {}
    most = max([1, *figures.counts.values(), *asked.values(), figures.unlabelled])
    counts = [(name, count, asked.get(name)) for name, count in figures.counts.items()]
    if figures.unlabelled:
        counts.append(("(no label)", figures.unlabelled, None))
    bars = tuple(
        Bar(
            name=_short(name),
            note=f"{count:,}" if wanted is None else f"{count:,} of {wanted:,} asked",
            kind="got",
            top=position * ROW,
            width=_scaled(count, most),
            asked=None if wanted is None else _scaled(wanted, most),
        )
        for position, (name, count, wanted) in enumerate(counts)
    )
    return BarPlot(summary=_summary("Rows by class", bars), height=max(1, len(bars)) * ROW, bars=bars)


def completed_plot(figures: CompletedFigures) -> BarPlot:
    """Draw real rows and made ones together by class, with a mark where the real ones end."""
    most = max([1, *(cell.after for cell in figures.cells)])
    bars = tuple(
        Bar(
            name=_short(cell.name),
            note=f"{cell.before:,} + {cell.made:,} = {cell.after:,}",
            kind="got",
            top=position * ROW,
            width=_scaled(cell.after, most),
            asked=_scaled(cell.before, most),
        )
        for position, cell in enumerate(figures.cells)
    )
    return BarPlot(
        summary=_summary("Real and made rows by class", bars), height=max(1, len(bars)) * ROW, bars=bars
    )


def funnel_plot(funnel: Funnel) -> BarPlot:
    """Draw the judged answers, what was rejected for each reason, and what was kept."""
    steps = [("judged", funnel.answers, "all")]
    steps += [(reason.replace("_", " "), count, "lost") for reason, count in funnel.rejected.items()]
    steps.append(("kept", funnel.kept, "got"))
    most = max(1, funnel.answers)
    bars = tuple(
        Bar(
            name=_short(name),
            note=f"{count:,} · {percent(count / most)}",
            kind=kind,
            top=position * ROW,
            width=_scaled(count, most),
        )
        for position, (name, count, kind) in enumerate(steps)
    )
    return BarPlot(summary=_summary("What became of the answers", bars), height=len(bars) * ROW, bars=bars)


def length_plot(lengths: Mapping[str, Lengths], unit: str) -> Histogram | None:
    """Draw one histogram a class, all with the same bins and the same scale of shares; None without texts."""
    drawn = {name: each for name, each in lengths.items() if each.counts and sum(each.counts)}
    if not drawn:
        return None
    edges = next(iter(drawn.values())).edges
    highest = max(max(each.counts) / sum(each.counts) for each in drawn.values())
    panels = tuple(
        _panel(name, each, position * PANEL, highest, unit)
        for position, (name, each) in enumerate(drawn.items())
    )
    summary = "; ".join(f"{panel.name}: {panel.note}" for panel in panels)
    step = max(1, (len(edges) - 1) // 4)
    ticks = tuple((_across(edge, edges), f"{edge:,}") for edge in edges[: len(edges) - 1 : step])
    return Histogram(f"Length in {unit}. {summary}", len(panels) * PANEL + 22, panels, ticks)


def _panel(name: str, lengths: Lengths, top: int, highest: float, unit: str) -> Panel:
    edges, total = lengths.edges, sum(lengths.counts)
    width = WIDTH / (len(edges) - 1)
    bins: list[Bin] = []
    for position, count in enumerate(lengths.counts):
        height = round(SPACE * count / total / highest, 1)
        last = position == len(lengths.counts) - 1
        reach = (
            f"{edges[position]:,} and more" if last else f"{edges[position]:,} to {edges[position + 1] - 1:,}"
        )
        if count:
            left, kept = round(position * width, 1), round(max(width - 1, 0.5), 1)
            bins.append(
                Bin(left, round(top + BASE - height, 1), kept, height, f"{reach} {unit}: {count:,} rows")
            )
    median = lengths.median or 0
    note = f"median {number(median)}, longest {number(lengths.maximum)}"
    return Panel(_short(name, 24), note, top, _across(median, edges), tuple(bins))


def _across(value: float, edges: tuple[int, ...]) -> float:
    return round(WIDTH * min(max((value - edges[0]) / (edges[-1] - edges[0]), 0), 1), 1)


def _scaled(value: int, most: int) -> float:
    return round(WIDTH * value / most, 1)


def _summary(what: str, bars: tuple[Bar, ...]) -> str:
    return f"{what}: " + "; ".join(f"{bar.name} {bar.note}" for bar in bars)


def _short(name: str, limit: int = NAME) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"
