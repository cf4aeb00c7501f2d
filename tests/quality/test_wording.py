import pytest

from synth_datasets.quality.wording import decimal, number, percent


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
