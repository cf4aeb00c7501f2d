"""Several endpoints asked as one: real ones on loopback that fail, stall, die, come back and change."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from fake_endpoint import FakeEndpoint, Reply, failure, hang, rate_limited, server_error, text, unauthorized

from synth_datasets.errors import BudgetError, EndpointError, SettingsError
from synth_datasets.generation import replicas as replicas_module
from synth_datasets.generation.answer import Answer, RequestFailedError
from synth_datasets.generation.replicas import Replicas
from synth_datasets.generation.retry import RetryPolicy
from synth_datasets.plan.request import Message, Request
from synth_datasets.settings import Settings

KEY = "sk-very-secret-0123456789"
FAST = RetryPolicy(tries=4, first_tries=3, base_s=0.002, cap_s=0.02, patience_s=0.3, most_pauses=3)


@pytest.fixture
def three() -> Iterator[list[FakeEndpoint]]:
    servers = [FakeEndpoint() for _ in range(3)]
    for server in servers:
        server.start()
    yield servers
    for server in servers:
        server.stop()


def request(number: int, prompt: str = "Write a positive review.", **more: object) -> Request:
    return Request(
        endpoint="http://x/v1", model="m", messages=(Message("user", prompt),), seed=number, **more
    )


def ask(
    places: Sequence[FakeEndpoint | str],
    requests: Sequence[Request],
    *,
    policy: RetryPolicy = FAST,
    notes: list[str] | None = None,
    **settings: object,
) -> list[Answer | Exception]:
    """Ask all, as many at once as the backend takes, and return outcomes in the order of the requests."""

    async def main() -> list[Answer | Exception]:
        urls = tuple(each if isinstance(each, str) else each.base_url for each in places)
        options = {"api_key": KEY, "timeout_s": 5.0, "concurrency": 12, "endpoints": urls, **settings}
        backend = Replicas(Settings(**options), policy=policy)
        turn = asyncio.Semaphore(backend.concurrency)

        async def one(request: Request) -> Answer:
            async with turn:
                return await backend.ask(request)

        try:
            outcomes = await asyncio.gather(*(one(each) for each in requests), return_exceptions=True)
        finally:
            await backend.close()
        if notes is not None:
            notes.extend(backend.notes)
        return outcomes

    return asyncio.run(main())


def ids(server: FakeEndpoint) -> list[int]:
    return [body["seed"] for body in server.bodies]


def all_answered(outcomes: Sequence[Answer | Exception]) -> bool:
    return not [outcome for outcome in outcomes if not isinstance(outcome, Answer)]


def test_equal_replicas_share_the_requests_and_each_is_asked_once(three):
    for server in three:
        server.latency_s = 0.01
    assert all_answered(ask(three, [request(number) for number in range(300)]))
    assert sorted(seed for server in three for seed in ids(server)) == list(range(300))
    assert all(70 < server.count < 130 for server in three)
    assert all(server.max_in_flight <= 12 for server in three)
    assert sum(server.max_in_flight for server in three) < 20


def test_a_slow_replica_gets_few(three):
    for server, latency_s in zip(three, (0.01, 0.01, 0.2), strict=True):
        server.latency_s = latency_s
    assert all_answered(ask(three, [request(number) for number in range(400)]))
    assert three[2].count < 40
    assert sum(server.count for server in three) == 400, "no request is sent twice"


def test_a_replica_that_was_never_there_costs_nothing(three):
    three[1].stop()
    outcomes = ask(three, [request(number) for number in range(100)])
    assert all_answered(outcomes)
    assert three[0].count + three[2].count == 100


def test_a_request_that_fails_at_one_is_answered_by_another_at_once(three):
    """Without a pause: one of a minute would be noticed."""
    three[0].rule = lambda body: server_error()
    patient = RetryPolicy(base_s=60, cap_s=60)
    assert all_answered(ask(three, [request(number) for number in range(60)], policy=patient))
    assert three[0].count < 3 + 12


def test_one_that_fails_is_asked_for_a_word_and_taken_back_when_it_says_one(three, caplog):
    def rule(body: dict) -> Reply | None:
        return server_error() if three[0].count < 8 else None

    three[0].rule = rule
    for server in three:
        server.latency_s = 0.005
    assert all_answered(ask(three, [request(number) for number in range(600)]))
    probes = [body for body in three[0].bodies if body.get("max_tokens") == 16]
    assert probes
    assert three[0].count > 30
    said = [record.getMessage() for record in caplog.records if three[0].base_url in record.getMessage()]
    assert "is set aside: status 500" in said[0]
    assert "answers again" in said[1]


def test_one_that_refuses_everybody_is_set_aside_and_the_others_go_on(three, caplog):
    three[0].rule = lambda body: unauthorized()
    three[1].rule = lambda body: failure(404, message="The model `m` does not exist.", code="model_not_found")
    assert all_answered(ask(three, [request(number) for number in range(50)]))
    assert three[2].count == 50
    assert KEY not in caplog.text


def test_one_that_hangs_loses_nothing(three):
    three[0].rule = lambda body: hang()
    outcomes = ask(three, [request(number) for number in range(60)], timeout_s=0.3)
    assert all_answered(outcomes)
    assert three[1].count + three[2].count == 60


def test_patience_is_asked_of_those_who_ask_for_it_alone(three):
    """The first asks for more patience than the whole test has."""
    three[0].rule = lambda body: rate_limited(60)
    assert all_answered(ask(three, [request(number) for number in range(60)]))
    assert three[0].count <= 12
    assert three[1].count + three[2].count == 60


def test_a_request_whose_errors_stay_fails_alone(three):
    for server in three:
        server.rule = lambda body: server_error() if body["seed"] == 7 else None
        server.latency_s = 0.002
    outcomes = ask(three, [request(number) for number in range(40)])
    assert [number for number, each in enumerate(outcomes) if isinstance(each, Exception)] == [7]
    assert isinstance(outcomes[7], RequestFailedError)
    assert outcomes[7].reason == "endpoint_error"
    assert "at 3 replicas" in outcomes[7].detail


def test_the_only_request_fails_alone_when_probes_are_answered(three):
    for server in three:
        server.rule = lambda body: server_error() if "poison" in str(body) else None
    [outcome] = ask(three, [request(1, "poison")], policy=RetryPolicy(tries=4, base_s=0.002, cap_s=0.02))
    assert isinstance(outcome, RequestFailedError)


def test_when_all_are_dead_the_message_names_them_with_what_they_said(three):
    seen = 0

    def rule(body: dict) -> Reply | None:
        nonlocal seen
        seen += 1
        return server_error(503) if seen > 30 else None

    for server in three:
        server.rule = rule
    outcomes = ask(three, [request(number) for number in range(100)])
    errors = [each for each in outcomes if isinstance(each, Exception)]
    assert {type(each) for each in errors} == {EndpointError}
    assert "has answered for 0.3 s" in str(errors[0])
    assert str(errors[0]).count("status 503") == 3
    for server in three:
        assert server.base_url in str(errors[0])


def test_when_none_is_there_at_first_it_ends_soon_and_says_where_it_looked(three):
    for server in three:
        server.stop()
    outcomes = ask(three, [request(number) for number in range(3)], policy=RetryPolicy(base_s=0.01))
    assert {type(each) for each in outcomes} == {EndpointError}
    assert str(outcomes[0]).count("cannot connect") == 3
    assert "SYNTH_ENDPOINTS" in str(outcomes[0])


def test_when_all_refuse_the_key_it_ends_at_once(three, caplog):
    for server in three:
        server.rule = lambda body: unauthorized()
    outcomes = ask(three, [request(number) for number in range(3)], policy=RetryPolicy(base_s=60))
    assert {type(each) for each in outcomes} == {EndpointError}
    assert str(outcomes[0]).count("does not accept the API key") == 3
    assert str(outcomes[0]).count("Answers so far are kept") == 1
    assert KEY not in str(outcomes[0]) + caplog.text


def test_each_is_asked_in_its_own_words(three):
    three[0].rule = lambda body: (
        failure(400, message="Unsupported parameter: 'seed'", param="seed") if "seed" in body else None
    )
    for server in three:
        server.latency_s = 0.005
    notes: list[str] = []
    outcomes = ask(three, [request(number) for number in range(90)], notes=notes)
    assert all_answered(outcomes)
    assert {each.notes for each in outcomes} == {(), ("seed left out",)}
    assert all("seed" in body for server in three[1:] for body in server.bodies)
    assert [("seed" in note) for note in notes] == [True]


def test_caps_hold_for_all_together(three):
    outcomes = ask(
        three, [request(number, sampling={"max_tokens": 5}) for number in range(50)], max_requests=20
    )
    assert sum(isinstance(each, Answer) for each in outcomes) == 20
    assert {type(each) for each in outcomes if isinstance(each, Exception)} == {BudgetError}
    assert sum(server.count for server in three) == 20


def test_a_limit_a_minute_holds_for_all_together(three):
    """The tenth would go at once if each had a minute of its own."""

    async def main() -> int:
        settings = Settings(endpoints=tuple(each.base_url for each in three), api_key=KEY, rpm=9)
        backend = Replicas(settings, policy=FAST)
        asked = [asyncio.create_task(backend.ask(request(number))) for number in range(12)]
        done, waiting = await asyncio.wait(asked, timeout=1.0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await backend.close()
        return len(done)

    assert asyncio.run(main()) == 9
    assert sum(server.count for server in three) == 9


# --- files


def named(file: Path, *servers: FakeEndpoint) -> None:
    """Put the file in place of the old one, as one should."""
    fresh = file.with_suffix(".new")
    fresh.write_text("# replicas\n\n" + "".join(f"  {each.base_url}\n" for each in servers))
    fresh.replace(file)


def test_replicas_join_and_leave_while_it_runs(three, tmp_path, monkeypatch):
    """One joins and takes over when the only one leaves; what is under way to it still comes back."""
    monkeypatch.setattr(replicas_module, "_LOOK_S", 0.01)
    file = tmp_path / "endpoints.txt"
    named(file, three[0])
    steps = iter([(30, (three[0], three[1])), (60, (three[1], three[2]))])
    due = [next(steps)]

    def rule(body: dict) -> None:
        if due and sum(server.count for server in three) >= due[0][0]:
            named(file, *due.pop()[1])
            due.extend([step] if (step := next(steps, None)) else [])

    for server in three:
        server.rule, server.latency_s = rule, 0.01
    outcomes = ask([str(file)], [request(number) for number in range(1500)], endpoint_name="http://all/v1")
    assert all_answered(outcomes)
    assert all(server.count > 20 for server in three)
    assert sum(server.count for server in three) == 1500
    assert three[0].count < 900


def test_one_that_leaves_and_joins_again_is_asked_again(three, tmp_path, monkeypatch):
    monkeypatch.setattr(replicas_module, "_LOOK_S", 0.01)
    file = tmp_path / "endpoints.txt"

    async def main() -> list[list[str]]:
        named(file, *three[:2])
        settings = Settings(endpoints=(str(file),), endpoint_name="http://all/v1", api_key=KEY)
        backend, there = Replicas(settings), []
        for servers in (three[:1], three[:2], three):
            named(file, *servers)
            while len(backend.replicas) != len(servers):
                await asyncio.sleep(0.01)
            there.append([each.name for each in backend.replicas])
            assert backend.concurrency == 64 * len(servers)
            await asyncio.gather(*(backend.ask(request(number)) for number in range(30)))
        await backend.close()
        return there

    seen = asyncio.run(main())
    assert [len(each) for each in seen] == [1, 2, 3]
    assert all(set(fewer) < set(more) for fewer, more in pairwise(seen))
    assert all(server.count for server in three)


@pytest.mark.parametrize("content", ["", "not a url\n", None], ids=["empty", "no URL", "gone"])
def test_a_file_that_is_broken_meanwhile_changes_nothing(three, tmp_path, monkeypatch, caplog, content):
    monkeypatch.setattr(replicas_module, "_LOOK_S", 0.01)
    file = tmp_path / "endpoints.txt"
    named(file, *three)

    async def main() -> int:
        backend = Replicas(Settings(endpoints=(str(file),), endpoint_name="http://all/v1", api_key=KEY))
        if content is None:
            file.unlink()
        else:
            file.write_text(content)
        while "stay as they were" not in caplog.text:
            await asyncio.sleep(0.01)
        await backend.ask(request(1))
        await backend.close()
        return len(backend.replicas)

    assert asyncio.run(main()) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "names no endpoint"),
        ("http://ok:1/v1\nlocalhost:8000\n", "endpoints.txt:2 is no endpoint"),
        ("http://ok:port/v1\n", "endpoints.txt:1 is no endpoint"),
        ("http://a:1/v1 http://b:1/v1\n", "endpoints.txt:1 is no endpoint"),
        (None, "cannot be read as a file of endpoints"),
    ],
)
def test_a_file_that_is_broken_at_first_is_named(tmp_path, content, message):
    file = tmp_path / "endpoints.txt"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=message):
        ask([str(file)], [request(1)], endpoint_name="http://all/v1")


def test_a_stranger_may_not_ask_what_joins_without_leave(three, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(replicas_module, "_LOOK_S", 0.01)
    file = tmp_path / "endpoints.txt"
    named(file, three[0])

    async def main() -> None:
        settings = Settings(endpoints=(str(file),), endpoint_name="http://all/v1", api_key=KEY)
        backend = Replicas(settings, allowed=[three[0].base_url])
        named(file, *three)
        while "stay as they were" not in caplog.text:
            await asyncio.sleep(0.01)
        await asyncio.gather(*(backend.ask(request(number)) for number in range(30)))
        await backend.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(main())
    assert [server.count for server in three] == [30, 0, 0]


def test_an_answer_is_that_of_the_endpoint(three):
    three[0].script.append(text("hi", usage=(3, 4)))
    [answer] = ask(three[:1], [request(1)])
    assert isinstance(answer, Answer)
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("hi", 3, 4)
