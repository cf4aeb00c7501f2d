import contextlib
import os
import subprocess
import sys

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth_datasets.errors import SpecError
from synth_datasets.spec import NumberColumn, PromptColumn, fingerprint, load_spec, parse_spec

GOOD = "name: demo\nmodel: x\nsplits: {train: 1}\ncolumns:\n  t: {prompt: Say.}\n"
HEAD = "name: demo\nmodel: x\nsplits: {train: 1}\ncolumns:\n"


def test_every_key_arrives_in_the_spec(parse, full):
    spec = parse(full)
    assert (spec.name, spec.version, spec.license) == ("customer_feedback", "1.2.0", "cc0-1.0")
    assert (spec.language, spec.task, spec.tags) == (("en", "pt-BR"), "text-classification", ("reviews",))
    assert (spec.pretty_name, spec.seed, spec.attempts) == ("Customer feedback", 17, 4)
    assert (spec.description, spec.source, spec.origin) == ("Short customer reviews.", full, "test")
    assert [(split.name, split.num_examples) for split in spec.splits] == [
        ("train", 900),
        ("validation", 90),
        ("test", 90),
    ]
    label, product, place, tone, stars, opener, text, review, hint = spec.columns
    assert (label.names, label.weights) == (("negative", "neutral", "positive"), (1.0, 1.0, 1.0))
    assert product.choices.default.values == ("smartphone", "laptop", "novel")
    assert product.choices.default.weights == (3.0, 2.0, 1.0)
    assert place.choices.by == "label"
    assert place.choices.cases["negative"].values == ("shop", "web")
    assert place.choices.default.weights == (1.0, 4.0)
    assert (tone.hidden, opener.hidden, text.hidden) == (True, True, False)
    assert (stars.low, stars.high, stars.step, stars.integer) == (1.0, 5.0, 1.0, True)
    assert opener.template.pick({"label": "positive"}).source == "I love this {{ product }}."
    assert opener.template.pick({"label": "neutral"}).source == "So."
    assert text.prompt.user.pick({"label": "negative"}).source == "Complain about a {{ product }}."
    assert text.prompt.system.default.names == {"stars"}
    assert text.prompt.shots.default[0].answer.source == "What a pen!"
    assert text.prompt.opening.default.names == {"opener"}
    assert [(field.name, field.type, field.hidden) for field in review.fields] == [
        ("title", "string", False),
        ("rating", "integer", False),
        ("aspect", "classes", False),
        ("keywords", "list", True),
    ]
    assert (review.fields[1].minimum, review.fields[1].maximum, review.fields[1].description) == (
        1,
        5,
        "How good",
    )
    assert review.fields[2].classes == ("battery", "screen")
    assert review.prompt.shots.default == ()
    assert hint.template.by == "aspect"


def test_a_columns_model_lies_over_the_specs(parse, full):
    spec = parse(full)
    own = spec.columns[6].prompt.model
    assert (spec.model.temperature, own.temperature) == (0.6, 0.3)
    assert (own.id, own.revision, own.top_p, own.max_tokens) == ("smollm2-135m-instruct", "abc123", 0.9, 120)
    assert (own.frequency_penalty, own.presence_penalty, own.stop) == (0.5, -0.5, ("\n\n",))
    assert own.extra == {"repeat_penalty": 1.05, "mirostat": True}
    assert spec.columns[7].prompt.model == spec.model


def test_another_model_for_a_column_drops_the_revision(parse, full):
    spec = parse(full.replace("model: {temperature: 0.3}", "model: gpt-5-mini"))
    assert (spec.columns[6].prompt.model.id, spec.columns[6].prompt.model.revision) == ("gpt-5-mini", None)
    spec = parse(full.replace("model: {temperature: 0.3}", "model: {extra: {min_p: 0.1}, revision: b}"))
    assert spec.columns[6].prompt.model.extra == {"repeat_penalty": 1.05, "mirostat": True, "min_p": 0.1}
    assert spec.columns[6].prompt.model.revision == "b"


