import pickle
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.spec import Template, TemplateError, templates
from synth_datasets.spec.filters import NAMES
from synth_datasets.spec.templates import MAX_RENDERED, MAX_SOURCE

VALUES = {
    "a": "some Text",
    "n": 7,
    "f": 2.75,
    "yes": True,
    "items": ["x", "y", "z"],
    "none": [],
    "evil": "{{ a }}{% if a %}",
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("plain", "plain"),
        ("{{ a }}!", "some Text!"),
        ("{{ n + 1 - 3 }}", "5"),
        ("{{ -n }} {{ f }} {{ yes }}", "-7 2.75 True"),
        ("{{ items }}", "x, y, z"),
        ("{{ evil }}", "{{ a }}{% if a %}"),
        ("{{ evil|upper }}", "{{ A }}{% IF A %}"),
        ("{% if n > 5 and not n == 9 %}big{% elif n %}some{% else %}none{% endif %}", "big"),
        ("{{ 'in' if 'x' in items else 'out' }}", "in"),
        ("{{ 'one' if a in ('b', 'some Text') else 'two' }}", "one"),
        ("{% for i in items %}{{ i }}{{ a }};{% endfor %}", "xsome Text;ysome Text;zsome Text;"),
        ("{% for i in items if i != 'y' %}{{ i }}{% endfor %}", "xz"),
        ("{% for i in none_ %}{{ i }}{% else %}nothing{% endfor %}", "nothing"),
        (
            "{% for i in ['p', 'q'] %}{% for j in items %}{{ i }}{{ j }} {% endfor %}{% endfor %}",
            "px py pz qx qy qz ",
        ),
        ("{% raw %}{{ a }}{% endraw %}{# note #}", "{{ a }}"),
        ("{% if yes %}\nline\n{% endif %}\n", "line\n"),
        (
            "{{ a|lower }}/{{ a|upper }}/{{ a|title }}/{{ a|capitalize }}",
            "some text/SOME TEXT/Some Text/Some text",
        ),
        ("{{ '  b '|trim }}|", "b|"),
        ("{{ a|replace('some', 'any') }}", "any Text"),
        ("{{ items|join(' + ') }} {{ items|join }}", "x + y + z xyz"),
        ("{{ items|length }} {{ a|length }} {{ a|wordcount }}", "3 9 2"),
        ("{{ items|first }}{{ items|last }}{{ a|first }}", "xzs"),
        ("{{ ''|default('else') }} {{ a|default('else') }}", "else some Text"),
        ("{{ f|round }} {{ f|round(1) }}", "3 2.8"),
        ("{{ '12'|int + 1 }} {{ f|int }} {{ '1.5'|float }}", "13 2 1.5"),
        ("{{ a|truncate(7) }} {{ a|truncate }} {{ 'abcdefgh'|truncate(5, '') }}", "some... some Text abcde"),
        ("{{ 'p\nq'|indent(2) }}", "p\n  q"),
    ],
)
def test_what_is_allowed_renders(source, expected):
    assert Template(source).render({**VALUES, "none_": []}) == expected


