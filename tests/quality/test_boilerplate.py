import pytest

from synth_datasets.quality.boilerplate import boilerplate_rate


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I'm sorry, but I can't fulfill this request.", "refusal"),
        ("Sure! Here is a review:\nGreat phone.", "preamble"),
        ("I love my [Product Name], it is great.", "placeholder"),
        ("```\nGreat phone\n```", "code fence"),
        ("Great phone.<|im_end|>", "chat markup"),
    ],
)
def test_text_about_the_task_is_found_and_named(text, kind):
    found = boilerplate_rate([text, "The battery lasts for two days."])
    assert [(each.kind, each.rows, each.examples) for each in found.kinds] == [(kind, 1, (text,))]
    assert found.rate == 0.5


def test_a_row_counts_once():
    assert boilerplate_rate(["I'm sorry, but I can't fulfill this request.<|im_end|>"]).rate == 1


def test_without_rows_nothing_is_measured():
    assert boilerplate_rate([]).rate is None


def test_real_reviews_hold_nearly_none(reviews):
    assert boilerplate_rate([text for text, _ in reviews]).rate < 0.005
