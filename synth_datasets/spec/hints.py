"""What to write instead of a key or value that does not fit: words of other tools, wrong places, other shapes."""

import re
import unicodedata

from pydantic_core import ErrorDetails

from synth_datasets.spec import schema
from synth_datasets.spec.column_hints import SPACE, as_list, for_column, for_part
from synth_datasets.spec.hint_words import KEYS
from synth_datasets.spec.languages import language_code
from synth_datasets.spec.problems import shown
from synth_datasets.spec.reader import Node

__all__ = ["for_key", "for_misfit", "for_missing", "for_name", "for_value"]

Path = tuple[str | int, ...]

_MISSING = {
    "name": "write `name: my_dataset`",
    "model": "write `model: smollm2-135m-instruct`, or the id of a model that your endpoint serves",
    "splits": "write `splits: {train: 100}`",
    "columns": "write `columns: {text: {prompt: ...}}`",
}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_SPLITS = "write how many rows each split has, such as `{train: 100, test: 10}`"


def for_missing(path: Path) -> str:
    """Return what to write for a key that every spec has; empty for others."""
    if path[0] == "columns" and path[2:] == ("prompt",):
        return "write what the model is told"
    return _MISSING.get(str(path[0]), "") if len(path) == 1 else ""


def for_key(path: Path, tree: Node) -> str:  # noqa: PLR0911 - one return a mistake
    """Return what to write instead of a key that cannot stand here; empty where nobody knows."""
    key, place = str(path[-1]), _place(path)
    if re.search(r":\S", key):
        return SPACE
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
    scalar = node.items is None and node.members is None and node.value is not None
    if "class_name" in (context := detail.get("ctx", {})):
        keys = schema.keys_of(context["class_name"])
        file = f"write `{{file: {shown(node.text)}}}`; " if scalar and "file" in keys else ""
        return f"{file}its keys are {', '.join(keys)}"
    if kind == "list_type" and node.value is not None:
        return f"write a list: `{as_list(node, path)}`"
    return _of_quotes(kind, node) if scalar else ""


def _of_quotes(kind: str, node: Node) -> str:
    """Tell a text that looks like a number, and a number that should be a text."""
    if kind in ("int_type", "float_type") and isinstance(node.value, str) and _NUMBER.fullmatch(node.text):
        return "write it without quotes"
    return "put it in quotes" if kind == "string_type" else ""


def for_value(path: Path, tree: Node) -> str:  # noqa: PLR0911 - one return a place
    """Return what to write instead of a value of another shape; empty where nobody knows."""
    node = tree.at(path)
    match path:
        case ("splits",):
            whole = node.text if type(node.value) is int else ""
            return f"write `{{train: {whole}}}`" if whole else _SPLITS
        case ("splits", _, *_):
            return _of_split(node)
        case ("model",) | ("model", "id") | ("columns", _, "model") | ("columns", _, "model", "id"):
            return _of_model(node.text)
        case ("lists", _):
            return (
                "write `{prompt: ..., count: 50}`; a list of your own stands in a column: `{sample: [...]}`"
            )
        case ("columns",):
            return "write each column by its name, such as `{text: {prompt: ...}}`"
        case ("columns", name):
            return for_column(str(name), path, tree)
        case ("columns", _, _, *_):
            return for_part(path, node, tree)
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
        case ("columns", _, "fields", _, _):
            return "field"
        case ("checks", _, _):
            return "checks"
        case _:
            return ""


def _of_split(node: Node) -> str:
    text = node.text.strip()
    if "%" in text or isinstance(node.value, float):
        return "a split has a number of rows, no share: write `train: 80`, or counts such as `{good: 40, bad: 40}`"
    if (
        not isinstance(node.value, int)
        and (found := re.fullmatch(r"([0-9][0-9_,' ]*)([kKmM]?)", text)) is not None
    ):
        digits = re.sub(r"[^0-9]", "", found[1])[:12]
        return f"write {int(digits) * {'k': 1_000, 'm': 1_000_000}.get(found[2].lower(), 1)}, in digits and unquoted"
    if not text:
        return "write how many rows, such as `train: 100`; a number has no `,` in it"
    return "did you mean `balance`?" if text.lower().startswith("bal") else ""


def _of_model(text: str) -> str:
    if "://" in text:
        return "write the id that the endpoint knows; its URL is an option, `--base-url`"
    if text.startswith((".", "/", "~")):
        return "write the model's id; a folder with its weights is an option, `--model-path`"
    return "an id has no spaces, such as `gpt-5-mini`" if " " in text else ""


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
    fits = plain != text == shown(text) and re.fullmatch(pattern, plain)
    return f"write {plain}" if fits else ""
