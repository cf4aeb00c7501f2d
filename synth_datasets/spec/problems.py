"""Mistakes found in a spec: gathered, worded alike, with a suggestion, and without anything secret."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from synth_datasets.errors import Problem
from synth_datasets.secret_kinds import without_secrets

__all__ = ["ELSEWHERE", "Problems", "dotted", "is_elsewhere", "looks_secret", "shown", "suggestion"]

ELSEWHERE = (
    "where a model is asked and with which key does not belong in a spec: set it by option, by "
    "OPENAI_BASE_URL and OPENAI_API_KEY in the environment, or in ~/.config/synth_datasets/config.toml"
)

_MOST = 100
_MOST_CANDIDATES = 200
_MOST_COMPARISONS = 5_000
_MOST_READ = 10_000
_MOST_SHOWN = 60

_SECRET = re.compile(r"key|token|secret|passw|credential|auth|bearer|cookie|header", re.IGNORECASE)
# The shapes of keys in use: OpenAI and its kin, Hugging Face, GitHub, Slack, AWS, Google.
_SECRET_VALUE = re.compile(
    r"(?:sk|rk|pk|hf|gh[pousr]|github_pat|xox[abprs]|gsk|AKIA|AIza|Bearer )[-_ ]?[A-Za-z0-9_\-]{8,}"
)
_URL_USER = re.compile(r"//[^/@\s]*@")
_ELSEWHERE = re.compile(
    r"(?:.*_)?(?:endpoint|base_?url|api_?base|url|host|proxy|(?:api|secret|access|auth)_?(?:key|token)|apikey"
    r"|secret|password|credentials?|authorization|organization|headers?|timeout|concurrency)(?:_s)?",
    re.IGNORECASE,
)


class Problems:
    """Collects mistakes; ends after the first hundred, so that a broken file cannot flood a terminal."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, str, str], Problem] = {}
        self._left_out = 0
        self._comparisons = _MOST_COMPARISONS

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def full(self) -> bool:
        """Whether no more can be noted, so that looking for words is in vain."""
        return len(self._found) >= _MOST

    def add(self, line: int, where: str, message: str, hint: str = "") -> None:
        """Note one mistake; the same one at the same place counts once."""
        if self.full:
            self._left_out += 1
            return
        problem = Problem(line, _clean(where), _clean(message), _clean(hint))
        self._found.setdefault((line, problem.where, problem.message), problem)

    def unknown(self, line: int, where: str, message: str, name: str, known: Iterable[str]) -> None:
        """Note a name that does not exist, with the nearest that does."""
        if self.full:
            self._left_out += 1
            return
        candidates = set(known)
        self._comparisons -= min(len(candidates), _MOST_CANDIDATES)
        self.add(line, where, message, "" if self._comparisons < 0 else suggestion(name, candidates))

    def all(self) -> tuple[Problem, ...]:
        """Return what was found, in the order of the file."""
        found = sorted(self._found.values())
        if self._left_out:
            # `…` sorts behind every name, and so stays last in a `SpecError` too.
            found.append(Problem(found[-1].line, "…", f"and {self._left_out} more problems"))
        return tuple(found)


def suggestion(name: str, known: Collection[str]) -> str:
    """Return `did you mean 'temperature'?`, or what there is to choose from when it is little."""
    candidates = sorted(known)[:_MOST_CANDIDATES]
    if close := get_close_matches(name[:_MOST_SHOWN], candidates, n=1, cutoff=0.6):
        return f"did you mean '{shown(close[0])}'?"
    if not candidates or len(candidates) > 20:  # noqa: PLR2004 - what fits a line or two
        return ""
    return f"known: {', '.join(shown(candidate) for candidate in candidates)}"


def shown(value: object) -> str:
    """Return the value short, on one line, and without characters that a terminal would act on."""
    # Before it is cut: the half of a key would not be known for one.
    text = without_secrets(str(value)[:_MOST_READ])[: _MOST_SHOWN + 1]
    text = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def dotted(path: Iterable[str | int]) -> str:
    """Write a place in the file the way people say it: `columns.text.examples[0].prompt`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{shown(part)}"
    return text.removeprefix(".")


def looks_secret(path: Iterable[str | int]) -> bool:
    """Whether what stands at this place may be a secret and must not be shown."""
    return any(_SECRET.search(str(part)) or _ELSEWHERE.fullmatch(str(part)) for part in path)


def is_elsewhere(key: str) -> bool:
    """Whether the key names an endpoint, a credential, or another thing that only the user decides."""
    return _ELSEWHERE.fullmatch(key) is not None


def _clean(text: str) -> str:
    return _SECRET_VALUE.sub("***", _URL_USER.sub("//***@", text))
