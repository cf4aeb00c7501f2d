"""Builds through the batch API of a real server: the same rows, nothing submitted twice, whatever happens."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import datasets
import pytest
from batch_standin import KEY, Batch, BatchStandin
from fake_endpoint import default_text, failure, text, unsupported
from specs import write_spec
from workshop import often_alike

import synth_datasets.build
from synth_datasets.errors import BudgetError, EndpointError, SettingsError
from synth_datasets.generation.budget import Budget
from synth_datasets.prices import Price
from synth_datasets.settings import Settings
from synth_datasets.spec import load_spec
from synth_datasets.splits import split_outcomes
from synth_datasets.validation.outcome import Example

LOAD = """
import sys, hashlib, datasets, synth_datasets
datasets.disable_progress_bars()
made = datasets.load_dataset("synth", data_files=sys.argv[1], cache_dir=sys.argv[2], batch=True)
print(hashlib.sha256(repr([(name, split.to_list()) for name, split in made.items()]).encode()).hexdigest())
"""
TWO_COLUMNS = {
    "columns": {
        "label": {"classes": ["negative", "positive"]},
        "product": {"sample": ["phone", "laptop", "kettle", "novel", "lamp"]},
        "text": {"prompt": "Write a {{ label }} review of a {{ product }}."},
        "about": {
            "fields": {"summary": "string", "stars": {"type": "integer", "min": 1, "max": 5}},
            "prompt": "Sum up as JSON: {{ text }}",
        },
    },
    "splits": {"train": 30, "test": 8},
    "attempts": 10,
    "checks": {"text": {"length": [20, 900]}},
}


@pytest.fixture
def batches() -> Iterator[BatchStandin]:
    datasets.disable_progress_bars()
    with BatchStandin() as server:
        yield server
    datasets.enable_progress_bars()


def alike_but_in_json(body) -> str | None:
    """Answer so that many texts repeat each other and some are too short; structured answers stay as they are."""
    return None if "response_format" in body else often_alike(body)


def settings(server: BatchStandin, store: Path, **changes) -> Settings:
    given = {"base_url": server.base_url, "api_key": KEY, "batch": True, "batch_poll_s": 0.05, "store": store}
    return Settings(**{**given, **changes})


def rows_of(spec, where: Settings, split: str = "train") -> list[tuple]:
    return [
        (str(each.row), dict(each.values), [(r.column, r.attempt, r.reason, r.text) for r in each.rejections])
        if isinstance(each, Example)
        else (str(each.row), each.column, [(r.attempt, r.reason, r.detail) for r in each.rejections])
        for each in split_outcomes(spec, where, split)
    ]


def asked_twice(server: BatchStandin) -> list[str]:
    """Return what was paid for more than once; a request asked live has no key, but the body of one."""
    bodies = [repr(body) for body in server.live] + [repr(body) for _, body in server.lines]
    return [body for body in set(bodies) if bodies.count(body) > 1]


def environment(server: BatchStandin, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "SYNTH_BASE_URL": server.base_url,
        "SYNTH_API_KEY": server.key,
        "SYNTH_STORE": str(home / "answers.sqlite"),
        "SYNTH_BATCH_POLL": "0.05",
        "HF_DATASETS_CACHE": str(home / "cache"),
    }


def start(server: BatchStandin, home: Path, *command: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *command],
        env=environment(server, home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def load_in_child(spec: Path, home: Path, server: BatchStandin, cache: str = "cache") -> subprocess.Popen:
    return start(server, home, "-c", LOAD, str(spec), str(home / cache))


def build_in_child(spec: Path, home: Path, server: BatchStandin) -> subprocess.Popen:
    command = ("build", str(spec), "--batch", "-o", str(home / "build"))
    return start(server, home, "-m", "synth_datasets.cli", *command)


def done(child: subprocess.Popen, code: int = 0) -> tuple[str, str]:
    out, errors = child.communicate(timeout=120)
    assert child.returncode == code, errors + out
    return out, errors


def until(condition) -> None:
    """Wait for what another process brings about."""
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.005)


# --- the same rows


def test_a_build_in_batches_gives_the_bytes_of_a_live_one(batches, tmp_path):
    spec = write_spec(tmp_path, **TWO_COLUMNS)
    batches.rule = alike_but_in_json
    made = {}
    for name, batch in (("live", False), ("batch", True)):
        options = {"base_url": batches.base_url, "store": str(tmp_path / f"{name}.sqlite"), "batch": batch}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SYNTH_API_KEY", KEY)
            patch.setenv("SYNTH_BATCH_POLL", "0.05")
            built = synth_datasets.build.build(
                spec, tmp_path / name, cache_dir=tmp_path / f"{name}-cache", options=options
            )
        parquet = sorted((tmp_path / name).rglob("*.parquet"))
        made[name] = [(path.relative_to(tmp_path / name), path.read_bytes()) for path in parquet]
        assert built.dataset["train"].num_rows == 30
    assert len(made["live"]) >= 2
    assert made["batch"] == made["live"]
    assert any(built.tallies["train"].rejected.values()), "this test needs rejected answers"
    batched = [repr(body) for _, body in batches.lines]
    assert len(batched) > 70, "two columns of 38 rows, but for the first of each kind"
    assert set(batched) <= {repr(body) for body in batches.live}, "the same bodies as live"


def test_rejections_and_duplicates_take_rounds_not_one_batch_each(batches, tmp_path):
    """A duplicate is found before it is its row's turn, so that all of them are asked again together."""
    spec = load_spec(
        write_spec(tmp_path, splits={"train": 60}, attempts=12, checks={"text": {"length": [20, 900]}})
    )
    batches.rule = alike_but_in_json
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    rejected = [rejection for _, _, rejections in rows for rejection in rejections]
    assert sum(reason == "near_duplicate" for _, _, reason, _ in rejected) > 12
    assert len(batches.made) == max(len(rejections) for _, _, rejections in rows) + 1, (
        "one for each further attempt"
    )
    assert rows == rows_of(spec, settings(batches, tmp_path / "b.sqlite", batch=False))


