# ruff: noqa: RUF001 - quotes and commas of many scripts

import pytest

from synth_datasets.validation.refusals import find_refusal, is_refusal


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I cannot have opinions.",
        "I'm sorry, but I can't assist with that request.",
        "I’m sorry, but I can’t write a negative review.",
        "I'm sorry, I can't do that.",
        "I'm sorry, but I'm not able to write that.",
        "I cannot fulfil your request.",
        "I can't help with that.",
        "Sorry, I can't help you with that.",
        "I am unable to generate reviews of that kind.",
        "I won't be able to help with that request.",
        "Unfortunately, I cannot create content that disparages a product.",
        "I apologize, but I cannot provide a review.",
        "I'm just an AI, I don't use products.",
        "I must decline to write this review.",
        "I don't have personal opinions or experiences, but here is one.",
        "I love this phone. I'm sorry, but I cannot continue with this request.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Je suis désolé, mais je ne peux pas vous aider avec cela.",
        "抱歉，我无法提供这样的评论。",
        "申し訳ありませんが、そのリクエストにはお答えできません。",
    ],
)
def test_refusals_are_found(text):
    assert is_refusal(text)
    assert find_refusal(text).casefold() in text.replace("’", "'").casefold()


@pytest.mark.parametrize(
    "text",
    [
        "I can't recommend it.",
        "I'm sorry, but I can't recommend this phone.",
        "Sorry I bought it.",
        "I can't help but love this camera.",
        "I cannot write a review long enough to say how bad it is.",
        "I can't provide enough stars.",
        "I am unable to access the menu.",
        "Unfortunately, I cannot use it with my Mac.",
        "I can't create playlists with it.",
        "As an amateur photographer I love it.",
        "I am an AI engineer and this card is great.",
        "The assistant said it cannot be returned.",
        "",
    ],
)
def test_reviewers_may_be_sorry(text):
    assert not is_refusal(text)


def test_no_real_review_is_taken_for_a_refusal(reviews):
    assert [text for text in reviews if is_refusal(text)] == []


def test_a_refusal_beyond_the_beginning_of_a_long_text_is_part_of_it():
    assert not is_refusal("Good. " * 1000 + "I cannot fulfil your request.")
