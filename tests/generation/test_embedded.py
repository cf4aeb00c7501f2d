import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from synth_datasets.errors import EndpointError, SettingsError
from synth_datasets.generation.answer import RequestFailedError
from synth_datasets.generation.embedded import EmbeddedBackend
from synth_datasets.generation.weights import EMBEDDED_MODEL_ID, WEIGHTS_SHA256
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings

pytestmark = pytest.mark.embedded

IDENTITY = f"embedded:sha256:{WEIGHTS_SHA256}"


def ask_for(
    text: str, *, opening: str = "", seed: int = 1, schema: str | None = None, extra=None, **sampling
):
    begun = (Message("assistant", opening),) if opening else ()
    return Request(
        endpoint=IDENTITY,
        model=EMBEDDED_MODEL_ID,
        messages=(Message("user", text), *begun),
        sampling={"max_tokens": 16, **sampling},
        extra=extra or {},
        schema=schema,
        seed=seed,
    )


def answers(*requests: Request, settings: Settings | None = None, model_id: str = EMBEDDED_MODEL_ID):
    """Ask all at once on a fresh backend, and close it."""

    async def main():
        backend = EmbeddedBackend(settings or Settings(), model_id)
        try:
            return await asyncio.gather(*map(backend.ask, requests))
        finally:
            await backend.close()

    return asyncio.run(main())


def few_shot(subject: str, seed: int) -> Request:
    """Long enough (about 110 tokens) for shared slots or caches to change the text."""
    shots = [
        Message(
            "user",
            f"Write a short review of a {thing}. " + "Say what you liked and what you did not like. " * 2,
        )
        for thing in ("phone", "laptop")
    ]
    told = [
        Message("assistant", "It is quick and light. The screen could be brighter, but I like it a lot.")
    ] * 2
    turns = [turn for pair in zip(shots, told, strict=True) for turn in pair]
    last = (Message("user", f"Write a short review of a {subject}."), Message("assistant", f"This {subject}"))
    return replace(ask_for("", seed=seed, temperature=0.8, top_p=0.9), messages=(*turns, *last))


def test_the_same_request_gives_the_same_text_alone_and_in_any_company():
    requests = [few_shot(subject, seed) for seed, subject in enumerate(("book", "chair", "lamp", "pen"))]
    together = answers(*requests)
    backwards = answers(*reversed(requests))
    alone = answers(requests[2])
    assert [answer.text for answer in together] == [answer.text for answer in reversed(backwards)]
    assert alone[0].text == together[2].text
    assert len({answer.text for answer in together}) == 4


def test_another_seed_gives_another_text():
    one, two = answers(*(ask_for("Tell me a story.", seed=seed, temperature=1.0) for seed in (1, 2)))
    assert one.text != two.text


def test_seeds_beyond_32_bits_stay_seeds():
    """4294967295 would make llama.cpp draw a seed of its own."""
    for seed in (2**32 - 1, 2**63 - 1):
        one, two = answers(*[ask_for("Tell me a story.", seed=seed, temperature=1.0)] * 2)
        assert one.text == two.text


def test_an_answer_says_what_it_cost_and_why_it_ended():
    [cut] = answers(ask_for("Count from one to a hundred in words.", temperature=0.0, max_tokens=8))
    assert (cut.finish_reason, cut.completion_tokens) == ("length", 8)
    assert cut.prompt_tokens > 10
    assert cut.model == EMBEDDED_MODEL_ID
    [ended] = answers(ask_for("Say: one two three.", temperature=0.0, max_tokens=60, stop=("two",)))
    assert ended.finish_reason == "stop"
    assert "two" not in ended.text


def test_the_answer_begins_with_the_opening_and_goes_on():
    [answer] = answers(ask_for("Write a review of a laptop.", opening="The battery of this laptop is"))
    assert answer.text.startswith("The battery of this laptop is ")
    assert len(answer.text) > len("The battery of this laptop is ")


def test_a_schema_is_followed():
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": 20}, "stars": {"enum": [1, 2, 3]}},
        "required": ["title", "stars"],
        "additionalProperties": False,
    }
    [answer] = answers(ask_for("Rate a lamp.", schema=json.dumps(schema), temperature=0.0, max_tokens=60))
    row = json.loads(answer.text)
    assert row.keys() == {"title", "stars"}
    assert row["stars"] in (1, 2, 3)


def test_extra_parameters_reach_the_model_but_cannot_lift_the_cap():
    plain, narrow = answers(
        ask_for("Tell me a story.", temperature=2.0),
        ask_for("Tell me a story.", temperature=2.0, extra={"top_k": 1, "n_predict": 500}),
    )
    [greedy] = answers(ask_for("Tell me a story.", temperature=0.0))
    assert narrow.text == greedy.text != plain.text
    assert narrow.completion_tokens == 16