REFUSED = {
    "multiplication": "{{ 'a' * 10**9 }}",
    "power": "{{ 10 ** 10 ** 10 }}",
    "formatting": "{{ '%1000000000d' % 1 }}",
    "division": "{{ 1 / 0 }}",
    "attribute": "{{ a.__class__ }}",
    "attribute of a constant": "{{ ''.__class__.__mro__ }}",
    "subscript": "{{ a['__class__'] }}",
    "slice": "{{ a[:3] }}",
    "call": "{{ a() }}",
    "range": "{% for i in range(10**9) %}x{% endfor %}",
    "global of jinja": "{{ cycler.__init__.__globals__.os.popen('id') }}",
    "lipsum": "{{ lipsum() }}",
    "self": "{{ self }}",
    "own work budget": "{{ _work }}",
    "dunder name": "{{ __import__ }}",
    "the filter attr": "{{ a|attr('__class__') }}",
    "the filter map": "{{ items|map('upper') }}",
    "the filter format": "{{ '%999999999d'|format(1) }}",
    "the filter center": "{{ 'a'|center(1000000000) }}",
    "the filter of loops": "{{ items|_each(0) }}",
    "keyword arguments": "{{ a|truncate(length=3) }}",
    "star arguments": "{{ a|truncate(*items) }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "from import": "{% from 'os' import path %}",
    "extends": "{% extends 'base' %}",
    "block": "{% block a %}{% endblock %}",
    "macro": "{% macro m() %}{% endmacro %}",
    "call block": "{% call a() %}{% endcall %}",
    "set": "{% set x = 1 %}",
    "set block": "{% set x %}y{% endset %}",
    "with": "{% with x = 1 %}{% endwith %}",
    "filter block": "{% filter upper %}a{% endfilter %}",
    "autoescape": "{% autoescape true %}{% endautoescape %}",
    "do": "{% do a %}",
    "unknown tag": "{% debug %}",
    "recursive loop": "{% for a in b recursive %}{% endfor %}",
    "two variables": "{% for a, b in c %}{% endfor %}",
    "loop counter": "{% for a in b %}{{ loop }}{% endfor %}",
    "loop as variable": "{% for loop in b %}{% endfor %}",
    "three loops": "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}",
    "test": "{{ a is defined }}",
    "concatenation": "{{ a ~ a }}",
    "mapping": "{{ {'a': 1} }}",
    "unary plus": "{{ +n }}",
    "infinity": "{{ 1e999 }}",
    "a number of 6000 digits": "{{ " + "9" * 6000 + " }}",
    "5000 parentheses": "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}",
    "nesting": "{{ " + "not " * 60 + "a }}",
    "nested lists": "{{ " + "[" * 60 + "]" * 60 + " }}",
    "too many nodes": "{{ a }}" * 3000,
    "nested conditions": "{% if a %}" * 40 + "{% endif %}" * 40,
    "too long": "x" * (MAX_SOURCE + 1),
    "unclosed": "{{ a",
    "unclosed block": "{% if a %}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_allowed_is_refused_at_once(name, quickly):
    with quickly(), pytest.raises(TemplateError) as caught:
        Template(REFUSED[name])
    assert len(str(caught.value)) < 500


def test_an_error_names_its_line():
    with pytest.raises(TemplateError) as caught:
        Template("one\ntwo\n{{ a.b }}\n")
    assert caught.value.line == 3
    assert pickle.loads(pickle.dumps(caught.value)).line == 3


def test_an_unknown_filter_is_suggested():
    with pytest.raises(TemplateError, match="did you mean 'upper'"):
        Template("{{ a|uper }}")
    with pytest.raises(TemplateError, match="available are capitalize"):
        Template("{{ a|zzz }}")


BLOWN_UP = {
    "two loops over long lists": "{% for a in long %}{% for b in long %}{% endfor %}{% endfor %}",
    "a loop that prints": "{% for a in long %}{{ big }}{% endfor %}",
    "a search in a loop": "{% for a in long %}{% for b in long %}{{ 'zz' in big }}{% endfor %}{% endfor %}",
    "replacement that grows": "{{ big|replace('a', big) }}",
    "replacement of nothing": "{{ big|replace('', big) }}",
    "joining": "{{ long|join(big) }}",
    "indent": "{{ big|indent(1000000000) }}",
    "indent of lines": "{{ lines|indent(100) }}",
    "truncate": "{{ big|truncate(1000000000) }}",
    "round": "{{ n|round(1000000000) }}",
    "many times the same": "{{ big }}" * 500,
    "filters in a loop": "{% for a in long %}{{ big|upper|lower|title|length }}{% endfor %}",
    "adding texts": "{{ big + big }}",
    "adding lists": "{{ long + long }}",
    "comparisons in a loop": "{% for a in long %}{% if big == big or a in big %}{% endif %}{% endfor %}",
    "a text as a list": "{% for c in big %}{% endfor %}",
    "too many arguments": "{{ n|upper(1, 2, 3) }}",
    "comparing unlike things": "{{ 'a' < 1 }}",
    "no number": "{{ big|int }}",
    "infinity as a whole number": "{{ 'inf'|float|int }}",
    "4000 digits": "{{ digits|int }}",
    "first of nothing": "{{ []|first }}",
    "last of nothing": "{{ []|last }}",
    "length of a number": "{{ n|length }}",
    "round of a text": "{{ big|round }}",
    "int of a list": "{{ long|int }}",
    "none": "{{ none }}",
    "none in a filter": "{{ none|upper }}",
}


@pytest.mark.parametrize("name", BLOWN_UP)
def test_what_would_grow_or_fail_ends_soon_and_in_one_way(name, quickly):
    values = {
        "big": "a" * 150_000,
        "lines": "a\n" * 75_000,
        "long": ["xy"] * 20_000,
        "n": 1,
        "digits": "9" * 5000,
    }
    template = Template(BLOWN_UP[name])
    with quickly(), pytest.raises(TemplateError):
        template.render(values)


def test_missing_and_unprintable_values_are_named():
    with pytest.raises(TemplateError, match="no value for a, b"):
        Template("{{ b }}{{ a }}").render({})
    for value in (None, {"k": 1}, b"bytes", ["x", None], [["x"]]):
        with pytest.raises(TemplateError, match="the value of a"):
            Template("{{ a }}").render({"a": value})
    with pytest.raises(TemplateError, match="more than"):
        Template("{{ a }}").render({"a": "x" * (MAX_RENDERED + 1)})


def test_only_the_names_of_other_columns_are_read():
    assert Template("{% for a in b %}{{ a }}{{ c }}{% else %}{{ a }}{% endfor %}").names == {"a", "b", "c"}
    assert Template("{% for a in b if a != d %}{{ a }}{% endfor %}").names == {"b", "d"}
    assert Template("{{ loop }}{{ 'x' if y else z|default(w) }}").names == {"loop", "y", "z", "w"}
    assert Template("no names {# {{ x }} #}").names == frozenset()


def test_equal_sources_are_equal_hashable_and_picklable():
    template = Template("{{ a }}!")
    assert pickle.loads(pickle.dumps(template)) == template == Template("{{ a }}!")
    assert len({template, Template("{{ a }}!"), Template("{{ a }}?")}) == 2
    with pytest.raises(AttributeError):
        template.source = "other"


def test_every_filter_is_shown_to_work_above():
    shown = " ".join(test_what_is_allowed_renders.pytestmark[0].args[1][i][0] for i in range(27))
    assert [name for name in NAMES if f"|{name}" not in shown] == []


@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}" * 26 + "x" + "{% endif %}" * 26,
        "{% if n == 0 %}0" + "{% elif n == 1 %}x" * 200 + "{% endif %}",
        "{{ a" + "|upper|lower" * 12 + " }}",
        "{{ n" + " == n" * 600 + " }}",
        "{% for p in items %}{% for q in items %}"
        + "{% if p %}" * 16
        + "{% endif %}" * 16
        + "{% endfor %}{% endfor %}",
    ],
)
def test_the_largest_that_is_allowed_also_compiles(source):
    assert isinstance(Template(source).render(VALUES), str)


