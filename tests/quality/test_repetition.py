import pytest

from synth_datasets.quality.repetition import openings, repetition_rate

LONG = "one two three four five six seven eight"


def test_rows_that_share_eight_words_in_a_row_are_counted():
    found = repetition_rate(
        [LONG, f"well, {LONG.upper()}!", "one two three four five six seven nine", "short", ""]
    )
    assert found.self_repetition == 2 / 5


def test_a_row_that_repeats_only_itself_does_not_count():
    assert repetition_rate([f"{LONG} {LONG}", "something else"]).self_repetition == 0


def test_no_sequence_crosses_from_one_row_to_the_next():
    halves = ["one two three four", "five six seven eight"]
    assert repetition_rate([*halves, *halves, LONG]).self_repetition == 0


def test_a_phrase_is_a_template_when_one_percent_of_the_rows_hold_it():
    """400 rows: four make one percent, three do not."""
    four = [f"{n} at the end of the {n}" for n in range(4)]
    three = [f"{n} in the middle of a {n}" for n in range(3)]
    rest = [f"x{n}" for n in range(7)]
    texts = [*[f"a{n} b{n} c{n} d{n} e{n} f{n}" for n in range(386)], *four, *three, *rest]
    found = repetition_rate(texts)
    assert (found.rows, found.template_rows, found.template_rate) == (400, 4, 4 / 400)
    assert [(phrase.text, phrase.rows) for phrase in found.phrases] == [("at the end of the", 4)]


def test_the_most_widespread_phrases_come_first():
    texts = ["it does what it says"] * 5 + ["i would buy it again"] * 4
    assert [(each.text, each.rows) for each in repetition_rate(texts).phrases] == [
        ("it does what it says", 5),
        ("i would buy it again", 4),
    ]


def test_characters_of_unspaced_scripts_are_the_words():
    assert repetition_rate(["这个产品非常好用", "这个产品非常好用呢"]).self_repetition == 1


@pytest.mark.parametrize("texts", [["", ""], ["a"], ["word"] * 3])
def test_texts_too_short_to_share_anything_share_nothing(texts):
    assert repetition_rate(texts).self_repetition == 0


def test_without_rows_nothing_is_measured():
    assert (repetition_rate([]).self_repetition, openings([]).concentration) == (None, None)


def test_a_megabyte_is_one_row():
    found = repetition_rate(["so it goes on " * 80_000, "so it goes on so it goes on and on"])
    assert found.self_repetition == 1


def test_openings_are_the_first_three_words():
    texts = ["I love this phone", "i LOVE, this one", "I love it", "Bad", "bad!", ""]
    found = openings(texts, top=2)
    assert [(each.text, each.rows) for each in found.most_frequent] == [
        ("bad", 2),
        ("i love this", 2),
        ("i love it", 1),
    ]
    assert (found.concentration, found.distinct) == (4 / 6, 3)


def test_endless_words_are_clipped_in_what_is_shown():
    texts = ["x" * 100_000 + " b c d e"] * 4
    assert len(repetition_rate(texts).phrases[0].text) < 120
    assert len(openings(texts).most_frequent[0].text) < 120