def test_class_names_stay_as_they_are_written(parse):
    spec = parse(HEAD + "  c: {classes: [no, yes, on, 1.0, 012, true, '~', 12:30]}\n")
    assert spec.columns[0].names == ("no", "yes", "on", "1.0", "012", "true", "~", "12:30")
    spec = parse(HEAD + "  c: {classes: {no: 1, 1.50: 2}}\n")
    assert (spec.columns[0].names, spec.columns[0].weights) == (("no", "1.50"), (1.0, 2.0))


def test_sampled_values_have_types_and_cases_follow_them(parse):
    spec = parse(
        HEAD + "  n: {sample: [1, 2.50]}\n  b: {sample: {true: 1, false: 2}}\n"
        "  t: {text: {by: n, 1: one, 2.50: more}}\n  u: {text: {by: b, true: t, false: f}}\n"
        "  i: {sample: {3: 1, 4: 2}}\n  v: {text: {by: i, 3: three, '4': four}}\n"
    )
    n, b, t, u, i, v = spec.columns
    assert [*map(repr, n.choices.default.values)] == ["1.0", "2.5"]
    assert (b.choices.default.values, i.choices.default.values) == ((True, False), (3, 4))
    for column, source, texts in ((t, n, ["one", "more"]), (u, b, ["t", "f"]), (v, i, ["three", "four"])):
        values = source.choices.default.values
        assert [column.template.pick({source.name: value}).source for value in values] == texts


@pytest.mark.parametrize(
    ("given", "step", "integer"),
    [
        ("{min: 1, max: 5}", 1.0, True),
        ("{min: 0, max: 100, step: 10}", 10.0, True),
        ("{min: 0.5, max: 5}", None, False),
        ("{min: 0, max: 1, step: 0.25}", 0.25, False),
        ("{min: 3, max: 3}", 1.0, True),
    ],
)
def test_numbers_are_whole_when_all_is(parse, given, step, integer):
    column = parse(HEAD + f"  n: {{number: {given}}}\n").columns[0]
    assert isinstance(column, NumberColumn)
    assert (column.step, column.integer) == (step, integer)


def test_the_shortest_spec_has_defaults(parse):
    spec = parse(GOOD)
    assert (spec.version, spec.seed, spec.attempts, spec.language, spec.license) == ("1.0.0", 0, 5, (), None)
    assert isinstance(spec.columns[0], PromptColumn)
    assert spec.model.extra == {}


def test_a_file_or_a_folder_with_one_spec_is_loaded(tmp_path):
    file = tmp_path / "demo.synth.yaml"
    file.write_text(GOOD)
    assert load_spec(file) == load_spec(tmp_path) == load_spec(str(tmp_path))
    assert load_spec(file).origin == str(file)
    link = tmp_path / "elsewhere" / "linked.synth.yaml"
    link.parent.mkdir()
    link.symlink_to(file)
    assert load_spec(link).source == GOOD


def _message(path):
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert len(caught.value.problems) == 1
    return str(caught.value)


def test_what_cannot_be_loaded_is_said(tmp_path):
    assert "the folder holds no *.synth.yaml" in _message(tmp_path)
    (tmp_path / "reviews.synth.yaml").write_text(GOOD)
    assert "did you mean 'reviews.synth.yaml'?" in _message(tmp_path / "review.synth.yaml")
    (tmp_path / "other.synth.yaml").write_text(GOOD)
    assert "several specs: other.synth.yaml, reviews.synth.yaml" in _message(tmp_path)
    os.mkfifo(tmp_path / "pipe.synth.yaml")
    assert "no regular file" in _message(tmp_path / "pipe.synth.yaml")
    (tmp_path / "latin.synth.yaml").write_bytes(b"name: caf\xe9")
    assert "not UTF-8" in _message(tmp_path / "latin.synth.yaml")
    assert "there is no file" in _message(tmp_path / "no" / "such.synth.yaml")
    assert "not allowed" in _message("a\0b")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "loop" in _message(tmp_path / "loop")
    assert "/dev/zero" in _message("/dev/zero")
    near = tmp_path / "near"
    near.mkdir()
    (near / "near.yaml").write_text(GOOD)
    assert "name 'near.yaml' by its path: a file named itself may be called anything" in _message(near)
    (near / "near.yaml").rename(near / "near.synth.txt")
    assert "is it 'near.synth.txt'?" in _message(near)
    (near / "near.synth.txt").unlink()
    assert "a spec's name ends in .synth.yaml" in _message(near)


