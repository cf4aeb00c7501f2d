import random
from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_datasets.spec import digest, fingerprint, ingredients

# What may be written otherwise without another row coming of it.
NO_ROWS = {
    "name": ("name: customer_feedback", "name: other"),
    "version": ("version: 1.2.0", "version: 2.0.0"),
    "description": ("Short customer reviews.", "Long ones."),
    "license": ("license: cc0-1.0", "license: mit"),
    "language": ("[en, pt-BR]", "de"),
    "task": ("task: text-classification", "task: text-generation"),
    "pretty name": ("pretty_name: Customer feedback", "pretty_name: Other"),
    "tags": ("tags: [reviews]", "tags: [other]"),
}
# What changes some row, or which rows there are.
ROWS = {
    "seed": ("seed: 17", "seed: 18"),
    "attempts": ("attempts: 4", "attempts: 5"),
    "model id": ("id: smollm2-135m-instruct", "id: other"),
    "revision": ("revision: abc123", "revision: abc124"),
    "temperature": ("temperature: 0.6", "temperature: 0.7"),
    "top_p": ("top_p: 0.9", "top_p: 0.8"),
    "max_tokens": ("max_tokens: 120", "max_tokens: 121"),
    "frequency_penalty": ("frequency_penalty: 0.5", "frequency_penalty: 0.6"),
    "presence_penalty": ("presence_penalty: -0.5", "presence_penalty: -0.6"),
    "stop": ('stop: ["\\n\\n"]', 'stop: ["\\n"]'),
    "extra": ("repeat_penalty: 1.05", "repeat_penalty: 1.06"),
    "extra's type": ("mirostat: true", "mirostat: 1"),
    "a class": ("neutral, positive]}", "positive, neutral]}"),
    "class weights": (
        "{classes: [negative, neutral, positive]}",
        "{classes: {negative: 1, neutral: 1, positive: 2}}",
    ),
    "a value": ("novel: 1", "book: 1"),
    "a weight": ("novel: 1", "novel: 2"),
    "values of a case": ("[shop, web]", "[shop]"),
    "a default": ("{shop: 1, web: 4}", "{shop: 1, web: 5}"),
    "hidden": ("ironic], hidden: true}", "ironic]}"),
    "the type of values": ("[plain, ironic]", "[1, 2]"),
    "a number's minimum": ("stars: {number: {min: 1,", "stars: {number: {min: 2,"),
    "a number's maximum": ("max: 5}}\n  opener", "max: 6}}\n  opener"),
    "a step": ("max: 5}}\n  opener", "max: 5, step: 2}}\n  opener"),
    "a text": ("I love this", "I like this"),
    "a text's default": ("default: So.", "default: Well."),
    "a prompt": ("Praise a {{ product }}, {{ tone }}.", "Praise a {{ product }}, {{ tone }}!"),
    "the system": ("You write {{ stars }}", "You give {{ stars }}"),
    "an example's prompt": ("Praise a pen.", "Praise a pan."),
    "an example's answer": ("What a pen!", "What a pan!"),
    "the opening": ('"{{ opener }}"', '"{{ opener }} And"'),
    "a column's model": ("temperature: 0.3", "temperature: 0.4"),
    "a field's name": ("rating:", "score:"),
    "a field's type": ("{type: integer, min: 1, max: 5", "{type: number, min: 1, max: 5"),
    "a field's minimum": ("{type: integer, min: 1", "{type: integer, min: 0"),
    "a field's maximum": ("max: 4, hidden", "max: 5, hidden"),
    "a field's description": ("How good", "How bad"),
    "a field's classes": ("{classes: [battery, screen]}", "{classes: [screen, battery]}"),
    "a field is hidden": ("max: 4, hidden: true}", "max: 4}"),
    "the order of fields": (
        "      title: string\n      rating: {type: integer, min: 1, max: 5, description: How good}\n",
        "      rating: {type: integer, min: 1, max: 5, description: How good}\n      title: string\n",
    ),
    "examples of a case": ('[{prompt: Sum up, answer: "{}"}]', "[]"),
    "a column's name": ("  stars: {number", "  stars2: {number"),
    "a split's size": ("train: 900", "train: 901"),
    "a split's name": ("validation: 90", "dev: 90"),
    "the order of splits": ("validation: 90, test: 90", "test: 90, validation: 90"),
    "the order of columns": (
        "  product: {sample: {smartphone: 3, laptop: 2, novel: 1}}\n"
        "  place: {sample: {by: label, negative: [shop, web], default: {shop: 1, web: 4}}}\n",
        "  place: {sample: {by: label, negative: [shop, web], default: {shop: 1, web: 4}}}\n"
        "  product: {sample: {smartphone: 3, laptop: 2, novel: 1}}\n",
    ),
    "length": ("length: [20, 600]", "length: [21, 600]"),
    "words": ("words: [3, 90]", "words: [3, 91]"),
    "near": ("{near: 0.8}", "{near: 0.9}"),
    "semantic instead of near": ("{near: 0.8}", "semantic"),
    "semantic": ("{near: 0.8}", "{semantic: 0.9}"),
    "unique": ('review: {unique: "off"}', "review: {unique: exact}"),
    "refusals": ("refusals: keep", "refusals: reject"),
    "echo": ("echo: keep", "echo: reject"),
    "repetition": ("repetition: reject", "repetition: keep"),
    "a check is gone": ("  title: {length: [1, 80]}\n", ""),
}


@pytest.mark.parametrize("name", NO_ROWS)
def test_metadata_changes_the_digest_but_not_the_fingerprint(parse, full, name):
    old, new = NO_ROWS[name]
    before, after = parse(full), parse(full.replace(old, new))
    assert before != after
    assert fingerprint(before) == fingerprint(after)
    assert digest(before) != digest(after)


