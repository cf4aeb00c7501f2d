"""Columns of kind `spans` and `answer`: checked, and taken apart into the columns that they are made of."""

from collections.abc import Sequence

from synth_datasets.spec.model import (
    Column,
    DerivedColumn,
    Field,
    FieldsColumn,
    ModelSpec,
    Prompt,
    PromptColumn,
)
from synth_datasets.spec.model_settings import override
from synth_datasets.spec.parts import Parts, Path, Use
from synth_datasets.spec.problems import dotted, shown
from synth_datasets.spec.reader import Node
from synth_datasets.spec.rules_annotation import (
    AnswerRule,
    FindRule,
    MarkRule,
    PickedRule,
    PickRule,
    QuoteRule,
    TagsRule,
    UnmarkRule,
)
from synth_datasets.spec.schema_annotation import AnswerFile, AnswerSettings, SpansFile

__all__ = ["TAG_COLUMNS", "build_answer", "build_spans", "further_names"]

TAG_COLUMNS = ("tokens", "ner_tags")

_WAYS = ("find", "mark", "quote")
_NO_TEXT = ("labels", "number", "fields", "spans", "answer", "score", "conversation", "preference")
_MAX_KNOWN = 2_000
"""Values of a column that no text may mention besides those of its row; of longer lists none is looked for."""
_MAX_QUOTES = 64
_MAX_QUOTE = 400


def further_names(node: Node) -> list[tuple[Path, str]]:
    """Return the columns that one of these kinds gives besides its own, each with the place that names it."""
    members = node.members or {}
    found: list[tuple[Path, str]] = []
    for kind in ("spans", "answer"):
        inner = (members[kind].members if kind in members else None) or {}
        if "text" in inner:
            found.append(((kind, "text"), inner["text"].text))
        if "tags" in inner and inner["tags"].value is True:
            found += [((kind, "tags"), name) for name in TAG_COLUMNS]
    return found


def build_spans(name: str, file: SpansFile, parts: Parts, model: ModelSpec) -> tuple[Column, ...] | None:
    """Return the columns; None when a problem was noted."""
    given, path = file.spans, ("columns", name)
    ways = [way for way in _WAYS if getattr(given, way) is not None]
    if len(ways) != 1:
        found = " and ".join(f"`{way}`" for way in ways) or "none"
        parts.problem((*path, "spans"), f"spans need one of `find`, `mark` and `quote`, found {found}")
        return None
    labels = parts.class_names((*path, "spans", ways[0]))
    misplaced = _misplaced(file, ways[0], parts, path)
    if labels is None or misplaced:
        return None
    if ways[0] == "find":
        columns = _found(name, file, labels, parts)
    elif ways[0] == "mark":
        columns = _marked(name, file, labels, parts, model)
    else:
        columns = _quoted(name, file, labels, parts, model)
    if columns is None or not given.tags:
        return columns
    text = str(given.text if ways[0] == "mark" else given.within)
    words, tags = (
        DerivedColumn(name=column, rule=TagsRule(text, name, labels, tokens=column == TAG_COLUMNS[0]))
        for column in TAG_COLUMNS
    )
    return (*columns, words, tags)


def build_answer(name: str, file: AnswerFile, parts: Parts) -> tuple[Column, ...] | None:
    """Return the columns; None when a problem was noted."""
    given, path = file.answer, ("columns", name, "answer")
    good = _reads_text(parts, (*path, "in"), given.within, name)
    if (given.given is None) == (given.pick is None):
        parts.problem(path, "an answer needs one of `from` and `pick`", "`pick` is number, name or sentence")
        return None
    for key, column in (("from", given.given), ("sentence", given.sentence)):
        if column is not None:
            good &= _reads_text(parts, (*path, key), column, name)
    if given.answerable is not None:
        good &= _reads_truth(parts, (*path, "answerable"), given.answerable, name)
    if not (good and _fits(given, parts, path)):
        return None
    answerable = given.answerable or ""
    if given.given is not None:
        rule = AnswerRule(given.within, given.given, given.sentence or "", answerable)
        return (DerivedColumn(name=name, rule=rule, hidden=file.hidden),)
    picked = DerivedColumn(
        name=name, rule=PickRule(given.within, given.pick or "", answerable), hidden=file.hidden
    )
    return (DerivedColumn(name=str(given.text), rule=PickedRule(name), hidden=True), picked)