def test_a_text_without_expressions_is_rendered_like_any_other():
    assert Template("one\r\ntwo }} %}\n\n").render({}) == "one\ntwo }} %}\n"
    assert Template("one { two } {# note #}\n").render({}) == "one { two } "


@settings(max_examples=300, deadline=2000)
@given(st.text(alphabet="{}%#|a b(.)'\"+-*/~[],:=<>!0_\n", max_size=60))
def test_any_text_is_a_template_or_a_template_error(source):
    try:
        template = Template(source)
        template.render(dict.fromkeys(template.names, "v"))
    except TemplateError:
        pass


PLAIN = st.sampled_from(
    ["{{ a }}", "{{n}}", "{{ items }}", "{{- a -}}", "{# x #}", " ", "\n", "text", "%", "}}", "{ ", "{{ f }}"]
)
VALUE = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text() | st.integers()), st.none()
)


@given(
    st.lists(PLAIN, max_size=8).map("".join),
    st.fixed_dictionaries(dict.fromkeys(["a", "n", "items", "f"], VALUE)),
)
def test_names_and_text_are_joined_as_jinja_renders_them(source, values):
    template = Template(source)
    assert templates._pieces(source) is not None
    given_ = {name: values[name] for name in template.names}
    try:
        checked = {name: templates._value(name, value) for name, value in given_.items()}
    except TemplateError as error:
        with pytest.raises(TemplateError, match=re.escape(str(error))):
            template.render(values)
    else:
        assert template.render(values) == templates._render(source, checked)


@pytest.mark.parametrize(
    "values",
    [
        {"a": 10**5000},
        {"a": ["x", 10**5000]},
        {"a": "x" * (MAX_RENDERED // 2 + 1)},
        {"a": ["y" * 99_999, "z"]},
    ],
)
def test_what_cannot_be_joined_fails_as_in_jinja(values):
    source = "{{ a }} and {{ a }}"
    with pytest.raises(TemplateError) as slow:
        templates._render(source, dict(values))
    with pytest.raises(TemplateError) as quick:
        Template(source).render(values)
    assert str(quick.value) == str(slow.value)


@pytest.mark.parametrize(
    "source",
    ["{{ a|upper }}", "{% if n %}x{% endif %}", "{{ 'x' }}", "{{ -n }}", "{% raw %}{{ a }}{% endraw %}"],
)
def test_other_templates_are_left_to_jinja(source):
    named = templates._pieces(source)
    assert named is None or named == (("{{ a }}", False),)


@given(st.text(max_size=200))
def test_values_are_printed_as_they_are(value):
    assert Template("<{{ v }}>").render({"v": value}) == f"<{value}>"


PLAIN_PARTS = st.lists(
    st.sampled_from(["{{ a }}", "{{b}}", "%", "%s ", "100 %d", "\n", "{", "é", "{{ 'x' }}"]), max_size=8
)
PRINTED = st.text(max_size=5) | st.integers() | st.booleans() | st.just(["p", 1]) | st.just("x" * 70_000)


@given(PLAIN_PARTS.map("".join), PRINTED, PRINTED)
def test_plain_templates_render_as_others_do(source, a, b):
    values = {"a": a, "b": b}
    try:
        template = Template(source)
    except TemplateError:
        return
    given = {name: values[name] for name in template.names}
    try:
        expected = templates._render(source, given)
    except TemplateError as error:
        with pytest.raises(TemplateError, match=re.escape(str(error))):
            template.render(values)
    else:
        assert template.render(values) == expected