def test_batch_and_live_mix_freely(batches, tmp_path):
    small = load_spec(write_spec(tmp_path / "small", splits={"train": 12}))
    grown = load_spec(write_spec(tmp_path / "grown", splits={"train": 30}))
    larger = load_spec(write_spec(tmp_path / "larger", splits={"train": 44}))
    store = tmp_path / "answers.sqlite"
    first = rows_of(small, settings(batches, store))
    in_batches = len(batches.lines)
    assert in_batches >= 11
    second = rows_of(grown, settings(batches, store, batch=False))
    assert second[:12] == first
    assert len(batches.lines) == in_batches
    third = rows_of(larger, settings(batches, store))
    assert third[:30] == second
    assert len(batches.lines) >= in_batches + 13
    assert not asked_twice(batches)
    assert third == rows_of(larger, settings(batches, tmp_path / "fresh.sqlite", batch=False))


def test_a_second_build_submits_nothing(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path))
    first = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    calls = batches.calls.total()
    assert rows_of(spec, settings(batches, tmp_path / "a.sqlite")) == first
    assert batches.calls.total() == calls


def test_load_dataset_takes_batch_and_the_cache_does_not_know_it(batches, tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTH_API_KEY", KEY)
    monkeypatch.setenv("SYNTH_BATCH_POLL", "0.05")
    options = {
        "data_files": str(write_spec(tmp_path)),
        "cache_dir": str(tmp_path / "cache"),
        "base_url": batches.base_url,
        "store": str(tmp_path / "a.sqlite"),
    }
    made = datasets.load_dataset("synth", batch=True, **options)
    calls = batches.calls.total()
    assert batches.made
    again = datasets.load_dataset("synth", **options)
    assert again["train"].to_list() == made["train"].to_list()
    assert batches.calls.total() == calls


# --- closed while waiting


def test_a_build_killed_while_it_waits_is_gone_on_with(batches, tmp_path):
    """SIGKILL, twice: the third run collects what the first one submitted."""
    spec = write_spec(tmp_path, splits={"train": 30, "test": 5})
    batches.hold = True
    for looks in (2, 4):
        child = load_in_child(spec, tmp_path, batches)
        seen = batches.calls["GET /v1/batches/{id}"]
        until(lambda seen=seen, looks=looks: batches.calls["GET /v1/batches/{id}"] >= seen + looks)
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert len(batches.made) == 1
    batches.hold = False
    made, _ = done(load_in_child(spec, tmp_path, batches))
    assert not asked_twice(batches)
    assert max(batches.paid.values()) == 1
    assert made == done(load_in_child(spec, tmp_path, batches, "fresh"))[0]


@pytest.mark.parametrize("call", ["POST /v1/files", "POST /v1/batches"])
def test_a_kill_between_a_call_and_its_record_submits_nothing_twice(batches, tmp_path, call):
    """The provider has the file, or the batch, and the run that sent it never heard of it."""
    spec = write_spec(tmp_path, splits={"train": 30})
    children = []

    def kill():
        children[0].send_signal(signal.SIGKILL)
        children[0].wait()

    batches.after[call] = kill
    children.append(load_in_child(spec, tmp_path, batches))
    children[0].communicate(timeout=60)
    assert children[0].returncode == -signal.SIGKILL
    assert batches.calls[call] == 1
    done(load_in_child(spec, tmp_path, batches))
    submitted = [key for key, _ in batches.lines]
    assert len(submitted) == len(set(submitted))
    assert max(batches.paid.values()) == 1
    assert batches.calls["GET /v1/batches"] == (1 if call == "POST /v1/batches" else 0)


def test_a_kill_after_the_answers_came_loses_none_of_them(batches, tmp_path):
    """At any instant: after the download, while the answers are written, or later."""
    spec = write_spec(tmp_path, splits={"train": 400})
    store = tmp_path / "answers.sqlite"
    child = load_in_child(spec, tmp_path, batches)
    until(lambda: batches.calls["GET /v1/files/{id}/content"] >= 1)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert store.exists()
    done(load_in_child(spec, tmp_path, batches))
    assert max(batches.paid.values()) == 1
    submitted = [key for key, _ in batches.lines]
    assert len(submitted) == len(set(submitted))


def test_ctrl_c_says_that_the_batches_keep_running_and_how_to_collect_them(batches, tmp_path):
    spec = write_spec(tmp_path)
    batches.hold = True
    child = build_in_child(spec, tmp_path, batches)
    until(lambda: batches.calls["GET /v1/batches/{id}"] >= 2)
    child.send_signal(signal.SIGINT)
    _, errors = done(child, code=130)
    assert "keep running at the provider; the same command collects their answers" in errors
    assert "Traceback" not in errors
    assert batches.calls["POST /v1/batches/{id}/cancel"] == 0


def test_two_processes_at_once_submit_each_request_once(batches, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 30})
    batches.hold = True
    children = [load_in_child(spec, tmp_path, batches, cache) for cache in ("one", "two")]
    until(lambda: batches.calls["GET /v1/batches/{id}"] >= 4)
    batches.hold = False
    made = {done(child)[0] for child in children}
    assert len(made) == 1
    submitted = [key for key, _ in batches.lines]
    assert len(submitted) == len(set(submitted))


