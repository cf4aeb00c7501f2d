"""Make `datasets` know the `synth` builder and the `.synth.yaml` suffix, without importing `datasets` for it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # not from `typing`, which takes longer to import than all the rest here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType
else:
    Loader = object

__all__ = ["register"]

BUILDER_NAME = "synth"
BUILDER_MODULE = "synth_datasets.synth"
SUFFIX = ".synth"
"""`datasets` takes the first suffix of a file name: `x.synth.yaml` has `.synth`."""
FORMAT = "f1"
TABLES = "datasets.packaged_modules"


def register() -> None:
    """Enter the builder now if `datasets` is imported, otherwise as soon as it is; twice is the same as once."""
    if (tables := sys.modules.get(TABLES)) is not None:
        _enter(tables)
    elif not any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterImport())


def _enter(tables: ModuleType) -> None:
    # `datasets.load` holds these very objects: they are changed in place and never bound anew.
    tables._PACKAGED_DATASETS_MODULES[BUILDER_NAME] = (BUILDER_MODULE, FORMAT)
    tables._EXTENSION_TO_MODULE[SUFFIX] = (BUILDER_NAME, {})
    tables._MODULE_TO_EXTENSIONS[BUILDER_NAME] = [SUFFIX]
    for extensions in (tables._ALL_EXTENSIONS, tables._ALL_ALLOWED_EXTENSIONS):
        if SUFFIX not in extensions:
            extensions.append(SUFFIX)
    tables._MODULE_TO_METADATA_FILE_NAMES[BUILDER_NAME] = []
    tables._MODULE_TO_METADATA_EXTENSIONS[BUILDER_NAME] = []


class _AfterImport:
    """Lets the other finders find the module of tables, and enters the builder once it has run."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the import system's signature
        target: ModuleType | None = None,  # noqa: ARG002 - the import system's signature
    ) -> ModuleSpec | None:
        if fullname != TABLES:
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _enter(module)