def _fits(given: AnswerSettings, parts: Parts, path: Path) -> bool:
    if given.pick is not None and given.text is None:
        parts.problem(
            path, "`text` is missing", "it names what a prompt reads: `text: reply`, and {{ reply }}"
        )
        return False
    if given.pick is None and given.text is not None:
        parts.problem((*path, "text"), "`text` names what is picked, and nothing is", "remove it")
        return False
    if given.pick is not None and given.sentence is not None:
        parts.problem(
            (*path, "sentence"), "`sentence` goes with `from`: what is picked stands once", "remove it"
        )
        return False
    return True


def _found(name: str, file: SpansFile, labels: Sequence[str], parts: Parts) -> tuple[Column, ...] | None:
    given, path = file.spans, ("columns", name, "spans")
    if given.within is None or given.find is None:
        return None
    good = _reads_text(parts, (*path, "in"), given.within, name)
    values: list[tuple[str, str]] = []
    known: dict[tuple[str, str], None] = {}
    for label, columns in zip(labels, given.find.values(), strict=True):
        for column in [columns] if isinstance(columns, str) else columns:
            _note_use(parts, (*path, "find", label), column, name)
            if _kind(column, parts) in ("spans", "answer"):
                parts.problem(
                    (*path, "find", label), f"{shown(column)} holds no value that a text can mention"
                )
                good = False
            values.append((column, label))
            domain = parts.domains.get(column) or ()
            if len(domain) <= _MAX_KNOWN:
                known |= {(str(value), label): None for value in domain if str(value).strip()}
    if not good:
        return None
    rule = FindRule(given.within, tuple(values), tuple(known), tuple(labels))
    return (DerivedColumn(name=name, rule=rule, hidden=file.hidden),)


def _marked(
    name: str, file: SpansFile, labels: tuple[str, ...], parts: Parts, model: ModelSpec
) -> tuple[Column, ...] | None:
    path, helper = ("columns", name), f"{name}.marked"
    prompt = _prompt(path, file, parts, model)
    if unfit := [label for label in labels if any(sign in label for sign in "()[]")]:
        parts.problem((*path, "spans", "mark"), f"a label that marks cannot hold brackets: {shown(unfit[0])}")
        return None
    if prompt is None or file.spans.text is None:
        return None
    sources = "\n".join(_sources(prompt))
    missing = [label for label in labels if f"]({label})" not in sources]
    if missing and "]({{" not in sources:
        message = f"the prompt does not show how to mark {shown(missing[0])}"
        hint = f"tell the model in the prompt, or show it in an example: [Ada Lim]({shown(missing[0])})"
        parts.problem((*path, "prompt"), message, hint)
        return None
    text = DerivedColumn(name=file.spans.text, rule=UnmarkRule(helper, labels))
    spans = DerivedColumn(name=name, rule=MarkRule(helper, labels), hidden=file.hidden)
    return (PromptColumn(name=helper, prompt=prompt, hidden=True), text, spans)


def _quoted(
    name: str, file: SpansFile, labels: tuple[str, ...], parts: Parts, model: ModelSpec
) -> tuple[Column, ...] | None:
    path, helper, within = ("columns", name), f"{name}.quotes", file.spans.within
    prompt = _prompt(path, file, parts, model)
    if within is None or not _reads_text(parts, (*path, "spans", "in"), within, name) or prompt is None:
        return None
    if not any(within in template.names for template in prompt.user.values()):
        parts.problem(
            (*path, "prompt"), "the prompt does not show the text", f"put {{{{ {within} }}}} into it"
        )
        return None
    items = (
        Field("text", "string", maximum=_MAX_QUOTE, description="copied from the text, letter by letter"),
        Field("label", "classes", classes=labels),
    )
    quotes = Field(helper, "objects", maximum=_MAX_QUOTES, key="spans", items=items, hidden=True)
    asked = FieldsColumn(name=helper, prompt=prompt, fields=(quotes,), hidden=True)
    rule = QuoteRule(within, helper, labels)
    return (asked, DerivedColumn(name=name, rule=rule, hidden=file.hidden))