def test_the_key_is_written_nowhere(batches, tmp_path):
    spec = write_spec(tmp_path)
    out, errors = done(build_in_child(spec, tmp_path, batches))
    assert batches.made
    assert KEY not in out + errors
    assert (tmp_path / "answers.sqlite.batches").exists()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


# --- what a batch may come back with


@pytest.mark.parametrize("end", ["expired", "completed"])
def test_only_what_has_no_answer_is_submitted_again(batches, tmp_path, end):
    spec = load_spec(write_spec(tmp_path, splits={"train": 30}))
    first = []

    def ended(batch: Batch) -> str:
        first.append(batch)
        return end if len(first) == 1 else "completed"

    batches.end = ended
    batches.answered = lambda batch, number: batch is not batches.made[0] or number % 3 == 0
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    one, two = batches.made[:2]
    assert len(one.lines) >= 29
    assert set(two.keys) == {key for number, key in enumerate(one.keys) if number % 3}
    assert max(batches.paid.values()) == 1
    assert rows == rows_of(spec, settings(batches, tmp_path / "b.sqlite", batch=False))


def test_a_batch_that_was_cancelled_keeps_its_answers_and_ends_the_run(batches, tmp_path):
    """Somebody wanted it to stop: nothing is submitted again by itself."""
    spec = load_spec(write_spec(tmp_path, splits={"train": 30}))
    batches.end = lambda batch: "cancelled" if batch is batches.made[0] else "completed"
    batches.answered = lambda batch, number: batch is not batches.made[0] or number < 10
    where = settings(batches, tmp_path / "a.sqlite")
    with pytest.raises(EndpointError, match=r"was cancelled with \d+ requests unanswered.*run again"):
        rows_of(spec, where)
    assert len(batches.made) == 1
    assert len(rows_of(spec, where)) == 30
    assert len(batches.made[1].lines) <= len(batches.made[0].lines) - 10 + 1
    assert max(batches.paid.values()) == 1


