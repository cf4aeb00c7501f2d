"""A spec's prompts laid out: verbatim, in order, with the rows that get them."""

from dataclasses import replace

from synth_datasets.publishing.prompts import (
    describe_field,
    describe_fillers,
    describe_models,
    describe_prompts,
)
from synth_datasets.spec.model import (
    Field,
    FieldsColumn,
    NumberColumn,
    PerValue,
    Prompt,
    SampleColumn,
    Weighted,
)
from synth_datasets.spec.templates import Template


def test_every_text_is_told_verbatim_in_the_order_of_the_conversation(spec):
    told = [(text.role, text.when, text.text) for text in describe_prompts(spec)]
    assert told == [
        ("System message", "", "You are a customer."),
        ("Example prompt", "", "Write a review of a laptop."),
        ("Example answer", "", "It does what it should."),
        ("Prompt", "label is positive", "Write a {{ tone }} positive review of a {{ product }}."),
        ("Prompt", "label is anything else", "Write a {{ tone }} review of a {{ product }}."),
        ("Opening of the answer", "", "{{ opener }}"),
    ]


def test_parameters_that_are_not_sent_are_not_told(spec):
    (asked,) = describe_models(spec)
    assert dict(asked.parameters) == {
        "temperature": "0.6",
        "top_p": "0.9",
        "max_tokens": "120",
        "stop": r"'\n\n'",
        "repeat_penalty": "1.05",
    }


def test_columns_that_share_a_model_are_told_together(spec):
    text = spec.columns[-1]
    other = replace(
        text, name="answer", prompt=replace(text.prompt, model=replace(spec.model, temperature=0.0))
    )
    three = replace(spec, columns=(*spec.columns, other, replace(text, name="third")))
    assert [asked.columns for asked in describe_models(three)] == [("text", "third"), ("answer",)]


def test_columns_without_the_model_say_how_they_come_to_their_values(spec):
    stars = NumberColumn(name="stars", low=1, high=5, step=1)
    told = {
        filler.column: (filler.how, filler.stored)
        for filler in describe_fillers(replace(spec, columns=(*spec.columns, stars)))
    }
    assert told == {
        "label": ("balanced over negative, neutral, positive", True),
        "product": ("drawn from smartphone (weight 3), laptop (weight 2)", True),
        "tone": ("drawn from plain, ironic", False),
        "opener": (
            "label is positive: filled in: I love this {{ product }}.; "
            "label is anything else: filled in: This {{ product }}",
            False,
        ),
        "stars": ("drawn from 1 to 5 in steps of 1", True),
    }


def test_a_long_list_of_values_is_cut_with_a_count(spec):
    many = SampleColumn(
        name="city", choices=PerValue(None, {}, Weighted(tuple(map(str, range(100))), (1.0,) * 100))
    )
    (filler,) = describe_fillers(replace(spec, columns=(many,)))
    assert filler.how.endswith(", 29 and 70 more, see the spec")


def test_a_field_says_what_it_may_hold():
    assert describe_field(Field("a", "integer", minimum=1, maximum=5)) == "integer from 1 to 5"
    assert describe_field(Field("a", "string", maximum=80)) == "string to 80 characters"
    assert describe_field(Field("a", "list", minimum=1)) == "list from 1 items"
    assert describe_field(Field("a", "boolean")) == "boolean"
    assert describe_field(Field("a", "classes", classes=("x", "y"))) == "one of x, y"


def test_a_structured_answer_is_a_prompt_too(spec):
    prompt = Prompt(user=PerValue(None, {}, Template("Review it.")), model=spec.model)
    column = FieldsColumn(name="review", prompt=prompt, fields=(Field("title", "string"),))
    (text,) = describe_prompts(replace(spec, columns=(column,)))
    assert (text.column, text.role, text.text) == ("review", "Prompt", "Review it.")
