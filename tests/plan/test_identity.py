import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.plan.identity import (
    MAX_REQUEST_SEED,
    bits,
    pack,
    request_seed,
    row_bytes,
    stream,
    uniform,
)
from synth_datasets.plan.row import RowKey

names = st.text(max_size=8)
parts = st.lists(st.one_of(st.text(st.characters(), max_size=6), st.integers(-9, 10**20)), max_size=5)


@given(parts, parts)
def test_different_parts_never_give_the_same_bytes(one, other):
    assert (pack(*one) == pack(*other)) == ([(type(x), x) for x in one] == [(type(x), x) for x in other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b/c"), ("a/b", "c")),
        (("a\0b", ""), ("a", "b")),
        (("1",), (1,)),
        (("", "ab"), ("ab", "")),
        (("é",), ("e\u0301",)),
        (("\ud800",), ("\ud801",)),
    ],
)
def test_separators_and_kinds_inside_names_do_not_confuse(one, other):
    assert pack(*one) != pack(*other)


rows = st.builds(RowKey, names, names, st.integers(0, 10**12))


@given(rows, rows)
def test_rows_share_their_hash_input_only_when_they_are_the_same(one, other):
    assert (row_bytes(one) == row_bytes(other)) == (one == other)


@given(st.integers(0, 2**64 - 1))
def test_a_uniform_number_has_a_logarithm(number):
    assert 0 < uniform(number) < 1


def test_the_ends_of_the_range_stay_inside():
    assert 0 < uniform(0) < uniform(2**64 - 1) < 1


def test_request_seeds_are_positive_31_bit_numbers_and_differ_by_attempt():
    requests = stream(17, "request", "text")
    row = row_bytes(RowKey("train", "positive", 3))
    seeds = [request_seed(requests, row, attempt) for attempt in range(2000)]
    assert len(set(seeds)) > 1990
    assert all(1 <= seed <= MAX_REQUEST_SEED for seed in seeds)
    assert max(seeds) > MAX_REQUEST_SEED * 0.99


def test_numbers_are_the_same_on_every_machine():
    """Changing these would change every dataset ever made."""
    assert bits(stream(17, "value", "product"), row_bytes(RowKey("train", "positive", 3))) == PINNED_BITS
    assert request_seed(stream(17, "request", "text"), row_bytes(RowKey("train", "", 0)), 0) == PINNED_SEED


PINNED_BITS = 6569828878706149406
PINNED_SEED = 2061420298


def test_streams_of_different_seeds_purposes_and_columns_differ():
    row = row_bytes(RowKey("train", "", 0))
    streams = [
        stream(1, "value", "a"),
        stream(2, "value", "a"),
        stream(1, "request", "a"),
        stream(1, "value", "b"),
    ]
    assert len({bits(each, row) for each in streams}) == 4


def test_a_row_key_reads_well_and_travels():
    key = RowKey("train", "positive", 12)
    assert str(key) == "train/positive/12"
    assert str(RowKey("train", "", 0)) == "train/0"
    assert pickle.loads(pickle.dumps(key)) == key


@given(st.text(max_size=5), st.text(max_size=5), st.integers(min_value=0))
def test_a_row_is_packed_like_anything_else(split, stratum, index):
    assert row_bytes(RowKey(split, stratum, index)) == pack(split, stratum, index)
