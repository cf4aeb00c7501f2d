"""The parts that columns are made of: templates, values per value of another column, and weighted values."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from synth_datasets.spec import schema
from synth_datasets.spec.evaluation_set import EvaluationSet
from synth_datasets.spec.files import Files
from synth_datasets.spec.model import PerValue, Scalar, Shot, Weighted
from synth_datasets.spec.problems import Problems, dotted, shown
from synth_datasets.spec.reader import Node
from synth_datasets.spec.seed_data import Seeds, Source
from synth_datasets.spec.templates import Template, TemplateError

__all__ = ["Parts", "Path", "Use"]

Path = tuple[str | int, ...]
T = TypeVar("T")
Given = TypeVar("Given")

_MAX_VALUES = 100_000
_MAX_TEMPLATES = 5_000
_MAX_CHARACTERS = 300_000
_BIDIRECTIONAL = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Use:
    """A place in the file that names a column."""

    start: int
    """The line on which the part begins."""
    where: str
    name: str
    reader: str
    """The column whose part it is."""
    by: bool
    """Whether it is the column of a `by`, and not of a template."""
    block: str = ""
    """The template, when it has lines of its own below `start`."""
    word: str = ""
    """What a problem calls the place when it is neither a template nor a `by`."""

    @property
    def line(self) -> int:
        """The line on which the name stands, as near as the file tells."""
        found = re.search(rf"\b{re.escape(self.name)}\b", self.block)
        return self.start if found is None else self.start + 1 + self.block.count("\n", 0, found.start())


@dataclass(slots=True)
class Parts:
    """Makes parts from what stands at a path of the file; None means that a problem was noted."""

    tree: Node
    problems: Problems
    files: Files
    read_bytes: Callable[[str], bytes]
    """Gives the bytes of a file in the spec's folder."""
    origin: str
    """Path or URL of the spec."""
    domains: dict[str, tuple[Scalar, ...] | None] = field(default_factory=dict)
    """The values that each column with a fixed set of them can take; None where they are not known."""
    lists: dict[str, str | None] = field(default_factory=dict)
    """The generated lists, with the list for whose items each is."""
    generated: set[str] = field(default_factory=set)
    """The columns that draw from one of them, so that nobody knows their values yet."""
    uses: list[Use] = field(default_factory=list)
    seeds: Seeds | None = None
    """The real rows that columns of kind `seed` take from."""
    evaluation_sets: dict[tuple[Source, str], EvaluationSet] = field(default_factory=dict)
    """The test sets that checks name, by files and column."""
    _templates: int = 0
    _characters: int = 0
    _over: bool = False

    def problem(self, path: Path, message: str, hint: str = "") -> None:
        """Note a mistake at this place."""
        self.problems.add(self.tree.line_of(path), dotted(path), message, hint)

    def template(self, path: Path, given: str | schema.FileReference) -> Template | None:
        """Return the template, written here or in a file, and note the columns that it reads."""
        node, line, place = self.tree.at(path), self.tree.line_of(path), ""
        source: str | None = cast("str", given)
        if isinstance(given, schema.FileReference):
            source, place = self.file(path, given), f"{given.file}, line "
        if source is None:
            return None
        if not source.strip():
            self.problem(path, "the template is empty")
            return None
        if not self._within_limits(path, source):
            return None
        try:
            template = Template(source)
        except TemplateError as error:
            at = node.line + error.line if node.literal else line
            self.problems.add(at, dotted(path), f"{place}{error.line}: {error}" if place else str(error))
            return None
        where, block = dotted(path), source if node.literal else ""
        start = node.line if block else line
        self.uses += [
            Use(start, where, name, str(path[1]), by=False, block=block) for name in sorted(template.names)
        ]
        return template

    def _within_limits(self, path: Path, source: str) -> bool:
        """Whether all templates up to this one can be read in about a second."""
        if "{" in source:
            self._templates += 1
            self._characters += len(source)
        if self._templates <= _MAX_TEMPLATES and self._characters <= _MAX_CHARACTERS:
            return True
        if not self._over:
            self.problem(
                path, f"more than {_MAX_TEMPLATES} templates or {_MAX_CHARACTERS} characters of them"
            )
        self._over = True
        return False

    def file(self, path: Path, given: schema.FileReference) -> str | None:
        """Return the text of the file."""
        return self.files.text(given.file, self.tree.line_of((*path, "file")), dotted((*path, "file")))

    def texts(self, path: Path, given: schema.TextFile | None) -> PerValue[Template] | None:
        """Return the template or templates; None as well when nothing is given."""
        if isinstance(given, schema.ByText):
            return self._cases(path, given.by, given.model_extra or {}, given.default, self.template)
        return None if given is None else self._single(self.template(path, given))

    def shots(self, path: Path, given: schema.ExamplesFile | None) -> PerValue[tuple[Shot, ...]] | None:
        """Return the solved examples; None as well when nothing is given."""
        if isinstance(given, schema.ByExamples):
            return self._cases(path, given.by, given.model_extra or {}, given.default, self._shots)
        return self._single(self._shots(path, given)) if given else None

    def choices(self, path: Path, given: schema.ByChoices | schema.Choices) -> PerValue[Weighted] | None:
        """Return the values to draw from."""
        if isinstance(given, schema.ByChoices):
            return self._cases(path, given.by, given.model_extra or {}, given.default, self.weighted)
        return self._single(self.weighted(path, given))

    def weighted(self, path: Path, given: schema.Choices) -> Weighted | None:
        """Return values and weights, each value once."""
        node = self.tree.at(path)
        if isinstance(given, schema.ListReference):
            return self._items(path, given)
        if isinstance(given, schema.FileReference):
            text = self.file(path, given)
            if text is None:
                return None
            lines = [line.strip() for line in text.split("\n")]
            values: list[Scalar] = [line for line in lines if line]
            weights = [1.0] * len(values)
        elif isinstance(given, dict):
            values = [key.text if key.value is None else key.value for key in node.keys.values()]
            weights = [float(weight) for weight in given.values()]
        else:
            values = cast("list[Scalar]", given)
            weights = [1.0] * len(values)
        return Weighted(tuple(values), tuple(weights)) if self._values_ok(path, values) else None

    def _items(self, path: Path, given: schema.ListReference) -> Weighted | None:
        place = (*path, "list")
        if given.list in self.lists:
            return Weighted((), (), given.list)
        message = f"there is no list '{shown(given.list)}'"
        self.problems.unknown(self.tree.line_of(place), dotted(place), message, given.list, self.lists)
        return None

    def class_names(self, path: Path) -> tuple[str, ...] | None:
        """Return the class names as they are written, so that `no` and `1.0` stay what they are."""
        node = self.tree.at(path)
        names = [item.text for item in node.items or ()] or list(node.members or ())
        seen: set[str] = set()
        good = True
        for i, name in enumerate(names):
            words = f"the class '{shown(name)}' is listed twice" if name in seen else _name_words(name)
            seen.add(name)
            if words:
                self.problem((*path, i) if node.items is not None else (*path, name), words)
                good = False
        return tuple(names) if good else None

    def _values_ok(self, path: Path, values: Sequence[Scalar]) -> bool:
        if not values or len(values) > _MAX_VALUES:
            self.problem(path, f"expected 1 to {_MAX_VALUES} values, found {len(values)}")
            return False
        if any(isinstance(value, float) and not math.isfinite(value) for value in values):
            self.problem(path, "a value is not a finite number", "put it in quotes if it is a text")
            return False
        seen: set[tuple[bool, Scalar]] = set()
        for value in values:
            one = (isinstance(value, bool), value)  # True equals 1, and 1 equals 1.0
            if one in seen:
                self.problem(path, f"the value '{shown(value)}' is listed twice", "give it a weight instead")
                return False
            seen.add(one)
        return True

    def _shots(self, path: Path, given: Sequence[schema.ExampleFile]) -> tuple[Shot, ...] | None:
        pairs = [
            (
                self.template((*path, i, "prompt"), example.prompt),
                self.template((*path, i, "answer"), example.answer),
            )
            for i, example in enumerate(given)
        ]
        shots = [
            Shot(prompt, answer) for prompt, answer in pairs if prompt is not None and answer is not None
        ]
        return tuple(shots) if len(shots) == len(given) else None

    @staticmethod
    def _single(value: T | None) -> PerValue[T] | None:
        return None if value is None else PerValue(None, {}, value)

    def _cases(
        self,
        path: Path,
        by: str,
        given: Mapping[str, Given],
        default: Given | None,
        make: Callable[[Path, Given], T | None],
    ) -> PerValue[T] | None:
        self.uses.append(Use(self.tree.line_of((*path, "by")), dotted(path), by, str(path[1]), by=True))
        made = {key: make((*path, key), value) for key, value in given.items()}
        otherwise = None if default is None else make((*path, "default"), default)
        names = {key: self._case_name(path, by, key) for key in made}
        if not self._cases_fit(path, by, names, has_default=default is not None):
            return None
        if any(value is None for value in made.values()) or (default is not None and otherwise is None):
            return None
        return PerValue(
            by, {names[key]: value for key, value in made.items() if value is not None}, otherwise
        )

    def _case_name(self, path: Path, by: str, key: str) -> str:
        """Return the key as the value it stands for prints: `true` stands for True, `1.50` for 1.5."""
        domain = self.domains.get(by) or ()
        meant = self.tree.at(path).keys[key].value
        for value in () if isinstance(meant, str) else domain:
            if value == meant and isinstance(value, bool) == isinstance(meant, bool):
                return str(value)
        return key

    def _cases_fit(self, path: Path, by: str, names: Mapping[str, str], *, has_default: bool) -> bool:
        if "file" in names:
            self.problem((*path, "file"), "`file` is reserved in a mapping with `by`")
            return False
        domain = self.domains.get(by)
        if domain is None:
            return True
        known = {str(value): None for value in domain}
        unknown = [key for key, name in names.items() if name not in known]
        for key in unknown:
            place, message = (*path, key), f"'{shown(key)}' is not a value of {shown(by)}"
            self.problems.unknown(self.tree.line_of(place), dotted(place), message, key, known)
        given = set(known) if has_default else set(names.values())
        missing = [value for value in known if value not in given]
        if missing:
            listed = ", ".join(f"'{shown(value)}'" for value in missing[:5])
            listed += ", ..." if missing[5:] else ""
            self.problem(path, f"nothing is given for {shown(by)} {listed}", "add it, or a `default`")
        return not unknown and not missing


def _name_words(name: str) -> str:
    """Return what is wrong with a class name; empty when nothing is."""
    if not name.strip():
        return "a class name is empty"
    if name != name.strip() or "\n" in name:
        return f"the class '{shown(name)}' begins or ends with a space, or holds a line break"
    if len(name) > 200:  # noqa: PLR2004 - a label, not a text
        return f"the class '{shown(name)}' has more than 200 characters"
    if _BIDIRECTIONAL.search(name) or any(
        not char.isprintable() and char not in "\u200c\u200d" for char in name
    ):
        return f"the class '{shown(name)}' holds a character that cannot be seen"
    return ""