def test_a_batch_that_fails_says_why_and_the_next_run_submits_it_anew(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 20}))
    batches.end = lambda batch: "failed" if batch is batches.made[0] else "completed"
    batches.answered = lambda batch, number: batch is not batches.made[0]
    batches.errors = lambda batch: [{"code": "billing_hard_limit_reached", "message": "No credit is left."}]
    where = settings(batches, tmp_path / "a.sqlite")
    with pytest.raises(
        EndpointError, match=r"failed: No credit is left\. \(billing_hard_limit_reached\).*run again"
    ):
        rows_of(spec, where)
    assert len(rows_of(spec, where)) == 20
    assert max(batches.paid.values()) == 1


def test_a_line_that_fails_for_good_costs_its_row_an_attempt_as_live(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 24}))

    def rule(body):
        if int(hashlib.sha256(repr(body).encode()).hexdigest(), 16) % 4 == 0:
            return failure(400, message="This prompt cannot be handled.", code="odd_prompt")
        return None

    batches.rule = rule
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    assert any(r[2] == "bad_request" for _, _, rejections in rows for r in rejections)
    assert rows == rows_of(spec, settings(batches, tmp_path / "b.sqlite", batch=False))


def test_a_line_cut_by_its_limit_is_judged_as_live(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 24}, attempts=8))

    def rule(body):
        short = int(hashlib.sha256(repr(body).encode()).hexdigest(), 16) % 3 == 0
        return text(
            default_text(body)[:40] if short else default_text(body),
            finish_reason="length" if short else "stop",
        )

    batches.rule = rule
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    assert rows == rows_of(spec, settings(batches, tmp_path / "b.sqlite", batch=False))


def test_lines_that_fail_for_a_while_are_submitted_again_and_then_given_up(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 12}))
    bad = {}

    def rule(body):
        if batches.made and batches.lines:
            lasting = repr(batches.lines[0][1])
            bad.setdefault("key", lasting)
            if repr(body) == bad["key"]:
                return failure(500, message="The server had an error", kind="server_error")
        return None

    batches.rule = rule
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    given_up = [r for _, _, rejections in rows for r in rejections if r[2] == "endpoint_error"]
    assert len(given_up) == 1
    assert [len(batch.lines) for batch in batches.made[1:4]] == [1, 1, 1], "twice more, then the next attempt"


def test_line_separators_inside_an_answer_do_not_cut_the_file(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 6}, checks={"text": {"unique": "off"}}))
    batches.rule = lambda body: text("A\u2028good\x85phone that lasts, " + default_text(body))
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    assert len(rows) == 6
    assert len(batches.made) == 1
    assert rows == rows_of(spec, settings(batches, tmp_path / "b.sqlite", batch=False))


