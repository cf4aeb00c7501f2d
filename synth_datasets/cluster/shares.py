"""How a build is divided: into how many parts, over how many workers, and who may have how many requests in flight."""

import os
from dataclasses import replace

from synth_datasets.endpoints import endpoints_of
from synth_datasets.generation.backends import default_concurrency
from synth_datasets.settings import Settings
from synth_datasets.spec.model import DatasetSpec

__all__ = ["default_workers", "number_of_parts", "shares_of"]

_MOST_WORKERS = 64
_PARTS_A_WORKER = 4
"""So that nobody waits long for the slowest, and a worker that dies has not much to go through again."""
_ROWS_A_PART = 1000
"""At least: at the end of a part some places stand empty, and what repeats rows of other parts is asked again after."""


def default_workers(cpus: float | None = None) -> int:
    """Return how many workers there are when nobody says: one for each CPU of the cluster, or of this machine."""
    return max(1, min(_MOST_WORKERS, int(cpus or len(os.sched_getaffinity(0)))))


def number_of_parts(rows: int, workers: int) -> int:
    """Return into how many parts so many rows are divided."""
    return max(workers, min(_PARTS_A_WORKER * workers, rows // _ROWS_A_PART))


def shares_of(spec: DatasetSpec, settings: Settings, workers: int) -> list[Settings]:
    """Return the settings of each worker: together they have no more requests in flight than one process would have.

    Where that is fewer than there are workers, there are fewer workers. A model that runs in the worker's own process
    is as busy in each as it would be in one, unless `settings` say how many requests there may be.
    """
    remote = [model for model, endpoint in endpoints_of(spec, settings).items() if "://" in endpoint]
    whole = settings.concurrency or default_concurrency(remote, settings)
    if not whole:
        return [settings] * workers
    workers = min(workers, whole)
    return [
        replace(settings, concurrency=whole // workers + (number < whole % workers))
        for number in range(workers)
    ]
