"""A prompt spec is a dataset: importing this package registers the `synth` builder with `datasets`."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from synth_datasets.errors import (
    EndpointError,
    PublishError,
    SettingsError,
    ShortfallError,
    SpecError,
    SynthError,
)
from synth_datasets.registration import register
from synth_datasets.resources import shipped

if TYPE_CHECKING:
    from synth_datasets.quality.slices import score_slices as score_slices
    from synth_datasets.spec import DatasetSpec as DatasetSpec
    from synth_datasets.spec import load_spec as load_spec
    from synth_datasets.synth import Synth as Synth

__all__ = [
    "DatasetSpec",
    "EndpointError",
    "PublishError",
    "SettingsError",
    "ShortfallError",
    "SpecError",
    "Synth",
    "SynthError",
    "__version__",
    "builder",
    "builders",
    "load_spec",
    "register",
    "score_slices",
]

_LAZY = {
    "DatasetSpec": "synth_datasets.spec",
    "load_spec": "synth_datasets.spec",
    "score_slices": "synth_datasets.quality.slices",
    "Synth": "synth_datasets.synth",
}


def builders() -> tuple[str, ...]:
    """Return the names of the ready datasets, sorted."""
    return tuple(sorted(path.parent.name for path in shipped("builders").glob("*/*.synth.yaml")))


def builder(name: str) -> str:
    """Return the path of a ready dataset's spec, for `load_dataset("synth", data_files=builder(name))`.

    Raises `SettingsError` when there is no such dataset.
    """
    found = sorted((shipped("builders") / Path(name).name).glob("*.synth.yaml"))
    if not found:
        raise SettingsError(f"there is no ready dataset {name!r}; there are: {', '.join(builders())}")
    return str(found[0])


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("synth-datasets")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


register()
