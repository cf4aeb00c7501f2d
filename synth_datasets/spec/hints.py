"""What to write instead of a key or value that does not fit: words of other tools, wrong places, other shapes."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from pydantic_core import ErrorDetails

from synth_datasets.spec import schema
from synth_datasets.spec.hint_words import KEYS, TYPES
from synth_datasets.spec.languages import language_code
from synth_datasets.spec.problems import looks_secret, shown
from synth_datasets.spec.reader import Node

__all__ = ["for_key", "for_misfit", "for_missing", "for_name", "for_value"]

Path = tuple[str | int, ...]

_MISSING = {
    "name": "write `name: my_dataset`",
    "model": "write `model: smollm2-135m-instruct`, or the id of a model that your endpoint serves",
    "splits": "write `splits: {train: 100}`",
    "columns": "write `columns: {text: {prompt: ...}}`",
}
_SPACE = "put a space behind the `:`"
_SPLITS = "write how many rows each split has, such as `{train: 100, test: 10}`"
_TEXTS = ("prompt", "text", "system", "opening")
_ROLES = frozenset(["system", "user", "assistant", "template", "text", "prompt", "content", "messages"])
_LISTED = 4


def for_missing(path: Path) -> str:
    """Return what to write for a key that every spec has; empty for others."""
    return _MISSING.get(str(path[0]), "") if len(path) == 1 else ""


def for_key(path: Path, tree: Node) -> str:  # noqa: PLR0911 - one return a mistake
    """Return what to write instead of a key that cannot stand here; empty where nobody knows."""
    key, place = str(path[-1]), _place(path)
    if re.search(r":\S", key):
        return _SPACE
    if (word := KEYS.get(place, {}).get(key.lower())) is not None:
        return word
    if place != "top" and key in schema.SpecFile.model_fields:
        return f"`{key}` stands at the top of the spec"
    if key in schema.ModelFile.model_fields and place in ("top", "column"):
        return f"it belongs to the model: `model: {{id: ..., {key}: ...}}`"
    if place == "top" and key in schema.COLUMN_KINDS:
        return f"it belongs to a column: `columns: {{NAME: {{{key}: ...}}}}`"
    if place == "column" and key in _check_keys():
        return f"it is a check: `checks: {{{shown(path[1])}: {{{key}: ...}}}}` at the top of the spec"
    return _of_comma(key, tree.at(path[:-1]))


def _of_comma(key: str, around: Node) -> str:
    """Tell a key that is the rest of a text behind a `,` in a mapping of one line."""
    keys, node = list(around.keys.values()), (around.members or {}).get(key)
    lines = [each.line for each in keys if each is keys[0] or each.text == key]
    if node is None or node.value is not None or node.items is not node.members or len(set(lines)) != 1:
        return ""
    return "if it goes on with the text before it, put all of that text in quotes" if len(lines) > 1 else ""


def for_name(name: str) -> str:
    """Return how a column may be called, with its name in letters that are allowed where it has some."""
    asked = "use ASCII letters (a to z), digits and `_`, beginning with a letter, at most 64"
    bare = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    plain = re.sub(r"\W+", "_", bare).strip("_")
    fits = plain == shown(plain) and schema.column_name_ok(plain)
    return f"{asked}, such as `{plain}`" if fits else asked


def for_misfit(detail: ErrorDetails, path: Path, tree: Node) -> str:
    """Return what to write instead of a value that the schema does not take."""
    kind, node = detail["type"], tree.at(path)
    if hint := for_value(path, tree):
        return hint
    if path == ("version",) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", node.text):
        return f"write {node.text}.0" if "." in node.text else f"write {node.text}.0.0"
    if "class_name" in (context := detail.get("ctx", {})):
        return f"its keys are {', '.join(schema.keys_of(context['class_name']))}"
    is_scalar = node.items is None and node.members is None and node.value is not None
    return "put it in quotes" if kind == "string_type" and is_scalar else ""


def for_value(path: Path, tree: Node) -> str:  # noqa: PLR0911 - one return a place
    """Return what to write instead of a value of another shape; empty where nobody knows."""
    node = tree.at(path)
    match path:
        case ("splits",):
            whole = node.text if type(node.value) is int else ""
            return f"write `{{train: {whole}}}`" if whole else _SPLITS
        case ("splits", _):
            return _of_split(node)
        case ("columns",):
            return "write each column by its name, such as `{text: {prompt: ...}}`"
        case ("columns", name):
            return _of_column(str(name), path, tree)
        case ("columns", _, _, *_):
            return _in_column(path, node, tree)
        case ("checks", *_):
            return _of_check(path)
        case ("name",) | ("license",) | ("task",) | ("language",):
            return _of_word(path, node.text)
        case _:
            return ""


def _place(path: Path) -> str:  # noqa: PLR0911 - one return a place
    """Return which keys may stand where this one does, as `hint_words` calls it."""
    match path:
        case (_,):
            return "top"
        case ("model", _) | ("columns", _, "model", _) | ("lists", _, "model", _):
            return "model"
        case ("columns", _, _):
            return "column"
        case ("columns" | "lists", _, "examples", *_):
            return "examples"
        case ("columns", _, "number", _):
            return "number"
        case ("checks", _, _):
            return "checks"
        case _:
            return ""


def _of_split(node: Node) -> str:
    text = node.text.strip()
    if "%" in text or isinstance(node.value, float):
        return "a split has a number of rows, no share: write `train: 80`, or counts such as `{good: 40, bad: 40}`"
    if (found := re.fullmatch(r"([0-9][0-9_,' ]*)([kKmM]?)", text)) is not None:
        digits = re.sub(r"[^0-9]", "", found[1])[:12]
        return f"write {int(digits) * {'k': 1_000, 'm': 1_000_000}.get(found[2].lower(), 1)}, in digits and unquoted"
    if not text:
        return "write how many rows, such as `train: 100`; a number has no `,` in it"
    return "did you mean `balance`?" if text.lower().startswith("bal") else ""


def _of_column(name: str, path: Path, tree: Node) -> str:  # noqa: PLR0911 - one return a shape
    """Return how a column is written that is no mapping, or has none of the kinds."""
    node = tree.at(path)
    if node.members is not None:
        return next((hint for key in node.members if (hint := _of_kind(key))), "")
    if re.search(r":\S", name):
        return _SPACE
    if node.items is not None:
        return f"write `{{classes: {_flow(node, path)}}}` for a label, `{{sample: ...}}` for any other value"
    if node.value is None:
        return "what belongs to it stands below it, two spaces deeper, such as `prompt: ...`"
    empty = [
        each.value is None and each.items is each.members
        for each in (tree.at(["columns"]).members or {}).values()
    ]
    if any(empty) and name in (*schema.COLUMN_KINDS, *KEYS["column"]):
        return f"indent `{name}` by two spaces more if it belongs to the column above"
    if re.search(r":\S", node.text) and node.text.partition(":")[0] in schema.COLUMN_KINDS:
        return _SPACE
    if node.text in TYPES or not isinstance(node.value, str):
        return "write how it comes about: `{prompt: ...}`, `{sample: [...]}` or `{number: {min: 1, max: 5}}`"
    return 'write `{prompt: "..."}` for a text that the model writes, `{text: "..."}` for one made of others'


def _of_kind(key: str) -> str:
    return _SPACE if re.search(r":\S", key) else KEYS["column"].get(key.lower(), "")


def _in_column(path: Path, node: Node, tree: Node) -> str:  # noqa: PLR0911 - one return a place
    match path[2:]:
        case (("prompt" | "text" | "system" | "opening") as key,):
            return _of_text(key, node, tree)
        case ("classes" | "labels" | "sample",) if (
            node.items is node.members is None and node.value is not None
        ):
            return f"write a list: `{_flow(node, path)}`"
        case (("classes" | "labels" | "sample") as key, _):
            return _of_weight(key, node)
        case ("number",) if node.items is not None and len(node.items) == 2:  # noqa: PLR2004 - least and most
            least, most = (item.text for item in node.items)
            return f"write `{{min: {shown(least)}, max: {shown(most)}}}`"
        case ("fields",) if node.items is not None:
            names = [item.text for item in node.items[:_LISTED]]
            return f"write `{{{', '.join(f'{shown(name)}: string' for name in names)}}}`"
        case ("fields", _) | ("fields", _, "type"):
            return f"write `{TYPES[node.text]}`" if node.text in TYPES else ""
        case _:
            return ""


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


def _of_weight(key: str, node: Node) -> str:
    if node.members is not None or node.items is not None:
        return f"write the names alone, `{key}: [a, b]`, or each with its weight, `{key}: {{a: 2, b: 1}}`"
    if re.fullmatch(r"[0-9.]+ ?%", node.text):
        return f"write {node.text.rstrip(' %')}: weights need no sum"
    return "what stands behind a value is its weight; what the value means is told in a prompt"


def _of_check(path: Path) -> str:
    match path:
        case ("checks",):
            return "write them by column, such as `{text: {length: [20, 400]}}`"
        case ("checks", key) if key in _check_keys():
            return f"name the column first: `checks: {{COLUMN: {{{key}: ...}}}}`"
        case ("checks", _, "unique"):
            return "write `unique: near` for no near copies, `exact` for no equal ones"
        case _:
            return ""


def _check_keys() -> list[str]:
    return [field.alias or name for name, field in schema.ChecksFile.model_fields.items()]


def _of_word(path: Path, text: str) -> str:
    if path == ("language",):
        code = language_code(text)
        return f"write {code}" if code else ""
    pattern = schema.NAME if path == ("name",) else schema.HUB_WORD
    plain = re.sub(r"[^a-z0-9.+_-]+", "_" if path == ("name",) else "-", text.lower()).strip("_-")
    return f"write {plain}" if text == shown(text) and re.fullmatch(pattern, plain) else ""


def _flow(node: Node, path: Path) -> str:
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