def _misplaced(file: SpansFile, way: str, parts: Parts, path: Path) -> bool:
    """Note what does not go with this way of knowing the spans, and what is missing for it."""
    needs = {"find": ("in",), "mark": ("text", "prompt"), "quote": ("in", "prompt")}[way]
    given = {
        "in": file.spans.within,
        "text": file.spans.text,
        **{key: getattr(file, key) for key in ("prompt", "system", "examples", "model")},
    }
    takes = {*needs, *(("system", "examples", "model") if way != "find" else ())}
    wrong = False
    for key, value in given.items():
        place = (*path, "spans") if key in ("in", "text") else path
        if value is not None and key not in takes:
            parts.problem((*place, key), f"`{key}` does not go with `{way}`", "remove it")
            wrong = True
        elif value is None and key in needs:
            parts.problem(place, f"`{key}` is missing, which `{way}` needs", _NEEDED[key])
            wrong = True
    return wrong


_NEEDED = {
    "in": "name the column whose text is annotated",
    "text": "name the column that gets the text without marks",
    "prompt": "say what the model is asked",
}


def _prompt(path: Path, file: SpansFile, parts: Parts, model: ModelSpec) -> Prompt | None:
    user = parts.texts((*path, "prompt"), file.prompt)
    system = parts.texts((*path, "system"), file.system)
    shots = parts.shots((*path, "examples"), file.examples)
    if user is None or (file.system and system is None) or (file.examples and shots is None):
        return None
    return Prompt(user=user, model=override(model, file.model, parts, path), system=system, shots=shots)


def _sources(prompt: Prompt) -> list[str]:
    """Return the texts of all templates of a prompt."""
    templates = [*prompt.user.values(), *(() if prompt.system is None else prompt.system.values())]
    for shots in () if prompt.shots is None else prompt.shots.values():
        templates += [template for shot in shots for template in (shot.prompt, shot.answer)]
    return [template.source for template in templates]


def _reads_text(parts: Parts, path: Path, column: str, reader: str) -> bool:
    """Note that a column is read, and the problem when it is no text; whether it is one."""
    _note_use(parts, path, column, reader)
    kind = _kind(column, parts)
    if kind in _NO_TEXT or column == reader:
        what = "itself" if column == reader else f"of kind `{kind}`"
        parts.problem(path, f"{shown(column)} is {what}, a text is asked for")
        return False
    return True


def _reads_truth(parts: Parts, path: Path, column: str, reader: str) -> bool:
    _note_use(parts, path, column, reader)
    domain = parts.domains.get(column)
    listed = column in parts.domains and not all(isinstance(value, bool) for value in domain or ())
    if listed or _kind(column, parts) in ("text", "prompt", *_NO_TEXT):
        parts.problem(path, f"{shown(column)} must be true or false", "{sample: {true: 3, false: 1}}")
        return False
    return True


def _note_use(parts: Parts, path: Path, column: str, reader: str) -> None:
    word = f"`{path[-1]}`"
    parts.uses.append(Use(parts.tree.line_of(path), dotted(path), column, reader, by=False, word=word))


def _kind(column: str, parts: Parts) -> str:
    """Return the kind of a column of the file; empty where it is a field, or not known."""
    columns = parts.tree.at(("columns",)).members or {}
    members = (columns[column].members if column in columns else None) or {}
    order = ("fields", "spans", "answer", "classes", "labels", "sample", "number", "text", "prompt", "score")
    return next((kind for kind in order if kind in members), "")
