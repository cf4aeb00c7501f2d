"""A dataset card of one's own: a template over the parts of the card that is made anyway."""

from difflib import get_close_matches
from pathlib import Path

from synth_datasets.errors import SpecError
from synth_datasets.spec.problems import Problems
from synth_datasets.spec.templates import Template, TemplateError

__all__ = ["CARD_PARTS", "load_card", "read_card"]

CARD_PARTS = frozenset(
    [
        *["title", "description", "warning", "details", "load", "uses", "out_of_scope"],
        *["features", "splits", "samples", "models", "terms", "prompts", "fillers", "real_data"],
        *["annotations", "selection", "quality", "plots", "beside_real"],
        *["limits", "recommendations", "rebuild", "citation"],
    ]
)
"""What such a template may name; each is Markdown without its heading, and empty where there is nothing to say."""


def load_card(path: Path) -> Template:
    """Read a card's template from a file of any folder; raises `SpecError` with every mistake."""
    from synth_datasets.spec.files import read_regular

    problems = Problems()
    source = read_regular(path.resolve(), path.name, problems, near=path)
    template = None if source is None else read_card(source, problems, line=0, where="")
    if template is None:
        raise SpecError(str(path), problems.all())
    return template


def read_card(source: str, problems: Problems, *, line: int, where: str) -> Template | None:
    """Return the template, or None after noting every mistake; lines are those of the template's file."""
    found = len(problems.all())
    try:
        template = Template(source)
    except TemplateError as error:
        problems.add(line, where, f"line {error.line} of the card: {error}")
        return None
    for name in sorted(template.names - CARD_PARTS):
        close = get_close_matches(name, CARD_PARTS, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(sorted(CARD_PARTS))}"
        problems.add(line, where, f"a card has no part '{name}'", hint)
    if "load" not in template.names:
        problems.add(line, where, "the card does not say how it is loaded", "put {{ load }} where it should")
    if source.lstrip().startswith("---"):
        problems.add(line, where, "the card has a header", "leave it out: it is written for you")
    return template if len(problems.all()) == found else None
