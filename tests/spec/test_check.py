"""Broken specs: every problem is found at once, on its line, with words that help."""

import pytest

HEAD = "name: demo\nmodel: gpt-5-mini\nsplits: {train: 10}\ncolumns:\n"
LABEL = "  label: {classes: [good, bad]}\n"

# The text from line 5 on, and what must be found: line and words. Nothing else may be found.
IN_COLUMNS = {
    "unknown column in a template": (
        "  label: {classes: [good, bad]}\n  text: {prompt: 'A {{ lable }} text'}",
        [(6, ["columns.text.prompt", "'lable'", "did you mean 'label'?"])],
    ),
    "unknown column on the third line of a block": (
        "  tone: {sample: [a, b]}\n  text:\n    prompt: |\n      Write.\n      Be {{ tona }}.",
        [(9, ["'tona'", "did you mean 'tone'?"])],
    ),
    "a template that does not parse": ("  text: {prompt: 'A {{ x'}", [(5, ["not a valid template"])]),
    "a template error on its line": (
        "  text:\n    prompt: |\n      fine\n      {{ text.upper() }}\n",
        [(8, ["not allowed in a template"])],
    ),
    "a template that reads itself": ("  text: {prompt: '{{ text }}'}", [(5, ["text reads itself"])]),
    "a cycle of two": (
        "  a: {text: '{{ b }}'}\n  b: {text: '{{ a }}'}",
        [(5, ["a -> b -> a"])],
    ),
    "a cycle of three and what hangs on it": (
        "  z: {text: '{{ c }}'}\n  a: {text: '{{ b }}'}\n  b: {text: '{{ c }}'}\n  c: {prompt: '{{ a }}'}",
        [(6, ["a -> b -> c -> a"])],
    ),
    "two cycles": (
        "  a: {text: '{{ b }}'}\n  b: {text: '{{ a }}'}\n  c: {text: '{{ c }}'}",
        [(5, ["a -> b -> a"]), (7, ["c reads itself"])],
    ),
    "a cycle through a field": (
        "  a: {text: '{{ title }}'}\n  r: {fields: {title: string}, prompt: 'About {{ a }}'}",
        [(5, ["a -> r -> a"])],
    ),
    "a class without a prompt": (
        LABEL + "  text: {prompt: {by: label, good: Praise.}}",
        [(6, ["nothing is given for label 'bad'", "default"])],
    ),
    "a case for an unknown class": (
        LABEL
        + "  text:\n    prompt:\n      by: label\n      good: Praise.\n      baad: Blame.\n      default: Say.",
        [(10, ["'baad' is not a value of label", "did you mean 'bad'?"])],
    ),
    "by names no column": (
        LABEL + "  text: {prompt: {by: lable, good: x, default: y}}",
        [(6, ["`by` names 'lable'", "did you mean 'label'?"])],
    ),
    "by names a column of free text": (
        "  title: {prompt: Say.}\n  text: {prompt: {by: title, default: y}}",
        [(6, ["`by: title` needs a column with a fixed set of values", "`classes` or `sample`"])],
    ),
    "a number that is no range": (
        "  n: {number: 5}",
        [(5, ["columns.n.number", "expected a mapping, found '5'", "its keys are min, max, step"])],
    ),
    "no settings of a dialogue": (
        "  chat: {messages: [user, assistant]}",
        [(5, ["columns.chat.messages", "found a list", "user, assistant, system, keep_system, opening"])],
    ),
    "no settings of the user and the assistant": (
        "  chat: {messages: {user: A customer., assistant: [x]}}",
        [
            (5, ["messages.user", "found 'A customer.'", "its keys are system, model, prompt"]),
            (5, ["messages.assistant", "found a list", "its keys are system, model"]),
        ],
    ),
    "no judge": (
        "  pair: {preference: {prompt: x, judge: strict}}",
        [(5, ["columns.pair.preference.judge", "its keys are rubric, order, system, model"])],
    ),
    "by names a number": (
        "  n: {number: {min: 1, max: 3}}\n  text: {prompt: {by: n, '1': x, default: y}}",
        [(6, ["`by: n` needs"])],
    ),
    "by names a field of free text": (
        "  r: {fields: {title: string}, prompt: Say.}\n  t: {text: {by: title, default: y}}",
        [(6, ["`by: title` needs"])],
    ),
    "the name of a group in a template": (
        "  r: {fields: {title: string, stars: integer}, prompt: Say.}\n  t: {text: '{{ r }}'}",
        [(6, ["'r', which is no column", "use one of its fields: title, stars"])],
    ),
    "file as a case": (
        LABEL + "  text: {prompt: {by: label, file: a.txt, default: x}}",
        [(6, ["`file` is reserved"])],
    ),
    "a field that is a column already": (
        "  title: {sample: [a]}\n  r: {fields: {title: string}, prompt: Say.}",
        [(6, ["columns.r.fields.title", "'title' is taken", "line 5"])],
    ),
    "a field called like its group": (
        "  r: {fields: {r: string}, prompt: Say.}",
        [(5, ["'r' is taken"])],
    ),
    "a zero weight": ("  label: {classes: {good: 0, bad: 1}}", [(5, ["label.classes.good", "above 0"])]),
    "a negative weight": ("  s: {sample: {a: -1}}", [(5, ["s.sample.a", "above 0"])]),
    "a weight that is no number": ("  s: {sample: {a: lots}}", [(5, ["expected a number, found 'lots'"])]),
    "an infinite weight": ("  s: {sample: {a: 1e999, b: .inf}}", [(5, ["sample.a"]), (5, ["sample.b"])]),
    "a weight that is not a number": ("  s: {sample: {a: .nan}}", [(5, ["finite number"])]),
    "no classes": ("  label: {classes: []}", [(5, ["must not be empty"])]),
    "no values": ("  s: {sample: []}", [(5, ["must not be empty"])]),
    "an empty class name": ("  label: {classes: [good, '']}", [(5, ["a class name is empty"])]),
    "a class that is null": ("  label: {classes: [good, ~]}", [(5, ["label.classes[1]", "found nothing"])]),
    "a class twice": ("  label: {classes: [good, good]}", [(5, ["'good' is listed twice"])]),
    "a class with a space at its end": (
        "  label: {classes: ['good ']}",
        [(5, ["begins or ends with a space"])],
    ),
    "a value twice": ("  s: {sample: [a, b, a]}", [(5, ["'a' is listed twice", "weight"])]),
    "a number twice in two ways": ("  s: {sample: [1, 1.0]}", [(5, ["is listed twice"])]),
    "values of two types": ("  s: {sample: [1, one]}", [(5, ["not of one type", "quotes"])]),
    "values of two types over the cases": (
        LABEL + "  s: {sample: {by: label, good: [1], bad: [one]}}",
        [(6, ["not of one type"])],
    ),
    "an infinite value": ("  s: {sample: [1.5, .inf]}", [(5, ["not a finite number"])]),
    "min above max": ("  n: {number: {min: 5, max: 1}}", [(5, ["`min` 5 is above `max` 1"])]),
    "a step of zero": ("  n: {number: {min: 0, max: 1, step: 0}}", [(5, ["number.step", "above 0"])]),
    "a range without an end": ("  n: {number: {min: 0}}", [(5, ["number.max", "`max` is missing"])]),
    "a field with min above max": (
        "  r: {fields: {q: {type: integer, min: 3, max: 1}}, prompt: Say.}",
        [(5, ["fields.q", "`min` 3 is above `max` 1"])],
    ),
    "limits of a boolean": (
        "  r: {fields: {q: {type: boolean, min: 3}}, prompt: Say.}",
        [(5, ["do not apply to boolean"])],
    ),
    "half a character": (
        "  r: {fields: {q: {type: string, max: 3.5}}, prompt: Say.}",
        [(5, ["whole numbers"])],
    ),
    "fewer than no items": ("  r: {fields: {q: {type: list, min: -1}}, prompt: Say.}", [(5, ["from 0 to"])]),
    "a field with type and classes": (
        "  r: {fields: {q: {type: string, classes: [a]}}, prompt: Say.}",
        [(5, ["either `type` or `classes`"])],
    ),
    "a field class twice": ("  r: {fields: {q: {classes: [a, a]}}, prompt: Say.}", [(5, ["listed twice"])]),
    "an unknown field type": (
        "  r: {fields: {q: strin}, prompt: Say.}",
        [(5, ["fields.q", "expected one of string", "found 'strin'", "did you mean 'string'?"])],
    ),
    "no fields": ("  r: {fields: {}, prompt: Say.}", [(5, ["r.fields", "must not be empty"])]),
    "fields without a prompt": ("  r: {fields: {q: string}}", [(5, ["r.prompt", "`prompt` is missing"])]),
    "an opening of fields": (
        "  r: {fields: {q: string}, prompt: Say., opening: Well}",
        [(5, ["r.opening", "cannot be given to `fields`"])],
    ),
    "a column without a kind": ("  text: {promt: Say.}", [(5, ["needs one of", "did you mean 'prompt'?"])]),
    "a column that is text": ("  text: Say.", [(5, ["a column is a mapping", "found 'Say.'"])]),
    "a column of two kinds": (
        "  text: {classes: [a], sample: [b]}",
        [(5, ["one kind, found `classes` and `sample`"])],
    ),
    "an unknown modifier": (
        "  text: {prompt: Say., hiden: true}",
        [(5, ["text.hiden", "did you mean 'hidden'?"])],
    ),
    "hidden that is no boolean": (
        "  text: {prompt: Say., hidden: yes}",
        [(5, ["true or false, found 'yes'"])],
    ),
    "all hidden": (LABEL.replace("]}", "], hidden: true}"), [(4, ["every column is hidden"])]),
    "all fields hidden": (
        "  r: {fields: {q: {type: string, hidden: true}}, prompt: Say.}",
        [(4, ["every column is hidden"])],
    ),
    "a column name with a dash": (
        "  my-text: {prompt: Say.}",
        [(5, ["no name for a column", "such as `my_text`"])],
    ),
    "a column called like a word of templates": ("  loop: {prompt: Say.}", [(5, ["template language"])]),
    "a field called like a word of templates": (
        "  r: {fields: {self: string}, prompt: Say.}",
        [(5, ["template"])],
    ),
    "an empty prompt": ("  text: {prompt: ' '}", [(5, ["the template is empty"])]),
    "no prompt": ("  text: {prompt: }", [(5, ["text.prompt", "expected a template", "found nothing"])]),
    "a prompt per value without by": (
        LABEL + "  text: {prompt: {good: x, bad: y}}",
        [(6, ["`by: COLUMN`", "found a mapping"])],
    ),
    "a prompt that is a number": ("  text: {prompt: {by: text, x: 5}}", [(5, ["prompt.x", "found '5'"])]),
    "an example without an answer": (
        "  text: {prompt: Say., examples: [{prompt: a}]}",
        [(5, ["examples[0].answer", "is missing"])],
    ),
    "an example with a wrong name": (
        "  text:\n    prompt: Say.\n    examples:\n      - {prompt: a, answer: '{{ nobody }}'}",
        [(8, ["examples[0].answer", "'nobody'"])],
    ),
    "examples that are text": ("  text: {prompt: Say., examples: none}", [(5, ["expected a list of"])]),
    "a model setting out of range": (
        "  text: {prompt: Say., model: {temperature: 2.5}}",
        [(5, ["text.model.temperature", "at most 2", "found '2.5'"])],
    ),
    "two mistakes in one column": (
        "  text: {prompt: 'A {{ x.y }}', opning: b, hidden: 3}",
        [(5, ["attribute"]), (5, ["did you mean 'opening'?"]), (5, ["true or false"])],
    ),
    "checks of a column that does not exist": (
        LABEL + "  text: {prompt: Say.}\nchecks:\n  txt: {unique: near}",
        [(8, ["no column 'txt'", "did you mean 'text'?"])],
    ),
    "checks of a column the model does not write": (
        LABEL + "  text: {prompt: Say.}\nchecks:\n  label: {unique: near}",
        [(8, ["'label' is no text that the model writes"])],
    ),
    "checks of a number field": (
        "  r: {fields: {q: integer}, prompt: Say.}\nchecks:\n  q: {length: [1, 2]}",
        [(7, ["'q' is no text"])],
    ),
    "length of a whole answer": (
        "  r: {fields: {q: string}, prompt: Say.}\nchecks:\n  r: {length: [1, 2]}",
        [(7, ["not to a whole answer"])],
    ),
    "least above most": (
        "  text: {prompt: Say.}\nchecks:\n  text: {length: [9, 2], words: [0, 0]}",
        [(7, ["length", "[least, most], found [9, 2]"]), (7, ["words", "[least, most]"])],
    ),
    "one bound": (
        "  text: {prompt: Say.}\nchecks:\n  text: {length: [9]}",
        [(7, ["expected two numbers, [least, most]"])],
    ),
    "an unknown check": (
        "  text: {prompt: Say.}\nchecks:\n  text: {lenght: [1, 9], unique: nearly}",
        [
            (7, ["did you mean 'length'?"]),
            (7, ["expected one of exact, near, semantic, off, found 'nearly'"]),
        ],
    ),
    "a similarity above one": (
        "  text: {prompt: Say.}\nchecks:\n  text: {unique: {near: 80}}",
        [(7, ["at most 1"])],
    ),
    "unknown keys everywhere": (
        "  n: {number: {min: 1, max: 2, stepp: 1}}\n"
        "  r: {fields: {q: {type: string, maxx: 3}}, prompt: {file: a.txt, encoding: x}}\n"
        "  t: {prompt: Say., model: {temprature: 1}, examples: [{prompt: a, answer: b, anser: c}]}\n"
        "checks: {t: {unique: {near: 0.5, nears: 1}}}",
        [
            (5, ["number.stepp", "did you mean 'step'?"]),
            (6, ["fields.q.maxx", "did you mean 'max'?"]),
            (6, ["prompt.encoding", "known: file"]),
            (7, ["model.temprature", "did you mean 'temperature'?"]),
            (7, ["examples[0].anser", "did you mean 'answer'?"]),
            (8, ["unique.nears", "did you mean 'near'?"]),
        ],
    ),
    "two ways to be unique": (
        "  t: {prompt: Say.}\nchecks: {t: {unique: {near: 0.8, semantic: 0.9}}}",
        [(6, ["one `unique`, found `near` and `semantic`", "remove one"])],
    ),
    "a description without end": (
        "  r: {fields: {q: {type: string, description: " + "d" * 3_000 + "}}, prompt: Say.}",
        [(5, ["fields.q.description", "more than 2000 characters"])],
    ),
    "a missing file": ("  text: {prompt: {file: prompt.txt}}", [(5, ["prompt.file", "'prompt.txt'"])]),
}

