"""What to write instead of a column, or a part of one, that has another shape than a spec's."""

import re
from collections.abc import Mapping, Sequence

from synth_datasets.spec import schema
from synth_datasets.spec.hint_words import KEYS, TYPES
from synth_datasets.spec.problems import looks_secret, shown
from synth_datasets.spec.reader import Node

__all__ = ["SPACE", "as_list", "for_column", "for_part"]

Path = tuple[str | int, ...]

SPACE = "put a space behind the `:`"
_ROLES = frozenset(["system", "user", "assistant", "template", "text", "prompt", "content", "messages"])
_EXAMPLES = "write a list of them: `[{prompt: ..., answer: ...}]`"
_LISTED = 4


def for_column(name: str, path: Path, tree: Node) -> str:  # noqa: PLR0911 - one return a shape
    """Return how a column is written that is no mapping, or has none of the kinds."""
    node = tree.at(path)
    if node.members is not None:
        return next((hint for key in node.members if (hint := _of_kind(key))), "")
    if re.search(r":\S", name):
        return SPACE
    if node.items is not None:
        return (
            f"write `{{classes: {as_list(node, path)}}}` for a label, `{{sample: ...}}` for any other value"
        )
    if node.value is None:
        return "what belongs to it stands below it, two spaces deeper, such as `prompt: ...`"
    empty = [
        each.value is None and each.items is each.members
        for each in (tree.at(["columns"]).members or {}).values()
    ]
    if any(empty) and name in (*schema.COLUMN_KINDS, *KEYS["column"]):
        return f"indent `{name}` by two spaces more if it belongs to the column above"
    if re.search(r":\S", node.text) and node.text.partition(":")[0] in schema.COLUMN_KINDS:
        return SPACE
    if node.text in TYPES or not isinstance(node.value, str):
        return "write how it comes about: `{prompt: ...}`, `{sample: [...]}` or `{number: {min: 1, max: 5}}`"
    return 'write `{prompt: "..."}` for a text that the model writes, `{text: "..."}` for one made of others'


def _of_kind(key: str) -> str:
    return SPACE if re.search(r":\S", key) else KEYS["column"].get(key.lower(), "")


def for_part(path: Path, node: Node, tree: Node) -> str:  # noqa: PLR0911 - one return a place
    """Return how a part of a column is written where something else stands, such as its prompt or its classes."""
    match path[2:]:
        case (("prompt" | "text" | "system" | "opening") as key,):
            return _of_text(key, node, tree)
        case ("classes" | "labels" | "sample",) if (
            node.items is node.members is None and node.value is not None
        ):
            return f"write a list: `{as_list(node, path)}`"
        case (("classes" | "labels" | "sample") as key, _):
            return _of_value(key, node, list(tree.at(path[:-1]).members or ()), tree)
        case ("number",) if node.items is not None and len(node.items) == 2:  # noqa: PLR2004 - least and most
            least, most = (item.text for item in node.items)
            return f"write `{{min: {shown(least)}, max: {shown(most)}}}`"
        case ("fields",) if node.items is not None:
            names = [item.text for item in node.items[:_LISTED]]
            return f"write `{{{', '.join(f'{shown(name)}: string' for name in names)}}}`"
        case ("fields", _) | ("fields", _, "type"):
            return _of_type(node.text)
        case ("examples",) if node.members is not None:
            column = _column_of(list(node.members), tree)
            return _EXAMPLES if column is None else f"add `by: {shown(column)}`"
        case _:
            return ""


def _of_type(text: str) -> str:
    if text in TYPES:
        return f"write `{TYPES[text]}`"
    return "write `{type: string, description: ...}`" if " " in text else ""


def _of_text(key: str, node: Node, tree: Node) -> str:
    """Return how one template is written where something else stands."""
    if node.value is None and node.items is node.members is None:
        return "write the text behind the `:`; in quotes where it begins with `#`, which begins a comment"
    cases = list(node.members or ())
    if cases and (column := _column_of(cases, tree)) is not None:
        return f"add `by: {shown(column)}`"
    if _ROLES.intersection(cases) or any(item.members for item in node.items or ()):
        return f"write the text itself, `{key}: ...`; `system: ...` and `examples: ...` stand beside it"
    if node.items is not None:
        return (
            "write one text; for a part that varies add a hidden `sample` column and name it in `{{ ... }}`"
        )
    return ""


def _column_of(cases: Sequence[str], tree: Node) -> str | None:
    """Return the column that draws from just these values."""
    columns: Mapping[str, Node] = tree.at(["columns"]).members or {}
    wanted = set(cases) - {"default"}
    for name, column in columns.items():
        given = (column.members or {}).get("classes") or (column.members or {}).get("sample")
        values = (
            [] if given is None else [item.text for item in given.items or ()] or list(given.members or ())
        )
        if wanted and wanted <= set(values):
            return name
    return None


def _of_value(key: str, node: Node, beside: Sequence[str], tree: Node) -> str:
    """Return what stands behind a class or value: its weight, or with `by` the values of that case."""
    if "by" in beside:
        return "write a list of values, `[a, b]`"
    if key == "sample" and node.items is not None and (column := _column_of(beside, tree)) is not None:
        return f"add `by: {shown(column)}`"
    if node.members is not None or node.items is not None:
        return f"write the names alone, `{key}: [a, b]`, or each with its weight, `{key}: {{a: 2, b: 1}}`"
    if re.fullmatch(r"[0-9.]+ ?%", node.text):
        return f"write {node.text.rstrip(' %')}: weights need no sum"
    return "what stands behind a value is its weight; what the value means is told in a prompt"


def as_list(node: Node, path: Path) -> str:
    """Write the values as a list again; dots stand for what is long, or may be a secret."""
    texts = [item.text for item in node.items] if node.items is not None else node.text.split(",")
    if (
        looks_secret(path)
        or (node.items is None and not isinstance(node.value, str))
        or not all(text.strip() for text in texts)
    ):
        return "[...]"
    listed = ", ".join(shown(text.strip()) for text in texts[:_LISTED])
    return f"[{listed}{', ...' if texts[_LISTED:] else ''}]"
