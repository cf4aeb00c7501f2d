"""A newcomer's mistakes: what is said next to what is wrong is what to write instead, on its line."""

import pytest

HEAD = "name: demo\nmodel: gpt-5-mini\nsplits: {train: 10}\ncolumns:\n"
LABEL = "  label: {classes: [good, bad]}\n"
TEXT = "  text: {prompt: Say.}\n"

# The text from line 5 on: the place, and what must be said there.
COLUMNS = {
    "a label as a list": (5, "columns.label: ", "  label: [a, b]", "write `{classes: [a, b]}`"),
    "a long list": (5, "columns.label: ", "  label: [a, b, c, d, e]", "`{classes: [a, b, c, d, ...]}`"),
    "a list beside a secret name": (5, "columns.api_key: ", "  api_key: [a, b]", "`{classes: [...]}`"),
    "a bare text": (5, "columns.text: ", "  text: Write a {{ label }}.", 'write `{prompt: "..."}`'),
    "a type": (5, "columns.text: ", "  text: string", "`{prompt: ...}`, `{sample: [...]}`"),
    "a number": (5, "columns.n: ", "  n: 5", "`{number: {min: 1, max: 5}}`"),
    "an empty column": (5, "columns.text: ", "  text:\n  prompt: Say.", "two spaces deeper"),
    "a prompt beside its column": (6, "columns.prompt: ", "  text:\n  prompt: Say.", "indent `prompt`"),
    "a template": (5, "columns.t: ", "  t: {template: x}", "write `text: ...`"),
    "choices": (5, "columns.t: ", "  t: {choices: [a, b]}", "write `sample: [...]`"),
    "options": (5, "columns.t: ", "  t: {options: [a, b]}", "write `sample: [...]`"),
    "values": (5, "columns.t: ", "  t: {values: [a, b]}", "write `sample: [...]`"),
    "a range": (5, "columns.t: ", "  t: {range: [1, 5]}", "`number: {min: 1, max: 5}`"),
    "an instruction": (5, "columns.t: ", "  t: {instruction: Say.}", "write `prompt: ...`"),
    "a type beside a prompt": (5, "columns.t.type: ", "  t: {type: string, prompt: Say.}", "remove it"),
    "a system prompt": (5, "t.system_prompt: ", "  t: {prompt: x, system_prompt: y}", "write `system: ...`"),
    "a temperature": (
        *(5, "t.temperature: ", "  t: {prompt: x, temperature: 1}"),
        "`model: {id: ..., temperature: ...}`",
    ),
    "checks inside": (5, "t.checks: ", "  t: {prompt: x, checks: {}}", "stands at the top of the spec"),
    "a check inside": (
        *(5, "t.length: ", "  t: {prompt: x, length: [1, 9]}"),
        "it is a check: `checks: {t: {length: ...}}`",
    ),
    "a comma in a text": (
        *(5, "short text: ", "  t: {prompt: Write a good, short text}"),
        "put all of that text in quotes",
    ),
    "no space behind a colon": (5, "columns.t: ", "  t: {prompt:Say}", "put a space behind the `:`"),
    "no space in a block": (5, "columns.t: ", "  t:\n    prompt:Say", "put a space behind the `:`"),
    "no space behind the name": (5, "t:{prompt", "  t:{prompt: x}", "put a space behind the `:`"),
    "letters of another script": (5, "columns.感情: ", "  感情: {sample: [a, b]}", "ASCII letters (a to z)"),
    "an accent": (5, "columns.émotion: ", "  émotion: {sample: [a, b]}", "such as `emotion`"),
    "a space in a name": (5, "columns.my text: ", "  my text: {prompt: x}", "such as `my_text`"),
    "a number as a name": (5, "columns.1: ", "  1: {prompt: x}", "beginning with a letter"),
    "a prompt in a prompt": (5, "t.prompt: ", "  t: {prompt: {prompt: x}}", "write the text itself"),
    "roles in a prompt": (5, "t.prompt: ", "  t: {prompt: {system: x, user: y}}", "`system: ...`"),
    "messages as a prompt": (
        *(6, "t.prompt: ", "  t:\n    prompt:\n      - role: user\n        content: x"),
        "write the text itself",
    ),
    "several prompts": (5, "t.prompt: ", "  t: {prompt: [x, y]}", "a hidden `sample` column"),
    "a comment as a prompt": (6, "t.prompt: ", "  t:\n    prompt: # items", "in quotes where it begins"),
    "classes as a text": (5, "t.classes: ", "  t: {classes: 'a, b'}", "write a list: `[a, b]`"),
    "how many classes": (5, "t.classes: ", "  t: {classes: 3}", "write a list: `[...]`"),
    "described classes": (5, "t.classes.a: ", "  t: {classes: {a: A thing}}", "told in a prompt"),
    "classes as mappings": (5, "t.classes[0]: ", "  t: {classes: [{name: a}]}", "write the names alone"),
    "a weight in per cent": (5, "t.sample.a: ", "  t: {sample: {a: 50%}}", "write 50"),
    "a single value": (5, "t.sample: ", "  t: {sample: phone}", "write a list: `[phone]`"),
    "a number as a list": (5, "t.number: ", "  t: {number: [1, 5]}", "write `{min: 1, max: 5}`"),
    "the ends of a number": (5, "number.from: ", "  t: {number: {from: 1, max: 5}}", "write `min`"),
    "values without `by`": (
        *(6, "s.sample.good: ", LABEL + "  s: {sample: {good: [x], bad: [y]}}"),
        "add `by: label`",
    ),
    "a value where `by` wants a list": (
        *(6, "s.sample.good: ", LABEL + "  s: {sample: {by: label, good: x, bad: [y]}}"),
        "write a list of values",
    ),
    "examples without `by`": (
        *(6, "s.examples: ", LABEL + "  s: {prompt: x, examples: {good: [], bad: []}}"),
        "add `by: label`",
    ),
    "a single example": (
        *(5, "s.examples: ", "  s: {prompt: x, examples: {prompt: a, answer: b}}"),
        "write a list of them",
    ),
    "a file of prompts": (5, "columns.t: ", "  t: {prompt_file: a.txt}", "write `prompt: {file: ...}`"),
    "a column that is a file": (5, "columns.t: ", "  t: {file: a.txt}", "`sample: {file: ...}`"),
    "a described field": (
        *(5, "fields.a: ", "  t: {fields: {a: the name}, prompt: x}"),
        "write `{type: string, description: ...}`",
    ),
    "a longest field": (
        *(5, "a.max_length: ", "  t: {fields: {a: {type: string, max_length: 5}}, prompt: x}"),
        "write `max`",
    ),
    "fields without a prompt": (5, "t.prompt: ", "  t: {fields: {a: string}}", "what the model is told"),
    "two words in braces": (
        *(6, "t.prompt: ", LABEL + "  t: {prompt: '{{ the label }}'}"),
        "between `{{` and `}}` stands one column",
    ),
    "a brace too few": (6, "t.prompt: ", LABEL + "  t: {prompt: '{{ label }'}", "ends with `}}`"),
    "an attribute": (6, "t.prompt: ", LABEL + "  t: {prompt: '{{ row.label }}'}", "`{{ column }}`"),
    "nothing to store": (4, "columns: ", "  t: {prompt: x, hidden: true}", "show one"),
    "fields as a list": (5, "t.fields: ", "  t: {fields: [a, b], prompt: x}", "{a: string, b: string}"),
    "types of elsewhere": (5, "fields.a: ", "  t: {fields: {a: float}, prompt: x}", "write `number`"),
    "an enum": (5, "a.type: ", "  t: {fields: {a: {type: enum}}, prompt: x}", "`{classes: [...]}`"),
    "input and output": (
        *(5, "examples[0].input: ", "  t: {prompt: x, examples: [{input: a, answer: b}]}"),
        "write `prompt`",
    ),
    "a column that is not there": (
        *(5, "t.prompt: ", "  t: {prompt: 'About {{topic}}'}"),
        "add a column of that name, such as `topic: {sample: [...]}`",
    ),
    "a method in a template": (6, "t.prompt: ", LABEL + "  t: {prompt: '{{ label.upper() }}'}", "| upper"),
    "one `=` in a template": (
        *(6, "t.prompt: ", LABEL + "  t: {prompt: '{% if label = 1 %}x{% endif %}'}"),
        "`==` compares",
    ),
    "a prompt for each class": (
        *(6, "t.prompt: ", LABEL + "  t: {prompt: {good: x, bad: y}}"),
        "add `by: label`",
    ),
    "checks without a column": (6, "checks.length: ", TEXT + "checks: {length: [1, 9]}", "name the column"),
    "checks as a list": (6, "checks: ", TEXT + "checks: [unique]", "write them by column"),
    "a least length": (
        6,
        "min_length: ",
        TEXT + "checks: {text: {min_length: 3}}",
        "`length: [least, most]`",
    ),
    "unique or not": (6, "unique: ", TEXT + "checks: {text: {unique: true}}", "write `unique: near`"),
}

