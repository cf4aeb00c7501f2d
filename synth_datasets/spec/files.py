"""The files a spec refers to: only texts inside its own folder, and nothing that could hang or be a device."""

import os
import stat
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from synth_datasets.errors import Problem, SpecError
from synth_datasets.spec.problems import Problems, shown
from synth_datasets.spec.reader import MAX_BYTES, decode

__all__ = ["Files", "path_problem", "read_bytes_inside", "read_inside", "read_regular"]

_MAX_TOTAL = 16 * MAX_BYTES


class Files:
    """Reads each file once and keeps its text under its path relative to the spec."""

    def __init__(self, read_file: Callable[[str], str], problems: Problems) -> None:
        self.texts: dict[str, str] = {}
        self._read_file = read_file
        self._problems = problems
        self._failed: set[str] = set()
        self._total = 0

    def text(self, path: str, line: int, where: str) -> str | None:
        """Return the text of the file, or None after noting at this place of the spec why there is none."""
        if words := path_problem(path):
            self._problems.add(
                line, where, words, "put the file beside the spec and name it by its relative path"
            )
            return None
        name = str(PurePosixPath(path))
        if name not in self.texts and name not in self._failed:
            self._load(name, line, where)
        return self.texts.get(name)

    def _load(self, name: str, line: int, where: str) -> None:
        self._failed.add(name)
        try:
            text = self._read_file(name)
        except SpecError as error:
            for problem in error.problems:
                self._problems.add(line, where, problem.message, problem.hint)
            return
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            self._problems.add(line, where, f"the file '{shown(name)}' cannot be read: {reason}")
            return
        self._total += len(text)
        if len(text) > MAX_BYTES or self._total > _MAX_TOTAL:
            message = (
                f"the file '{shown(name)}' is too large: at most {MAX_BYTES} bytes, {_MAX_TOTAL} together"
            )
            self._problems.add(line, where, message)
            return
        self._failed.discard(name)
        self.texts[name] = text.replace("\r\n", "\n").removeprefix("\ufeff")


def read_inside(folder: Path) -> Callable[[str], str]:
    """Return a function that reads texts inside `folder` by relative path.

    Symbolic links are followed only to places inside; directories, devices and pipes are refused without being
    opened for long. It raises `SpecError` with the reason.
    """
    root = folder.resolve()

    def read_file(name: str) -> str:
        problems = Problems()
        text = _read(root, name, problems)
        if text is None:
            raise SpecError(name, problems.all())
        return text

    return read_file


def read_bytes_inside(folder: Path, limit: int) -> Callable[[str], bytes]:
    """Return a function that reads files inside `folder` as `read_inside` does: one byte more than `limit` at most."""
    root = folder.resolve()

    def read_bytes(name: str) -> bytes:
        problems = Problems()
        real = _inside(root, name, problems)
        data = None if real is None else _regular_bytes(real, name, problems, near=root / name, limit=limit)
        if data is None:
            raise SpecError(name, problems.all())
        return data

    return read_bytes


def read_regular(path: Path, label: str, problems: Problems, *, near: Path) -> str | None:
    """Return the text of a regular file of at most 1 MiB, or None after noting what is wrong.

    `near` is where the file was looked for: names like its own there are offered when it is missing.
    """
    data = _regular_bytes(path, label, problems, near=near, limit=MAX_BYTES)
    if data is None:
        return None
    inner = Problems()
    text = decode(data, inner)
    for problem in inner.all():
        problems.add(0, "", f"'{shown(label)}': {_with_line(problem)}", problem.hint)
    return text


def _regular_bytes(path: Path, label: str, problems: Problems, *, near: Path, limit: int) -> bytes | None:
    try:
        # Opening a pipe waits for a writer unless it does not block; a link here was swapped in behind our back.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        problems.add(0, "", f"there is no file '{shown(label)}'", _neighbour(near))
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not allowed"
        problems.add(0, "", f"'{shown(label)}' cannot be read: {reason}")
        return None
    kind = os.fstat(handle).st_mode
    if not stat.S_ISREG(kind):
        os.close(handle)
        what = "a folder" if stat.S_ISDIR(kind) else "no regular file"
        problems.add(0, "", f"'{shown(label)}' is {what}")
        return None
    with open(handle, "rb") as file:  # noqa: PTH123 - a descriptor, so that what is checked is what is read
        return file.read(limit + 1)


def _with_line(problem: Problem) -> str:
    return f"line {problem.line}: {problem.message}" if problem.line else problem.message


def _read(root: Path, name: str, problems: Problems) -> str | None:
    real = _inside(root, name, problems)
    return None if real is None else read_regular(real, name, problems, near=root / name)


def _inside(root: Path, name: str, problems: Problems) -> Path | None:
    if words := path_problem(name):
        problems.add(0, "", words)
        return None
    try:
        real = (root / name).resolve()
    except (OSError, RuntimeError):
        problems.add(0, "", f"'{shown(name)}' is a link that leads nowhere")
        return None
    if not real.is_relative_to(root):
        problems.add(
            0, "", f"the file '{shown(name)}' leads out of the spec's folder", "copy it into the folder"
        )
        return None
    return real


def path_problem(path: str) -> str:
    """Return what is wrong with the path as written; empty when nothing is."""
    if not path or not path.isprintable() or len(path) > 500:  # noqa: PLR2004 - no honest path is longer
        return "a file needs a path of printable characters"
    if "\\" in path or ":" in path:
        return f"the file '{shown(path)}' must be a relative path with `/`, without `\\` and `:`"
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or path.startswith("~"):
        return f"the file '{shown(path)}' is outside of the spec's folder"
    return ""


def _neighbour(path: Path) -> str:
    """Return the name most like this one in the same folder, as a hint."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry, _ in zip(entries, range(1_000), strict=False)]
    except OSError:
        return ""
    close = get_close_matches(path.name[:100], names, n=1)
    return f"did you mean '{shown(close[0])}'?" if close else ""
