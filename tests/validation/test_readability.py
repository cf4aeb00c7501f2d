"""Flesch's reading ease."""

import pytest

from synth_datasets.validation.readability import reading_ease, syllables


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # The examples that encyclopaedias give for the formula.
        ("The cat sat on the mat.", 116),
        ("This sentence, taken as a reading passage unto itself, is being used to prove a point.", 69),
        (
            "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.",
            37.5,
        ),
    ],
)
def test_the_known_examples_have_their_values(text, value):
    assert reading_ease(text) == pytest.approx(value, abs=0.5)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *(("make", 1), ("the", 1), ("table", 2), ("wanted", 2), ("walked", 1), ("boxes", 2), ("battery", 3)),
        *(("reliable", 4), ("science", 2), ("playing", 2), ("idea", 3), ("quality", 3), ("rhythm", 2)),
        *(("friend", 1), ("friend's", 1), ("tsk", 1), ("naïve", 1)),
    ],
)
def test_syllables_are_counted(word, count):
    assert syllables(word) == count


@pytest.mark.parametrize(
    "text", ["", "  ", "12 + 12 = 24", "这个产品非常好用", "Отличный телефон, мне нравится"]
)
def test_a_text_without_latin_words_has_no_reading_ease(text):
    assert reading_ease(text) is None


def test_a_single_sentence_without_a_full_stop_and_abbreviated_lines_are_read():
    assert reading_ease("very good") == reading_ease("very good.")


def test_a_megabyte_is_read_from_its_beginning():
    assert reading_ease("It is fine. " * 100_000) == pytest.approx(reading_ease("It is fine."), abs=0.5)