def test_a_file_named_by_its_path_may_have_any_name(tmp_path):
    (tmp_path / "spec.yaml").write_text(GOOD)
    assert load_spec(tmp_path / "spec.yaml") == parse_spec(
        GOOD, origin=str(tmp_path / "spec.yaml"), read_file=_missing
    )


def test_an_empty_path_is_not_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "a.synth.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    assert "the path of the spec is empty (name a file, or `.` for this folder)" in _message("")
    assert load_spec(".").name == "demo"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_byte_order_mark_changes_nothing(tmp_path, ends):
    text = GOOD.replace("\n", ends)
    path = tmp_path / "a.synth.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    marked = load_spec(path)
    plain = parse_spec(text, origin=str(path), read_file=_missing)
    assert marked == plain
    assert (marked.source, fingerprint(marked)) == (text, fingerprint(plain))
    assert parse_spec("\ufeff" + text, origin="x", read_file=_missing).source == text
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("Say.", "'{{ x }}'").encode())
    assert "  line 5: columns.t.prompt: " in _message(path)
    path.write_bytes(b"\xef\xbb\xbfname: demo\nb: \xff\n")
    assert "line 2: byte 0xff is not UTF-8" in _message(path)


SECRET = "sk-proj-abcdefgh1234567890"
HOSTILE = {
    "a python tag": f"{GOOD}license: !!python/object/apply:os.system ['touch pwned']\n",
    "the environment": HEAD + "  t: {prompt: '{{ env }}'}\n",
    "the environment by attribute": HEAD + "  t: {prompt: '{{ self.environ }}'}\n",
    "a file of the system": HEAD + "  t: {prompt: {file: /etc/passwd}}\n",
    "a key of the endpoint at the top": f"{GOOD}api_key: {SECRET}\n",
    "an endpoint at the top": f"{GOOD}endpoint: http://evil.example/{SECRET}\n",
    "a base url in the model": GOOD.replace(
        "model: x", f"model: {{id: x, base_url: 'http://{SECRET}@evil'}}"
    ),
    "a key in the model": GOOD.replace("model: x", f"model: {{id: x, api_key: {SECRET}}}"),
    "a key in a column": HEAD + f"  t: {{prompt: Say., api_key: {SECRET}}}\n",
    "a key in a column's model": HEAD + f"  t: {{prompt: Say., model: {{openai_api_key: {SECRET}}}}}\n",
    "a key in the checks": f"{GOOD}checks: {{t: {{api_key: {SECRET}}}}}\n",
    "a key in extra": GOOD.replace("model: x", f"model: {{id: x, extra: {{api_key: {SECRET}}}}}"),
    "a base url in extra": GOOD.replace("model: x", f"model: {{id: x, extra: {{base_url: {SECRET}}}}}"),
    "headers in extra": GOOD.replace("model: x", f"model: {{id: x, extra: {{extra_headers: {SECRET}}}}}"),
    "messages in extra": GOOD.replace("model: x", f"model: {{id: x, extra: {{messages: {SECRET}}}}}"),
    "tools in extra": GOOD.replace(
        "model: x", "model: {id: x, extra: {tools: 1, user: me, n: 5, store: true}}"
    ),
    "a mapping in extra": GOOD.replace("model: x", "model: {id: x, extra: {options: {a: 1}}}"),
    "a dunder in extra": GOOD.replace(
        "model: x", "model: {id: x, extra: {__class__: 1, X-Header: 2, 'a b': 3}}"
    ),
    "an infinity in extra": GOOD.replace("model: x", "model: {id: x, extra: {min_p: .inf}}"),
    "a url as the model": GOOD.replace("model: x", "model: http://me:evil@example.com/v1"),
    "a path as the model": GOOD.replace("model: x", "model: ../../weights"),
    "an absolute path as the model": GOOD.replace("model: x", "model: {id: /etc/passwd}"),
    "a secret for a number": GOOD.replace("model: x", f"model: {{id: x, temperature: {SECRET}}}"),
    "a secret as a wrong version": f"{GOOD}version: {SECRET}\n",
    "a secret as a key": f"{GOOD}{SECRET}: 1\n",
    "rows beyond counting": GOOD.replace("train: 1", "train: 1" + "0" * 400),
    "rows as a float": GOOD.replace("train: 1", "train: 1e999"),
    "a seed beyond counting": GOOD + "seed: 1" + "0" * 5000 + "\n",
    "a weight beyond counting": HEAD + "  t: {classes: {a: 1" + "0" * 400 + ", b: 1}}\n",
    "a range beyond counting": HEAD + "  t: {number: {min: -1e999, max: .nan}}\n",
    "a terminal escape": HEAD + '  "t\\e[31m": {prompt: Say.}\n',
    "a name that reads from right to left": HEAD + '  "t\\u202egnp.exe": {prompt: Say.}\n',
    "a class that reads from right to left": HEAD + '  t: {classes: [a, "b\\u202ec"]}\n',
    "a name from another alphabet": HEAD + "  tеxt: {prompt: Say.}\n",  # noqa: RUF001 - that is the point
    "an invisible class": HEAD + '  t: {classes: [a, "\\u200b"]}\n',
    "a very long name": HEAD + "  " + "t" * 500 + ": {prompt: Say.}\n",
    "a very long class": HEAD + "  t: {classes: [" + "t" * 100_000 + "]}\n",
    "a path as the name": GOOD.replace("name: demo", "name: ../../demo"),
    "a path as a split": GOOD.replace("train", "../train"),
    "a thousand columns and one": HEAD + "".join(f"  c{i}: {{text: a}}\n" for i in range(1001)),
    "ten thousand mistakes": HEAD + "".join(f"  c{i}: {{prompt: a, zzz{i}: b}}\n" for i in range(900)) * 11,
    "many wrong values": HEAD + "  t: {classes: [" + "[]," * 40_000 + "]}\n",
    "many wrong weights": HEAD + "  t: {sample: {" + ",".join(f"k{i}: 0" for i in range(24_000)) + "}}\n",
    "many names nobody knows": HEAD
    + "".join(
        f"  column_number_{i}: {{text: '"
        + "".join(f"{{{{ column_nunber_{j} }}}}" for j in range(60))
        + "'}\n"
        for i in range(400)
    ),
    "a long circle": HEAD
    + "".join(f"  c{i}: {{text: '{{{{ c{(i + 1) % 1000} }}}}'}}\n" for i in range(1000)),
    "twelve thousand templates": HEAD
    + "  c: {sample: [a]}\n  t:\n    prompt: x\n    examples:\n"
    + "".join(f"      - {{prompt: 'p{i} {{{{ c }}}}', answer: 'a{{{{ c }}}}{i}'}}\n" for i in range(6_000)),
    "long templates": HEAD
    + "  c: {sample: [a]}\n  t:\n    prompt: x\n    examples:\n"
    + "".join(f"      - {{prompt: 'p{i} {'{%if c%}{%endif%}' * 450}', answer: a}}\n" for i in range(100)),
    "a heavy template": HEAD + "  t: {prompt: '" + "{% if a %}" * 9000 + "'}\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_spec_is_refused_quickly_and_quietly(name, tmp_path, monkeypatch, capfd, quickly):
    monkeypatch.chdir(tmp_path)
    with quickly(), pytest.raises(SpecError) as caught:
        parse_spec(HOSTILE[name], origin="test", read_file=_never)
    message = str(caught.value)
    assert SECRET not in message
    assert SECRET not in repr(caught.value)
    assert "evil" not in message
    assert message.isprintable() or set(filter(lambda char: not char.isprintable(), message)) == {"\n"}
    assert len(message) < 40_000
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def _never(path):
    raise AssertionError(f"{path} was read")


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if name.startswith(("a key ", "a base url", "an endpoint"))]
)
def test_endpoints_and_keys_are_shown_where_they_belong(name):
    with pytest.raises(SpecError) as caught:
        parse_spec(HOSTILE[name], origin="test", read_file=_never)
    assert len(caught.value.problems) == 1
    assert "OPENAI_BASE_URL and OPENAI_API_KEY" in caught.value.problems[0].message
    assert "config.toml" in caught.value.problems[0].message


