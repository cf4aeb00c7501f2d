"""Parts that are asked for apart merge to the dataset that one process makes, byte for byte."""

import itertools
import json
import re
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from fake_endpoint import default_text
from workshop import often_alike, tree

from synth_datasets.build import build
from synth_datasets.errors import SettingsError, ShortfallError
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.parts.ask import ask_part
from synth_datasets.parts.shard import Shard
from synth_datasets.spec import load_spec

# --- the same bytes


@pytest.mark.parametrize("of", [1, 4, 16])
def test_parts_merge_to_the_bytes_of_one_build(shop, endpoint, spec, of):
    """Data, ids, trace, rejections, counts, report, card and lock, though many rows repeat rows of other parts."""
    endpoint.rule = often_alike
    path = spec()
    expected = tree(shop.whole(path))
    needed = {repr(body) for body in endpoint.bodies}
    parts = shop.parts(path, of)
    endpoint.clear()
    assert tree(shop.merged(parts)) == expected
    assert {repr(body) for body in endpoint.bodies} <= needed
    assert endpoint.count == len({repr(body) for body in endpoint.bodies})
    assert bool(shop.said) is (of > 1)
    assert all(line.startswith("Round ") for line in shop.said)


@pytest.mark.parametrize("unique", ["exact", "off"])
def test_what_is_merged_follows_the_check_on_duplicates(shop, endpoint, spec, unique):
    endpoint.rule = often_alike
    checks = {"text": {"length": [20, 900], "unique": unique}}
    path = spec(checks=checks, attempts=30)
    expected = tree(shop.whole(path))
    parts = shop.parts(path, 3)
    endpoint.clear()
    assert tree(shop.merged(parts)) == expected
    assert unique != "off" or not endpoint.count


def test_nobody_is_asked_for_what_the_parts_hold(shop, endpoint, spec):
    path = spec()
    expected = tree(shop.whole(path))
    parts = shop.parts(path, 4)
    endpoint.clear()
    assert tree(shop.merged(parts, offline=True)) == expected
    assert endpoint.count == 0
    assert shop.said == []


def test_a_merge_that_may_ask_nobody_counts_what_is_missing(shop, endpoint, spec):
    endpoint.rule = often_alike
    parts = shop.parts(spec(), 4)
    endpoint.clear()
    with pytest.raises(AnswerMissingError, match=r"lacks the answers for \d+ of \d+ rows"):
        shop.merged(parts, offline=True)
    assert endpoint.count == 0


def test_what_the_merge_asked_is_not_asked_again(shop, endpoint, spec):
    """The parts' answers and those of later rounds are in the store."""
    endpoint.rule = often_alike
    path = spec()
    expected = tree(shop.merged(shop.parts(path, 4)))
    endpoint.clear()
    home = shop.latest
    build(
        path,
        home / "again",
        cache_dir=home / "another-cache",
        options={"base_url": endpoint.base_url, "store": str(home / "answers.sqlite")},
    )
    assert tree(home / "again") == expected
    assert endpoint.count == 0


def test_answers_that_the_store_has_count_more_than_those_of_parts(shop, endpoint, spec):
    """As in a build on that machine, which asks nobody again."""
    path = spec(splits={"train": 30})
    parts = shop.parts(path, 3)
    endpoint.rule = lambda body: default_text({**body, "seed": body["seed"] + 1})
    home = shop.home()
    given = {"base_url": endpoint.base_url, "store": str(home / "answers.sqlite")}
    spec_of_one = load_spec(path)
    ask_part(spec_of_one, shop.settings(home), Shard(1, 2), home / "half")
    endpoint.clear()
    said: list[str] = []
    build(path, home / "merged", cache_dir=home / "a", options=given, parts=parts, said=said.append)
    assert re.fullmatch(
        r"The store holds other answers to \d+ of the parts' requests: these count, and every row is decided anew",
        said[0],
    )
    build(path, home / "alone", cache_dir=home / "b", options={**given, "offline": True})
    assert tree(home / "merged") == tree(home / "alone")
    assert endpoint.count == 0


def test_real_rows_are_mixed_in_where_one_build_has_them(shop, endpoint, spec, tmp_path):
    (tmp_path / "real.csv").write_text(
        "text,label\n" + "".join(f"A real review with the number {n} in it.,positive\n" for n in range(40))
    )
    path = spec(
        mix={"file": "real.csv", "columns": {"text": "text", "label": "label"}, "rows": {"train": 12}}
    )
    expected = tree(shop.whole(path))
    parts = shop.parts(path, 3)
    assert tree(shop.merged(parts, path)) == expected
    assert not list(parts[0].rglob("real.csv"))  # real rows may be private: no part has a copy


def test_missing_rows_are_a_shortfall_of_the_whole(shop, endpoint, spec):
    endpoint.rule = lambda body: "Meh." if body["seed"] % 4 == 0 else None
    path = spec(attempts=1)
    expected = tree(shop.whole(path, keep_short=True))
    parts = shop.parts(path, 3, keep_short=True)
    assert tree(shop.merged(parts, keep_short=True)) == expected
    with pytest.raises(ShortfallError, match="too_short"):
        shop.merged(parts)


# --- what is no whole


