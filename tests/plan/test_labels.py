from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.plan.identity import bits
from synth_datasets.plan.labels import draw_labels
from synth_datasets.spec.rules import LabelsRule

numbers = st.integers(0, 2**64 - 1)


@given(numbers, st.integers(1, 6), st.data())
def test_a_row_gets_as_many_different_labels_as_the_rule_allows_in_its_order(number, size, data):
    names = tuple("abcdef"[:size])
    least = data.draw(st.integers(0, size))
    most = data.draw(st.integers(least, size))
    drawn = draw_labels(LabelsRule(names, (1.0,) * size, least, most), number)
    assert least <= len(drawn) <= most
    assert drawn == [name for name in names if name in drawn]
    assert draw_labels(LabelsRule(names, (1.0,) * size, least, most), number) == drawn


def test_counts_are_equally_likely_and_labels_follow_their_weights():
    rule = LabelsRule(("rare", "usual", "common"), (1.0, 2.0, 5.0), 1, 2)
    drawn = [draw_labels(rule, bits(b"row", str(row).encode())) for row in range(8000)]
    sizes = Counter(map(len, drawn))
    assert abs(sizes[1] - 4000) < 250
    alone = Counter(labels[0] for labels in drawn if len(labels) == 1)
    assert abs(alone["common"] / sizes[1] - 5 / 8) < 0.04
    assert abs(alone["rare"] / sizes[1] - 1 / 8) < 0.03


@given(numbers)
def test_a_new_label_only_takes_places_and_never_swaps_the_others(number):
    old = draw_labels(LabelsRule(("a", "b", "c"), (1.0, 1.0, 1.0), 2, 2), number)
    new = draw_labels(LabelsRule(("a", "b", "c", "d"), (1.0, 1.0, 1.0, 1.0), 2, 2), number)
    assert set(new) - {"d"} <= set(old)
