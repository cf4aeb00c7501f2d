"""Templates that strangers write: a small, closed part of Jinja whose time, size and reach are bounded."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from synth_datasets.spec import filters
from synth_datasets.spec.template_rules import RESERVED_NAMES, TemplateError, allow

if TYPE_CHECKING:
    import jinja2
    from jinja2 import nodes

__all__ = ["MAX_RENDERED", "MAX_SOURCE", "RESERVED_NAMES", "Template", "TemplateError"]

MAX_SOURCE = 100_000
"""Characters of a template."""
MAX_RENDERED = filters.MAX_TEXT
"""Characters of a rendered text, of a value that goes in, and of every text in between."""

_MAX_WORK = 1_000_000
_INSTEAD = {
    "got '='": "`==` compares",
    "end of print statement": "between `{{` and `}}` stands one column, and filters behind `|`",
    "unexpected '}'": "what begins with `{{` ends with `}}`",
}
"""By words of Jinja's messages: what to write instead."""
_CHARACTERS_PER_STEP = 1_000


@dataclass(frozen=True, slots=True)
class Template:
    """Names, constants, comparisons, `+`, `-`, `if`, `for` over lists, and the filters in `spec.filters`.

    Everything else that Jinja can do is refused here with `TemplateError`. Equal sources are equal templates;
    only the source is pickled.
    """

    source: str

    def __post_init__(self) -> None:
        _names(self.source)

    @property
    def names(self) -> frozenset[str]:
        """The columns that the template reads."""
        return _names(self.source)

    def render(self, values: Mapping[str, object]) -> str:
        """Fill in `values`: text, numbers, booleans, or lists of them, printed with commas in between.

        A dialogue, as a list of roles and contents, is printed a message a line, `user: ...`.

        What a value holds is never read as a template. Raises `TemplateError` when a name has no value, when
        a filter does not fit its value, or when the text or the work grows beyond bounds.
        """
        if (plain := _plain(self.source)) is not None and (text := _filled(*plain, values)) is not None:
            return text
        names = _names(self.source)
        if not names <= values.keys():
            raise TemplateError(f"no value for {', '.join(sorted(names - values.keys()))}")
        given = {name: _value(name, values[name]) for name in names}
        pieces = _pieces(self.source)
        return _render(self.source, given) if pieces is None else _joined(pieces, given)


def _filled(form: str, names: tuple[str, ...], values: Mapping[str, object]) -> str | None:
    """Return what `_joined` makes of texts within bounds; None where it has more to do, or to complain about."""
    given = tuple([values.get(name) for name in names])
    for value in given:
        if type(value) is not str:
            return None
    text = form % given
    return text if len(text) <= MAX_RENDERED else None


def _joined(pieces: tuple[tuple[str, bool], ...], given: Mapping[str, object]) -> str:
    """Do what `_render` does for a template of names and plain text, in a tenth of the time."""
    try:
        return "".join(_limited(filters.text(given[piece]) if named else piece for piece, named in pieces))
    except ValueError as error:  # a whole number of thousands of digits
        raise TemplateError(f"cannot be rendered: {error}") from error


