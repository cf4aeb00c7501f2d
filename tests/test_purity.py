"""The dataset is a function of the spec and the answers: of nothing else, and of each part of the spec alone."""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from fake_endpoint import FakeEndpoint, cut_json, rate_limited, reset, server_error
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nursery import Nursery
from specs import review_spec, write_spec
from workshop import often_alike, tree

from synth_datasets.build import build
from synth_datasets.settings import Settings
from synth_datasets.spec import load_spec
from synth_datasets.splits import split_outcomes, split_rows
from synth_datasets.validation.outcome import Example

SPLITS = {"train": 60, "validation": 24, "test": 12, "spare": 12}
CHECKED = {"splits": SPLITS, "attempts": 12, "checks": {"text": {"length": [20, 900]}}}


@pytest.fixture
def made(
    endpoint: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Path]]:
    """Build with a store, a cache and a folder of its own; gives the folder."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    datasets.disable_progress_bars()
    count = itertools.count()

    def make(spec: Path, **options: Any) -> Path:
        home = tmp_path / f"build-{next(count)}"
        given = {"base_url": endpoint.base_url, "store": str(home / "answers.sqlite"), **options}
        build(spec, home / "made", cache_dir=home / "cache", options=given)
        return home / "made"

    yield make
    datasets.enable_progress_bars()


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as opened:
        yield opened


# --- one dataset, however it is made


@pytest.mark.parametrize("concurrency", [1, 8, 64, 256])
def test_no_byte_depends_on_concurrency_latency_or_failures(made, endpoint, tmp_path, concurrency):
    """Of the release: data, trace, rejections, report and card."""
    spec = write_spec(tmp_path, **CHECKED)
    endpoint.rule = often_alike
    expected = tree(made(spec, concurrency=4))
    needed = {repr(body) for body in endpoint.bodies}
    chance = random.Random(concurrency)
    failures = {
        7: rate_limited(0.01),
        20: server_error(503),
        40: cut_json(),
        60: reset(),
        61: server_error(500),
    }
    endpoint.clear()
    endpoint.latency_s = lambda body: chance.random() * (0.02 if concurrency > 1 else 0.002)
    endpoint.rule = lambda body: failures.pop(endpoint.count, None) or often_alike(body)
    assert tree(made(spec, concurrency=concurrency)) == expected
    assert not failures
    assert {repr(body) for body in endpoint.bodies} == needed
    assert endpoint.count == len(needed) + 5


def test_a_stream_gives_the_rows_of_the_build(made, endpoint, tmp_path):
    """From a store that the stream fills by itself, in the order in which it asks."""
    spec = write_spec(tmp_path, **CHECKED)
    endpoint.rule = often_alike
    folder = made(spec)
    needed = {repr(body) for body in endpoint.bodies}
    built = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    endpoint.clear()
    where = settings_for(endpoint, tmp_path / "streamed.sqlite")
    for split in reversed(SPLITS):
        streamed = list(split_rows(load_spec(spec), where, split, eager=False))
        features = built[split].features
        assert [features.encode_example(row) for row in streamed] == built[split].to_list()
    assert {repr(body) for body in endpoint.bodies} == needed
    assert endpoint.count == len(needed)


def settings_for(endpoint: FakeEndpoint, store: Path, **changes: Any) -> Settings:
    return Settings(**{"base_url": endpoint.base_url, "api_key": "sk-test", "store": store, **changes})


def test_four_processes_that_each_make_a_split_make_what_one_does(nursery, endpoint, tmp_path):
    """At once, with one store: the rows, and the bytes of every file of the trace."""
    spec = write_spec(tmp_path, **CHECKED)
    endpoint.rule = often_alike
    alone = start(nursery, endpoint, spec, tmp_path / "alone", list(SPLITS))
    assert alone.wait() == 0, alone.output
    needed = {repr(body) for body in endpoint.bodies}
    endpoint.clear()
    endpoint.latency_s = 0.005
    endpoint.rule = often_alike
    children = [start(nursery, endpoint, spec, tmp_path / "shared", [split]) for split in SPLITS]
    for child in children:
        assert child.wait() == 0, child.output
    assert "".join(child.output for child in children) == alone.output
    assert tree(tmp_path / "shared" / "trace") == tree(tmp_path / "alone" / "trace")
    assert {repr(body) for body in endpoint.bodies} == needed


def test_four_processes_that_each_make_a_part_of_a_split_make_the_whole(nursery, endpoint, tmp_path):
    spec = write_spec(tmp_path, **CHECKED)
    endpoint.rule = often_alike
    endpoint.latency_s = 0.005
    alone = start(nursery, endpoint, spec, tmp_path / "alone", ["train"])
    assert alone.wait() == 0, alone.output
    children = [
        start(nursery, endpoint, spec, tmp_path / "shared", ["train"], shard=shard, of=4, trace="")
        for shard in range(4)
    ]
    for child in children:
        assert child.wait() == 0, child.output
    parts = [json.loads(child.output)[1] for child in children]
    assert min(len(part) for part in parts) > 0
    assert sorted(itertools.chain(*parts)) == json.loads(alone.output)[1]


def start(nursery, endpoint, spec, home, splits, **how):
    where = {"base_url": endpoint.base_url, "concurrency": 8, "store": str(home / "answers.sqlite")}
    return nursery.rows(
        spec,
        splits,
        settings=where,
        trace=how.pop("trace", str(home / "trace")),
        environment={"OPENAI_API_KEY": "sk-test"},
        **how,
    )


# --- growth leaves alone what was there


def everything(spec, where: Settings) -> dict[str, Example]:
    """Build all splits; the rows by their identity."""
    found = [outcome for split in spec.splits for outcome in split_outcomes(spec, where, split.name)]
    assert all(isinstance(outcome, Example) for outcome in found)
    return {str(outcome.row): outcome for outcome in found}


def keys_of(outcome: Example, column: str) -> list[str]:
    """Return what was asked for the column, in order."""
    rejected = [rejection.key for rejection in outcome.rejections if rejection.column == column]
    return [*rejected, *(source.key for source in outcome.sources if source.column == column)]


def all_keys(outcomes: dict[str, Example]) -> set[str]:
    return {
        key
        for outcome in outcomes.values()
        for key in (*(r.key for r in outcome.rejections), *(s.key for s in outcome.sources))
    }


def add_hidden_sample(spec: dict[str, Any], amount: int) -> None:
    spec["columns"]["mood"] = {"sample": [f"mood {n}" for n in range(amount)], "hidden": True}


def add_second_prompt(spec: dict[str, Any], amount: int) -> None:
    spec["columns"]["title"] = {"prompt": f"A title of {amount} words for: {{{{ text }}}}"}


def add_class(spec: dict[str, Any], amount: int) -> None:
    spec["columns"]["label"]["classes"].append("mixed")
    spec["columns"]["text"]["prompt"]["mixed"] = "Write a mixed review of a {{ product }}."


def add_split(spec: dict[str, Any], amount: int) -> None:
    spec["splits"]["extra"] = amount


def grow_split(spec: dict[str, Any], amount: int) -> None:
    spec["splits"]["test"] += amount


def add_sampled_value(spec: dict[str, Any], amount: int) -> None:
    """Not `product` or `tone`, which the prompt reads: what moves then is not only new."""
    spec["columns"]["aside"]["sample"].append("w")


GROWTH = [add_hidden_sample, add_second_prompt, add_class, add_split, grow_split, add_sampled_value]


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    grow=st.sampled_from(GROWTH),
    amount=st.integers(1, 9),
    sizes=st.tuples(st.integers(1, 14), st.integers(0, 7)),
    weights=st.sampled_from([["negative", "positive"], {"negative": 1, "positive": 3}]),
    seed=st.integers(0, 99),
    concurrency=st.sampled_from([1, 5, 64]),
)
def test_growth_leaves_every_other_row_and_request_alone(
    endpoint, tmp_path_factory, *, grow, amount, sizes, weights, seed, concurrency
):
    home = tmp_path_factory.mktemp("growth")
    small = review_spec(
        seed=seed,
        attempts=20,
        splits=dict(zip(("train", "test"), sizes, strict=True)),
        # Without comparisons: which of two alike is the newcomer is another test's matter.
        checks={name: {"unique": "off", "length": [5, 900]} for name in ("text",)},
    )
    small["columns"]["aside"] = {"sample": ["x", "y"]}
    if not (grow is add_class and isinstance(weights, dict)):
        small["columns"]["label"]["classes"] = weights
    endpoint.clear()
    endpoint.rule = often_alike
    where = settings_for(endpoint, home / "answers.sqlite", concurrency=concurrency)
    before = everything(load_spec(write_spec(home / "small", **small)), where)
    assert endpoint.count == len(all_keys(before))
    endpoint.clear()
    grown = json.loads(json.dumps(small))
    grow(grown, amount)
    after = everything(load_spec(write_spec(home / "grown", **grown)), where)
    shared = before.keys() & after.keys()
    assert len(shared) >= len(before) // 2
    if grow is not add_class:  # which takes over a share of the places
        assert shared == before.keys()
    for row in shared:
        kept = {name: value for name, value in before[row].values.items() if name != "aside"}
        assert kept.items() <= after[row].values.items()
        assert after[row].values["aside"] in (before[row].values["aside"], "w")
        assert keys_of(after[row], "text") == keys_of(before[row], "text")
    assert endpoint.count == len(all_keys(after) - all_keys(before))


def test_the_newcomer_loses_against_rows_that_were_there(endpoint, tmp_path):
    """With answers that repeat each other: a longer split, or one more, keeps each row as it was."""
    changes = {"attempts": 20, "checks": {"text": {"length": [20, 900]}}}
    endpoint.rule = often_alike
    where = settings_for(endpoint, tmp_path / "answers.sqlite")
    before = everything(
        load_spec(write_spec(tmp_path / "small", splits={"train": 40, "test": 10}, **changes)), where
    )
    asked = endpoint.count
    assert any(
        rejection.reason == "near_duplicate" for row in before.values() for rejection in row.rejections
    )
    sizes = {"train": 90, "test": 10, "late": 10}
    longer = everything(
        load_spec(write_spec(tmp_path / "longer", splits={"train": 90, "test": 10}, **changes)), where
    )
    assert {row: longer[row] for row in before} == before
    assert endpoint.count - asked == len(all_keys(longer) - all_keys(before))
    wider = load_spec(write_spec(tmp_path / "wider", splits=sizes, **changes))
    moved = [row for row, outcome in everything(wider, where).items() if longer.get(row, outcome) != outcome]
    late = {row: place for place, row in enumerate(map(str, plan_order(wider)))}
    first = min(late[row] for row in late if row.startswith("late"))
    assert all(late[row] > first for row in moved), "only rows that come after the new split's first"


def plan_order(spec) -> Iterator[object]:
    from synth_datasets.plan.plan import Plan

    return Plan(spec, {}).decision_rows()
