"""Parts from the command line, in batches, under caps, and with few open files."""

import json
import resource

import pytest
from batch_standin import BatchStandin
from workshop import Workshop, often_alike, tree

from synth_datasets.cli import main
from synth_datasets.errors import BudgetError


def synth(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_verbs_make_what_build_makes(shop, endpoint, spec, monkeypatch, capsys):
    """With overrides, which the parts keep; a merge of a stranger's part takes no settings from it."""
    endpoint.rule = often_alike
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    path, home = spec(splits={"train": 20}), shop.home()
    changed = ["--seed", 3, "--num-examples", 16]
    expected = tree(shop.whole(path, seed=3, num_examples=16))
    for number in (1, 2):
        store = ["--store", home / f"{number}.sqlite"]
        assert synth("build", path, "--shard", f"{number}/2", "-o", home / "parts", *changed, *store) == 0
    merged = ["merge", home / "parts", "-o", home / "made", "--cache-dir", home / "cache"]
    assert synth(*merged, "--store", home / "m.sqlite") == 0, capsys.readouterr().err
    assert tree(home / "made") == expected
    record = home / "parts" / "1-of-2" / "part.json"
    given = json.loads(record.read_text())
    given["overrides"]["base_url"] = "http://127.0.0.1:9/v1"
    record.write_text(json.dumps(given))
    assert synth(*merged) == 2
    assert "unfit overrides" in capsys.readouterr().err


def test_a_part_that_holds_nothing_says_so(shop, endpoint, spec, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    path, home = spec(splits={"train": 2}), shop.home()
    for shard in ("0/4", "1/4", "2/4", "3/4", "4/4"):
        made = ["build", path, "--shard", shard, "-o", home / "parts", "--store", home / "s.sqlite"]
        assert synth(*made) == 0, capsys.readouterr().err

    shown = capsys.readouterr().out
    assert (
        "Part     0/4 of reviews: nothing, as its spec has no generated lists: parts 1/4 to 4/4 need" in shown
    )
    assert shown.count("of reviews: no row, as its spec has fewer than 4 parts need") == 2
    assert endpoint.count == 2


def test_parts_are_asked_in_batches_and_so_is_what_repeats_rows_of_others(tmp_path, spec, monkeypatch):
    with BatchStandin() as batches:
        batches.rule = often_alike
        monkeypatch.setenv("SYNTH_API_KEY", batches.key)
        monkeypatch.setenv("SYNTH_BATCH_POLL", "0.05")
        shop = Workshop(batches, tmp_path / "shop")
        path = spec(splits={"train": 40})
        expected = tree(shop.whole(path))
        live = len(batches.live)
        asked = {"batch": True, "batch_poll_s": 0.05, "api_key": batches.key}
        parts = shop.parts(path, 3, settings=asked)
        assert tree(shop.merged(parts, batch=True)) == expected
        assert shop.said
        assert len(batches.live) - live <= 3 + len(shop.said)  # each run asks for one row first
        assert set(batches.paid.values()) == {1}


def test_a_cap_holds_in_a_part_and_in_a_merge_which_go_on_with_the_next_one(shop, endpoint, spec):
    endpoint.rule = often_alike
    path = spec(splits={"train": 40})
    expected = tree(shop.whole(path))
    endpoint.clear()
    with pytest.raises(BudgetError, match="cap of 5 requests"):
        shop.parts(path, 2, settings={"max_requests": 5})
    assert endpoint.count == 5
    parts, home = shop.parts(path, 4), shop.home()
    endpoint.clear()
    for runs in range(40):
        try:
            made = shop.merged(parts, home=home, max_requests=2)
        except BudgetError:
            assert endpoint.count <= 2 * (runs + 1)
            continue
        break
    assert runs > 1
    assert tree(made) == expected
    assert endpoint.count == len({repr(body) for body in endpoint.bodies})


def test_more_parts_than_files_may_be_open_are_merged(shop, endpoint, spec):
    path = spec(splits={"train": 30, "test": 30})
    expected = tree(shop.whole(path))
    parts = shop.parts(path, 40)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
        assert tree(shop.merged(parts)) == expected
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
