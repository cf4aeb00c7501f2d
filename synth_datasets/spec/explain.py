"""From the nodes of a file to the models of `spec.schema`, with every misfit said in words a person can use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from synth_datasets.spec import hints, schema
from synth_datasets.spec.problems import (
    ELSEWHERE,
    Problems,
    dotted,
    is_elsewhere,
    looks_secret,
    shown,
    suggestion,
)
from synth_datasets.spec.reader import Node
from synth_datasets.spec.schema_checks import ContaminationFile, GrammarFile, PerplexityFile
from synth_datasets.spec.schema_dialogue import model_at
from synth_datasets.spec.schema_judging import judging_at
from synth_datasets.spec.schema_seeds import COMMIT, HUB_ID

__all__ = ["Shape", "validate"]

Path = tuple[str | int, ...]

# What stands in for a required part that is wrong, so that the parts that are right can be checked further.
_STAND_INS: dict[str, object] = {
    "name": "x",
    "model": "x",
    "splits": {"train": 1},
    "columns": {"x": {"classes": ["x"]}},
}
_IN_WORDS = {
    schema.NAME: "lower-case letters, digits, `_` and `-`, beginning with a letter or digit, at most 96",
    schema.VERSION: "three numbers such as 1.0.0",
    schema.LANGUAGE: "a language code such as `en` or `pt-BR`",
    schema.HUB_WORD: "lower-case letters, digits, `.`, `+` and `-`, such as `cc0-1.0` or `text-classification`",
    schema.MODEL_ID: "a model's id, not a URL or a path",
    schema.REVISION: "a commit or tag",
    COMMIT: "a commit of 40 hex digits",
    HUB_ID: "the id of a dataset on the Hub, such as `org/name`",
}
_TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "scalar": "text, a number, true or false",
}
_BOUNDS = {
    "greater_than": ("gt", "must be above"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be below"),
    "less_than_equal": ("le", "must be at most"),
}
_SIZES = ("too_short", "too_long", "string_too_short", "string_too_long")


@dataclass(frozen=True, slots=True)
class Shape:
    """A file that fits the schema, once the parts that do not are taken out."""

    spec: schema.SpecFile
    removed: frozenset[Path]
    """The places that are left out, or replaced by a stand-in."""

    def has(self, *path: str) -> bool:
        """Whether the part was kept."""
        return not any(path[: i + 1] in self.removed for i in range(len(path)))


def validate(tree: Node, problems: Problems) -> Shape:
    """Note whatever does not fit the schema, and return all that does."""
    data = cast("dict[str, object]", tree.plain())
    removed: set[Path] = set()
    first = True
    while True:
        try:
            return Shape(schema.SpecFile.model_validate(data), frozenset(removed))
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                if problems.full or not first:
                    # Nothing more is shown, and later rounds only miss what the first one took out.
                    removed.add((str(detail["loc"][0]),))
                    continue
                path = _place(detail, tree)
                _explain(detail, path, tree, problems)
                removed.add(_cut(detail["type"], path))
        first = False
        _take_out(data, removed)


def _cut(kind: str, path: Path) -> Path:
    """Return the least part that can go without making other parts look wrong."""
    match path:
        case _ if kind == "extra_forbidden":
            return path
        case ("checks", _, _, *_):
            return path[:3]
        case ("columns", _, "system" | "examples" | "opening" | "model" | "hidden", *_):
            return path[:3]
        case ("columns" | "splits" | "checks" | "lists", _, *_):
            return path[:2]
        case ("model", key, *_) if key != "id":
            return path[:2]
        case _:
            return path[:1]


def _take_out(data: dict[str, object], removed: set[Path]) -> None:
    for path in removed:
        part: object = data
        for step in path[:-1]:
            part = part.get(step) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.pop(path[-1], None)
    for key, stand_in in _STAND_INS.items():
        if not data.get(key):
            data[key] = stand_in
            removed.add((key,))


def _explain(detail: ErrorDetails, path: Path, tree: Node, problems: Problems) -> None:
    kind = detail["type"]
    line, where, node = tree.line_of(path), dotted(path), tree.at(path)
    if kind == "missing":
        problems.add(line, where, f"`{path[-1]}` is missing", hints.for_missing(path))
    elif kind == "extra_forbidden":
        _explain_key(path, tree, problems)
    elif kind == "column_kind":
        message, close = _kind_words(node)
        problems.add(line, where, message, hints.for_value(path, tree) or close)
    elif kind == "literal_error":
        choices = [
            choice.strip(" '") for choice in detail["ctx"]["expected"].replace(" or ", ", ").split(",")
        ]
        found = "" if looks_secret(path) else f", found {_found(node)}"
        hint = hints.for_value(path, tree) or _near(node, choices)
        problems.add(line, where, f"expected one of {', '.join(choices)}{found}", hint)
    else:
        problems.add(line, where, _words(detail, node, path), hints.for_misfit(detail, path, tree))


def _place(detail: ErrorDetails, tree: Node) -> Path:
    """Return where the misfit is, which may be a key that is missing; without pydantic's names for alternatives."""
    path: list[str | int] = []
    for part in detail["loc"]:
        node = tree.at(path)
        inside = (node.members is not None and part in node.members) or (
            node.items is not None and isinstance(part, int)
        )
        if inside:
            path.append(part)
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else tuple(path)


