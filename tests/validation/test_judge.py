import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.spec.model import Checks, Field
from synth_datasets.validation.judge import Verdict
from synth_datasets.validation.reasons import REASONS, Reason

FIELDS = (Field("title", "string", minimum=3, maximum=40), Field("rating", "integer", minimum=1, maximum=5))


def _reason(verdict):
    assert isinstance(verdict, Verdict), verdict
    assert verdict.reason in REASONS
    return str(verdict.reason)


def test_a_good_answer_is_the_text_of_the_row(judged):
    assert judged(' "The tent kept us dry."\n') == "The tent kept us dry."
    assert judged("It kept us dry.", opening="I love this tent.") == "I love this tent. It kept us dry."


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("Fine.", "content_filter", "content_filter"),
        ("Fine.", "refusal", "refusal"),
        (" \n", "stop", "empty"),
        ("", "length", "empty"),
        ("The tent\0 kept us dry.", "stop", "bad_characters"),
        ("Half a character \ud83d here.", "stop", "bad_characters"),
        ("I'm sorry, but I can't assist with that.", "stop", "refusal"),
        ("Sure! Here is a review: The tent is dry.", "stop", "boilerplate"),
        ("It is good. " * 20, "length", "repetition"),
        ("The tent kept us dry for", "length", "cut_off"),
        ("Write a review of a tent.", "stop", "echo"),
    ],
)
def test_each_reason_has_its_answer(judged, text, finish, reason):
    assert _reason(judged(text, finish=finish)) == reason


def test_a_cut_text_keeps_its_whole_sentences(judged):
    assert judged("It is dry. It is light. And the", finish="length") == "It is dry. It is light."
    assert judged("It is dry. And the", finish="length", opening="I love it.") == "I love it. It is dry."
    assert _reason(judged("And the", finish="length", opening="I love it.")) == "cut_off"


def test_a_broken_character_where_the_text_was_cut_is_cut_off_with_it(judged):
    assert judged("It is dry. It is l\ufffd", finish="length") == "It is dry."
    assert _reason(judged("It is dry. It is l\ufffd", finish="stop")) == "bad_characters"


def test_nothing_but_the_opening_is_empty(judged):
    assert _reason(judged("I love it.", opening="I love it.")) == "empty"


def test_the_size_is_that_of_the_whole_text(judged):
    checks = Checks(words=(5, 8))
    assert judged("It is dry.", opening="I love it.", checks=checks) == "I love it. It is dry."
    assert _reason(judged("It is dry.", checks=checks)) == "too_short"
    assert _reason(judged("It is dry and light and cheap and green.", checks=checks)) == "too_long"


def test_causes_come_before_what_follows_from_them(judged):
    checks = Checks(words=(50, 90))
    assert _reason(judged("I cannot fulfil your request.", checks=checks)) == "refusal"
    assert _reason(judged("Sure! Here is a review:", checks=checks)) == "boilerplate"
    assert _reason(judged("so good " * 25 + "and", checks=checks, finish="length")) == "repetition"
    assert (
        list(REASONS).index("refusal") < list(REASONS).index("repetition") < list(REASONS).index("too_short")
    )


def test_checks_can_be_switched_off(judged):
    keep = Checks(refusals=False, echo=False, repetition=False)
    for text in ("I cannot fulfil your request.", "Write a review of a tent.", "It is good. " * 20):
        assert isinstance(judged(text), Verdict)
        assert judged(text, checks=keep) == text.strip()


def test_a_refusal_after_the_opening_is_found(judged):
    assert (
        _reason(judged("I'm sorry, but I can't assist with that.", opening="I love it because")) == "refusal"
    )
    assert _reason(judged("Sure! Here is a review: dry.", opening="I love it because")) == "boilerplate"


def test_the_opening_itself_is_no_echo(judged):
    opening = "We took this green tent on a trip to the high mountains."
    assert judged("Dry.", opening=opening) == f"{opening} Dry."
    shot = "It kept all four of us warm in the snow."
    assert _reason(judged(shot, opening=opening, shots=(shot,))) == "echo"


def test_a_structured_answer_becomes_its_fields(judged):
    assert judged('{"title": "Dry tent", "rating": 4.0}', fields=FIELDS) == {"title": "Dry tent", "rating": 4}


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ('{"title": "Dry te', "length", "cut_off"),
        ('{"title": "Dry tent", "rating": 4', "length", "cut_off"),
        ("Nice tent.", "stop", "unparsable"),
        ("I'm sorry, but I can't assist with that.", "stop", "refusal"),
        ('{"title": "Dry tent"}', "stop", "wrong_shape"),
        ('{"title": "Dry tent", "rating": 9}', "stop", "out_of_range"),
        ('{"title": "ab", "rating": 4}', "stop", "too_short"),
        ('{"title": "As an AI language model", "rating": 4}', "stop", "refusal"),
        ('{"title": "[Product Name] review", "rating": 4}', "stop", "boilerplate"),
        ('{"title": "Dry \\u0000 tent", "rating": 4}', "stop", "bad_characters"),
        ('{"title": "Dry \\ud83d tent", "rating": 4}', "stop", "bad_characters"),
        ('{"title": "Write a review of a tent", "rating": 4}', "stop", "echo"),
    ],
)
def test_each_reason_has_its_structured_answer(judged, text, finish, reason):
    assert _reason(judged(text, finish=finish, fields=FIELDS)) == reason


def test_an_object_that_is_whole_is_not_cut_off(judged):
    answer = '{"title": "Dry tent", "rating": 4}\n\n\n'
    assert judged(answer, finish="length", fields=FIELDS) == {"title": "Dry tent", "rating": 4}


def test_items_of_a_list_are_checked_for_characters(judged):
    fields = (Field("tags", "list"), Field("good", "boolean"))
    assert judged('{"tags": ["a"], "good": true}', fields=fields) == {"tags": ["a"], "good": True}
    assert _reason(judged('{"tags": ["a", "\\u0007"], "good": true}', fields=fields)) == "bad_characters"


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(), max_size=60),
    st.sampled_from(["stop", "length"]),
    st.sampled_from(["", "I love it."]),
)
def test_every_text_is_judged_and_accepted_ones_can_be_stored(judged, text, finish, opening):
    found = judged(text, finish=finish, opening=opening)
    if isinstance(found, Verdict):
        assert found.reason in REASONS
    else:
        assert found == found.strip() != ""
        assert found.startswith(opening)
        found.encode("utf-8")
    assert judged(text, finish=finish, opening=opening) == found


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10**6,
        "It is dry. " * 90_000,
        "\n" * 10**6 + "x",
        "(" * 10**6,
        '"' * 10**6,
        "I am " * 200_000,
        "Here is " * 125_000,
        "." * 10**6,
        "1. " * 330_000,
    ],
)
@pytest.mark.parametrize("fields", [(), FIELDS])
def test_a_megabyte_is_judged_in_no_time(judged, text, fields):
    for finish in ("stop", "length"):
        begin = time.process_time()
        judged(text, finish=finish, fields=fields)
        assert time.process_time() - begin < 0.5


def test_real_reviews_are_accepted(judged, reviews):
    refused = [(text, found) for text in reviews if isinstance(found := judged(text), Verdict)]
    assert refused == []


def test_every_reason_tells_a_person_what_to_do():
    assert list(REASONS) == [reason.value for reason in Reason]
    for name, reason in REASONS.items():
        assert name == reason == reason.value
        assert name.replace("_", "").isalpha()
        assert name.islower()
        assert reason.sentence.endswith(".")
        assert len(reason.hint) > 20
        assert not reason.hint.endswith(".")
