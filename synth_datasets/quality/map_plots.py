"""Where the dots of the page's map go: geometry in a drawing 360 by 260 units, for the template."""

from collections import Counter
from dataclasses import dataclass

from synth_datasets.quality.text_map import TextMap

__all__ = ["Dot", "MapPlot", "map_plot"]

WIDTH, HEIGHT, MARGIN = 360, 260, 8
SCALE = 1_000
REAL = "a real row"
"""In place of a text that is not the report's to show."""
COLOURS = 8
"""Classes with a colour of their own; the others share one."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One text."""

    x: float
    y: float
    colour: int
    """From 0; `COLOURS` for no class, or one of those that share a colour."""
    real: bool
    said: str


@dataclass(frozen=True, slots=True)
class MapPlot:
    """All dots, and what their colours mean."""

    summary: str
    """The plot in words, for those who do not see it."""
    dots: tuple[Dot, ...]
    legend: tuple[tuple[str, int, int], ...]
    """Name, colour and made rows that are shown."""
    made: int
    real: int


def map_plot(figures: TextMap) -> MapPlot:
    """Draw each text as a dot of its class's colour, real ones as squares above the others."""
    dots = tuple(
        Dot(
            x=round(MARGIN + x * (WIDTH - 2 * MARGIN) / SCALE, 1),
            y=round(HEIGHT - MARGIN - y * (HEIGHT - 2 * MARGIN) / SCALE, 1),
            colour=group if 0 <= group < COLOURS else COLOURS,
            real=real,
            said=f"{figures.groups[group]}: {text or REAL}" if group >= 0 else text or REAL,
        )
        for x, y, group, real, text in zip(
            figures.x, figures.y, figures.group, figures.real, figures.texts, strict=True
        )
    )
    counts = Counter(group for group, real in zip(figures.group, figures.real, strict=True) if not real)
    legend = [(name, at, counts[at]) for at, name in enumerate(figures.groups[:COLOURS]) if counts[at]]
    rest = sum(count for group, count in counts.items() if not 0 <= group < COLOURS)
    if rest:
        legend.append(("other classes" if len(figures.groups) > COLOURS else "rows", COLOURS, rest))
    real_dots = sum(figures.real)
    said = ", ".join(f"{name} {count:,}" for name, _, count in legend)
    return MapPlot(
        summary=f"Map of {len(dots):,} texts by the words they use: {said}"
        + (f"; and {real_dots:,} real rows" if real_dots else ""),
        dots=dots,
        legend=tuple(legend),
        made=len(dots) - real_dots,
        real=real_dots,
    )
