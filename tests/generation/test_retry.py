"""Waits and verdicts that need no server."""

import email.utils
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.generation.retry import Health, RetryPolicy, retry_after_s

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "200", "retry-after": "60"}, 0.2),
        ({"retry-after-ms": "soon", "retry-after": "60"}, 60.0),
        ({"retry-after": email.utils.formatdate(NOW + 90, usegmt=True)}, 90.0),
        ({"retry-after": email.utils.formatdate(NOW - 90, usegmt=True)}, 0.0),
        ({"retry-after": "Tuesday, 14-Nov-23 22:14:50 GMT"}, 90.0),
        ({"retry-after": "later"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(headers, expected):
    assert retry_after_s(headers, NOW) == expected


@given(st.text(), st.text())
def test_no_header_breaks_the_parser(value, milliseconds):
    waits = [retry_after_s({"retry-after": value, "retry-after-ms": milliseconds}, NOW)]
    waits.append(retry_after_s({"retry-after": value}, NOW))
    assert all(wait is None or 0 <= wait < float("inf") for wait in waits)


@given(st.floats(-1e8, 1e9))
def test_a_date_is_understood_to_the_second(ahead):
    wait = retry_after_s({"retry-after": email.utils.formatdate(NOW + ahead, usegmt=True)}, NOW)
    assert wait == pytest.approx(max(0, ahead), abs=1.01)


@given(st.integers(0, 10_000), st.integers())
def test_the_backoff_never_exceeds_its_cap(failures, seed):
    assert 0 <= RetryPolicy(cap_s=7).backoff_s(failures, random.Random(seed)) <= 7


def test_the_backoff_grows():
    policy, draw = RetryPolicy(base_s=1, cap_s=1000), random.Random(1)
    means = [sum(policy.backoff_s(n, draw) for _ in range(300)) / 300 for n in range(4)]
    assert means == pytest.approx([0.5, 1, 2, 4], rel=0.2)


def test_an_endpoint_is_dead_after_enough_failures_over_enough_time():
    health = Health(RetryPolicy(tries=3, patience_s=60))
    for now in (0, 1, 2):
        health.failed(now)
    assert not health.dead(59)
    assert health.dead(61)
    health.answered()
    assert not health.dead(1000)
    health.failed(1000)
    assert not health.dead(2000)  # one failure is no series


def test_a_timeout_counts_from_when_it_was_sent():
    health = Health(RetryPolicy(tries=2, patience_s=60))
    health.failed(100)
    health.failed(30)
    assert health.dead(90)


def test_a_sign_of_life_ends_the_trouble_but_is_no_answer():
    health = Health(RetryPolicy(tries=1, patience_s=1))
    health.failed(0)
    health.alive()
    assert not health.dead(100)
    assert health.answers == 0