WHOLE = {
    "nothing but a name": (
        "name: demo\n",
        [(1, ["`model` is missing"]), (1, ["`columns` is missing"]), (1, ["`splits` is missing"])],
    ),
    "a misspelt key": (
        "name: demo\nmodle: x\nsplits: {train: 1}\ncolumns: {t: {prompt: a}}\n",
        [(1, ["`model` is missing"]), (2, ["unknown key 'modle'", "did you mean 'model'?"])],
    ),
    "everything at the top": (
        "name: Bad Name\nversion: 1.0\nlicense: CC0 1.0\nlanguage: English\ntask: Text Classification\n"
        "seed: -1\nattempts: 0\npretty_name: ''\ntags: reviews\ndescription: 5\n"
        "model: http://x\nsplits: {train: 1}\ncolumns: {t: {prompt: a}}\n",
        [
            (1, ["lower-case letters", "found 'Bad Name'"]),
            (2, ["version", "write 1.0.0"]),
            (3, ["license", "cc0-1.0"]),
            (4, ["language", "a language code such as `en`"]),
            (5, ["task"]),
            (6, ["seed", "at least 0"]),
            (7, ["attempts", "at least 1"]),
            (8, ["must not be empty"]),
            (9, ["tags", "expected a list"]),
            (10, ["expected text, found '5'", "quotes"]),
            (11, ["model", "not a URL"]),
        ],
    ),
    "a version that is no version": (
        "name: demo\nversion: v1.0.0\nmodel: x\nsplits: {train: 1}\ncolumns: {t: {prompt: a}}\n",
        [(2, ["three numbers such as 1.0.0", "found 'v1.0.0'"])],
    ),
    "the model's settings": (
        "name: demo\nmodel:\n  id: x\n  temperature: 3\n  top_p: 0\n  max_tokens: 0\n  stop: [1]\n"
        "  frequency_penalty: -3\n  max_token: 5\nsplits: {train: 1}\ncolumns: {t: {prompt: a}}\n",
        [
            (4, ["at most 2"]),
            (5, ["above 0"]),
            (6, ["at least 1"]),
            (7, ["model.stop[0]", "expected text, found '1'"]),
            (8, ["at least -2"]),
            (9, ["did you mean 'max_tokens'?"]),
        ],
    ),
    "a model without an id": (
        "name: demo\nmodel: {temperature: 1}\nsplits: {train: 1}\ncolumns: {t: {prompt: a}}\n",
        [(2, ["model.id", "`id` is missing"])],
    ),
    "splits": (
        "name: demo\nmodel: x\nsplits:\n  a b: 1\n  train: -1\n  test: 1.5\n  dev: 2000000000\n  all: 5\n"
        "columns: {t: {prompt: a}}\n",
        [
            (4, ["'a b' is no name for a split"]),
            (5, ["splits.train", "at least 0"]),
            (6, ["splits.test", "whole number, found '1.5'"]),
            (7, ["at most 1000000000"]),
            (8, ["'all' is no name"]),
        ],
    ),
    "too many stops": (
        f"name: demo\nmodel: {{id: x, stop: {list('abcdefghijklmnopqrstuvwxyz')}}}\nsplits: {{a: 1}}\n"
        "columns: {t: {prompt: a}}\n",
        [(2, ["model.stop", "more than 16 entries"])],
    ),
    "no splits": (
        "name: demo\nmodel: x\nsplits: {}\ncolumns: {t: {prompt: a}}\n",
        [(3, ["splits", "empty"])],
    ),
    "empty splits": (
        "name: demo\nmodel: x\nsplits: {a: 0}\ncolumns: {t: {prompt: a}}\n",
        [(3, ["no split"])],
    ),
    "no columns": ("name: demo\nmodel: x\nsplits: {a: 1}\ncolumns: {}\n", [(4, ["columns", "empty"])]),
    "columns as a list": (
        "name: demo\nmodel: x\nsplits: {a: 1}\ncolumns:\n  - text\n",
        [(4, ["columns", "expected a mapping, found a list"])],
    ),
    "no mix": (
        "name: demo\nmodel: x\nsplits: {a: 1}\ncolumns:\n  t: {prompt: a}\nmix: real.csv\n",
        [(6, ["mix", "expected a mapping, found 'real.csv'", "its keys are"])],
    ),
    "a key twice": (
        "name: demo\nmodel: x\nsplits: {a: 1}\ncolumns:\n  t: {prompt: a}\n  t: {prompt: '{{ u }}'}\n",
        [(6, ["'t' is given twice, first on line 5"])],
    ),
    "a key twice and another mistake": (
        "name: demo\nmodel: x\nsplits: {a: 1, a: 2}\ncolumns:\n  t: {prompt: '{{ u }}'}\n",
        [(3, ["'a' is given twice"]), (5, ["'u', which is no column"])],
    ),
}