def test_missing_doubled_and_foreign_parts_are_named(shop, endpoint, spec, tmp_path):
    one, two, three = shop.parts(spec(), 3)
    with pytest.raises(SettingsError, match=r"part 2/3 of 3 missing: synth build SPEC --shard 2/3"):
        shop.merged([one, three])
    copy = tmp_path / "copy"
    shutil.copytree(two, copy)
    with pytest.raises(SettingsError, match=r"part 2/3 is there 2 times"):
        shop.merged([one, two, three, copy])
    (foreign, *_) = shop.parts(spec(seed=99), 3)
    with pytest.raises(SettingsError, match=r"was made from another spec than .*: seed differ"):
        shop.merged([foreign, two, three])
    (other, *_) = shop.parts(spec(), 2)
    with pytest.raises(SettingsError, match=r"is part 1/2, the others are of 3"):
        shop.merged([one, two, three, other])


def test_a_part_that_was_altered_is_refused_by_name(shop, endpoint, spec):
    one, two = shop.parts(spec(), 2)
    path = two / "train.rows.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(SettingsError, match=rf"{two}: train.rows.arrow is not as it was written"):
        shop.merged([one, two])


def test_parts_asked_elsewhere_are_refused_before_anybody_is_asked(shop, endpoint, spec):
    parts = shop.parts(spec(), 2)
    endpoint.clear()
    with pytest.raises(SettingsError, match="say where it is asked as you did for the parts"):
        shop.merged(parts, base_url="http://127.0.0.1:9/v1")
    assert endpoint.count == 0


# --- one part


def test_a_part_that_is_there_asks_nobody_again(shop, endpoint, spec):
    path, home = spec(), shop.home()
    first = ask_part(load_spec(path), shop.settings(home), Shard(1, 3), home / "part")
    endpoint.clear()
    assert ask_part(load_spec(path), shop.settings(home), Shard(1, 3), home / "part") == first
    assert endpoint.count == 0
    with pytest.raises(SettingsError, match="holds part 1/3"):
        ask_part(load_spec(path), shop.settings(home), Shard(2, 3), home / "part")


def test_an_interrupted_part_leaves_no_folder_and_goes_on(shop, endpoint, spec):
    path, home = spec(), shop.home()
    with pytest.raises(KeyboardInterrupt):
        ask_part(
            load_spec(path),
            shop.settings(home, concurrency=4),
            Shard(1, 2),
            home / "part",
            told=_stop_after(20),
        )
    assert not (home / "part").exists()
    assert [each.name for each in home.iterdir() if each.is_dir() and "part" in each.name] == []
    before = endpoint.count
    ask_part(load_spec(path), shop.settings(home), Shard(1, 2), home / "part")
    bodies = [repr(body) for body in endpoint.bodies]
    assert len(bodies) - len(set(bodies)) <= 16  # those that were in flight
    assert endpoint.count > before


def _stop_after(rows: int) -> Callable[[object], None]:
    left = itertools.count(1)

    def told(_: object) -> None:
        if next(left) >= rows:
            raise KeyboardInterrupt

    return told


def test_lists_are_generated_once_for_all_parts(shop, endpoint, spec):
    """Each part would get another list: so they are a part of their own, and one store or a copy has it."""
    items = itertools.count()

    def rule(body: dict[str, Any]) -> str | None:
        if "List" in body["messages"][-1]["content"]:
            return json.dumps({"items": [f"thing {next(items)}" for _ in range(4)]})
        return None

    endpoint.rule = rule
    path = spec(
        lists={"thing": {"count": 4, "prompt": "List things."}},
        columns={
            "label": {"classes": ["negative", "positive"]},
            "thing": {"sample": {"list": "thing"}},
            "text": {"prompt": "A {{ label }} review of {{ thing }}."},
        },
        splits={"train": 12},
    )
    home = shop.home()
    with pytest.raises(SettingsError, match=r"--shard 0/2"):
        ask_part(load_spec(path), shop.settings(home), Shard(1, 2), home / "1")
    zero = ask_part(load_spec(path), shop.settings(home), Shard(0, 2), home / "0")
    assert zero.answers == 1
    parts = []
    for number in (1, 2):
        other = shop.home()
        with_lists = shop.settings(other)
        other.mkdir()
        with AnswerStore(with_lists.store_path) as store:
            store.absorb(home / "0" / "answers.sqlite")
        parts.append(other / str(number))
        ask_part(load_spec(path), with_lists, Shard(number, 2), parts[-1])
    made = shop.merged(parts)
    assert sorted(each for each in tree(made) if "list-thing" in each)


# --- shards


@pytest.mark.parametrize("text", ["3", "3/2", "1/0", "a/b", "-1/4", "1/20000", ""])
def test_what_names_no_part_is_refused(text):
    with pytest.raises(SettingsError, match="part"):
        Shard.parse(text)


def test_folders_of_parts_sort_like_their_numbers():
    assert [Shard(number, 16).folder for number in (1, 9, 16)] == ["01-of-16", "09-of-16", "16-of-16"]
    assert Shard.parse(" 3/16 ") == Shard(3, 16)


@pytest.mark.parametrize("offline", [False, True], ids=["asking", "from the parts' answers"])
def test_what_a_reader_made_of_texts_is_merged_with_them(shop, endpoint, spec, offline):
    path = spec(
        splits={"train": 40},
        checks={"text": {"perplexity": {"within": [5, 8.9], "model": "reader", "column": "ppl"}}},
    )
    expected = tree(shop.whole(path))
    assert endpoint.read
    parts = shop.parts(path, 3)
    endpoint.read.clear()
    assert tree(shop.merged(parts, offline=offline)) == expected
    assert not endpoint.read