@pytest.mark.parametrize("name", ["twelve thousand templates", "long templates"])
def test_too_much_template_is_one_problem(name):
    with pytest.raises(SpecError) as caught:
        parse_spec(HOSTILE[name], origin="test", read_file=_never)
    assert len(caught.value.problems) == 1
    assert "more than 5000 templates or 300000 characters" in caught.value.problems[0].message


def test_what_a_reader_raises_becomes_a_problem():
    def read_file(path):
        raise PermissionError(13, "Permission denied", path)

    with pytest.raises(SpecError, match=r"'p\.txt' cannot be read: Permission denied"):
        parse_spec(HEAD + "  t: {prompt: {file: p.txt}}\n", origin="test", read_file=read_file)


def test_importing_the_package_loads_no_library():
    code = "import sys, synth_datasets.spec; print(*[m for m in sys.argv[1:] if m in sys.modules])"
    libraries = ["pydantic", "jinja2", "yaml", "numpy", "datasets", "openai", "torch"]
    done = subprocess.run(
        [sys.executable, "-c", code, *libraries], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_reading_a_spec_loads_no_heavy_library(tmp_path):
    (tmp_path / "a.synth.yaml").write_text(GOOD)
    code = (
        "import sys, synth_datasets.spec as s; s.load_spec(sys.argv[1]);"
        "print(*[m for m in sys.argv[2:] if m in sys.modules])"
    )
    libraries = ["numpy", "datasets", "openai", "torch", "huggingface_hub"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), *libraries], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def _parse_or_spec_error(text):
    with contextlib.suppress(SpecError):
        parse_spec(text, origin="test", read_file=_missing)