def _render(source: str, given: dict[str, object]) -> str:
    import jinja2

    size = sum(filters.size(value) for value in given.values())
    given[filters.WORK] = filters.Work(_MAX_WORK, 1 + size // _CHARACTERS_PER_STEP)
    template = _compile(source)
    try:
        return "".join(_limited(template.root_render_func(template.new_context(given))))
    except (filters.FilterError, jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise TemplateError(f"cannot be rendered: {error}") from error


# Checked when a spec is read, compiled when a row needs it: a spec may hold thousands of prompts.
@lru_cache(maxsize=16_384)
def _names(source: str) -> frozenset[str]:
    """Refuse what is not allowed; return the names that are read from outside."""
    if len(source) > MAX_SOURCE:
        raise TemplateError(f"the template has {len(source)} characters, at most {MAX_SOURCE} are allowed")
    return allow(_parse(source)) if "{" in source else frozenset()


@lru_cache(maxsize=16_384)
def _pieces(source: str) -> tuple[tuple[str, bool], ...] | None:
    """Return plain texts and names (marked True) of a template that holds nothing else; None for all others."""
    from jinja2 import nodes

    pieces: list[tuple[str, bool]] = []
    for output in _parse(source).body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                pieces.append((node.data, False))
            elif isinstance(node, nodes.Name):
                pieces.append((node.name, True))
            else:
                return None
    return tuple(pieces)


@lru_cache(maxsize=16_384)
def _plain(source: str) -> tuple[str, tuple[str, ...]] | None:
    """Return a `%` format and the names that fill it, for a template of names and plain text alone."""
    pieces = _pieces(source)
    if pieces is None:
        return None
    form = "".join("%s" if named else piece.replace("%", "%%") for piece, named in pieces)
    return form, tuple(piece for piece, named in pieces if named)


@lru_cache(maxsize=16_384)
def _compile(source: str) -> "jinja2.Template":
    import jinja2

    tree = _parse(source)
    _meter_loops(tree)
    return jinja2.Template.from_code(_environment(), _environment().compile(tree), {})


def _parse(source: str) -> "nodes.Template":
    import jinja2

    try:
        return _environment().parse(source)
    except jinja2.TemplateSyntaxError as error:
        hints = [hint for words, hint in _INSTEAD.items() if words in str(error.message)]
        message = "; ".join([f"not a valid template: {error.message}", *hints[:1]])
        raise TemplateError(message, error.lineno) from error
    except RecursionError as error:
        raise TemplateError("the template is nested too deeply") from error
    except ValueError as error:  # Python refuses to read numbers of thousands of digits
        raise TemplateError("a number in the template is too long") from error


@lru_cache(maxsize=1)
def _environment() -> "jinja2.Environment":
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Environment(ImmutableSandboxedEnvironment):
        # Sums go through `call_binop`, so that texts cannot be doubled and doubled again.
        intercepted_binops = frozenset(["+", "-"])

        # pyrefly: ignore[missing-override-decorator] - typing.override needs Python 3.12
        def call_binop(
            self, context: "jinja2.runtime.Context", operator: str, left: object, right: object
        ) -> float:
            del context
            if not isinstance(left, int | float) or not isinstance(right, int | float):
                raise filters.FilterError(f"`{operator}` needs two numbers; write texts next to each other")
            return left + right if operator == "+" else left - right

    environment = Environment(
        undefined=jinja2.StrictUndefined,
        finalize=filters.text,
        optimized=False,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    environment.globals.clear()
    environment.tests.clear()
    environment.filters.clear()
    environment.filters.update(filters.available())
    return environment


def _meter_loops(tree: "nodes.Template") -> None:
    """Let every turn of a loop pay for the nodes of its body."""
    from jinja2 import nodes

    for loop in list(tree.find_all(nodes.For)):
        steps = nodes.Const(1 + sum(1 for _ in loop.find_all(nodes.Node)), lineno=loop.lineno)
        loop.iter = nodes.Filter(loop.iter, filters.EACH, [steps], [], None, None, lineno=loop.lineno)


def _value(name: str, value: object) -> object:
    if isinstance(value, str) and len(value) <= MAX_RENDERED:
        return value
    if (spoken := _spoken(value)) is not None:
        return _value(name, spoken)
    items = filters.items(value) or [value]
    if value != [] and not all(isinstance(item, str | int | float) for item in items):
        raise TemplateError(f"the value of {name} is {type(value).__name__}, which a template cannot print")
    if filters.size(value) > MAX_RENDERED:
        raise TemplateError(f"the value of {name} has more than {MAX_RENDERED} characters")
    return value


def _spoken(value: object) -> str | None:
    """Return a dialogue as text; None for any other value."""
    items = filters.items(value) or ()
    turns = [item for item in items if isinstance(item, dict) and list(item) == ["role", "content"]]
    if not turns or len(turns) < len(items):
        return None
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns)


def _limited(chunks: Iterable[str]) -> Iterator[str]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > MAX_RENDERED:
            raise TemplateError(f"the rendered text has more than {MAX_RENDERED} characters")
        yield chunk
