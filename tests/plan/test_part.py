"""Parts of a split: together the whole, alike in size and in classes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.plan.part import Part, in_shard, shards_of


def readers(count: int, of: int = 48) -> list[Part]:
    return [Part(frozenset(range(index, of, count)), of) for index in range(count)]


@given(total=st.integers(0, 300), of=st.integers(1, 100), count=st.integers(1, 100))
def test_each_row_is_in_one_part(total, of, count):
    found = [position for part in readers(count, of) for position in part.positions(total)]
    assert sorted(found) == list(range(total))


@given(total=st.integers(0, 300), start=st.integers(0, 320), stop=st.none() | st.integers(0, 320))
def test_a_part_ends_after_its_last_row(total, start, stop):
    for part in (Part(frozenset({3, 5, 40}), 48, start, stop), Part(start=start, stop=stop)):
        positions = list(part.positions(total))
        assert positions == [position for position in range(total) if position in part]
        assert part.size(total) == len(positions)
        assert part.end(total) == (positions[-1] + 1 if positions else 0)
        assert all(start <= position < (320 if stop is None else stop) for position in positions)


def test_a_part_is_the_whole_unless_told_otherwise():
    assert list(Part().positions(100)) == list(range(100))


@pytest.mark.parametrize("count", [2, 3, 4, 6, 12])
def test_readers_go_through_a_split_side_by_side(count):
    for part in readers(count):
        positions = list(part.positions(480))
        assert [sum(position // 12 == hand for position in positions) for hand in range(40)] == [
            12 // count
        ] * 40


@pytest.mark.parametrize("count", [2, 3, 4, 6, 8, 12, 16, 24])
@pytest.mark.parametrize("classes", [2, 3, 4, 6])
def test_classes_that_take_turns_are_mixed_in_every_part(count, classes):
    for part in readers(count):
        positions = list(part.positions(4800))
        share = Counter(position % classes for position in positions)
        assert min(share.values()) > 0.4 * len(positions) / classes
        runs = [set(range(classes)) & {p % classes for p in positions[at : at + 48]} for at in (0, 48)]
        assert all(len(run) == classes for run in runs)


@pytest.mark.parametrize(("total", "of"), [(0, 3), (1, 1), (11, 4), (100_000, 7), (60_001, 48)])
def test_all_shards_at_once_are_those_of_each_position(total, of):
    dealt = shards_of(total, of)
    assert len(dealt) == total
    for shard in (0, of - 1):
        assert np.array_equal(in_shard(total, of, shard), dealt == shard)
    for at in {*range(0, total, 997), *range(max(0, total - 30), total)}:
        assert at in Part(frozenset({int(dealt[at])}), of)
