"""The exceptions of this package, by what the person who meets them can do.

SynthError
├── SpecError        the spec file is wrong: every problem at once, with its line and a suggestion
├── SettingsError    the run is set up wrong: no key, no weights, an unknown option
├── EndpointError    the endpoint refused or is gone: what was answered is kept, run again to resume
├── BudgetError      a cap of the user's ends the run before it is passed: what was answered is kept
├── ShortfallError   the model did not give enough acceptable rows: which class, which reasons, what to change
└── PublishError     a release cannot be made or pushed as asked
"""

from collections.abc import Sequence
from dataclasses import dataclass

from synth_datasets.secret_kinds import without_secrets

__all__ = [
    "KEPT",
    "BudgetError",
    "EndpointError",
    "Problem",
    "PublishError",
    "SettingsError",
    "ShortfallError",
    "SpecError",
    "SynthError",
]

KEPT = "Every answer that arrived is kept; run the same again to go on from there."
"""The note of an interrupted build or stream."""


class SynthError(Exception):
    """Anything this package raises on purpose; the command line shows it as one message, without a traceback.

    What looks like a key in a message is replaced by its kind, wherever the message got it from.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(without_secrets(each) if isinstance(each, str) else each for each in arguments))


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a spec: where it is, what is wrong, and what to write instead."""

    line: int
    """1-based line in the file; 0 when the mistake is the file itself."""
    where: str
    """Dotted path in the YAML, such as `columns.text.prompt`; empty for the file."""
    message: str
    """What was found and what was expected, without a final full stop."""
    hint: str = ""
    """What to write instead, such as `did you mean 'temperature'?`."""

    def __post_init__(self) -> None:
        for name in ("where", "message", "hint"):
            object.__setattr__(self, name, without_secrets(getattr(self, name)))


class SpecError(SynthError):
    """A spec cannot be used; `problems` holds every mistake found, in the order of the file."""

    def __init__(self, origin: str, problems: Sequence[Problem]) -> None:
        self.origin = origin
        self.problems = tuple(sorted(problems))
        super().__init__(origin, self.problems)

    def __str__(self) -> str:
        lines = [self._line(problem) for problem in self.problems]
        count = len(lines)
        origin = self.origin or "the spec"  # whoever finds it in a spec that was read long ago knows no path
        return "\n".join([f"{origin}: {count} problem{'s' if count != 1 else ''}", *lines])

    def _line(self, problem: Problem) -> str:
        place = f"line {problem.line}: " if problem.line else ""
        where = f"{problem.where}: " if problem.where else ""
        hint = f" ({problem.hint})" if problem.hint else ""
        return f"  {place}{where}{problem.message}{hint}"


class SettingsError(SynthError):
    """The run is set up wrong; the message says which option, variable or package to set."""


class EndpointError(SynthError):
    """The endpoint refused or cannot be reached; answers that arrived are kept and are not asked again."""


class BudgetError(SynthError):
    """A cap on requests, tokens or money would be passed by the next request; run again to go on, or raise it."""


class ShortfallError(SynthError):
    """A split could not be filled; the message names each class that is short, the reasons and the counts."""


class PublishError(SynthError):
    """A release cannot be made or pushed as asked; nothing was changed on the other side unless the message says so."""