def _words(detail: ErrorDetails, node: Node, path: Path) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    found = "" if looks_secret(path) else f", found {_found(node)}"
    if kind in _TYPES:
        return f"expected {_TYPES[kind]}{found}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"{words} {context[key]}{found}"
    if kind == "string_pattern_mismatch":
        return f"expected {_IN_WORDS[context['pattern']]}{found}"
    if kind in _SIZES:
        return _size_words(kind, context, path)
    return f"{detail['msg']}{found}"


def _size_words(kind: str, context: Mapping[str, object], path: Path) -> str:
    if path[-1] in ("length", "words", "readability", "similarity_to_prompt", "perplexity", "within"):
        return "expected two numbers, [least, most]"
    if kind == "too_long":
        return f"holds more than {context['max_length']} entries"
    if kind == "string_too_long":
        return f"has more than {context['max_length']} characters"
    return "must not be empty"


def _explain_key(path: Path, tree: Node, problems: Problems) -> None:
    key, around = str(path[-1]), tree.at(path[:-1])
    line, where = tree.line_of(path), dotted(path)
    kinds = [kind for kind in schema.COLUMN_KINDS if around.members is not None and kind in around.members]
    in_column = len(path) == 3 and path[0] == "columns"  # noqa: PLR2004 - columns.NAME.KEY
    if is_elsewhere(key):
        problems.add(line, where, f"'{shown(key)}': {ELSEWHERE}")
    elif in_column and key in schema.COLUMN_KINDS:
        found = " and ".join(f"`{kind}`" for kind in kinds)
        problems.add(line, where, f"a column has one kind, found {found}")
    elif path[0] == "checks" and path[2:] == ("unique", "near"):
        problems.add(line, where, "a column has one `unique`, found `near` and `semantic`", "remove one")
    elif in_column and key == "opening" and "fields" in kinds:
        problems.add(line, where, "an opening cannot be given to `fields`, whose answer is JSON", "remove it")
    else:
        known = _known_keys(path, kinds)
        one_of_them = key.rstrip("s") in {name.rstrip("s") for name in known}
        if not one_of_them and (hint := hints.for_key(path, tree)):
            problems.add(line, where, f"unknown key '{shown(key)}'", hint)
        else:
            problems.unknown(line, where, f"unknown key '{shown(key)}'", key, known)


def _known_keys(path: Path, kinds: Sequence[str]) -> list[str]:  # noqa: C901, PLR0912 - a line a place
    """Return the keys that may stand where the unknown one does."""
    columns: dict[str, type[BaseModel]] = {
        "challenge": schema.ChallengeFile,
        "classes": schema.ClassesFile,
        "perturb": schema.PerturbFile,
        "labels": schema.LabelsFile,
        "messages": schema.MessagesFile,
        "preference": schema.PreferenceFile,
        "sample": schema.SampleFile,
        "number": schema.NumberFile,
        "seed": schema.SeedColumnFile,
        "text": schema.ComputedFile,
        "spans": schema.SpansFile,
        "answer": schema.AnswerFile,
        "prompt": schema.PromptFile,
        "fields": schema.FieldsFile,
        "score": schema.ScoreFile,
    }
    match path:
        case (_,):
            model: type[BaseModel] = schema.SpecFile
        case ("model", _):
            model = schema.ModelFile
        case _ if (own := judging_at(path)) is not None:
            model = own
        case ("seeds", _):
            model = schema.SeedsFile
        case ("balance", _):
            model = schema.BalanceFile
        case ("columns", _, "model", _):
            model = schema.ModelOverrideFile
        case ("columns", _, _):
            model = columns["fields" if "fields" in kinds else kinds[0]]
        case ("columns", _, "messages" | "preference", *inside):
            model = model_at([str(step) for step in path[2:3] + tuple(inside)])
        case ("columns", _, "spans", _):
            model = schema.SpansSettings
        case ("columns", _, "answer", _):
            model = schema.AnswerSettings
        case ("columns", _, "number", _):
            model = schema.RangeFile
        case ("columns", _, "fields", _, _):
            model = schema.FieldFile
        case ("columns", _, "examples", *_):
            model = schema.ExampleFile
        case ("checks", _, "unique", _):
            return [*schema.NearFile.model_fields, *schema.SemanticFile.model_fields]
        case ("checks", _, "contamination", _):
            model = ContaminationFile
        case ("checks", _, "grammar", _):
            model = GrammarFile
        case ("checks", _, "perplexity", _):
            model = PerplexityFile
        case ("checks", _, _):
            model = schema.ChecksFile
        case _:
            model = schema.FileReference
    return [field.alias or name for name, field in model.model_fields.items()]


def _kind_words(node: Node) -> tuple[str, str]:
    kinds = ", ".join(f"`{kind}`" for kind in schema.COLUMN_KINDS)
    if node.members is None:
        return f"a column is a mapping with one of {kinds}, found {_found(node)}", ""
    hints = [hint for key in node.members if (hint := suggestion(key, schema.COLUMN_KINDS)).startswith("did")]
    return f"a column needs one of {kinds}", hints[0] if hints else ""


def _near(node: Node, choices: Sequence[str]) -> str:
    hint = suggestion(node.text, choices)
    return hint if hint.startswith("did") else ""


def _found(node: Node) -> str:
    if node.members is not None:
        return "a mapping"
    if node.items is not None:
        return "a list"
    if node.value is None:
        return "nothing"
    return f"'{shown(node.text)}'"