# --- limits and wording


def test_each_model_has_its_own_files(batches, tmp_path):
    columns = {**TWO_COLUMNS["columns"]}
    columns["about"] = {**columns["about"], "model": {"id": "other-model"}}
    spec = load_spec(write_spec(tmp_path, **{**TWO_COLUMNS, "columns": columns}))
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    models = [{body["model"] for _, body in batch.lines} for batch in batches.made]
    assert {"some-model"} in models
    assert {"other-model"} in models
    assert all(len(each) == 1 for each in models)
    assert rows == rows_of(spec, settings(batches, tmp_path / "b.sqlite", batch=False))


def test_files_stay_within_the_limits_and_run_side_by_side(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 50}))
    batches.most_requests = 7
    batches.hold = True
    together = []

    def release():
        until(lambda: len(batches.made) == 7)
        together.append(len(batches.running))
        batches.hold = False

    watcher = threading.Thread(target=release)
    watcher.start()
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite", batch_requests=7))
    watcher.join()
    assert together == [7], "49 requests, after the live one, in 7 batches at once"
    assert all(len(batch.lines) <= 7 for batch in batches.made)
    assert len(rows) == 50


def test_files_stay_within_the_limit_of_bytes(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 30}))
    batches.most_bytes = 2000
    assert len(rows_of(spec, settings(batches, tmp_path / "a.sqlite", batch_bytes=2000))) == 30
    assert len(batches.made) > 3


def test_a_full_queue_is_waited_for_with_smaller_batches(batches, tmp_path):
    """`token_limit_exceeded`: as many at a time as the account's limit lets through, and in the end all of them."""
    spec = load_spec(write_spec(tmp_path, splits={"train": 40}))
    batches.most_queued = 6
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    ran = [batch for batch in batches.made if batch.status == "completed"]
    refused = [batch for batch in batches.made if batch.status == "failed"]
    assert refused
    assert max(len(batch.lines) for batch in ran) <= 6
    assert max(batches.paid.values()) == 1
    assert rows == rows_of(spec, settings(batches, tmp_path / "b.sqlite", batch=False))


def test_what_the_endpoint_refuses_is_learnt_from_one_live_request(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 20}))
    batches.rule = lambda body: unsupported("max_tokens") if "max_tokens" in body else None
    rows = rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    assert len(rows) == 20
    assert len(batches.live) == 2, "refused once, then answered"
    assert all("max_completion_tokens" in body for _, body in batches.lines)


def test_what_the_endpoint_refuses_later_is_worded_differently_in_the_next_batch(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 20}))
    batches.rule = lambda body: unsupported("max_tokens") if "max_tokens" in body and batches.made else None
    assert len(rows_of(spec, settings(batches, tmp_path / "a.sqlite"))) == 20
    assert all("max_tokens" in body for _, body in batches.made[0].lines)
    assert all("max_completion_tokens" in body for batch in batches.made[1:] for _, body in batch.lines)


# --- trouble


def test_a_batch_whose_making_was_not_confirmed_is_found_by_its_token(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 20}))

    def break_the_reply():
        raise OSError("the reply is lost")

    batches.after["POST /v1/batches"] = break_the_reply
    assert len(rows_of(spec, settings(batches, tmp_path / "a.sqlite"))) == 20
    assert max(batches.paid.values()) == 1
    assert batches.calls["GET /v1/batches"] == 1


@pytest.mark.parametrize(
    "call",
    ["POST /v1/files", "POST /v1/batches", "GET /v1/batches/{id}", "GET /v1/files/{id}/content"],
)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_calls_that_fail_for_a_while_are_made_again(batches, tmp_path, call, status):
    spec = load_spec(write_spec(tmp_path, splits={"train": 20}))
    batches.refuse[call] = [failure(status, message="Try later", kind="server_error")] * 2
    assert len(rows_of(spec, settings(batches, tmp_path / "a.sqlite"))) == 20
    assert max(batches.paid.values()) == 1


