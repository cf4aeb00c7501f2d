"""Words that other tools use for what a spec calls otherwise, by the place where they stand."""

__all__ = ["KEYS", "TYPES"]


def _each(words: str, hint: str) -> dict[str, str]:
    return dict.fromkeys(words.split(), hint)


KEYS = {
    "top": {
        **_each(
            "rows size n count num_rows num_examples num_samples n_samples samples total",
            "write `splits: {train: 100}`",
        ),
        **_each("train test validation dev", "it is a split: `splits: {train: 100, test: 10}`"),
        **_each("features schema properties fields", "write `columns: {NAME: {prompt: ...}}`"),
        **_each("title dataset dataset_name id", "write `name: my_dataset`"),
        **_each("llm engine model_name model_id", "write `model: ...`"),
    },
    "model": {
        **_each("name model model_name model_id", "write `id`"),
        **_each("temp", "write `temperature`"),
        **_each("max_new_tokens max_length max_completion_tokens num_predict", "write `max_tokens`"),
        **_each("provider backend type", "remove it: where a model is asked is no part of a spec"),
        **_each("repeat_penalty repetition_penalty top_k min_p", "write it under `extra: {...}`"),
    },
    "column": {
        **_each("template", "write `text: ...`, or `prompt: ...` if the model writes it"),
        **_each(
            "choices options values one_of enum category",
            "write `sample: [...]`, or `classes: [...]` for a label",
        ),
        **_each("class class_label label", "write `classes: [...]`"),
        **_each(
            "instruction instructions user content ask generate question",
            "write `prompt: ...`, which the model is told",
        ),
        **_each("prompt_file template_file", "write `prompt: {file: ...}`"),
        **_each("file", "write `prompt: {file: ...}`, or `sample: {file: ...}` for values"),
        **_each("range int integer float", "write `number: {min: 1, max: 5}`"),
        **_each("json properties", "write `fields: {NAME: string}` and a `prompt`"),
        **_each(
            "type dtype kind", "remove it: the key says the kind, such as `prompt: ...` or `sample: [...]`"
        ),
        **_each("name", "remove it: a column's name stands before its `:`"),
        **_each("description", "remove it, or say it in a `prompt`"),
        **_each("system_prompt system_message", "write `system: ...`"),
        **_each("few_shot shots", "write `examples: [{prompt: ..., answer: ...}]`"),
        **_each("prefix prefill", "write `opening: ...`"),
    },
    "number": {
        **_each("from low start least minimum", "write `min`"),
        **_each("to high stop end most maximum", "write `max`"),
    },
    "field": {
        **_each("max_length maxlength maximum max_items", "write `max`"),
        **_each("min_length minlength minimum min_items", "write `min`"),
        **_each("enum choices options values", "write `classes: [...]`"),
        **_each("required optional nullable default", "remove it: every field is answered"),
    },
    "examples": {
        **_each("input question user instruction", "write `prompt`"),
        **_each("output response completion assistant", "write `answer`"),
    },
    "checks": {
        **_each(
            "min_length max_length min_chars max_chars chars", "write `length: [least, most]`, in characters"
        ),
        **_each("min_words max_words", "write `words: [least, most]`"),
        **_each("dedup deduplicate duplicates", "write `unique: near`"),
    },
}
"""By place and word: what to write instead."""

TYPES = {
    **_each("str text varchar", "string"),
    **_each("int int32 int64", "integer"),
    **_each("float float32 float64 double decimal", "number"),
    **_each("bool", "boolean"),
    **_each("array list[str]", "list"),
    **_each("enum choice category label", "{classes: [...]}"),
    **{name: name for name in ("string", "integer", "number", "boolean", "list")},
}
"""By the name of a type elsewhere: the type of a field."""