def test_a_prompt_that_is_too_long_fails_alone():
    async def main():
        backend = EmbeddedBackend(Settings())
        try:
            return await asyncio.gather(
                backend.ask(ask_for("word " * 5000)), backend.ask(ask_for("Hello.")), return_exceptions=True
            )
        finally:
            await backend.close()

    failed, answered = asyncio.run(main())
    assert isinstance(failed, RequestFailedError)
    assert failed.reason == "context_too_long"
    assert "4096" in failed.detail
    assert answered.text


@pytest.mark.parametrize(
    "request_",
    [ask_for("Hello.", extra={"min_p": "much"}), ask_for("Hello.", schema='{"type":"wrong"}')],
    ids=["parameter", "schema"],
)
def test_what_every_request_would_be_refused_for_stops_the_run(request_):
    with pytest.raises(EndpointError, match=r"embedded model refused the request; correct"):
        answers(request_)


def test_a_file_that_is_no_model_is_a_settings_error(tmp_path):
    (tmp_path / "own.gguf").write_bytes(b"GGUF but not really" * 100)
    with pytest.raises(SettingsError, match=r"own\.gguf: llama\.cpp cannot run this file"):
        answers(ask_for("Hello."), settings=Settings(model_path=tmp_path / "own.gguf"), model_id="own")


def test_a_missing_runtime_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(SettingsError, match=r"pip install 'synth-datasets\[local\]'"):
        answers(ask_for("Hello."))


@pytest.mark.parametrize(("asked", "in_flight", "servers"), [(1, 1, 1), (3, 3, 2), (256, 256, 2)])
def test_concurrency_is_the_users_and_servers_stay_within_the_cores(monkeypatch, asked, in_flight, servers):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    backend = EmbeddedBackend(Settings(concurrency=asked))
    assert backend.concurrency == in_flight
    assert backend._workers._max_workers == servers
    asyncio.run(backend.close())


def test_without_a_wish_two_requests_wait_for_each_core(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    backend = EmbeddedBackend(Settings())
    assert backend.concurrency == 6
    asyncio.run(backend.close())


async def taken_up(backend: EmbeddedBackend) -> None:
    """Wait until the only server is at work."""
    async with asyncio.timeout(10):
        while not backend._idle.empty():
            await asyncio.sleep(0)


def test_cancelling_and_closing_stop_a_long_answer_at_once():
    async def main():
        backend = EmbeddedBackend(Settings(concurrency=1))
        await backend.ask(ask_for("Hello.", max_tokens=1))
        endless = ask_for("Count.", max_tokens=2000, temperature=0.0, extra={"ignore_eos": True})
        first = asyncio.create_task(backend.ask(endless))
        await taken_up(backend)
        first.cancel()
        second = await backend.ask(ask_for("Hello."))  # the only server is free again
        third = asyncio.create_task(backend.ask(endless))
        await taken_up(backend)
        await backend.close()
        return first.cancelled(), second, await asyncio.gather(third, return_exceptions=True)

    started = time.monotonic()
    cancelled, answered, [stopped] = asyncio.run(main())
    assert time.monotonic() - started < 20  # 2000 tokens would take 30 s or more
    assert cancelled
    assert answered.text
    assert isinstance(stopped, RequestFailedError)
    assert "stopped before its answer ended" in stopped.detail


def test_closing_leaves_no_thread_and_a_second_backend_works():
    before = threading.active_count()
    first = answers(ask_for("Hello.", temperature=0.0))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("synth-embedded")]
    second = answers(ask_for("Hello.", temperature=0.0))
    assert first == second
    assert threading.active_count() == before


PROGRAM = """
import asyncio, os, sys, urllib.error, urllib.request
from synth_datasets.generation.embedded import EmbeddedBackend
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings

assert "xllamacpp" not in sys.modules
assert not [task for task in os.listdir("/proc/self/task")][1:], "importing starts no thread"

async def main(close):
    backend = EmbeddedBackend(Settings())
    request = Request(endpoint=backend.identity, model="smollm2-135m-instruct",
                      messages=(Message("user", "Hi."),), sampling={"max_tokens": 4}, seed=1)
    assert (await backend.ask(request)).text
    server = backend._idle.get_nowait()
    try:
        urllib.request.urlopen(server.listening_address + "/tokenize", data=b"{}")
    except urllib.error.HTTPError as error:
        print(error.code)
    backend._idle.put(server)
    del server
    if close:
        await backend.close()

asyncio.run(main(close=sys.argv[1] == "close"))
"""


@pytest.mark.parametrize("ending", ["close", "forget"])
def test_a_program_ends_cleanly_prints_nothing_and_its_port_is_shut(ending):
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, ending], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "401\n", "")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own numbers")
def test_one_server_keeps_its_memory_small():
    """94 MB of keys and values, and little else that is not the shared weights."""

    def private() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) // 1024

    async def main():
        backend = EmbeddedBackend(Settings(concurrency=1))
        before = private()
        await backend.ask(ask_for("Hello."))
        grown = private() - before
        await backend.close()
        return grown

    assert asyncio.run(main()) < 220
