import pytest

from synth_datasets.quality.tokens import tokens, unspaced_share


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n ", []),
        ("Don't stop: it's 5-star!", ["don't", "stop", "it's", "5", "star"]),
        ("L\u2019été déjà", ["l\u2019été", "déjà"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
        ("हिन्दी भाषा।", ["हिन्दी", "भाषा"]),
        ("产品好,OK", ["产", "品", "好", "ok"]),
        ("これはペン", list("これはペン")),
        ("한국어 문장", ["한국어", "문장"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("🙂🙂", []),
    ],
)
def test_words_are_runs_of_letters_and_unspaced_scripts_fall_into_characters(text, expected):
    assert tokens(text) == expected


def test_the_share_of_characters_among_the_words_is_told():
    assert unspaced_share(["产品", "good phone"]) == 0.5
    assert unspaced_share(["good phone", ""]) == unspaced_share([]) == 0
