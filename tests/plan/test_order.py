import time
import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.plan.order import (
    decision_order,
    divisor_sequence,
    ordered_blocks,
    ordered_rows,
    quotas,
    split_order,
)
from synth_datasets.spec.model import Split

weights = st.lists(
    st.floats(0.01, 100, allow_nan=False) | st.integers(1, 9).map(float), min_size=1, max_size=12
)


@settings(max_examples=300, deadline=None)
@given(weights, st.integers(0, 700))
def test_quotas_equal_counting_the_sequence(shares, total):
    counted = Counter(at for _, at, _ in islice(divisor_sequence(shares), total))
    assert quotas(shares, total) == [counted[at] for at in range(len(shares))]


@settings(max_examples=200, deadline=None)
@given(weights, st.integers(0, 400))
def test_quotas_sum_to_the_total_and_never_shrink(shares, total):
    now, then = quotas(shares, total), quotas(shares, total + 1)
    assert sum(now) == total
    assert sorted(b - a for a, b in zip(now, then, strict=True)) == [*[0] * (len(shares) - 1), 1]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 20).map(float), min_size=1, max_size=4), st.integers(0, 10**9))
def test_quotas_are_the_shares_within_rounding(shares, total):
    """With up to four classes Webster's method stays within one row of the shares."""
    for quota, share in zip(quotas(shares, total), shares, strict=True):
        assert abs(quota - total * share / sum(shares)) < 1.5


@pytest.mark.alone
def test_quotas_of_billions_of_rows_take_no_time():
    begin = time.perf_counter()
    counts = quotas([3.0, 2.0, 1.0, 0.1], 10**12)
    assert time.perf_counter() - begin < 0.05
    assert sum(counts) == 10**12
    assert counts[0] == pytest.approx(3 / 6.1 * 10**12, abs=2)


def test_classes_take_turns_in_their_order():
    names = [at for _, at, _ in islice(divisor_sequence([1.0, 1.0, 1.0]), 6)]
    assert names == [0, 1, 2, 0, 1, 2]
    assert [at for _, at, _ in islice(divisor_sequence([3.0, 1.0]), 8)] == [0, 0, 1, 0, 0, 0, 1, 0]


def test_the_sequence_goes_on_from_where_counts_left_it():
    shares = [5.0, 3.0, 0.5]
    rest = list(islice(divisor_sequence(shares), 40, 60))
    assert list(islice(divisor_sequence(shares, quotas(shares, 40)), 20)) == rest


@settings(max_examples=100, deadline=None)
@given(weights, st.integers(0, 60), st.integers(0, 60))
def test_a_longer_split_keeps_its_first_rows(shares, short, more):
    strata = tuple(f"c{at}" for at in range(len(shares))), tuple(shares)
    before = list(split_order(Split("train", short), strata))
    assert list(split_order(Split("train", short + more), strata))[:short] == before
    assert len(set(before)) == short


@settings(max_examples=100, deadline=None)
@given(weights, st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_growth_only_inserts_rows_into_the_decision_order(shares, train, test, more):
    strata = tuple(f"c{at}" for at in range(len(shares))), tuple(shares)
    small = (Split("train", train), Split("test", test))
    large = (Split("train", train + more), Split("test", test), Split("extra", more))
    before = list(decision_order(small, strata, upto=None, among=None))
    after = list(decision_order(large, strata, upto=None, among=None))
    assert [row for row in after if row in set(before)] == before
    assert Counter(row.split for row in after) == Counter(
        {"train": train + more, "test": test, "extra": more}
    )


def test_each_split_keeps_its_own_order_when_splits_are_merged():
    strata = ("a", "b"), (2.0, 1.0)
    splits = (Split("train", 30), Split("test", 9))
    merged = list(decision_order(splits, strata, upto=None, among=None))
    for split in splits:
        assert [row for row in merged if row.split == split.name] == list(split_order(split, strata))


def test_the_decision_order_ends_after_the_last_row_of_a_split():
    strata = ("",), (1.0,)
    splits = (Split("train", 1000), Split("test", 3))
    rows = list(decision_order(splits, strata, upto="test", among=None))
    assert [str(row) for row in rows] == ["train/0", "test/0", "train/1", "test/1", "train/2", "test/2"]
    assert list(decision_order(splits, strata, upto="test", among=("test",))) == [
        r for r in rows if r.split == "test"
    ]
    assert list(decision_order((Split("none", 0),), strata, upto="none", among=None)) == []


@pytest.mark.alone
def test_ten_million_rows_begin_at_once_and_take_no_memory():
    strata = ("a", "b", "c"), (1.0, 2.0, 4.0)
    tracemalloc.start()
    begin = time.perf_counter()
    rows = split_order(Split("train", 10_000_000), strata)
    next(rows)
    assert time.perf_counter() - begin < 0.01
    for _ in islice(rows, 50_000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.alone
def test_thousands_of_classes_are_fine():
    strata = tuple(f"class {at}" for at in range(5000)), tuple(1.0 + at % 7 for at in range(5000))
    begin = time.perf_counter()
    rows = list(islice(split_order(Split("train", 10_000_000), strata), 2000))
    counts = quotas(strata[1], 10_000_000)
    assert time.perf_counter() - begin < 2
    assert len(set(rows)) == 2000
    assert sum(counts) == 10_000_000


def test_all_rows_at_once_are_those_that_are_yielded():
    strata = (("a", "b", "c"), (3.0, 1.0, 0.7))
    splits = [
        Split("train", 701),
        Split("b", 90),
        Split("none", 0),
        Split("test", 33, counts=(("c", 30), ("a", 3))),
    ]
    rows = ordered_rows(splits, strata)
    yielded = list(decision_order(splits, strata, upto=None, among=None))
    assert [rows.key(at) for at in range(len(rows))] == yielded
    assert [rows.between(5, 9).key(at) for at in range(4)] == yielded[5:9]


splits = st.lists(
    st.integers(0, 9000).map(lambda count: Split("", count))
    | st.tuples(st.integers(0, 400), st.integers(1, 9)).map(
        lambda counts: Split("", sum(counts), counts=(("1", counts[0]), ("0", counts[1])))
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(splits, st.lists(st.floats(0.01, 100) | st.just(1.0), min_size=2, max_size=5))
def test_rows_in_blocks_are_all_rows_in_their_order(given_splits, shares):
    strata = (tuple(map(str, range(len(shares)))), tuple(shares))
    named = [replace(split, name=f"split {at}") for at, split in enumerate(given_splits)]
    every = ordered_rows(named, strata)
    blocks = [*ordered_blocks(named, strata)]
    assert sum(map(len, blocks)) == len(every) == sum(split.num_examples for split in named)
    for column in ("split", "stratum", "index"):
        found = [getattr(block, column) for block in blocks] or [every.index[:0]]
        assert np.array_equal(np.concatenate(found), getattr(every, column))
    assert all(block.names == every.names for block in blocks)
