import math
import random
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth_datasets.plan import sampling
from synth_datasets.plan.identity import bits, row_bytes, stream
from synth_datasets.plan.row import RowKey
from synth_datasets.plan.sampling import Choice, Number, Spread
from synth_datasets.spec.model import NumberColumn, Weighted

VALUES = stream(17, "value", "product")
NUMBERS = [bits(VALUES, row_bytes(RowKey("train", "x", index))) for index in range(20_000)]

number = st.integers(0, 2**64 - 1)
choices = st.dictionaries(st.text(max_size=5), st.floats(0.01, 100), min_size=1, max_size=40)


def _choice(weights: dict) -> Choice:
    return Choice(Weighted(tuple(weights), tuple(weights.values())))


def _chi_square(counts: Counter, expected: dict) -> float:
    return sum((counts[value] - n) ** 2 / n for value, n in expected.items())


@settings(max_examples=300)
@given(choices, number, st.randoms(use_true_random=False))
def test_the_order_of_values_means_nothing(weights, bits_of_row, shuffler):
    items = list(weights.items())
    shuffler.shuffle(items)
    assert _choice(weights).draw(bits_of_row) == _choice(dict(items)).draw(bits_of_row)


@settings(max_examples=300)
@given(choices, number, st.text(min_size=6, max_size=7), st.floats(0.01, 100))
def test_a_new_value_moves_only_rows_that_choose_it(weights, bits_of_row, name, weight):
    after = _choice(weights | {name: weight}).draw(bits_of_row)
    assert after in (_choice(weights).draw(bits_of_row), name)


@settings(max_examples=100)
@given(choices, st.lists(number, min_size=5, max_size=5))
def test_loop_and_vectors_choose_alike(weights, numbers):
    choice = _choice(weights)
    for each in numbers:
        assert choice._short(each) == choice._long(each)


@given(st.lists(number, min_size=1, max_size=30), number)
def test_numbers_side_by_side_are_mixed_as_each_alone(numbers, other):
    def mixed(value: int) -> int:
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
        return value ^ value >> 31

    assert sampling._Lanes(numbers).scores(other) == tuple(mixed(value ^ other) for value in numbers)


def test_long_lists_choose_alike_by_loop_and_by_vectors():
    for weights in ({str(i): 1.0 for i in range(500)}, {str(i): 1 + i % 9 for i in range(500)}):
        choice = _choice(weights)
        assert all(choice._short(n) == choice._long(n) for n in NUMBERS[:300])


@settings(max_examples=100)
@given(choices, st.lists(number, min_size=1, max_size=40))
def test_many_rows_draw_what_each_draws_alone(weights, numbers):
    choice = _choice(weights)
    together = choice.draw_many(b"".join(each.to_bytes(8, "big") for each in numbers))
    assert together == [choice.draw(each) for each in numbers]


def test_many_rows_are_drawn_in_parts(monkeypatch):
    choice = _choice({"a": 1.0, "b": 2.5, "c": 1.0})
    monkeypatch.setattr(sampling, "_TOGETHER", 20)
    together = choice.draw_many(b"".join(each.to_bytes(8, "big") for each in NUMBERS[:100]))
    assert together == [choice.draw(each) for each in NUMBERS[:100]]


def test_draws_that_floats_cannot_tell_apart_are_decided_alike_among_many():
    choice = _choice({"a": 1.0, "b": math.nextafter(1.0, 2)})
    choice._hashes = (choice._hashes[0],) * 2  # both draw the same
    choice._lanes = sampling._Lanes(choice._hashes)
    assert set(choice.draw_many(b"".join(each.to_bytes(8, "big") for each in NUMBERS[:50]))) == {"b"}
    assert {choice.draw(each) for each in NUMBERS[:50]} == {"b"}


def test_draws_too_near_for_floats_are_decided_without_rounding():
    """Two weights that differ by one unit in the last place: no machine's logarithm may decide."""
    choice = _choice({"a": 1.0, "b": math.nextafter(1.0, 2), "c": 1.0})
    chosen = [choice._decide([score, score, score], [0, 1, 2]) for score in NUMBERS[:50]]
    assert set(chosen) == {1}  # the same luck and a little more weight
    assert choice._decide([7, 9, 8], [0, 2, 1]) in range(3)


@pytest.mark.parametrize(
    "weights",
    [
        {"a": 3, "b": 2, "c": 1},
        {"a": 1.0, "b": 1.0},
        {f"v{i}": 1.0 for i in range(30)},
        {f"v{i}": 1 + i % 3 for i in range(30)},
    ],
)
def test_values_are_drawn_by_their_weights(weights):
    """Over 40 seeds, so that the mean of the statistic has to be what theory says."""
    choice, rows, seeds = _choice(weights), 2000, 40
    expected = {value: weight * rows / sum(weights.values()) for value, weight in weights.items()}
    keys = [row_bytes(RowKey("train", "x", index)) for index in range(rows)]
    total = 0.0
    for seed in range(seeds):
        values = stream(seed, "value", "product")
        total += _chi_square(Counter(choice.draw(bits(values, key)) for key in keys), expected)
    free = seeds * (len(weights) - 1)
    assert abs(total - free) < 4 * math.sqrt(2 * free)


def test_equal_values_add_their_weights():
    twice = Choice(Weighted(("a", "b", "a"), (1.0, 2.0, 1.0)))
    once = _choice({"a": 2.0, "b": 2.0})
    assert [twice.draw(n) for n in NUMBERS[:200]] == [once.draw(n) for n in NUMBERS[:200]]


