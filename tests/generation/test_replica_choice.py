"""Which replica the next request goes to."""

import heapq
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.generation.replica import Load, least_loaded

loads = st.builds(
    Load,
    free=st.integers(-3, 20),
    running=st.integers(0, 50),
    slots=st.floats(1, 64),
    latency_s=st.none() | st.floats(0, 1000),
    silent_s=st.floats(0, 1000),
    failed=st.integers(0, 3),
)


@given(st.lists(loads, max_size=8))
def test_one_with_a_place_is_chosen_whenever_there_is_one(given_loads):
    chosen = least_loaded(given_loads)
    if chosen is None:
        assert all(load.free < 1 for load in given_loads)
    else:
        assert given_loads[chosen].free >= 1
        least = min(load.failed for load in given_loads if load.free >= 1)
        assert given_loads[chosen].failed == least


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.floats(0.01, 100))
def test_of_equally_fast_ones_it_is_one_with_the_fewest_under_way(running, latency_s):
    chosen = least_loaded([Load(9, count, 64, latency_s) for count in running])
    assert chosen is not None
    assert running[chosen] == min(running)


@given(st.lists(loads, min_size=1, max_size=8), st.data())
def test_one_more_under_way_never_makes_a_replica_more_wanted(given_loads, data):
    other = data.draw(st.integers(0, len(given_loads) - 1))
    before = least_loaded(given_loads)
    load = given_loads[other]
    busier = Load(load.free, load.running + 1, load.slots, load.latency_s, load.silent_s, load.failed)
    after = least_loaded([*given_loads[:other], busier, *given_loads[other + 1 :]])
    if before != other:
        assert after == before


def test_answers_that_differ_in_length_are_no_reason():
    assert least_loaded([Load(9, 6, 64, 1.0), Load(9, 5, 64, 1.9)]) == 1
    assert least_loaded([Load(9, 6, 64, 1.0), Load(9, 5, 64, 10.0)]) == 0


def test_one_that_is_silent_counts_as_slow():
    assert least_loaded([Load(9, 8, 64, 1.0), Load(9, 5, 64, 1.0, silent_s=8.0)]) == 0


def rows_done(service_s: list[float], *, places: int, servers: int, until_s: float) -> list[int]:
    """Answer in order on machines that serve so many at once and queue the rest; return how many each has done."""
    running, done = [0] * len(service_s), [0] * len(service_s)
    latency: list[float | None] = [None] * len(service_s)
    free_at = [[0.0] * servers for _ in service_s]
    events: list[tuple[float, int, int, float]] = []
    number = itertools.count()
    now = 0.0
    while now < until_s:
        while len(events) < places:
            chosen = least_loaded(
                [Load(places, run, places, known) for run, known in zip(running, latency, strict=True)]
            )
            assert chosen is not None
            begins = max(now, heapq.heappop(free_at[chosen]))
            heapq.heappush(free_at[chosen], begins + service_s[chosen])
            heapq.heappush(events, (begins + service_s[chosen], next(number), chosen, now))
            running[chosen] += 1
        now, _, chosen, sent = heapq.heappop(events)
        running[chosen] -= 1
        done[chosen] += 1
        known = latency[chosen]
        latency[chosen] = now - sent if known is None else known + (now - sent - known) / 8
    return done


@pytest.mark.parametrize("service_s", [[1.0, 1.0, 1.0], [1.0, 1.0, 10.0], [1.0, 2.0, 4.0], [1.0, 10.0]])
def test_machines_that_queue_are_all_kept_busy(service_s):
    """Within a twentieth of all that they can do together, whichever are slow."""
    done = rows_done(service_s, places=64 * len(service_s), servers=8, until_s=2000.0)
    ideal = sum(8 * 2000.0 / each for each in service_s)
    assert sum(done) > 0.95 * ideal
