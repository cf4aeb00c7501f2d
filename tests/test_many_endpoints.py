"""Three replicas of one model, in processes of their own; one is killed and one turns slow in the middle of a run."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import datasets
import pytest
from endpoint_process import EndpointProcess
from fake_endpoint import FakeEndpoint
from specs import write_spec

from synth_datasets.cli import main
from synth_datasets.errors import SettingsError
from synth_datasets.generation.offline import AnswerMissingError
from synth_datasets.settings import Settings, load_settings
from synth_datasets.spec import load_spec
from synth_datasets.splits import split_rows
from synth_datasets.synth import Synth

ROWS = 1000
CONCURRENCY = 24
LATENCY_S = 0.1
"""With so few at once the work of this machine (some 0.2 s in all) hardly counts beside it."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def timed_rows(
    folder: Path, servers: list[EndpointProcess], midway: Callable[[], None] = lambda: None
) -> tuple[list[dict[str, object]], float]:
    """Make the rows from nothing and return them with the seconds it took; `midway` is called after half of them."""
    spec = load_spec(write_spec(folder, splits={"train": ROWS}, checks={"text": {"unique": "exact"}}))
    settings = Settings(
        endpoints=tuple(server.base_url for server in servers),
        endpoint_name="http://replicas/v1",
        store=folder / "answers.sqlite",
        concurrency=CONCURRENCY,
    )
    rows, began = [], time.monotonic()
    for row in split_rows(spec, settings, "train"):
        rows.append(row)
        if len(rows) == ROWS // 2:
            midway()
    return rows, time.monotonic() - began


def started(stack: ExitStack, folder: Path, count: int) -> list[EndpointProcess]:
    return [
        stack.enter_context(EndpointProcess(folder / f"{number}", latency_s=LATENCY_S))
        for number in range(count)
    ]


def disturbed_and_ideal_s(folder: Path) -> tuple[float, float]:
    """Make the same rows with two replicas undisturbed and with three of which one dies and one gets slow."""
    with ExitStack() as stack:
        expected, calm_s = timed_rows(folder / "calm", started(stack, folder / "two", 2))
        servers = started(stack, folder / "three", 3)

        def midway() -> None:
            servers[0].kill()
            servers[1].slow_down(10 * LATENCY_S)

        made, rough_s = timed_rows(folder / "rough", servers, midway)
        asked = [server.asked for server in servers]
    assert made == expected, "no row is lost or another, whoever answered"
    assert len(made) == ROWS
    killed, slow, well = asked
    everything = [seed for each in asked for seed in each]
    assert len(set(everything)) == ROWS
    twice = {seed for seed in everything if everything.count(seed) > 1}
    assert twice <= set(killed[-CONCURRENCY:]), "only what was under way to the killed one is asked again"
    assert len(everything) - ROWS <= CONCURRENCY
    assert not set(slow) & set(well), "nothing is asked at two replicas to see who is faster"
    assert min(len(killed), len(slow)) > ROWS // 9, "all three had their share at first"
    assert len(slow) < ROWS // 3 < len(well)
    return rough_s, calm_s


@pytest.mark.alone
@pytest.mark.slow
def test_one_killed_and_one_slow_cost_little_time_and_no_row(tmp_path):
    """The bar is 1.3 times the two replicas' time.

    With so many at once in all, two replicas take as long as three, and one alone: what is lost is a round trip
    of the slow one (1 s of some 4 s) for what it had when it turned slow, for as long as a quarter to a half of the
    places are taken by that, and up to another at the end: 1.1 to 1.2 times where nothing else runs.
    """
    for attempt in ("first", "second", "third"):  # a machine that is busy with other things gets another try
        rough_s, calm_s = disturbed_and_ideal_s(tmp_path / attempt)
        if rough_s <= 1.3 * calm_s:
            return
    pytest.fail(f"{rough_s:.1f} s with two replicas failing, {calm_s:.1f} s with two that are well")


def test_a_build_goes_on_with_replicas_under_its_old_name(endpoint, tmp_path):
    """Begun with one base URL; gone on with another beside it, and then with others alone."""
    spec = load_spec(write_spec(tmp_path))
    store = tmp_path / "answers.sqlite"
    others = [FakeEndpoint(), FakeEndpoint()]
    for other in others:
        other.start()
    urls = [other.base_url for other in others]
    try:
        begun = list(
            split_rows(spec, load_settings({"base_url": endpoint.base_url, "store": store}), "train")
        )
        asked = endpoint.count
        for more in (
            {"base_url": endpoint.base_url, "endpoints": urls},
            {"endpoints": [endpoint.base_url, *urls]},
            {"endpoints": urls, "endpoint_name": endpoint.base_url},
        ):
            assert list(split_rows(spec, load_settings({**more, "store": store}), "train")) == begun
        assert (endpoint.count, [other.count for other in others]) == (asked, [0, 0])
        with pytest.raises(AnswerMissingError):
            list(split_rows(spec, load_settings({"endpoints": urls, "store": store}), "train", offline=True))
    finally:
        for other in others:
            other.stop()


def test_the_command_line_takes_an_endpoint_again_and_again_and_a_file(
    endpoint, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    other = FakeEndpoint()
    other.start()
    endpoint.latency_s = other.latency_s = 0.02
    write_spec(tmp_path)
    (tmp_path / "more.txt").write_text(f"{other.base_url}\n")
    try:
        with pytest.raises(SystemExit) as ended:
            main(["build", "reviews.synth.yaml", "--endpoint", endpoint.base_url, "--endpoint", "more.txt"])
    finally:
        other.stop()
    assert ended.value.code == 0, capsys.readouterr()
    assert endpoint.count
    assert other.count


def test_the_builder_takes_a_list_and_its_cache_knows_the_name_alone(endpoint, tmp_path):
    spec = write_spec(tmp_path)
    file = tmp_path / "endpoints.txt"
    file.write_text(endpoint.base_url)
    how = {"data_files": str(spec), "cache_dir": str(tmp_path / "cache"), "store": str(tmp_path / "a.sqlite")}
    first = Synth(endpoints=[str(file)], endpoint_name="http://mine/v1", **how)
    first.download_and_prepare()
    asked = endpoint.count
    assert asked
    again = Synth(endpoints="http://elsewhere:1/v1", endpoint_name="http://mine/v1/", **how)
    again.download_and_prepare()
    assert endpoint.count == asked
    assert again.cache_dir == first.cache_dir


def test_a_file_alone_needs_a_name_and_batches_need_one_endpoint(tmp_path):
    spec = load_spec(write_spec(tmp_path))
    file = tmp_path / "endpoints.txt"
    file.write_text("http://127.0.0.1:1/v1")
    with pytest.raises(SettingsError, match="--endpoint-name URL"):
        list(split_rows(spec, load_settings({"endpoints": [str(file)]}), "train"))
    settings = load_settings(
        {"endpoints": ["http://127.0.0.1:1/v1"], "batch": True, "store": tmp_path / "a.sqlite"}
    )
    with pytest.raises(SettingsError, match="batches lie at one endpoint"):
        list(split_rows(spec, settings, "train"))
