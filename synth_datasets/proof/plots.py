"""The learning curves as a picture, drawn by matplotlib; PNG bytes that depend on the proof alone."""

import io
from typing import TYPE_CHECKING

from synth_datasets.proof.result import Cell, Proof, Witness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["curves_png"]

_BLUE, _ORANGE, _GREEN, _GREY = "#2563eb", "#d97706", "#059669", "#6b7280"


def curves_png(proof: Proof) -> bytes:
    """Return two plots for each kind of model: the score by number of rows, and the gain by synthetic rows added."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not through pyplot: it keeps figures, and looks for a screen.
    count = len(proof.witnesses)
    figure = Figure(figsize=(11, 4.2 * count), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(count, 2, sharey="col", squeeze=False)
    for (left, right), witness in zip(axes, proof.witnesses, strict=True):
        _curves(left, proof, witness)
        _gains(right, proof, witness)
    held = io.BytesIO()
    figure.savefig(held, format="png", metadata={"Software": None})
    return held.getvalue()


def _curves(axes: "Axes", proof: Proof, witness: Witness) -> None:
    real = [(cell.real, cell) for cell in witness.cells if not cell.synthetic]
    alone = [(cell.synthetic, cell) for cell in witness.cells if not cell.real]
    mixed = [(cell.real, cell) for cell in witness.cells if cell.real and cell.synthetic == proof.synthetic]
    _line(axes, real, _BLUE, "real rows alone")
    _line(axes, mixed, _GREEN, f"real rows and all {proof.synthetic:,} synthetic")
    _line(axes, alone, _ORANGE, "synthetic rows alone")
    _rows_axis(axes, "real rows (synthetic rows, where alone)")
    axes.set_ylabel(proof.f1_name)
    axes.set_title(f"{witness.name}: learning curves, intervals of 95 %", fontsize=10)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.25)


def _rows_axis(axes: "Axes", name: str) -> None:
    """Count rows on a scale of logarithms, in plain numbers."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.set(xscale="log", xlabel=name)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _line(axes: "Axes", points: "Sequence[tuple[int, Cell]]", colour: str, name: str) -> None:
    x = [at for at, _ in points]
    axes.plot(x, [cell.f1.value for _, cell in points], "o-", color=colour, label=name, markersize=4)
    lows, highs = [cell.f1.low for _, cell in points], [cell.f1.high for _, cell in points]
    axes.fill_between(x, lows, highs, color=colour, alpha=0.12, linewidth=0)


def _gains(axes: "Axes", proof: Proof, witness: Witness) -> None:
    colours = (_ORANGE, _GREEN, _GREY, _BLUE)
    for number, size in enumerate(
        dict.fromkeys(cell.real for cell in witness.cells if cell.gain is not None)
    ):
        found = [(c.synthetic, c.gain) for c in witness.cells if c.real == size and c.gain is not None]
        # A little apart, so that no interval hides another.
        x, y = [at * 1.02**number for at, _ in found], [gain.value for _, gain in found]
        reach = [[gain.value - gain.low for _, gain in found], [gain.high - gain.value for _, gain in found]]
        axes.errorbar(
            x,
            y,
            yerr=[[max(0.0, each) for each in side] for side in reach],
            color=colours[number % len(colours)],
            marker="o",
            markersize=4,
            capsize=2,
            label=f"{size:,} real rows",
        )
    axes.axhline(0, color="black", linewidth=0.8)
    _rows_axis(axes, "synthetic rows added")
    axes.set_ylabel(f"change of {proof.f1_name}")
    axes.set_title(f"{witness.name}: gain over the same real rows alone", fontsize=10)
    axes.legend(fontsize=8)
    axes.grid(alpha=0.25)