# What stands in the place of `splits: ...` on line 3.
SPLITS = {
    "splits: 100": ("splits: ", "write `{train: 100}`"),
    "splits: [train, test]": ("splits: ", "such as `{train: 100, test: 10}`"),
    "splits: [{train: 9}]": ("splits: ", "such as `{train: 100, test: 10}`"),
    "splits: {dev: 10k}": ("splits.dev: expected a whole number of rows", "write 10000"),
    "splits: {dev: 1_000}": ("splits.dev: ", "write 1000"),
    "splits: {dev: '1,000'}": ("splits.dev: ", "write 1000"),
    "splits: {dev: 1,000}": ("splits.000: ", "a number has no `,` in it"),
    "splits: {dev: '100'}": ("splits.dev: ", "write 100, in digits and unquoted"),
    "splits: {dev: balanced}": ("splits.dev: ", "did you mean `balance`?"),
    "splits: {dev: lots}": ("splits.dev: expected a whole number of rows, a mapping of class: number", ""),
    "splits: {dev: 80%}": ("splits.dev: ", "no share"),
    "splits: {dev: 0.8}": ("splits.dev: ", "no share"),
    "splits: {dev: }": ("splits.dev: ", "write how many rows"),
    "rows: 100": ("rows: ", "write `splits: {train: 100}`"),
    "size: 100": ("size: ", "write `splits: {train: 100}`"),
    "n: 100": ("n: ", "write `splits: {train: 100}`"),
    "train: 100": ("train: ", "it is a split"),
    "prompt: Say.": ("prompt: ", "it belongs to a column"),
    "temperature: 1": ("temperature: ", "`model: {id: ..., temperature: ...}`"),
    "features: {}": ("features: ", "write `columns: {NAME: {prompt: ...}}`"),
    "splits: {dev: {good: 1k}}": ("splits.dev.good: ", "write 1000"),
    "seed: '17'": ("seed: ", "write it without quotes"),
    "tags: reviews": ("tags: ", "write a list: `[reviews]`"),
    "seeds: real.csv": ("seeds: ", "write `{file: real.csv}`; its keys are file"),
    "lists: {topics: [a, b]}": ("lists.topics: ", "a list of your own stands in a column"),
    "language: English": ("language: ", "write en"),
    "license: MIT": ("license: ", "write mit"),
}

