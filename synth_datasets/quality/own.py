"""Functions of a person's own, loaded by their names: this runs the person's code."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import extract_tb
from typing import Any

from synth_datasets.errors import SettingsError, SynthError

__all__ = ["Own", "load_function", "load_guarded", "load_measure"]

Own = Callable[[list[str]], object]
"""Takes texts; returns a number, or numbers by name."""
_SAID = 300
"""Characters of somebody's own error that a message has."""


def load_function(given: str, folder: Path | None = None) -> Callable[..., object]:
    """Import `module:function`, or `path/to/file.py:function`; modules of the current folder come first.

    A file's path is relative to `folder`, or to the current one. Runs the module. Raises `SettingsError` when there is
    no such function.
    """
    where, _, name = given.rpartition(":")
    if not where or not name:
        raise SettingsError(
            f"{given!r}: expected module:function, such as my_model:predict or my_model.py:predict"
        )
    module = _from_file((folder or Path()) / where) if where.endswith(".py") else _from_name(where)
    function = getattr(module, name, None)
    if not callable(function):
        found = ", ".join(
            key for key in sorted(vars(module)) if callable(getattr(module, key)) and not key.startswith("_")
        )
        raise SettingsError(f"{where} has no function {name!r}; it has: {found or 'none'}")
    return function


def load_guarded(given: str, folder: Path | None = None) -> Callable[..., object]:
    """As `load_function`, but what its module or the function raises becomes a `SettingsError`, with that as its cause.

    It says name, error and place in one line: among figures that are ours a whole traceback would look like our fault.
    """
    where = given.rpartition(":")[0]
    with _blamed(where, str((folder or Path()) / where)):
        function = load_function(given, folder)
        return _guarded(given, function, _file_of(function))


def load_measure(name: str, folder: Path | None = None) -> Own:
    """Return a measure: module:function, or a measurement that `evaluate` loads by path or Hub id."""
    if ":" in name:
        return load_guarded(name, folder)
    import evaluate

    beside = (folder or Path()) / name
    loaded = evaluate.load(str(beside) if beside.exists() else name, module_type="measurement")

    def measured(texts: list[str]) -> object:
        return loaded.compute(data=texts)

    return _guarded(name, measured, "")


def _guarded(name: str, function: Callable[..., object], file: str) -> Callable[..., object]:
    @wraps(function)
    def guarded(*given: Any) -> object:  # noqa: ANN401 - somebody's own function
        with _blamed(name, file):
            return function(*given)

    return guarded


def _file_of(function: Callable[..., object]) -> str:
    code = getattr(function, "__code__", None)  # an object that is called has none
    return "" if code is None else code.co_filename


@contextmanager
def _blamed(name: str, file: str) -> Iterator[None]:
    """Say of code that is not ours what it raised, and where, instead of letting it look like a fault of ours."""
    try:
        yield
    except SynthError:
        raise
    except Exception as error:
        frames = extract_tb(error.__traceback__)
        last = ([frame for frame in frames if frame.filename == file] or frames)[-1]
        said = " ".join(str(error).split())[:_SAID]
        what = f"{type(error).__name__}: {said}" if said else type(error).__name__
        raise SettingsError(
            f"{name} raised {what} ({Path(last.filename).name}, line {last.lineno})"
        ) from error


def _from_name(name: str) -> object:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise SettingsError(f"there is no module {name!r} here or among the installed ones") from error
    finally:
        sys.path.remove(str(Path.cwd()))


def _from_file(path: Path) -> object:
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SettingsError(f"{path}: there is no such Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
