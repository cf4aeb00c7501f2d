import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth_datasets.errors import SettingsError
from synth_datasets.tuning.held_out import held_out

groups = st.lists(st.sampled_from("abcdefgh"), min_size=10, max_size=60).filter(
    lambda found: len(set(found)) > 2
)


@given(groups, st.floats(0.01, 0.5), st.integers(0, 9), st.randoms())
def test_whole_groups_are_held_out_whatever_the_order_of_the_rows(found, share, seed, random):
    places = held_out(found, share, seed)
    names = {found[place] for place in places}
    assert places == {place for place, name in enumerate(found) if name in names}
    assert 0 < len(places) < len(found)
    mixed = random.sample(found, len(found))
    assert {mixed[place] for place in held_out(mixed, share, seed)} == names


def test_the_share_is_reached_and_another_seed_holds_others_out():
    found = [str(at) for at in range(200)]
    assert len(held_out(found, 0.2, 0)) == 40
    assert held_out(found, 0.2, 0) != held_out(found, 0.2, 1)


@pytest.mark.parametrize("found", [["a"], ["a"] * 9, []])
def test_one_group_cannot_be_parted(found):
    with pytest.raises(SettingsError, match="too few to hold some of them out"):
        held_out(found, 0.2, 0)
