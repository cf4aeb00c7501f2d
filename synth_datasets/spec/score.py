"""A column of kind `score`: a judge's number for another column, asked after its reasons."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from synth_datasets.spec.graph import column_order, find_cycle, inputs, outputs
from synth_datasets.spec.model import Column, Field, FieldsColumn, ModelSpec, PerValue, Prompt, PromptColumn
from synth_datasets.spec.model_settings import override
from synth_datasets.spec.parts import Parts, Path, Use
from synth_datasets.spec.problems import dotted
from synth_datasets.spec.schema_judging import ScoreFile
from synth_datasets.spec.templates import Template, TemplateError

__all__ = ["build_score", "composed", "note_use", "quoted", "written_by"]

T = TypeVar("T")
_MOST_RATIONALE = 600
"""Characters of what a judge may say before the number."""


def build_score(name: str, file: ScoreFile, parts: Parts, model: ModelSpec) -> tuple[Column, ...] | None:
    """Return the question that gives the score; None when a problem was noted."""
    given, path = file.score, ("columns", name, "score")
    rubric = parts.texts((*path, "rubric"), given.rubric)
    system = parts.texts((*path, "system"), given.system)
    note_use(parts, (*path, "of"), given.of, name)
    if given.of == name:
        parts.problem((*path, "of"), "a score cannot judge itself", "name the column that it judges")
        return None
    if given.min >= given.max:
        parts.problem(path, f"`min` {given.min} must be below `max` {given.max}")
        return None
    if rubric is None or (given.system is not None and system is None):
        return None
    why = "First say in a sentence or two why, then give the score" if given.rationale else "Give the score"
    end = f"{why}: a whole number from {given.min} to {given.max}."
    user = composed(rubric, lambda template: [template.source, quoted(given.of, template), end], parts, path)
    if user is None:
        return None
    rationale = Field(f"{name}.rationale", "string", maximum=_MOST_RATIONALE, hidden=True, key="rationale")
    score = Field(name, "integer", minimum=given.min, maximum=given.max, key="score")
    return (
        FieldsColumn(
            name=name,
            prompt=Prompt(user=user, model=override(model, given.model, parts, path), system=system),
            fields=(rationale, score) if given.rationale else (score,),
            hidden=file.hidden,
            judges=given.of,
        ),
    )


def composed(
    chosen: PerValue[Template], words: Callable[[Template], Sequence[str]], parts: Parts, path: Path
) -> PerValue[Template] | None:
    """Return for each template one of these paragraphs; None when a problem was noted."""

    def joined(template: Template) -> Template:
        return Template("\n\n".join(text.strip() for text in words(template) if text))

    try:
        cases = {case: joined(template) for case, template in chosen.cases.items()}
        return PerValue(chosen.by, cases, None if chosen.default is None else joined(chosen.default))
    except TemplateError as error:
        parts.problem(path, str(error))
        return None


def quoted(name: str, template: Template) -> str:
    """Return the paragraph that shows the column; empty where the template reads it itself."""
    return "" if name in template.names else f"The text:\n<<<\n{{{{ {name} }}}}\n>>>"


def note_use(parts: Parts, path: Path, name: str, reader: str) -> None:
    """Note that the column `reader` reads the one that is named at this place."""
    parts.uses.append(Use(parts.tree.line_of(path), dotted(path), name, reader, by=False))


def written_by(name: str, columns: Sequence[Column]) -> str:
    """Return the model column to be asked again where the column `name` is refused: the first that it is made of.

    A column that a model writes is its own; empty when no model writes any of it.
    """
    givers = {output: column for column in columns for output in outputs(column)}
    own = givers.get(name)
    if own is None or isinstance(own, PromptColumn | FieldsColumn):
        return "" if own is None else own.name
    made_of = _made_of([name], givers)
    for column in columns if find_cycle(columns) else column_order(columns):
        if isinstance(column, PromptColumn | FieldsColumn) and made_of & set(outputs(column)):
            return column.name
    return ""


def _made_of(names: Collection[str], givers: dict[str, Column]) -> set[str]:
    """Return the names and all that they read, directly or through others."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found and name in givers:
            found.add(name)
            left.extend(inputs(givers[name]))
    return found
