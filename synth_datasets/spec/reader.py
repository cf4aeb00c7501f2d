"""From the bytes of a YAML file to plain nodes that know their lines; nothing in the file can act."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import yaml

from synth_datasets.spec.problems import Problems, dotted, shown
from synth_datasets.spec.syntax import explained

__all__ = ["MAX_BYTES", "Node", "decode", "read"]

MAX_BYTES = 1 << 20
"""The largest spec, and the largest file that a spec may refer to."""
_MAX_DEPTH = 20
_MAX_NODES = 50_000

# libyaml when it is there: a full file takes a tenth of a second instead of seconds.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# YAML 1.2's core schema, less octal and hexadecimal numbers: `no`, `on`, `12:30`, `0o12`, `1.0.0`, dates and
# numbers with leading zeros stay what a person sees.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], None),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], math.inf),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], -math.inf),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
}
_INT64 = 1 << 63
_MAX_DIGITS = 20

_UNPRINTABLE = re.compile(
    "[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the file: `items` of a list, `members` of a mapping, or neither for a scalar."""

    line: int
    value: str | int | float | bool | None = None
    """Of a scalar: what YAML 1.2 takes it for."""
    text: str = ""
    """Of a scalar: what was written."""
    literal: bool = False
    """Whether it is a `|` block, whose text has lines of its own from the next one on."""
    items: "list[Node] | None" = None
    members: "dict[str, Node] | None" = None
    keys: "dict[str, Node]" = field(default_factory=dict)
    """Of a mapping: its keys as nodes, by their text."""

    def plain(self) -> object:
        """Return dictionaries, lists and scalars; keys are always text."""
        if self.members is not None:
            return {key: node.plain() for key, node in self.members.items()}
        return self.value if self.items is None else [node.plain() for node in self.items]

    def at(self, path: Iterable[str | int]) -> "Node":
        """Return the node at this place, or the nearest around it that exists."""
        node = self
        for part in path:
            following = node._child(part)
            if following is None:
                break
            node = following
        return node

    def line_of(self, path: Iterable[str | int]) -> int:
        """Return the line on which the place begins: its key's, where it has one."""
        node, line = self, self.line
        for part in path:
            following = node._child(part)
            if following is None:
                break
            line = node.keys[part].line if isinstance(part, str) and part in node.keys else following.line
            node = following
        return line

    def _child(self, part: str | int) -> "Node | None":
        if isinstance(part, str):
            return None if self.members is None else self.members.get(part)
        return self.items[part] if self.items is not None and part < len(self.items) else None


def decode(data: bytes, problems: Problems) -> str | None:
    """Return the text of a file without a byte order mark, or None after noting why it is none."""
    if len(data) > MAX_BYTES:
        problems.add(0, "", f"the file is larger than {MAX_BYTES} bytes", "keep long lists in `{file: ...}`")
        return None
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(line, "", f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8")
        return None


def read(text: str, problems: Problems) -> Node | None:
    """Return the mapping that the YAML text holds, or None after noting why it cannot be read further.

    A byte order mark at the beginning is no part of it, as YAML has it.

    Duplicate keys and tags are noted and left out, so that the rest of the file can be checked as well.
    """
    text = text.removeprefix("\ufeff")
    if not _readable(text, problems):
        return None
    root = _compose(text, problems)
    if root is None or root.members is not None:
        return root
    found = "a list" if root.items is not None else "a single value"
    problems.add(root.line, "", f"expected a mapping at the top, found {found}", "begin with `name: ...`")
    return None


def _compose(text: str, problems: Problems) -> Node | None:
    try:
        root = _Composer(problems).document(text)
    except yaml.MarkedYAMLError as error:
        # Only the problem, never the mark's snippet: it may show a secret.
        line, words, hint = explained(error, text)
        problems.add(line, "", f"not valid YAML: {words}", hint)
    except yaml.YAMLError:
        problems.add(0, "", "not valid YAML")
    except _UnreadableError as error:
        problems.add(error.line, "", str(error), error.hint)
    else:
        if root is not None and not (root.members is root.items is None and root.value is None):
            return root
        problems.add(0, "", "the file is empty", "a spec begins with `name: my_dataset`")
    return None


def _readable(text: str, problems: Problems) -> bool:
    if len(text) > MAX_BYTES:
        problems.add(0, "", f"the text is longer than {MAX_BYTES} characters", "use `{file: ...}`")
    elif bad := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        problems.add(line, "", f"the character U+{ord(bad[0]):04X} is not allowed", "remove it")
    else:
        return True
    return False


class _UnreadableError(Exception):
    def __init__(self, line: int, message: str, hint: str = "") -> None:
        self.line = line
        self.hint = hint
        super().__init__(message)


class _Composer:
    """Builds nodes from parser events; PyYAML's own composer follows aliases and recurses without end."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._count = 0

    def document(self, text: str) -> Node | None:
        events = iter(yaml.parse(text, Loader=_LOADER))
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise _UnreadableError(
                        _line(event),
                        "a second document begins; a spec is a single one",
                        "keep nothing behind `---`",
                    )
                if event.version or event.tags:
                    raise _UnreadableError(_line(event), "directives with `%` are not supported; remove them")
                root = self._node(next(events), events, ())
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], path: tuple[str | int, ...]) -> Node:
        self._count += 1
        if self._count > _MAX_NODES:
            raise _UnreadableError(_line(event), f"the file holds more than {_MAX_NODES} values")
        if len(path) > _MAX_DEPTH:
            raise _UnreadableError(_line(event), f"values are nested more than {_MAX_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = "anchors `&` and aliases `*` are not supported"
            raise _UnreadableError(_line(event), message, "repeat the value, or quote a text that begins so")
        if tag := getattr(event, "tag", None):
            self._problems.add(
                _line(event), dotted(path), f"the tag '{shown(tag)}' is not supported", "remove it"
            )
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, events, path)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(following := next(events), yaml.SequenceEndEvent):
                items.append(self._node(following, events, (*path, len(items))))
            return Node(_line(event), items=items)
        return _scalar(event)

    def _mapping(self, event: yaml.Event, events: Iterator[yaml.Event], path: tuple[str | int, ...]) -> Node:
        members: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        while not isinstance(following := next(events), yaml.MappingEndEvent):
            if not isinstance(following, yaml.ScalarEvent) or following.value == "":
                hint = "write `{{ ... }}` in quotes, and no list as a key"
                raise _UnreadableError(_line(following), "a key must be a text", hint)
            key = self._node(following, events, path)
            node = self._node(next(events), events, (*path, key.text))
            if key.text in keys:
                first = keys[key.text].line
                message = f"the key '{shown(key.text)}' is given twice, first on line {first}"
                self._problems.add(key.line, dotted((*path, key.text)), message, "remove one of them")
                continue
            members[key.text], keys[key.text] = node, key
        return Node(_line(event), members=members, keys=keys)


def _scalar(event: yaml.Event) -> Node:
    assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - no other event is left
    text = event.value
    if bad := _UNPRINTABLE.search(text):
        raise _UnreadableError(_line(event), f"the character U+{ord(bad[0]):04X} is not allowed", "remove it")
    value = text if event.style else _resolve(text)
    return Node(_line(event), value=value, text=text, literal=event.style == "|")


def _resolve(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _MAX_DIGITS and _INTEGER.fullmatch(text):
        # Longer numbers are identifiers, and no column type would hold them.
        return int(text) if -_INT64 <= int(text) < _INT64 else text
    if _FLOAT.fullmatch(text) and not _INTEGER.fullmatch(text):
        return float(text)
    return text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1
