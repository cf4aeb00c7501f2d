import pytest

from synth_datasets.quality.comparison import FigureShift
from synth_datasets.quality.figures import NearCheck
from synth_datasets.quality.wording import change, counted_near, decimal, measure_name, number, percent


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "-"),
        (0, "0 %"),
        (0.00001, "< 0.1 %"),
        (0.001, "0.1 %"),
        (0.05, "5 %"),
        (1 / 3, "33.3 %"),
        (0.9999, "> 99.9 %"),
        (1, "100 %"),
    ],
)
def test_a_little_is_not_nothing_and_nearly_all_is_not_all(share, said):
    assert percent(share) == said


def test_numbers_are_grouped_and_missing_ones_are_a_dash():
    assert [number(each) for each in (None, 0, 1234, 7.5)] == ["-", "0", "1,234", "7.5"]
    assert [decimal(each) for each in (None, 2)] == ["-", "2.00"]


def test_near_duplicates_are_told_with_where_they_begin_here_and_in_the_check():
    checks = (NearCheck(column="text", threshold=0.85),)
    assert (
        counted_near(0.5, checks, "text")
        == "counted from 0.5 alike on; the spec's check refuses from 0.85 on"
    )
    assert counted_near(0.5, checks, "title") == "counted from 0.5 alike on"


def test_the_name_of_a_measure_of_one_s_own_stays_the_address_that_it_is():
    named = ("label_noise", "my_measures.py:word_count", "evaluate-measurement/word_length")
    assert [measure_name(each) for each in named] == ["label noise", *named[1:]]


def test_a_change_too_small_to_show_has_no_minus():
    moved = FigureShift(group="text", name="near duplicates", before=0.02, now=0.01999, unit="share")
    assert change(moved) == "+0.0 points"
