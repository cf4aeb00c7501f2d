"""Parts and merges that are killed, beside each other, or out of disk: the same bytes in the end, paid for once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from nursery import Nursery
from workshop import often_alike, tree

IN_FLIGHT = 8


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as opened:
        yield opened


def part(nursery, shop, spec, home, number, **how):
    where = {
        "base_url": shop.endpoint.base_url,
        "concurrency": IN_FLIGHT,
        "store": str(home / "answers.sqlite"),
        "max_cost": None,
    }
    return nursery.part(spec, home / f"{number}-of-2", f"{number}/2", settings=where, environment=KEY, **how)


def merge(nursery, shop, spec, home, parts, **how):
    options = {
        "base_url": shop.endpoint.base_url,
        "concurrency": IN_FLIGHT,
        "store": str(home / "answers.sqlite"),
    }
    given = {"cache_dir": str(home / "cache"), "options": options, "parts": [str(each) for each in parts]}
    return nursery.build(spec, home / "made", environment=KEY, **given, **how)


KEY = {"OPENAI_API_KEY": "sk-test"}


def asked_twice(endpoint) -> int:
    return endpoint.count - len({repr(body) for body in endpoint.bodies})


@pytest.mark.slow
def test_killed_parts_and_merges_go_on_where_they_were(nursery, shop, endpoint, spec):
    """At several instants: before the first answer, among answers, among the part's files, among those of the merge."""
    endpoint.rule = often_alike
    path = spec(splits={"train": 30, "test": 10})
    expected = tree(shop.whole(path))
    endpoint.clear()
    endpoint.latency_s = 0.004
    home, kills = shop.home(), 0
    for number in (1, 2):
        for instant in (1, 4, 9, 14):
            child = part(nursery, shop, path, home, number, killed_at=instant, within=f"{number}-of-2")
            kills += child.wait() < 0
        child = part(nursery, shop, path, home, number)
        assert child.wait() == 0, child.output
    assert kills >= 4
    assert asked_twice(endpoint) <= kills * IN_FLIGHT
    assert sorted(each.name for each in home.iterdir() if "-of-2" in each.name) == ["1-of-2", "2-of-2"]
    parts = [home / "1-of-2", home / "2-of-2"]
    other, killed = shop.home(), 0
    for instant in (2, 8, 15, 25, 40):
        child = merge(nursery, shop, path, other, parts, killed_at=instant, within=str(other))
        killed += child.wait() < 0
    assert killed
    child = merge(nursery, shop, path, other, parts)
    assert child.wait() == 0, child.output
    assert tree(other / "made") == expected
    assert asked_twice(endpoint) <= (kills + killed) * IN_FLIGHT


def test_two_processes_may_make_one_part_and_two_may_merge_at_once(nursery, shop, endpoint, spec):
    """With one store: the later one finds the other's answers, and the part that is there."""
    endpoint.rule = often_alike
    path = spec(splits={"train": 24})
    expected = tree(shop.whole(path))
    endpoint.clear()
    endpoint.latency_s = 0.004
    home = shop.home()
    children = [part(nursery, shop, path, home, number) for number in (1, 1, 2)]
    for child in children:
        assert child.wait() == 0, child.output
    assert asked_twice(endpoint) == 0
    folders = [home / "1-of-2", home / "2-of-2"]
    assert not [each for each in home.iterdir() if each.name.startswith(".")]
    homes = [shop.home() for _ in range(2)]
    merging = [merge(nursery, shop, path, each, folders) for each in homes]
    for child, each in zip(merging, homes, strict=True):
        assert child.wait() == 0, child.output
        assert tree(each / "made") == expected


def test_what_a_killed_part_left_is_removed_and_a_live_one_is_not(shop, endpoint, spec):
    from synth_datasets.parts.unfinished import LOCK, unfinished

    folder = shop.home() / "03-of-16"
    with unfinished(folder) as live:
        abandoned = Path(f"{live.parent / live.name}x")
        abandoned.mkdir()
        (abandoned / LOCK).touch()
        with unfinished(folder) as second:
            assert live.is_dir()
            assert second.is_dir()
            assert not abandoned.exists()
    assert list(folder.parent.iterdir()) == []


def test_an_unfinished_part_is_not_taken_for_one(shop, endpoint, spec):
    parts = shop.parts(spec(splits={"train": 8}), 2)
    together = shop.home()
    together.mkdir()
    for each in parts:
        each.rename(together / each.name)
    (together / ".1-of-2-abcd").mkdir()
    (together / ".1-of-2-abcd" / "part.json").write_bytes((together / "1-of-2" / "part.json").read_bytes())
    assert shop.merged([together], spec(splits={"train": 8}), record=together / "1-of-2")


def test_failures_of_another_day_are_asked_again(shop, endpoint, spec):
    """An endpoint that failed in the second round answers the next merge, as it would another build."""
    from fake_endpoint import failure

    endpoint.rule = often_alike
    path = spec(splits={"train": 40})
    expected = tree(shop.whole(path))
    parts = shop.parts(path, 4)
    endpoint.clear()
    endpoint.rule = lambda _: failure(400, message="not today")
    home = shop.home()
    with pytest.raises(Exception, match=r"not today|rows"):
        shop.merged(parts, home=home)
    endpoint.rule = often_alike
    assert tree(shop.merged(parts, home=home)) == expected


@pytest.mark.parametrize("kind", ["part", "merge"])
def test_a_full_disk_is_told_and_what_was_paid_for_stays(nursery, shop, endpoint, spec, kind):
    """`RLIMIT_FSIZE` fails writes as a full disk does."""
    endpoint.rule = often_alike
    path = spec(splits={"train": 24})
    expected = tree(shop.whole(path))
    home = shop.home()
    parts = shop.parts(path, 2)
    endpoint.clear()
    if kind == "part":
        child = part(nursery, shop, path, home, 1, most_bytes=60_000)
    else:
        child = merge(nursery, shop, path, home, parts, most_bytes=60_000)
    assert child.wait() == 1
    assert "File too large" in child.output or "disk" in child.output, child.output
    if kind == "part":
        assert not [each for each in home.iterdir() if "-of-2" in each.name]
    child = merge(nursery, shop, path, home, parts)
    assert child.wait() == 0, child.output
    assert tree(home / "made") == expected
