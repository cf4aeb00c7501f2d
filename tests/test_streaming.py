"""Streams for training: resumed, shuffled, split over nodes and workers; each row once, each answer paid for once."""

import json
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import datasets
import pytest
from datasets.distributed import split_dataset_by_node
from fake_endpoint import FakeEndpoint, default_text, text
from specs import write_spec

import synth_datasets  # noqa: F401 - registers the builder
from synth_datasets.errors import ShortfallError
from synth_datasets.plan.part import Part
from synth_datasets.streaming import SHARDS

ROWS = 40
OFF = {"text": {"unique": "off"}}
SEMANTIC = {"text": {"unique": "semantic"}}
RESUME = """
import json, sys, datasets, synth_datasets
datasets.disable_progress_bars()
stream = datasets.load_dataset("synth", data_files=sys.argv[1], split="train", streaming=True)
stream.load_state_dict(json.loads(sys.argv[2]))
print(json.dumps(list(stream)))
"""

LEFT_BEHIND = """
import sys, datasets, synth_datasets
datasets.disable_progress_bars()
rows = iter(datasets.load_dataset("synth", data_files=sys.argv[1], split="train", streaming=True))
for _ in range(5):
    next(rows)
"""


@pytest.fixture
def stream(endpoint: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """Make the stream of a split of forty rows, some of whose answers are rejected or repeat others."""
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("SYNTH_CONCURRENCY", "8")
    datasets.disable_progress_bars()
    endpoint.rule = often_alike

    def make(split: str = "train", options: dict | None = None, **changes) -> datasets.IterableDataset:
        spec = write_spec(
            tmp_path, **{"splits": {"train": ROWS, "test": 8}, "attempts": 12, "seed": 3, **changes}
        )
        return datasets.load_dataset(
            "synth", data_files=str(spec), split=split, streaming=True, **(options or {})
        )

    yield make
    datasets.enable_progress_bars()


def often_alike(body):
    number = int.from_bytes(default_text(body).encode()[:6])
    return (
        text(f"The {('phone', 'laptop')[number % 2]} came late and its box was torn.")
        if number % 4 == 0
        else None
    )


def built(tmp_path: Path) -> list[dict]:
    made = datasets.load_dataset("synth", data_files=str(tmp_path / "reviews.synth.yaml"), split="train")
    return made.to_list()


def asked_once(endpoint: FakeEndpoint) -> bool:
    return len({repr(body) for body in endpoint.bodies}) == endpoint.count


def together(parts: list[list[dict]]) -> list[dict]:
    return [row for part in parts for row in part]


def in_order(some: list[dict], rows: list[dict]) -> bool:
    """Whether `rows` holds them all, one after another."""
    left = iter(rows)
    return all(row in left for row in some)


def in_any_order(rows: list[dict]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _read(part, results, name) -> None:
    results.put((name, list(part)))


def read_side_by_side(parts: list, method: str = "fork") -> list[list[dict]]:
    """Read each stream in a process of its own, at the same time."""
    context = multiprocessing.get_context(method)
    results = context.Queue()
    processes = [context.Process(target=_read, args=(part, results, name)) for name, part in enumerate(parts)]
    for process in processes:
        process.start()
    given = dict(results.get(timeout=120) for _ in processes)
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    return [given[name] for name in range(len(parts))]


@pytest.mark.parametrize("checks", [{}, OFF])
def test_shards_do_not_show_in_what_one_reader_gets(stream, endpoint, tmp_path, checks):
    whole = stream(checks=checks)
    assert whole.num_shards == SHARDS
    rows = list(whole)
    assert len(rows) == ROWS
    assert rows == built(tmp_path)
    assert asked_once(endpoint)


def test_a_few_rows_cost_a_few_answers(stream, endpoint):
    rows = list(stream(checks=OFF).take(3))
    assert len(rows) == 3
    assert endpoint.count <= 2 * 4, "`take` of datasets reads one more than it gives"


def test_a_script_that_ends_within_a_pass_ends_quietly(stream, endpoint, tmp_path):
    endpoint.latency_s = 0.02
    stream()  # writes the spec
    done = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND, str(tmp_path / "reviews.synth.yaml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("slow", [0, 2])
def test_a_slow_row_does_not_let_others_run_far_ahead(stream, endpoint, slow):
    order = []

    def latency(body) -> float:
        order.append(body)
        return 0.4 if len(order) == slow + 1 else 0.0

    endpoint.latency_s = latency
    rows = iter(stream(checks=OFF))
    for _ in range(slow + 1):
        next(rows)
    assert endpoint.count <= 2 * (slow + 1)
    rows.close()


def test_a_second_epoch_asks_nothing(stream, endpoint):
    whole = stream()
    first = list(whole)
    asked = endpoint.count
    whole.set_epoch(1)
    assert list(whole) == first
    assert endpoint.count == asked


def test_shuffled_epochs_hold_each_row_once_and_ask_once(stream, endpoint, tmp_path):
    shuffled = stream().shuffle(seed=7, buffer_size=16)
    epochs = []
    for epoch in range(3):
        shuffled.set_epoch(epoch)
        epochs.append(list(shuffled))
        if epoch == 0:
            asked = endpoint.count
    assert endpoint.count == asked
    rows = built(tmp_path)
    for epoch in epochs:
        assert in_any_order(epoch) == in_any_order(rows)
        assert epoch != rows
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize("checks", [{}, SEMANTIC, OFF])
def test_a_stream_goes_on_in_another_process_where_it_was_left(stream, endpoint, tmp_path, checks):
    whole = stream(checks=checks)
    begun = []
    for row in whole:
        begun.append(row)
        if len(begun) == 17:
            state = whole.state_dict()
            break
    seen = {repr(body) for body in endpoint.bodies}
    in_flight = [repr(body) for body in endpoint.bodies[-8:]]
    endpoint.bodies.clear()
    done = subprocess.run(
        [sys.executable, "-c", RESUME, str(tmp_path / "reviews.synth.yaml"), json.dumps(state)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rest = json.loads(done.stdout)
    again = {repr(body) for body in endpoint.bodies} & seen
    assert again <= set(in_flight), "what was abandoned in flight at most"
    assert begun + rest == built(tmp_path)


def test_a_finished_stream_resumes_everywhere_without_a_request(stream, endpoint):
    whole = stream()
    rows, states = [], []
    for row in whole:
        rows.append(row)
        states.append(whole.state_dict())
    asked = endpoint.count
    for number in (1, 13, ROWS - 1, ROWS):
        resumed = stream()
        resumed.load_state_dict(states[number - 1])
        assert list(resumed) == rows[number:]
    assert endpoint.count == asked


def test_without_comparisons_a_resumed_stream_does_not_look_at_what_it_skips(
    stream, endpoint, tmp_path, monkeypatch
):
    whole = stream(checks=OFF)
    rows, state = [], None
    for row in whole:
        rows.append(row)
        if len(rows) == 30:
            state = whole.state_dict()
    monkeypatch.setenv("SYNTH_STORE", str(tmp_path / "another.sqlite"))
    endpoint.clear()
    resumed = stream(checks=OFF)
    resumed.load_state_dict(state)
    assert list(resumed) == rows[30:]
    assert endpoint.count < 30


def test_a_part_resumes_at_its_own_place(stream, endpoint):
    part = stream().shard(num_shards=3, index=1)
    rows, state = [], None
    for row in part:
        rows.append(row)
        if len(rows) == 5:
            state = pickle.loads(pickle.dumps(part.state_dict()))
    asked = endpoint.count
    again = stream().shard(num_shards=3, index=1)
    again.load_state_dict(state)
    assert list(again) == rows[5:]
    assert endpoint.count == asked


@pytest.mark.parametrize("checks", [{}, OFF])
@pytest.mark.parametrize("nodes", [2, 4, 5])
def test_nodes_share_the_rows_and_the_bill(stream, endpoint, tmp_path, nodes, checks):
    """Five does not divide the shards: then `datasets` lets each node read all and keep every fifth row."""
    endpoint.latency_s = 0.02
    parts = [split_dataset_by_node(stream(checks=checks), rank, nodes) for rank in range(nodes)]
    given = read_side_by_side(parts)
    assert asked_once(endpoint)
    asked = endpoint.count
    rows = built(tmp_path)
    assert in_any_order(together(given)) == in_any_order(rows)
    assert max(map(len, given)) - min(map(len, given)) <= 2
    assert all(in_order(each, rows) for each in given)
    assert endpoint.count - asked <= 16, "at most the test rows that train did not need were unasked"


def test_started_workers_share_the_rows_and_the_bill(stream, endpoint, tmp_path):
    parts = [stream().shard(num_shards=2, index=index) for index in range(2)]
    given = read_side_by_side(parts, "spawn")
    assert asked_once(endpoint)
    assert in_any_order(together(given)) == in_any_order(built(tmp_path))


def test_shuffled_nodes_share_the_rows_and_the_bill_in_every_epoch(stream, endpoint, tmp_path):
    whole = stream().shuffle(seed=1, buffer_size=10)
    for epoch in range(2):
        whole.set_epoch(epoch)
        given = read_side_by_side([split_dataset_by_node(whole, rank, 2) for rank in range(2)])
        if epoch == 0:
            asked = endpoint.count
    assert endpoint.count == asked
    assert asked_once(endpoint)
    assert in_any_order(together(given)) == in_any_order(built(tmp_path))


def test_without_comparisons_a_part_asks_for_its_own_rows_alone(stream, endpoint):
    endpoint.rule = lambda body: None
    rows = list(stream(checks=OFF).shard(num_shards=4, index=2))
    assert len(rows) == len(list(Part(frozenset(range(2, SHARDS, 4)), SHARDS).positions(ROWS))) < ROWS / 3
    assert endpoint.count == len(rows)


def test_a_part_ends_with_nothing_in_flight_that_another_would_pay_again(stream, endpoint):
    endpoint.latency_s = 0.01
    for index in range(4):
        list(stream().shard(num_shards=4, index=index))
    assert asked_once(endpoint)


def test_more_shards_for_more_readers(stream, endpoint, tmp_path):
    doubled = stream().reshard()
    assert doubled.num_shards == 2 * SHARDS
    assert list(doubled) == built(tmp_path)
    parts = [list(doubled.shard(num_shards=64, index=index)) for index in range(64)]
    assert in_any_order(together(parts)) == in_any_order(built(tmp_path))


def test_a_split_smaller_than_its_shards_is_read_once(stream, endpoint):
    parts = [list(stream(splits={"train": 3}).shard(num_shards=8, index=index)) for index in range(8)]
    assert sum(map(len, parts)) == 3
    assert asked_once(endpoint)


def test_a_part_that_is_short_says_how_many_of_its_rows_it_has(stream, endpoint):
    endpoint.rule = lambda body: text("Too short.") if "negative" in str(body["messages"]) else None
    checks = {"text": {"length": [20, 900]}}
    part = stream(checks=checks, attempts=2).shard(num_shards=4, index=1)
    rows = []
    with pytest.raises(ShortfallError) as caught:
        rows.extend(part)
    asked = len(list(Part(frozenset(range(1, SHARDS, 4)), SHARDS).positions(ROWS)))
    assert f"split 'train' of reviews: {len(rows)} of {asked} rows" in str(caught.value)
    assert f"negative: {asked - len(rows)} missing" in str(caught.value)
    short = [
        list(stream(checks=checks, attempts=2, options={"keep_short": True}).shard(num_shards=4, index=index))
        for index in range(4)
    ]
    assert sum(map(len, short)) == ROWS // 2
    assert {row["label"] for part in short for row in part} == {1}


def _build(spec: str, cache: str) -> None:
    datasets.load_dataset("synth", data_files=spec, cache_dir=cache)


def test_two_builds_and_a_stream_at_the_same_time_share_the_bill(stream, endpoint, tmp_path):
    endpoint.latency_s = 0.02
    whole = stream()
    spec = str(tmp_path / "reviews.synth.yaml")
    fork = multiprocessing.get_context("fork")
    builds = [fork.Process(target=_build, args=(spec, str(tmp_path / name))) for name in ("one", "two")]
    for build in builds:
        build.start()
    rows = list(whole)
    for build in builds:
        build.join(120)
        assert build.exitcode == 0
    assert asked_once(endpoint)
    assert rows == built(tmp_path)


def _read_slowly(part, results) -> None:
    for row in part:
        results.put((os.getpid(), row))
    results.put((os.getpid(), None))


def _start(part, results) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=_read_slowly, args=(part, results))
    process.start()
    return process


def test_a_worker_that_is_killed_delays_the_others_no_longer_than_its_requests_take(
    stream, endpoint, tmp_path
):
    endpoint.latency_s = 0.2
    results = multiprocessing.get_context("fork").SimpleQueue()
    parts = [stream().shard(num_shards=3, index=index) for index in range(3)]
    first = _start(parts[0], results)
    while endpoint.in_flight < 4:  # it asks, alone
        time.sleep(0.001)
    others = [_start(part, results) for part in parts[1:]]
    first.kill()
    first.join(60)
    assert first.exitcode == -signal.SIGKILL
    killed_at = endpoint.count
    given: list[dict] = []
    ended = 0
    while ended < 2:
        pid, row = results.get()
        if row is None:
            ended += 1
        elif pid != first.pid:
            given.append(row)
    for other in others:
        other.join(60)
        assert other.exitcode == 0
    twice = endpoint.count - len({repr(body) for body in endpoint.bodies})
    assert twice <= 8, "only what the killed one had in flight"
    assert endpoint.count > killed_at
    rows = built(tmp_path)
    assert in_any_order(given + list(parts[0])) == in_any_order(rows)


@pytest.mark.transformers
@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than this machine has cores
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("workers", [2, 3])
def test_workers_of_a_data_loader_share_the_rows_and_the_bill(stream, endpoint, tmp_path, method, workers):
    data = pytest.importorskip("torch.utils.data")
    loader = data.DataLoader(
        stream(),
        batch_size=4,
        num_workers=workers,
        multiprocessing_context=method,
        collate_fn=list,
        persistent_workers=True,
    )
    epochs = [[row for batch in loader for row in batch] for _ in range(2)]
    assert asked_once(endpoint)
    rows = built(tmp_path)
    assert [in_any_order(epoch) for epoch in epochs] == [in_any_order(rows)] * 2
    del loader


@pytest.mark.transformers
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_nodes_with_workers_share_the_rows(stream, endpoint, tmp_path):
    data = pytest.importorskip("torch.utils.data")
    given: list[dict] = []
    for rank in range(2):
        part = split_dataset_by_node(stream().shuffle(seed=5, buffer_size=8), rank, 2)
        loader = data.DataLoader(part, batch_size=None, num_workers=2)
        given += list(loader)
    assert asked_once(endpoint)
    assert in_any_order(given) == in_any_order(built(tmp_path))


@pytest.mark.transformers
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_the_readme_trains_on_a_stream(stream, endpoint, tmp_path):
    pytest.importorskip("torch")
    stream(splits={"train": 20})  # writes the spec
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    block = next(
        each
        for each in re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
        if "DataLoader" in each
    )
    code = f"import synth_datasets\nfrom datasets import load_dataset\n{block}    print(len(batch['text']))\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert 8 <= sum(map(int, done.stdout.split())) <= 12
    assert asked_once(endpoint)