def _missing(path):
    raise FileNotFoundError(2, "No such file", path)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_a_spec_or_a_spec_error(text):
    _parse_or_spec_error(text)


_FRAGMENTS = st.sampled_from(
    [
        *[
            "by",
            "default",
            "{",
            "}",
            "[",
            "]",
            ":",
            "- ",
            "\n",
            "  ",
            "{{ text }}",
            "{% for a in b %}",
            "null",
            "1e999",
        ],
        *[
            "classes",
            "fields",
            "prompt",
            "&a",
            "*a",
            "!!x",
            "#",
            '"',
            "'",
            "\t",
            "0",
            "-1",
            "label",
            "extra",
            "file",
        ],
    ]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), _FRAGMENTS), min_size=1, max_size=4))
def test_a_damaged_spec_is_a_spec_or_a_spec_error(full, cuts):
    text = full
    for place, length, fragment in cuts:
        start = int(place * len(text))
        text = text[:start] + fragment + text[start + length :]
    _parse_or_spec_error(text)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["label", "text"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["by", "default", "file", "type", "classes", "prompt", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def _places(node, path=()):
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _places(child, (*path, key))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_spec_with_another_value_somewhere_is_a_spec_or_a_spec_error(full, data):
    tree = yaml.safe_load(full)
    path = data.draw(st.sampled_from([path for path in _places(tree) if path]))
    part = tree
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = data.draw(_VALUES)
    _parse_or_spec_error(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))
