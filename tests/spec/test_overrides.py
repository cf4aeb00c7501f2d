from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.errors import SettingsError
from synth_datasets.spec import DatasetSpec, ModelSpec, Split, fingerprint, with_overrides


def _sizes(spec):
    return [split.num_examples for split in spec.splits]


def _spec(weights):
    splits = tuple(Split(f"s{i}", weight) for i, weight in enumerate(weights))
    return DatasetSpec(name="d", columns=(), splits=splits, model=ModelSpec("x"))


def _one_by_one(total, weights):
    """Deal the seats as the definition says, one at a time."""
    seats = [0] * len(weights)
    for _ in range(total):
        best = min(
            (i for i, weight in enumerate(weights) if weight),
            key=lambda i: (
                seats[i] > 0,
                (2 * seats[i] + 1) / (2 * weights[i]) if seats[i] else -weights[i],
                i,
            ),
        )
        seats[best] += 1
    return seats


def test_nothing_given_changes_nothing(parse, full):
    spec = parse(full)
    assert with_overrides(spec) == spec


@pytest.mark.parametrize(
    ("total", "sizes"),
    [
        (1, [1, 0, 0]),
        (2, [1, 1, 0]),
        (3, [1, 1, 1]),
        (12, [10, 1, 1]),
        (1080, [900, 90, 90]),
        (108, [90, 9, 9]),
    ],
)
def test_a_total_is_shared_in_the_specs_proportion(parse, full, total, sizes):
    assert _sizes(with_overrides(parse(full), num_examples=total)) == sizes


def test_a_total_of_a_billion_is_shared_at_once(parse, full):
    assert sum(_sizes(with_overrides(parse(full), num_examples=10**9))) == 10**9


_WEIGHTS = st.lists(st.integers(0, 2_000), min_size=1, max_size=7).filter(any)


@given(_WEIGHTS, st.integers(1, 300))
def test_shares_sum_up_grow_and_follow_the_definition(weights, total):
    spec = _spec(weights)
    shares = _sizes(with_overrides(spec, num_examples=total))
    more = _sizes(with_overrides(spec, num_examples=total + 1))
    assert sum(shares) == total
    assert all(after >= before for before, after in zip(shares, more, strict=True))
    assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)
    if total >= sum(weight > 0 for weight in weights):
        assert all(share > 0 for share, weight in zip(shares, weights, strict=True) if weight)
    assert shares == _one_by_one(total, weights)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=6), st.integers(1, 10**9))
def test_shares_of_any_size_sum_up_and_grow(weights, total):
    spec = _spec(weights)
    shares = _sizes(with_overrides(spec, num_examples=total))
    assert sum(shares) == total
    if total < 10**9:
        more = _sizes(with_overrides(spec, num_examples=total + 1))
        assert all(after >= before for before, after in zip(shares, more, strict=True))


def test_splits_are_set_by_name(parse, full):
    assert _sizes(with_overrides(parse(full), num_examples={"test": 5, "train": 7})) == [7, 90, 5]


def test_a_model_reaches_the_columns_that_used_the_specs_own(parse, full):
    spec = with_overrides(parse(full), model="gpt-5-mini")
    assert (spec.model.id, spec.model.revision) == ("gpt-5-mini", None)
    assert {column.prompt.model.id for column in spec.columns[6:8]} == {"gpt-5-mini"}
    assert {column.prompt.model.revision for column in spec.columns[6:8]} == {None}
    own = parse(full.replace("model: {temperature: 0.3}", "model: other"))
    assert [c.prompt.model.id for c in with_overrides(own, model="gpt-5-mini").columns[6:8]] == [
        "other",
        "gpt-5-mini",
    ]


def test_the_same_model_keeps_its_revision(parse, full):
    spec = parse(full)
    assert with_overrides(spec, model=spec.model.id) == spec


def test_settings_reach_the_columns_without_their_own(parse, full):
    spec = with_overrides(parse(full), temperature=1, max_tokens=5)
    assert (spec.model.temperature, spec.model.max_tokens) == (1.0, 5)
    assert [c.prompt.model.temperature for c in spec.columns[6:8]] == [0.3, 1.0]
    assert [c.prompt.model.max_tokens for c in spec.columns[6:8]] == [5, 5]


def test_seed_and_attempts_are_replaced(parse, full):
    spec = parse(full)
    changed = with_overrides(spec, seed=3, attempts=9)
    assert (changed.seed, changed.attempts) == (3, 9)
    assert replace(changed, seed=spec.seed, attempts=spec.attempts) == spec
    assert fingerprint(changed) != fingerprint(spec)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"num_examples": 0}, "num_examples must be a whole number from 1"),
        ({"num_examples": -5}, "not -5"),
        ({"num_examples": 10**10}, "num_examples"),
        ({"num_examples": True}, "not True"),
        ({"num_examples": 1.5}, "a number or a number per split"),
        ({"num_examples": "10"}, "a number or a number per split, not the text '10'"),
        ({"num_examples": {"train": "5"}}, "num_examples of train .*, not the text '5'"),
        ({"max_tokens": "5"}, "max_tokens .*, not the text '5'"),
        ({"num_examples": {"trian": 5}}, "unknown split 'trian'; did you mean 'train'?"),
        ({"num_examples": {"train": -1}}, "num_examples of train"),
        ({"num_examples": {"train": 1.5}}, "num_examples of train"),
        ({"num_examples": {"train": 0, "test": 0, "validation": 0}}, "no split would hold a row"),
        ({"model": " "}, "id of a model"),
        ({"model": "a\nb"}, "id of a model"),
        ({"temperature": 2.1}, "temperature must be a number from 0 to 2"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": "0.5"}, "temperature must be a number from 0 to 2, not the text '0.5'"),
        ({"max_tokens": 0}, "max_tokens must be a whole number from 1"),
        ({"max_tokens": 2.5}, "max_tokens"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 2**63}, "seed must be"),
        ({"attempts": 0}, "attempts must be"),
    ],
)
def test_values_that_no_spec_may_have_are_refused(parse, full, given, words):
    with pytest.raises(SettingsError, match=words.replace("?", r"\?")):
        with_overrides(parse(full), **given)
