"""The options of `synth build` that say who asks: this process, or workers of Ray."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from synth_datasets.errors import SettingsError

if TYPE_CHECKING:
    from synth_datasets.cluster.asked import Cluster

__all__ = ["cluster_of", "engine_options"]

Verb = TypeVar("Verb", bound=Callable[..., Any])


def engine_options(verb: Verb) -> Verb:
    """Add the options."""
    for option in (
        click.option("--address", help="Of a Ray cluster that runs: auto, or HOST:6379."),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="Workers of Ray. [default: one for each CPU, 64 at most]",
        ),
        click.option(
            "--engine",
            type=click.Choice(["process", "ray"]),
            default="process",
            show_default=True,
            help="Who asks: this process, or workers of Ray, on this machine unless there is an --address.",
        ),
    ):
        verb = option(verb)
    return verb


def cluster_of(engine: str, workers: int | None, address: str | None) -> "Cluster | None":
    """Return where parts are asked; None where this process asks."""
    if engine != "ray":
        if workers is not None or address is not None:
            raise SettingsError("--workers and --address are Ray's: add --engine ray")
        return None
    from synth_datasets.cluster.asked import Cluster

    return Cluster(workers=workers, address=address)
