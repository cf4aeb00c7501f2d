"""Tools that a dialogue may offer: JSON Schemas of functions, checked and written as trainers read them."""

import json
from collections.abc import Mapping, Sequence

from synth_datasets.spec.parts import Parts, Path
from synth_datasets.spec.problems import shown
from synth_datasets.spec.schema_parts import FileReference

__all__ = ["tools_text"]


def tools_text(path: Path, given: Sequence[object] | FileReference | None, parts: Parts) -> str | None:
    """Return the tools as JSON; None when there are none, or after noting what is wrong."""
    if given is None:
        return None
    tools: object = given
    if isinstance(given, FileReference):
        text = parts.file(path, given)
        if text is None:
            return None
        try:
            tools = json.loads(text)
        except (ValueError, RecursionError) as error:
            parts.problem(path, f"{given.file} is no JSON: {error}")
            return None
    if not isinstance(tools, Sequence) or isinstance(tools, str) or not tools:
        parts.problem(path, "expected a list of tools")
        return None
    words = {number: _tool_words(tool) for number, tool in enumerate(tools)}
    inline = not isinstance(given, FileReference)
    for number, wrong in words.items():
        if wrong:
            place = (*path, number) if inline else path
            parts.problem(
                place, f"tool {number + 1}: {wrong}", "as `transformers.utils.get_json_schema` writes it"
            )
    if any(words.values()):
        return None
    return json.dumps(tools, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _tool_words(tool: object) -> str:
    """Return what is wrong with a tool; empty when nothing is."""
    if not isinstance(tool, Mapping) or tool.get("type") != "function":
        return "expected {type: function, function: {name: ..., parameters: ...}}"
    function = tool.get("function")
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        return "its `function` needs a `name`"
    parameters = function.get("parameters")
    if parameters is not None and (not isinstance(parameters, Mapping) or parameters.get("type") != "object"):
        return f"the `parameters` of {shown(function['name'])} must be a JSON Schema of `type: object`"
    try:
        json.dumps(tool, allow_nan=False)
    except (TypeError, ValueError):
        return f"{shown(function['name'])} holds a value that JSON does not have"
    return ""