def test_a_wrong_key_is_said_before_anything_is_submitted(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path))
    with pytest.raises(EndpointError, match="does not accept the API key") as caught:
        rows_of(spec, settings(batches, tmp_path / "a.sqlite", api_key="sk-wrong-0123456789"))
    assert "sk-wrong-0123456789" not in str(caught.value)
    assert batches.calls["POST /v1/files"] == 0


def test_an_endpoint_without_a_batch_api_is_named_with_the_way_out(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path))
    batches.without_batches = True
    with pytest.raises(SettingsError, match=r"has no batch API.*run without --batch"):
        rows_of(spec, settings(batches, tmp_path / "a.sqlite"))
    rows_of(spec, settings(batches, tmp_path / "a.sqlite", batch=False))


@pytest.mark.parametrize("backend", ["embedded", "transformers"])
def test_local_models_have_no_batch_api(tmp_path, backend):
    spec = load_spec(write_spec(tmp_path, model="smollm2-135m-instruct"))
    with pytest.raises(SettingsError, match=rf"runs on this machine \({backend}\), which has no batch API"):
        rows_of(spec, Settings(backend=backend, batch=True, store=tmp_path / "a.sqlite"))


def test_a_stream_is_not_asked_in_batches_but_read_from_their_answers(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path))
    where = settings(batches, tmp_path / "a.sqlite")
    with pytest.raises(SettingsError, match=r"leave out streaming=True or batch=True"):
        next(split_outcomes(spec, where, "train", eager=False))
    rows_of(spec, where)
    assert len(list(split_outcomes(spec, where, "train", eager=False))) == 6


def test_a_batch_of_another_account_is_not_submitted_again(batches, tmp_path):
    """Its answers are paid for; whoever wants them asks with the right key."""
    spec = load_spec(write_spec(tmp_path, splits={"train": 20}))
    where = settings(batches, tmp_path / "a.sqlite")
    batches.hold = True
    rows = split_outcomes(spec, where, "train")

    def read() -> None:
        with pytest.raises(EndpointError):
            list(rows)

    reader = threading.Thread(target=read)
    reader.start()
    until(lambda: batches.calls["GET /v1/batches/{id}"] >= 1)
    lost = batches.made.pop()
    reader.join()
    with pytest.raises(EndpointError, match=r"Use the API key and project.*\.batches"):
        rows_of(spec, where)
    assert not batches.made
    assert lost.lines


# --- what it may cost


def test_a_cap_holds_in_batches(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 30}))
    with pytest.raises(BudgetError, match="10 requests"):
        rows_of(spec, settings(batches, tmp_path / "a.sqlite", max_requests=10))
    assert len(batches.live) + len(batches.lines) == 10
    assert len(rows_of(spec, settings(batches, tmp_path / "a.sqlite"))) == 30
    assert not asked_twice(batches)


def test_what_waited_for_a_cap_of_tokens_goes_into_a_later_batch(batches, tmp_path):
    """A bill reserves the most that an answer may cost; what then turns out to be free is used."""
    spec = load_spec(write_spec(tmp_path, splits={"train": 30}))
    assert len(rows_of(spec, settings(batches, tmp_path / "a.sqlite", max_total_tokens=6000))) == 30
    assert len(batches.made) > 1
    assert not asked_twice(batches)


def test_answers_in_batches_cost_half(batches, tmp_path):
    spec = load_spec(write_spec(tmp_path, splits={"train": 30}))
    prices = {"some-model": Price(input=Decimal(10), output=Decimal(20))}
    cost = {}
    for batch in (True, False):
        where = settings(batches, tmp_path / f"{batch}.sqlite", batch=batch, prices=prices)
        budget = Budget(where)
        rows = list(split_outcomes(spec, where, "train", budget=budget))
        cost[batch] = budget.spent.cost
        answers = len(rows) + sum(len(row.rejections) for row in rows)
        assert budget.spent.answers == answers
    each = cost[False] / answers
    assert cost[True] == each + (answers - 1) * each / 2, "one request is asked live"