MODELS = {
    "{name: m, temp: 1}": [("model.name: ", "write `id`"), ("model.temp: ", "write `temperature`")],
    "{id: m, max_new_tokens: 9}": [("max_new_tokens: ", "write `max_tokens`")],
    "{id: m, provider: x}": [("model.provider: ", "where a model is asked is no part of a spec")],
    "{id: m, seed: 1}": [("model.seed: ", "`seed` stands at the top of the spec")],
    "{id: m, temperature: '0.7'}": [("model.temperature: ", "write it without quotes")],
    "GPT 4": [("model: ", "an id has no spaces")],
    "./weights": [("model: ", "`--model-path`")],
    "https://host/v1": [("model: ", "`--base-url`")],
    "{id: m, top_k: 1}": [("model.top_k: ", "under `extra: {...}`")],
}


def _assert_said(found, line, place, words):
    said = [text for at, text in found if at == line and place in text]
    assert any(words in text for text in said), found


@pytest.mark.parametrize("name", COLUMNS)
def test_a_newcomers_column_is_told_what_to_write(problems, name):
    line, place, body, words = COLUMNS[name]
    _assert_said(problems(f"{HEAD}{body}\n"), line, place, words)


@pytest.mark.parametrize("written", SPLITS)
def test_what_stands_at_the_top_is_told_what_to_write(problems, written):
    place, words = SPLITS[written]
    _assert_said(problems(f"name: demo\nmodel: m\n{written}\ncolumns:\n{TEXT}"), 3, place, words)


@pytest.mark.parametrize("written", MODELS)
def test_words_of_other_tools_for_a_model_are_told_ours(problems, written):
    found = problems(f"name: demo\nsplits: {{train: 1}}\nmodel: {written}\ncolumns:\n{TEXT}")
    for place, words in MODELS[written]:
        _assert_said(found, 3, place, words)


def test_what_every_spec_has_is_shown_where_it_is_missing(problems):
    found = problems("version: 1.0.0\n")
    for key, words in {
        "name": "`name: my_dataset`",
        "model": "`model: smollm2-135m-instruct`",
        "splits": "`splits: {train: 100}`",
        "columns": "`columns: {text: {prompt: ...}}`",
    }.items():
        _assert_said(found, 1, f"`{key}` is missing", words)


def test_a_key_that_is_nearly_right_is_not_taken_for_another_tools(problems):
    body = "  c: {challenge: [slang], instruction: {slang: Yo.}}\n"
    _assert_said(problems(HEAD + TEXT + body), 6, "instruction", "did you mean 'instructions'?")


def test_a_name_of_other_letters_is_advised_in_those_that_are_allowed(problems):
    found = problems(f"name: My Dataset (v2)\nmodel: m\nsplits: {{train: 1}}\ncolumns:\n{TEXT}")
    _assert_said(found, 1, "name: ", "write my_dataset_v2")


@pytest.mark.parametrize("written", ["splits: {train: 2000000000}", "name: 5", "splits: {train: -1}"])
def test_what_would_be_as_wrong_is_not_advised(problems, written):
    text = f"{HEAD}{TEXT}".replace(written.split(":")[0] + ":", "#") + written + "\n"
    assert "(write " not in str(problems(text))


def test_what_looks_like_a_key_is_not_written_again(problems):
    secret = "sk-proj-Abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ"
    found = problems(f"name: {secret}\nmodel: m\nsplits: {{train: 1}}\ncolumns:\n  t: [{secret}]\n")
    assert secret.lower() not in str(found).lower()
    assert len(found) == 2