def _expect(found, expected):
    assert [line for line, _ in found] == [line for line, _ in expected], found
    remaining = list(found)
    for line, words in expected:
        hit = next((p for p in remaining if p[0] == line and all(word in p[1] for word in words)), None)
        assert hit is not None, f"line {line}: {words} in {remaining}"
        remaining.remove(hit)


@pytest.mark.parametrize("name", IN_COLUMNS)
def test_a_broken_column_is_explained(problems, name):
    body, expected = IN_COLUMNS[name]
    _expect(problems(HEAD + body + "\n"), expected)


@pytest.mark.parametrize("name", WHOLE)
def test_a_broken_spec_is_explained(problems, name):
    text, expected = WHOLE[name]
    _expect(problems(text), expected)


def test_the_checks_of_each_kind_have_their_defaults(parse, full):
    checks = parse(full.split("checks:")[0]).checks
    assert set(checks) == {"text", "review", "title"}
    assert (checks["text"].unique, checks["text"].near_threshold, checks["text"].echo) == ("near", 0.7, True)
    assert (checks["review"].unique, checks["review"].echo) == ("exact", False)
    assert (checks["title"].unique, checks["title"].refusals) == (None, True)


def test_checks_are_read_as_written(parse, full):
    checks = parse(full).checks
    text = checks["text"]
    assert (text.length, text.words, text.unique, text.near_threshold) == ((20, 600), (3, 90), "near", 0.8)
    assert (text.refusals, text.echo, text.repetition) == (False, False, True)
    assert checks["review"].unique is None
    assert checks["title"].length == (1, 80)


def test_a_flood_of_mistakes_is_cut_short(problems):
    columns = "".join(f"  c{i}: {{prompt: '{{{{ x{i} }}}}'}}\n" for i in range(400))
    found = problems(HEAD + columns)
    assert len(found) == 101
    assert "300 more problems" in found[-1][1]
