"""What a template may hold: the nodes of Jinja that are let through, and how many."""

import math
from typing import TYPE_CHECKING

from synth_datasets.errors import SynthError
from synth_datasets.spec import filters

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["RESERVED_NAMES", "TemplateError", "allow"]

# What the template language keeps for itself: a column of that name could never be read in a template.
RESERVED_NAMES = frozenset(
    [
        *["and", "or", "not", "in", "is", "if", "else", "elif", "for", "recursive", "loop", "self", "super"],
        *["true", "false", "none", "True", "False", "None", "caller", "varargs", "kwargs"],
    ]
)

_MAX_NODES = 2_000
_MAX_DEPTH = 30
_MAX_LOOPS = 2

_ALLOWED = frozenset(
    [
        *["Template", "Output", "TemplateData", "Name", "Const", "List", "Tuple", "Compare", "Operand"],
        *["And", "Or", "Not", "Neg", "Add", "Sub", "CondExpr", "If", "For", "Filter"],
    ]
)
_REFUSED = {
    "Getattr": "attribute access with `.` is not allowed in a template; a column is named alone, `{{ column }}`",
    "Getitem": "`[...]` after a value is not allowed in a template; use the filters `first` or `last`",
    "Call": "calls are not allowed in a template; use a filter, such as `{{ column | upper }}`",
    "Test": "`is` tests are not allowed in a template; compare with `==`, `!=`, `<`, `>` or `in`",
    "Concat": "`~` is not allowed in a template; write the values next to each other",
    "Dict": "mappings are not allowed in a template",
    "Assign": "`set` is not allowed in a template; add a hidden `text` column instead",
    "AssignBlock": "`set` is not allowed in a template; add a hidden `text` column instead",
    "Include": "`include` is not allowed in a template; use `{file: ...}` in the spec",
    "Import": "`import` is not allowed in a template",
    "FromImport": "`import` is not allowed in a template",
    "Extends": "`extends` is not allowed in a template",
    "Block": "`block` is not allowed in a template",
    "Macro": "`macro` is not allowed in a template",
    "CallBlock": "`call` is not allowed in a template",
    "FilterBlock": "`filter` blocks are not allowed in a template; write `{{ value | filter }}`",
    "With": "`with` is not allowed in a template",
    "Pos": "a leading `+` is not allowed in a template",
} | dict.fromkeys(
    ["Mul", "Div", "FloorDiv", "Mod", "Pow"], "of arithmetic only `+` and `-` are allowed in a template"
)


class TemplateError(SynthError):
    """A template is not allowed, or cannot be rendered; `line` counts from 1 within the template."""

    def __init__(self, message: str, line: int = 1) -> None:
        self.line = line
        super().__init__(message)

    def __reduce__(self) -> tuple[type["TemplateError"], tuple[str, int]]:
        return TemplateError, (str(self), self.line)


def allow(tree: "nodes.Template") -> frozenset[str]:
    """Refuse all but the allowed part of the language; return the names that are read from outside."""
    names: set[str] = set()
    count = 0
    waiting: list[tuple[nodes.Node, int, frozenset[str], int]] = [(tree, 0, frozenset(), 0)]
    while waiting:
        node, depth, bound, loops = waiting.pop()
        count += 1
        _allow_node(node, depth, loops, count)
        match type(node).__name__:
            case "Name":
                _allow_name(node, in_loop=loops > 0)
                if (name := getattr(node, "name")) not in bound:  # noqa: B009 - typed as a bare Node
                    names.add(name)
            case "For":
                outer, inner, variable = _loop_parts(node)
                waiting += [(child, depth + 1, bound, loops) for child in outer]
                waiting += [(child, depth + 1, bound | {variable}, loops + 1) for child in inner]
                continue
        waiting += [(child, depth + 1, bound, loops) for child in node.iter_child_nodes()]
    return frozenset(names)


def _allow_node(node: "nodes.Node", depth: int, loops: int, count: int) -> None:
    kind, line = type(node).__name__, node.lineno or 1
    if kind not in _ALLOWED:
        raise TemplateError(_REFUSED.get(kind, f"{kind} is not allowed in a template"), line)
    if depth > _MAX_DEPTH or count > _MAX_NODES:
        raise TemplateError("the template is too long or nested too deeply", line)
    if kind == "For" and loops >= _MAX_LOOPS:
        raise TemplateError(f"at most {_MAX_LOOPS} loops may be nested in a template", line)
    if kind == "Filter":
        _allow_filter(node)
    value = getattr(node, "value", None)
    if kind == "Const" and isinstance(value, float) and not math.isfinite(value):
        raise TemplateError("a number in the template is too large", line)


def _allow_filter(node: "nodes.Node") -> None:
    from difflib import get_close_matches

    name, known = getattr(node, "name"), filters.NAMES  # noqa: B009 - typed as a bare Node
    if getattr(node, "dyn_args", None) is not None or getattr(node, "dyn_kwargs", None) is not None:
        raise TemplateError("`*` and `**` are not allowed in a template", node.lineno or 1)
    # Keywords are Jinja nodes of their own kind; positions are enough for the filters we have.
    if getattr(node, "kwargs", None):
        raise TemplateError(f"give filter `{name}` its arguments by position", node.lineno or 1)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        better = f"did you mean '{close[0]}'?" if close else f"available are {', '.join(sorted(known))}"
        raise TemplateError(f"unknown filter '{name}'; {better}", node.lineno or 1)


def _allow_name(node: "nodes.Node", *, in_loop: bool) -> None:
    name = str(getattr(node, "name"))  # noqa: B009 - typed as a bare Node
    if name.startswith("_") or (name in RESERVED_NAMES and (in_loop or name != "loop")):
        raise TemplateError(f"the name '{name}' is not available in a template", node.lineno or 1)


def _loop_parts(node: "nodes.Node") -> tuple[list["nodes.Node"], list["nodes.Node"], str]:
    """Return what is read outside and inside of the loop, and its variable."""
    from jinja2 import nodes

    assert isinstance(node, nodes.For)  # noqa: S101 - the caller has looked
    if not isinstance(node.target, nodes.Name):
        raise TemplateError("a loop has one variable in a template", node.lineno)
    if node.recursive:
        raise TemplateError("`recursive` is not allowed in a template", node.lineno)
    _allow_name(node.target, in_loop=True)
    test = [] if node.test is None else [node.test]
    return [node.iter, *node.else_], [*node.body, *test], node.target.name
