"""Attributes whose part in a dataset is measured: columns, or lists of words that stand for their values."""

from collections.abc import Sequence

from synth_datasets.spec.attributes import Bias, BiasAttribute
from synth_datasets.spec.explain import Shape
from synth_datasets.spec.model import ClassesColumn, Column, FieldsColumn, PromptColumn
from synth_datasets.spec.parts import Parts
from synth_datasets.spec.problems import dotted, shown

__all__ = ["build_bias"]


def build_bias(shape: Shape, columns: Sequence[Column], parts: Parts) -> Bias | None:
    """Return what `bias:` says; None where it says nothing, or after noting what is wrong with it."""
    given = shape.spec.bias
    if given is None or not shape.has("bias"):
        return None
    before = len(parts.problems.all())
    stored = _stored(columns)
    for at, name in enumerate(given.attributes):
        if name not in given.terms and name not in stored:
            known = [*given.terms, *stored]
            message = f"'{shown(name)}' is neither a stored column nor one of `terms`"
            _unknown(parts, ("bias", "attributes", at), message, name, known)
    for name in given.terms:
        if name not in given.attributes:
            parts.problem(
                ("bias", "terms", name), f"'{shown(name)}' is none of the attributes", "add it there"
            )
    labels = [name for name, kind in stored.items() if kind == "label"]
    texts = [name for name, kind in stored.items() if kind == "text"]
    for key, name, known in (("label", given.label, labels), ("text", given.text, texts)):
        if name is not None and name not in known:
            kind = "a stored column of classes" if key == "label" else "a stored text that the model writes"
            _unknown(parts, ("bias", key), f"'{shown(name)}' is not {kind}", name, known)
    if given.text is None and len(texts) > 1:
        parts.problem(("bias",), "which text is meant?", f"name it: `text: {texts[0]}`")
    if len(parts.problems.all()) > before:
        return None
    attributes = tuple(
        BiasAttribute(
            name, tuple((value, tuple(words)) for value, words in given.terms.get(name, {}).items())
        )
        for name in given.attributes
    )
    return Bias(attributes, given.text or next(iter(texts), None), given.label or next(iter(labels), None))


def _stored(columns: Sequence[Column]) -> dict[str, str]:
    """Return what kind each stored column is: `label`, `text` or another."""
    found: dict[str, str] = {}
    for column in columns:
        if column.hidden:
            continue
        if isinstance(column, FieldsColumn):
            kinds = {"classes": "label", "string": "text"}
            found.update(
                {field.name: kinds.get(field.type, "other") for field in column.fields if not field.hidden}
            )
        elif isinstance(column, ClassesColumn):
            found[column.name] = "label"
        else:
            found[column.name] = "text" if isinstance(column, PromptColumn) else "other"
    return found


def _unknown(
    parts: Parts, path: tuple[str | int, ...], message: str, name: str, known: Sequence[str]
) -> None:
    parts.problems.unknown(parts.tree.line_of(path), dotted(path), message, name, list(known))
