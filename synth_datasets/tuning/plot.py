"""The losses of a tuning as a picture, drawn by matplotlib; PNG bytes that depend on the losses alone."""

import io
from collections.abc import Sequence

from synth_datasets.tuning.recipe import Point

__all__ = ["loss_png"]

_BLUE, _ORANGE = "#2563eb", "#d97706"


def loss_png(points: Sequence[Point], kept: float) -> bytes:
    """Return the losses of held-out and of learned rows by passes; a line marks that of the weights that were kept."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Not through pyplot: it keeps figures, and looks for a screen.
    figure = Figure(figsize=(6.4, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot(
        [point.epoch for point in points],
        [point.held_out for point in points],
        "o-",
        color=_BLUE,
        label="held-out rows",
        markersize=4,
    )
    learned = [(point.epoch, point.train) for point in points if point.train is not None]
    axes.plot(
        [at for at, _ in learned],
        [loss for _, loss in learned],
        "o--",
        color=_ORANGE,
        label="rows learned from, mean since the point before",
        markersize=4,
    )
    axes.axhline(kept, color=_BLUE, linewidth=0.8, alpha=0.5)
    axes.set(xlabel="passes over the rows", ylabel="loss, nats for a token of the answer")
    axes.legend(fontsize=8)
    axes.grid(alpha=0.25)
    held = io.BytesIO()
    figure.savefig(held, format="png", metadata={"Software": None})
    return held.getvalue()
