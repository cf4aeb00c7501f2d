"""The plots of a report as PNG files, drawn by matplotlib: bytes that depend on the report and that library alone."""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from synth_datasets.quality import map_plots, plots
from synth_datasets.quality.clip import clip
from synth_datasets.quality.labels import LabelFigures
from synth_datasets.quality.lengths import Lengths
from synth_datasets.quality.report import QualityReport
from synth_datasets.quality.text_map import TextMap
from synth_datasets.quality.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PICTURES", "Picture", "draw_pictures"]

PICTURES = ("labels.png", "lengths.png", "duplicates.png", "map.png")
MOST_CLASSES = 12
"""Classes that are drawn, the largest first; the report's page has all."""
WIDTH, DOTS = 4.8, 150
"""Inches, and dots an inch: letters are read on a phone, which shows a plot at half its size."""
SAID = 400
"""Characters of a plot's words."""
_BLUE, _ORANGE, _GREY, _INK = "#2f6fae", "#c2703d", "#d9dbde", "#1d1f23"
_CLASSES = (_BLUE, _ORANGE, "#2c8a5c", "#8a4fb0", "#b3314f", "#8a7a1c", "#1f8a99", "#7a5a3c", "#8b929c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A plot as a file."""

    name: str
    """One of `PICTURES`."""
    said: str
    """The plot in words, for those who do not see it."""
    png: bytes


def draw_pictures(report: QualityReport) -> tuple[Picture, ...]:
    """Return what there is to draw, each on a light ground of its own, for pages of any colour; some 0.2 s a plot.

    Nothing without matplotlib (extra `quality`).
    """
    return () if find_spec("matplotlib") is None else tuple(_drawn(report))


def _drawn(report: QualityReport) -> Iterator[Picture]:
    label = next(iter(report.whole.labels), None)
    if label is not None and report.whole.labels[label].counts:
        found = report.whole.labels[label]
        yield _picture(
            "labels.png",
            plots.label_plot(found).summary,
            len(found.counts),
            lambda axes: _labels(axes, found),
        )
    column = next(iter(report.whole.texts), None)
    if column is None:
        return
    texts = report.whole.texts[column]
    few = 0 < len(texts.lengths_by_class) <= MOST_CLASSES
    by_class = texts.lengths_by_class if few else {"all rows": texts.lengths}
    lengths = {name: each.words for name, each in by_class.items()}
    if (drawn := plots.length_plot(lengths, "words")) is not None:
        yield _picture("lengths.png", drawn.summary, 4, lambda axes: _lengths(axes, column, lengths))
    if bars := _repeated(report, column):
        said = "; ".join(f"{name} {percent(share)}" for name, share in bars)
        yield _picture(
            "duplicates.png", f"Repeated rows: {said}", len(bars), lambda axes: _duplicates(axes, bars)
        )
    for each in report.maps[:1]:
        yield _picture("map.png", map_plots.map_plot(each).summary, 9, lambda axes: _map(axes, each))  # noqa: B023 - drawn at once


def _picture(name: str, said: str, lines: int, draw: "Callable[[Axes], None]") -> Picture:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not through pyplot: it keeps figures, and looks for a screen.
    figure = Figure(figsize=(WIDTH, 1.1 + 0.36 * min(lines, MOST_CLASSES)), dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    draw(axes)
    held = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks
        figure.savefig(held, format="png", metadata={"Software": None})
    return Picture(name=name, said=clip(said, SAID), png=held.getvalue())


def _labels(axes: "Axes", found: LabelFigures) -> None:
    ranked = sorted(found.counts.items(), key=lambda item: -item[1])[:MOST_CLASSES]
    kept = {name for name, _ in ranked}
    order = [name for name in found.counts if name in kept]
    shown = _written(list(found.counts))
    asked = found.asked or {}
    _bars(axes, [shown[name] for name in order], [found.counts[name] for name in order], "{:,}".format)
    if asked:
        for at, name in enumerate(order):
            axes.plot([asked[name]] * 2, [at - 0.45, at + 0.45], color=_INK, linewidth=1.6)
    title = "Rows by class"
    if len(order) < len(found.counts):
        title += f", the {len(order)} largest of {len(found.counts)}"
    _title(axes, title + ("; upright lines: asked for" if asked else ""))


def _lengths(axes: "Axes", column: str, lengths: Mapping[str, Lengths]) -> None:
    shown = _written(list(lengths))
    for at, (name, each) in enumerate(lengths.items()):
        total = sum(each.counts) or 1
        edges = [*each.edges[:-1], each.edges[-1]]
        colour = _CLASSES[at % len(_CLASSES)]
        style = ("-", "--", ":")[at // len(_CLASSES) % 3]
        axes.stairs(
            [count / total for count in each.counts], edges, color=colour, linestyle=style, linewidth=1.8,
            label=f"{shown[name]}, median {each.median:g}" if each.median is not None else shown[name],
        )  # fmt: skip
    axes.set(xlabel="words; the last bin holds all that is longer", ylim=(0, None))
    axes.yaxis.set_major_formatter(lambda value, _: percent(value))
    axes.legend(fontsize=8, frameon=False, ncols=1 + (len(lengths) > 4))  # noqa: PLR2004 - rows of names
    _title(axes, f"Length of {_plain(column)} in words")


def _repeated(report: QualityReport, column: str) -> list[tuple[str, float]]:
    found = report.whole.texts[column].duplicates
    shares = [("word for word", found.exact), (f"nearly, from {found.threshold:g} alike", found.near)]
    shares += [
        (f"{each.later} in {each.earlier}", each.overlap.near)
        for each in report.overlaps
        if each.column == column
    ]
    return [(name, share) for name, share in shares[:MOST_CLASSES] if share is not None]


def _duplicates(axes: "Axes", bars: Sequence[tuple[str, float]]) -> None:
    _bars(axes, [_plain(name) for name, _ in bars], [share for _, share in bars], percent, most=1.0)
    axes.xaxis.set_major_formatter(lambda value, _: percent(value))
    _title(axes, "Rows that repeat another one")


def _map(axes: "Axes", found: TextMap) -> None:
    shown = _written(list(found.groups))
    for at in dict.fromkeys(min(group if group >= 0 else 8, 8) for group in sorted(found.group)):
        for real in (False, True):
            rows = [
                row
                for row, group in enumerate(found.group)
                if (at == (group if 0 <= group < 8 else 8)) and found.real[row] == real  # noqa: PLR2004 - colours
            ]
            name = shown[found.groups[at]] if at < len(found.groups) else "rows"
            axes.scatter(
                [found.x[row] for row in rows], [found.y[row] for row in rows],
                s=16, marker="s" if real else "o", linewidths=1 if real else 0, alpha=0.8,
                facecolors="none" if real else _CLASSES[at], edgecolors=_CLASSES[at],
                label=(f"{name}, real" if real else name) if rows else "_",
            )  # fmt: skip
    axes.set(xticks=[], yticks=[])
    axes.spines["bottom"].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2)
    _title(axes, f"Map of {_plain(found.column)}: what shares words is near")


def _bars(
    axes: "Axes",
    names: Sequence[str],
    values: Sequence[float],
    said: Callable[[float], str],
    *,
    most: float | None = None,
) -> None:
    axes.barh(range(len(names)), values, height=0.62, color=_BLUE)
    for at, value in enumerate(values):
        axes.annotate(said(value), (value, at), (5, 0), textcoords="offset points", va="center", fontsize=8.5)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, most or 1.14 * max([1, *values]))
    axes.margins(y=0.02)


def _title(axes: "Axes", text: str) -> None:
    axes.set_title(text, fontsize=10.5, loc="left")


def _written(names: Sequence[str]) -> dict[str, str]:
    """Return names as the plots' font can write them: by number where it lacks a letter."""
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    return {
        name: _plain(name)
        if all(font.get_char_index(ord(letter)) for letter in _plain(name))
        else f"class {at}"
        for at, name in enumerate(names)
    }


def _plain(text: str) -> str:
    """Return a name on one line, short, with nothing in it that would be read as a formula."""
    short = " ".join(text.split())
    short = short if len(short) <= plots.NAME else f"{short[: plots.NAME - 1]}…"
    return "".join(letter for letter in short if letter.isprintable()).replace("$", r"\$")
