"""Ray on this machine for one build, or a cluster that is there; nothing is reported to anybody."""

import logging
import os
import secrets
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from synth_datasets.cluster.scratch import scratch
from synth_datasets.errors import SettingsError

__all__ = ["joined"]

_OBJECTS_BYTES = 512 * 1024 * 1024
"""Shared memory for parts on their way to the driver; what does not fit lies in a file meanwhile."""
_LONGEST_BASE = 16
"""Of a folder in which the sockets of Ray have names of the 107 bytes that the kernel allows."""
_CLUSTERS = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Where this is 0, Ray knows no machine but this one, and its servers listen on 127.0.0.1 only."""
_SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@contextmanager
def joined(address: str | None, workers: int) -> Iterator[Any]:
    """Give the module `ray`, connected: to the cluster at `address`, or to one of this process with so many workers.

    The latter listens on loopback only, under a token that nobody else knows, writes below one temporary folder, and
    ends with the context. A program that uses Ray already keeps its connection.
    """
    with _environment(_SILENT if address else {**_SILENT, "RAY_AUTH_TOKEN": _token(), _CLUSTERS: "0"}):
        ray = _imported()
        if ray.is_initialized():
            yield ray
        elif address:
            yield from _member(ray, address)
        else:
            yield from _alone(ray, workers)


def _imported() -> Any:  # noqa: ANN401 - a module
    try:
        import ray
    except ImportError as error:
        raise SettingsError(
            f"--engine ray needs the extra `ray` ({error}): pip install 'synth-datasets[ray]'"
        ) from error
    return ray


def _alone(ray: Any, workers: int) -> Iterator[Any]:  # noqa: ANN401 - a module
    base = tempfile.gettempdir()
    base = base if len(base) <= _LONGEST_BASE else "/tmp"  # noqa: S108 - a folder of our own is made there
    constants = ray._private.ray_constants  # noqa: SLF001 - it has read the variable, perhaps long before
    with scratch(Path(base), "sray") as folder:
        clusters, constants.ENABLE_RAY_CLUSTER = constants.ENABLE_RAY_CLUSTER, False
        try:
            _connect(
                ray,
                num_cpus=workers,
                include_dashboard=False,
                object_store_memory=_OBJECTS_BYTES,
                _temp_dir=str(folder),
            )
            yield ray
        finally:
            ray.shutdown()
            constants.ENABLE_RAY_CLUSTER = clusters


def _member(ray: Any, address: str) -> Iterator[Any]:  # noqa: ANN401 - a module
    if address.startswith("ray://"):
        raise SettingsError(
            f"{address} is the address of a client's proxy: run the build on a node of the cluster, with --address "
            "auto or HOST:6379, so that the answers lie there before they are used"
        )
    try:
        _connect(ray, address=address)
    except Exception as error:
        # Ray raises ConnectionError, RuntimeError, ValueError and errors of its own.
        raise SettingsError(
            f"no Ray cluster can be joined at {address}: {error}. Start one with `ray start --head`, with the same "
            "versions of Python, Ray and this package on every node"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Lay the values over the environment that Ray and its processes see."""
    before = {name: os.environ.get(name) for name in (*values, "RAY_AUTH_MODE")}  # which Ray sets itself
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _connect(ray: Any, **options: object) -> None:  # noqa: ANN401 - a module
    """Let Ray begin, with nothing to say and without its own way to end by SIGTERM."""
    logging.getLogger("ray").setLevel(logging.ERROR)
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(log_to_driver=False, configure_logging=False, **options)
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


@cache
def _token() -> str:
    """Return what the processes of this one's Ray know each other by; Ray keeps it for as long as it is imported."""
    return secrets.token_hex(32)
