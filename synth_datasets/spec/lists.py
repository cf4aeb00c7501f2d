"""Lists that the model writes once: what is asked for them, and the columns that draw from them."""

from collections.abc import Mapping

from synth_datasets.spec import schema
from synth_datasets.spec.explain import Shape
from synth_datasets.spec.model import (
    Column,
    Field,
    FieldsColumn,
    GeneratedList,
    ModelSpec,
    PerValue,
    Prompt,
    SampleColumn,
)
from synth_datasets.spec.model_settings import override
from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import shown
from synth_datasets.spec.schema_lists import ListFile
from synth_datasets.spec.score import composed
from synth_datasets.spec.templates import Template

__all__ = ["KNOWN", "PARENT", "build_lists", "check_lists"]

PARENT = "parent"
"""What the prompt of a list calls the item of the other list that it is for."""
KNOWN = "known"
"""What the end of the prompt calls the items that are there already."""
_AGAIN = (
    "{% if known %}These are there already; give none of them again, nor any that is nearly the same:\n"
    "{{ known }}{% endif %}"
)


def build_lists(shape: Shape, parts: Parts, model: ModelSpec) -> tuple[GeneratedList, ...]:
    """Return the lists that can be made, those that are per item of another one after it; problems are noted."""
    given = {name: file for name, file in shape.spec.lists.items() if shape.has("lists", name)}
    parts.lists = {name: file.per for name, file in given.items()}
    made = [_list(name, file, given, parts, model) for name, file in given.items()]
    return tuple(sorted((each for each in made if each is not None), key=lambda each: each.per is not None))


def check_lists(lists: tuple[GeneratedList, ...], columns: tuple[Column, ...], parts: Parts) -> None:
    """Note every column that draws from a list for each item of another one without saying which item."""
    drawn = {
        column.name: {weighted.list for weighted in column.choices.values()}
        for column in columns
        if isinstance(column, SampleColumn)
    }
    for column in columns:
        if not isinstance(column, SampleColumn):
            continue
        path = ("columns", column.name, "sample")
        by, used = column.choices.by, {weighted.list for weighted in column.choices.values()} - {""}
        for each in lists:
            if each.name not in used or (each.per is not None and by in drawn and drawn[by] == {each.per}):
                continue
            if each.per is not None:
                hint = f"write {{list: {each.name}, of: COLUMN}}, a column that samples {{list: {each.per}}}"
                message = f"'{shown(each.name)}' has a list for each item of '{shown(each.per)}'"
                parts.problem(path, message, hint)
    unused = {each.name for each in lists} - {name for names in drawn.values() for name in names}
    for name in sorted(unused - {each.per for each in lists}):
        parts.problem(("lists", name), "no column samples this list", f"write {{sample: {{list: {name}}}}}")


def _list(
    name: str, file: ListFile, given: Mapping[str, ListFile], parts: Parts, model: ModelSpec
) -> GeneratedList | None:
    path = ("lists", name)
    if not schema.column_name_ok(name):
        hint = "use letters, digits and `_`, beginning with a letter, at most 64"
        parts.problem(path, f"'{shown(name)}' is no name for a list", hint)
        return None
    if file.per is not None and not _parent_ok((*path, "per"), file.per, given, parts):
        return None
    names = frozenset() if file.per is None else frozenset([PARENT])
    asked = _template((*path, "prompt"), file.prompt, names, parts)
    system = None if file.system is None else _template((*path, "system"), file.system, names, parts)
    if asked is None or (file.system is not None and system is None):
        return None
    if file.per is not None and PARENT not in asked.names:
        message = "the prompt must say for which item the list is"
        parts.problem((*path, "prompt"), message, f"`{{{{ {PARENT} }}}}` stands for an item of {file.per}")
        return None
    end = f"List {file.batch} different ones."
    user = composed(PerValue(None, {}, asked), lambda each: [each.source, end, _AGAIN], parts, path)
    if user is None:
        return None
    column = FieldsColumn(
        name=f"lists.{name}",
        prompt=Prompt(
            user=user,
            model=override(model, file.model, parts, path),
            system=None if system is None else PerValue(None, {}, system),
        ),
        fields=(Field(f"lists.{name}", "list", minimum=1, maximum=file.batch, key="items"),),
        hidden=True,
    )
    return GeneratedList(name, column, file.count, file.batch, file.per)


def _parent_ok(path: Path, per: str, given: Mapping[str, ListFile], parts: Parts) -> bool:
    if per not in given:
        message = f"there is no list '{shown(per)}'"
        parts.problems.unknown(parts.tree.line_of(path), ".".join(map(str, path)), message, per, given)
        return False
    if given[per].per is not None:
        parts.problem(
            path, f"'{shown(per)}' is itself a list for each item of another one", "two levels at most"
        )
        return False
    return True


def _template(
    path: Path, given: str | schema.FileReference, names: frozenset[str], parts: Parts
) -> Template | None:
    before = len(parts.uses)
    template = parts.template(path, given)
    del parts.uses[before:]  # it reads no columns
    for name in sorted(template.names - names) if template is not None else ():
        known = f"`{{{{ {PARENT} }}}}` only" if names else "nothing: it is asked once for all rows"
        parts.problem(path, f"the prompt of a list reads {known}, found '{shown(name)}'")
        return None
    return template
