# ruff: noqa: RUF001 - quotes come in two kinds

import pytest

from synth_datasets.validation.boilerplate import find_boilerplate


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Sure! Here is a review: I love it.", "a preamble"),
        ("Sure, here's a review of the phone:\n\nI love it.", "a preamble"),
        ("Here’s my honest review of this phone: good.", "a preamble"),
        ("Here is an example of a positive review:", "a preamble"),
        ("Certainly! I'd be happy to help.", "a preamble"),
        ("Of course! Below is the text:\nHi", "a preamble"),
        ("Sure!\n\nI love it.", "a preamble"),
        ("I can write a review for you.", "a preamble"),
        ("I can write you a review.", "a preamble"),
        ("Title: Great phone\nI love it", "a label before the text"),
        ("**Review:** I love it", "a label before the text"),
        ("# Great phone\nI love it.", "a heading"),
        ("```json\n{}```", "a code fence"),
        ("I love it.<|im_end|>", "chat markup"),
        ("<think>Hmm</think> I love it.", "chat markup"),
        ("Great phone.\n\nUser: and now?", "chat markup"),
        ("I love my [Product Name].", "a placeholder"),
        ("Dear [Your Name], thanks.", "a placeholder"),
        ("I love {{ product }} a lot.", "a placeholder"),
        ("I love {product_name}!", "a placeholder"),
        ("I love it. Let me know if you'd like me to change anything!", "an offer of more"),
    ],
)
def test_what_was_not_asked_for_is_found(text, kind):
    assert find_boilerplate(text, ()).partition(":")[0] == kind


@pytest.mark.parametrize(
    "text",
    [
        "Here is the problem: it broke.",
        "Here's the thing: the battery dies.",
        "Sure, it works.",
        "Sure, I would buy it again!",
        "Great! Here we go again.",
        "Great, I can finally sleep.",
        "Ok, here is what I think of it.",
        "I'd be happy to help others choose.",
        "Rating it 5 stars.",
        "Hope this helps!",
        "See [Great Phones](http://example.com).",
        "I give it [sic] five stars {really}.",
        "#1 tent of all.",
        "",
    ],
)
def test_ordinary_sentences_are_left_alone(text):
    assert find_boilerplate(text, ()) == ""


def test_forms_that_the_prompt_shows_were_asked_for():
    assert find_boilerplate("Subject: Hello\nHi [Name]", ())
    assert find_boilerplate("Subject: Hello\nHi [Name]", ["Write 'subject: ...' first; use [name]."]) == ""
    assert find_boilerplate("```py\nx```", ["Answer so: ```py```"]) == ""
    assert find_boilerplate("```py\nx``` [Your City]", ["Answer so: ```py```"]).startswith("a placeholder")


def test_real_reviews_hold_no_boilerplate(reviews):
    assert [text for text in reviews if find_boilerplate(text, ())] == []
