import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.validation.text import complete_part, joined, unquoted


@pytest.mark.parametrize(
    ("answer", "opening", "text"),
    [
        ("It works.", "", "It works."),
        ("  It works.\n", "", "It works."),
        ("I love it. It works.", "I love it.", "I love it. It works."),
        (" It works.", "I love it.", "I love it. It works."),
        ("It works.", "I love it.", "I love it. It works."),
        ("\n\nIt works.", "I love it.", "I love it.\n\nIt works."),
        (", and it works.", "I love it", "I love it, and it works."),
        ("'s great", "It", "It's great"),
        ("tent) is dry", "The (", "The (tent) is dry"),
        ("20 for it", "I paid $", "I paid $20 for it"),
        ("很好。", "这个帐篷", "这个帐篷很好。"),
        ("とても良い。", "このテント", "このテントとても良い。"),
        ("مقاوم للماء", "خيمة", "خيمة مقاوم للماء"),
        ("🎉 yes", "I love it", "I love it 🎉 yes"),
        ('"I love it. It works."', "I love it.", "I love it. It works."),
        ('"It works."', "", "It works."),
        ("", "I love it.", "I love it."),
    ],
)
def test_the_opening_is_part_of_the_text_once(answer, opening, text):
    assert joined(answer, opening) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('"It works."', "It works."),
        ("“It works.”", "It works."),
        ("«Ça marche.»", "Ça marche."),
        ("「良い」", "良い"),
        ("'It's fine'", "It's fine"),
        ('"Good," he said, "very good"', '"Good," he said, "very good"'),
        ('"It works', '"It works'),
        ('It "works"', 'It "works"'),
        ('"', '"'),
        ("", ""),
    ],
)
def test_only_quotes_around_the_whole_text_are_taken_off(text, plain):
    assert unquoted(text) == plain


@given(st.text(min_size=1).map(str.strip).filter(bool), st.text().filter(str.strip))
def test_the_text_begins_with_the_opening(opening, answer):
    assert joined(answer, opening).startswith(opening)


@pytest.mark.parametrize(
    ("text", "opening", "kept"),
    [
        ("It works. It is dry. And the", "", "It works. It is dry."),
        ("It works. It is dry.", "", "It works. It is dry."),
        ("I love it. It is dry. And the", "I love it.", "I love it. It is dry."),
        ("I love it. And the", "I love it.", ""),
        ("And the rest of", "", ""),
        ("Is it dry? Yes! And", "", "Is it dry? Yes!"),
        ('He said "it is dry." And the', "", 'He said "it is dry."'),
        ("I paid 3.50 for it and 2.75 for", "", ""),
        ("It is good. Ask Dr. Smith and", "", "It is good."),
        ("It is good, e.g. when", "", ""),
        ("Reasons:\n1. It is dry. \n2. It", "", "Reasons:\n1. It is dry."),
        ("很好。我喜欢它。但是", "", "很好。我喜欢它。"),
        ("هل هو جيد؟ نعم و", "", "هل هو جيد؟"),
        ("यह अच्छा है। और", "", "यह अच्छा है।"),
        ("It is dry… and", "", "It is dry…"),
        ("", "", ""),
    ],
)
def test_a_cut_text_ends_with_its_last_sentence(text, opening, kept):
    assert complete_part(text, opening) == kept


@given(st.text(), st.text(max_size=5))
def test_what_is_kept_is_a_beginning(text, opening):
    assert text.startswith(complete_part(text, opening))
