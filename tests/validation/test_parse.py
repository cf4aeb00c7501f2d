import json
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.spec.model import Field
from synth_datasets.validation.outcome import Verdict
from synth_datasets.validation.parse import field_values, is_complete, parse_object
from synth_datasets.validation.reasons import REASONS

GOOD = {"title": "Dry", "rating": 4}


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "Dry", "rating": 4}',
        ' \n{"title": "Dry", "rating": 4}\n',
        '```json\n{"title": "Dry", "rating": 4}\n```',
        'Sure! Here it is:\n{"title": "Dry", "rating": 4}\nHope this helps!',
        '{"title": "Dry", "rating": 4,}',
        "{'title': 'Dry', 'rating': 4}",
        '{title: "Dry", rating: 4}',
        '{"title": "Dry" "rating": 4}',
        '{"title": "Dry", "rating": 4 // stars\n}',
    ],
)
def test_one_object_is_read_with_or_without_chat_and_slips(text):
    assert parse_object(text) == GOOD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I love it.", "unparsable"),
        ("", "unparsable"),
        ('{"title": "Dry", "rat', "unparsable"),
        ('{"title": "Dr', "unparsable"),
        ("}{", "unparsable"),
        ("[1, 2]", "wrong_shape"),
        ('"text"', "wrong_shape"),
        ("4", "wrong_shape"),
        ('[{"title": "Dry"}, {"title": "Wet"}]', "wrong_shape"),
        ('{"title": "Dry"}\n{"title": "Wet"}', "wrong_shape"),
        ("{" * 5000 + "}", "unparsable"),
        ("[" * 100_000, "unparsable"),
        ('{"a":' * 100_000 + "}", "unparsable"),
    ],
)
def test_what_is_no_object_is_not_made_into_one(text, reason):
    assert parse_object(text).reason == reason


@pytest.mark.parametrize(
    "text", ['{"title": "Dry", "rating": }', '{"title": , "rating": 4}', '{"title": "Dry", "rating"}']
)
def test_a_repair_makes_up_no_values(text):
    fields = (Field("title", "string"), Field("rating", "integer"))
    verdict = field_values(fields, parse_object(text))
    assert verdict.reason == "wrong_shape"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=4))
def test_every_object_is_read_back(value):
    assert parse_object(json.dumps(value)) == value
    assert parse_object(f"```json\n{json.dumps(value, ensure_ascii=False, indent=1)}\n```") == value


@settings(max_examples=300, deadline=None)
@given(st.text("{}[]\":,'\\/ \n1.-abtrue", max_size=40))
def test_any_text_is_an_object_or_a_verdict(text):
    assert isinstance(parse_object(f"{{{text}}}"), dict | Verdict)


def _value(field: Field, value: object):
    found = field_values((field,), {field.name: value})
    return found if isinstance(found, Verdict) else found[field.name]


@pytest.mark.parametrize(
    ("field", "given", "value"),
    [
        (Field("f", "string"), " Dry ", "Dry"),
        (Field("f", "string", minimum=3, maximum=3), "帐篷好", "帐篷好"),
        (Field("f", "integer"), 4, 4),
        (Field("f", "integer", minimum=1, maximum=5), 4.0, 4),
        (Field("f", "integer"), -(2**63), -(2**63)),
        (Field("f", "number"), 4, 4.0),
        (Field("f", "number", minimum=0.5, maximum=0.5), 0.5, 0.5),
        (Field("f", "boolean"), True, True),
        (Field("f", "classes", classes=("Very Good", "bad")), "bad", "bad"),
        (Field("f", "classes", classes=("Very Good", "bad")), " very_good ", "Very Good"),
        (Field("f", "classes", classes=("good", "Good")), "Good", "Good"),
        (Field("f", "classes", classes=("1", "2")), 2, "2"),
        (Field("f", "list"), [" a ", "b"], ["a", "b"]),
        (Field("f", "list"), [], []),
    ],
)
def test_values_that_fit(field, given, value):
    found = _value(field, given)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("field", "given", "reason"),
    [
        (Field("f", "string"), 4, "wrong_shape"),
        (Field("f", "string"), None, "wrong_shape"),
        (Field("f", "string"), "  ", "empty"),
        (Field("f", "string", minimum=3), "ab", "too_short"),
        (Field("f", "string", maximum=3), "abcd", "too_long"),
        (Field("f", "integer"), True, "wrong_shape"),
        (Field("f", "integer"), "4", "wrong_shape"),
        (Field("f", "integer"), 4.5, "wrong_shape"),
        (Field("f", "integer"), {}, "wrong_shape"),
        (Field("f", "integer", minimum=1), 0, "out_of_range"),
        (Field("f", "integer", maximum=5), 6, "out_of_range"),
        (Field("f", "integer"), 2**63, "out_of_range"),
        (Field("f", "integer"), 10**4000, "out_of_range"),
        (Field("f", "integer", maximum=5), 10**4000, "out_of_range"),
        (Field("f", "number"), 10**400, "out_of_range"),
        (Field("f", "number"), math.inf, "out_of_range"),
        (Field("f", "number"), math.nan, "out_of_range"),
        (Field("f", "number"), False, "wrong_shape"),
        (Field("f", "boolean"), 1, "wrong_shape"),
        (Field("f", "boolean"), "true", "wrong_shape"),
        (Field("f", "classes", classes=("good", "bad")), "fine", "unknown_label"),
        (Field("f", "classes", classes=("Good", "good")), "GOOD", "unknown_label"),
        (Field("f", "classes", classes=("1", "True")), True, "wrong_shape"),
        (Field("f", "list"), "a", "wrong_shape"),
        (Field("f", "list"), ["a", 1], "wrong_shape"),
        (Field("f", "list"), ["a", " "], "wrong_shape"),
        (Field("f", "list", minimum=2), ["a"], "too_short"),
        (Field("f", "list", maximum=1), ["a", "b"], "too_long"),
    ],
)
def test_values_that_do_not_fit(field, given, reason):
    verdict = _value(field, given)
    assert verdict.reason == reason
    assert verdict.reason in REASONS
    assert verdict.detail.startswith("f ")
    assert len(verdict.detail) < 300


def test_a_number_too_long_to_be_read_is_no_number():
    found = parse_object('{"n": ' + "9" * 5000 + "}")
    assert isinstance(found, Verdict) or field_values((Field("n", "integer"),), found).reason == "wrong_shape"


def test_keys_that_no_field_has_are_left_out_and_missing_ones_named():
    fields = (Field("title", "string"), Field("rating", "integer"))
    assert field_values(fields, {"rating": 4, "more": 1, "title": "Dry"}) == GOOD
    assert field_values(fields, {"title": "Dry"}).detail == "rating is missing"


def test_complete_is_an_object_and_nothing_else():
    assert is_complete(' {"a": 1} ')
    assert not is_complete('{"a": 1} {')
    assert not is_complete("[1]")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "' + "x" * 10**6,
        "{" * 10**6 + "}",
        '{"a": "' + 'x" y "' * 160_000 + '"}',
        "{'a'" * 250_000 + "}",
    ],
)
def test_a_megabyte_is_read_in_no_time(text):
    begin = time.process_time()
    assert parse_object(text).reason == "unparsable"
    assert time.process_time() - begin < 0.5
