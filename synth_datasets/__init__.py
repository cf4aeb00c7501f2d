"""A prompt spec is a dataset: importing this package registers the `synth` builder with `datasets`."""

from synth_datasets.registration import register

TYPE_CHECKING = False  # not from `typing`, which takes longer to import than all the rest here
if TYPE_CHECKING:
    from synth_datasets.errors import EndpointError as EndpointError
    from synth_datasets.errors import PublishError as PublishError
    from synth_datasets.errors import SettingsError as SettingsError
    from synth_datasets.errors import ShortfallError as ShortfallError
    from synth_datasets.errors import SpecError as SpecError
    from synth_datasets.errors import SynthError as SynthError
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

# Nothing but the registration is imported here: until it is done, Ctrl-C meets Python's own traceback (`__main__.py`).
_LAZY = {
    **dict.fromkeys(
        ("EndpointError", "PublishError", "SettingsError", "ShortfallError", "SpecError", "SynthError"),
        "synth_datasets.errors",
    ),
    "DatasetSpec": "synth_datasets.spec",
    "load_spec": "synth_datasets.spec",
    "score_slices": "synth_datasets.quality.slices",
    "Synth": "synth_datasets.synth",
}


def builders() -> tuple[str, ...]:
    """Return the names of the ready datasets, sorted."""
    from synth_datasets.resources import shipped

    return tuple(sorted(path.parent.name for path in shipped("builders").glob("*/*.synth.yaml")))


def builder(name: str) -> str:
    """Return the path of a ready dataset's spec, for `load_dataset("synth", data_files=builder(name))`.

    Raises `SettingsError` when there is no such dataset.
    """
    from pathlib import Path

    from synth_datasets.errors import SettingsError
    from synth_datasets.resources import shipped

    found = sorted((shipped("builders") / Path(name).name).glob("*.synth.yaml"))
    if not found:
        raise SettingsError(f"there is no ready dataset {name!r}; there are: {', '.join(builders())}")
    return str(found[0])


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("synth-datasets")
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


register()