def test_values_of_different_types_are_different_values():
    choice = Choice(Weighted((1, "1", 1.0, True), (1.0, 1.0, 1.0, 1.0)))
    drawn = {(type(value).__name__, str(value)) for value in map(choice.draw, NUMBERS[:200])}
    assert drawn == {("int", "1"), ("str", "1"), ("float", "1.0"), ("bool", "True")}


def test_columns_do_not_follow_each_other():
    choice = _choice({"a": 1.0, "b": 1.0, "c": 2.0})
    keys = [row_bytes(RowKey("train", "x", index)) for index in range(12_000)]
    one = [choice.draw(bits(stream(17, "value", "one"), key)) for key in keys]
    other = [choice.draw(bits(stream(17, "value", "other"), key)) for key in keys]
    shares = {"a": 0.25, "b": 0.25, "c": 0.5}
    pairs = Counter(zip(one, other, strict=True))
    expected = {(a, b): shares[a] * shares[b] * len(keys) for a, b in product(shares, shares)}
    assert _chi_square(pairs, expected) < 8 + 4 * math.sqrt(16)


def _number(low, high, step=None) -> Number:
    return Number.of(NumberColumn(name="n", low=low, high=high, step=step))


def test_whole_numbers_reach_both_ends_evenly():
    draws = [_number(1, 5, 1).draw(n) for n in NUMBERS]
    counts = Counter(draws)
    assert set(counts) == {1, 2, 3, 4, 5}
    assert {type(value) for value in draws} == {int}
    assert _chi_square(counts, dict.fromkeys(range(1, 6), len(NUMBERS) / 5)) < 4 + 4 * math.sqrt(8)


def test_steps_do_not_drift():
    draws = {_number(0.0, 1.0, 0.1).draw(n) for n in NUMBERS[:2000]}
    assert draws == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}
    assert {_number(-1.05, -0.95, 0.05).draw(n) for n in NUMBERS[:200]} == {-1.05, -1.0, -0.95}


def test_a_step_that_misses_the_end_stops_before_it():
    assert {_number(0, 10, 4).draw(n) for n in NUMBERS[:100]} == {0, 4, 8}
    assert {_number(0.0, 1.0, 0.3).draw(n) for n in NUMBERS[:100]} == {0.0, 0.3, 0.6, 0.9}


@given(number, st.floats(-1e300, 1e300), st.floats(0, 1e300))
def test_a_float_lies_in_its_range(bits_of_row, low, width):
    high = low + width
    assert low <= _number(low, high).draw(bits_of_row) <= high


def test_a_float_range_includes_both_ends():
    assert _number(0.25, 0.75).draw(0) == 0.25
    assert _number(0.25, 0.75).draw(2**64 - 1) == 0.75


@given(number, st.integers(-(10**15), 10**15), st.integers(0, 10**15), st.integers(1, 10**6))
def test_whole_steps_give_whole_numbers_on_the_grid(bits_of_row, low, width, step):
    value = _number(low, low + width, step).draw(bits_of_row)
    assert isinstance(value, int)
    assert low <= value <= low + width
    assert (value - low) % step == 0


def _labels(names, weights, count, column="other", stratum="x"):
    spread = Spread(names, weights)
    starts = stream(17, "value", column)
    return [
        spread.draw(i, lambda block: bits(starts, row_bytes(RowKey("train", stratum, block))))
        for i in range(count)
    ]


@pytest.mark.parametrize("size", [2, 3, 7])
def test_equal_labels_are_balanced_at_every_length(size):
    names = [f"c{at}" for at in range(size)]
    counts = Counter()
    for label in _labels(names, [1.0] * size, 200):
        counts[label] += 1
        assert max(counts[name] for name in names) - min(counts[name] for name in names) <= 1


@pytest.mark.parametrize("weights", [(3.0, 2.0, 1.0), (0.7, 0.2, 0.1), (1.0, 1 / 3, math.pi), (10.0, 1.0)])
def test_weighted_labels_stay_within_two_of_their_shares(weights):
    names = [f"c{at}" for at in range(len(weights))]
    counts = Counter()
    for done, label in enumerate(_labels(names, weights, 9000), start=1):
        counts[label] += 1
        for name, weight in zip(names, weights, strict=True):
            assert abs(counts[name] - done * weight / sum(weights)) < 2


def test_two_labels_of_one_row_are_independent():
    size, rows = 4, 16_000
    names = [f"c{at}" for at in range(size)]
    one = _labels(names, [1.0] * size, rows, column="one")
    other = _labels(names, [1.0] * size, rows, column="other")
    pairs = Counter(zip(one, other, strict=True))
    for pair in product(names, names):
        assert pairs[pair] == pytest.approx(rows / size**2, rel=0.15)


def test_labels_begin_differently_in_each_class():
    names = [f"c{at}" for at in range(10)]
    first = {_labels(names, [1.0] * 10, 1, stratum=f"s{at}")[0] for at in range(60)}
    assert len(first) >= 8


def test_any_row_can_be_asked_for_alone():
    weights = (1.0, 1 / 3, math.pi)
    spread = Spread(("a", "b", "c"), weights)
    rows = list(range(20_000, 20_050))
    random.Random(1).shuffle(rows)
    alone = {row: spread.draw(row, lambda block: block * 7) for row in rows}
    again = Spread(("a", "b", "c"), weights)
    assert alone == {row: again.draw(row, lambda block: block * 7) for row in sorted(rows)}


def test_the_short_and_the_long_path_meet_at_the_documented_size():
    assert _choice({str(i): 1.0 for i in range(sampling._LONG_LIST)}).draw(NUMBERS[0]) is not None