@pytest.mark.parametrize("name", ROWS)
def test_what_changes_a_row_changes_the_fingerprint(parse, full, name):
    old, new = ROWS[name]
    assert full.count(old) == 1
    text = full.replace(old, new).replace("{{ stars }}", "{{ stars2 }}" if "stars2" in new else "{{ stars }}")
    before, after = parse(full), parse(text)
    assert fingerprint(before) != fingerprint(after)
    assert digest(before) != digest(after)


@pytest.mark.parametrize("name", ROWS)
def test_what_changes_the_fingerprint_changes_an_ingredient_of_that_name(parse, full, name):
    old, new = ROWS[name]
    text = full.replace(old, new).replace("{{ stars }}", "{{ stars2 }}" if "stars2" in new else "{{ stars }}")
    before, after = ingredients(parse(full)), ingredients(parse(text))
    changed = {key for key in {**before, **after} if repr(before.get(key)) != repr(after.get(key))}
    assert changed
    if name in EXACTLY:
        assert changed == EXACTLY[name]


@pytest.mark.parametrize("name", NO_ROWS)
def test_metadata_is_no_ingredient(parse, full, name):
    assert ingredients(parse(full)) == ingredients(parse(full.replace(*NO_ROWS[name])))


EXACTLY = {
    "seed": {"seed"},
    "attempts": {"attempts"},
    "a split's size": {"splits.train"},
    "the order of splits": {"splits"},
    "the order of columns": {"columns"},
    "a weight": {"columns.product"},
    "a prompt": {"columns.text.prompt"},
    "the system": {"columns.text.prompt"},
    "an example's answer": {"columns.text.prompt"},
    "the opening": {"columns.text.prompt"},
    "a column's model": {"columns.text.model.temperature"},
    "a field's maximum": {"columns.review"},
    "length": {"checks.text.length"},
    "echo": {"checks.text.echo"},
}


def test_every_change_gives_another_fingerprint(parse, full):
    texts = [full.replace(old, new) for name, (old, new) in ROWS.items() if name != "a column's name"]
    assert len({fingerprint(parse(text)) for text in texts}) == len(texts)


def test_the_hashes_are_64_hex_digits_and_stay(parse, full):
    spec = parse(full)
    assert len(fingerprint(spec)) == len(digest(spec)) == 64
    assert int(fingerprint(spec), 16)
    assert fingerprint(parse(full)) == fingerprint(spec)
    # A change here means that every cached dataset is built anew: raise the format and know why.
    short = parse("name: d\nmodel: x\nsplits: {train: 1}\ncolumns: {t: {prompt: Say.}}\n")
    assert fingerprint(short) == "58239033d3d36123eb8bad791db0d870f6aed63ea7faff1814e0d3aabb7f863d"


def test_comments_origin_and_source_change_nothing(parse, full):
    spec = parse(full)
    other = parse("# hello\n" + full.replace("\nsplits", "\n\n\n# there\nsplits"))
    assert (fingerprint(other), digest(other)) == (fingerprint(spec), digest(spec))
    moved = replace(spec, origin="elsewhere", source="", files={"a": "b"})
    assert (fingerprint(moved), digest(moved)) == (fingerprint(spec), digest(spec))


def test_a_text_counts_wherever_it_stands(parse):
    text = "name: d\nmodel: x\nsplits: {{train: 1}}\ncolumns: {{t: {{prompt: {prompt}}}}}\n"
    inline = parse(text.format(prompt="Say."))
    first = parse(text.format(prompt="{file: a.txt}"), {"a.txt": "Say."})
    renamed = parse(text.format(prompt="{file: b.txt}"), {"b.txt": "Say."})
    edited = parse(text.format(prompt="{file: a.txt}"), {"a.txt": "Tell."})
    assert fingerprint(inline) == fingerprint(first) == fingerprint(renamed) != fingerprint(edited)


def test_a_setting_of_the_spec_that_no_column_uses_is_no_part(parse):
    text = (
        "name: d\nmodel: {{id: {id}}}\nsplits: {{train: 1}}\ncolumns: {{t: {{prompt: Say., model: own}}}}\n"
    )
    assert fingerprint(parse(text.format(id="a"))) == fingerprint(parse(text.format(id="b")))


# Mappings whose order means nothing.
_FREE = [
    (),
    ("model",),
    ("model", "extra"),
    ("checks",),
    ("checks", "text"),
    ("columns", "product", "sample"),
]
_FREE += [
    ("columns", "text"),
    ("columns", "text", "prompt"),
    ("columns", "review"),
    ("columns", "place", "sample"),
]
_FREE += [
    ("columns", "stars", "number"),
    ("columns", "review", "fields", "rating"),
    ("columns", "opener", "text"),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    flow=st.sampled_from([True, False, None]),
    width=st.sampled_from([20, 80, 10_000]),
)
def test_formatting_and_the_order_of_keys_change_nothing(parse, full, seed, flow, width):
    tree = yaml.safe_load(full)
    shuffle = random.Random(seed).shuffle
    for path in _FREE:
        part = tree
        for step in path:
            part = part[step]
        items = list(part.items())
        shuffle(items)
        part.clear()
        part.update(items)
    shuffle(tree["columns"]["tone"]["sample"])
    text = yaml.safe_dump(tree, sort_keys=False, default_flow_style=flow, width=width, allow_unicode=True)
    assert fingerprint(parse(text)) == fingerprint(parse(full))
    assert digest(parse(text)) == digest(parse(full))
