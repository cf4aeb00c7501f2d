"""Builds that are killed, interrupted, starved of disk and run twice at once: what was paid for is never lost."""

import itertools
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import datasets
import pytest
from fake_endpoint import FakeEndpoint, default_text
from nursery import Child, Nursery
from specs import write_spec
from workshop import sometimes_alike, tree

from synth_datasets.build import build
from synth_datasets.errors import SynthError
from synth_datasets.generation.store import AnswerStore
from synth_datasets.publishing.placing import in_place_of, put_right
from synth_datasets.publishing.release import check_target

CONCURRENCY = 8


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as opened:
        yield opened


def begin(nursery: Nursery, endpoint: FakeEndpoint, spec: Path, home: Path, **how: Any) -> Child:
    """Begin to build `spec` with the caches of `home` and its answers in `home`/answers.sqlite."""
    options = {"base_url": endpoint.base_url, "concurrency": CONCURRENCY, "store": home / "answers.sqlite"}
    return nursery.build(
        spec,
        how.pop("folder", home / "made"),
        cache_dir=how.pop("cache_dir", home / "cache"),
        options={**options, **how.pop("options", {})},
        environment={"OPENAI_API_KEY": "sk-test"},
        **how,
    )


def calmly(nursery: Nursery, endpoint: FakeEndpoint, spec: Path, home: Path) -> dict[str, str]:
    """Build without any disturbance and return the release's files."""
    child = begin(nursery, endpoint, spec, home)
    assert child.wait() == 0, child.output
    return tree(home / "made")


def asked(endpoint: FakeEndpoint) -> int:
    """Return how many requests have arrived, once those of a killed process have."""
    seen = -1
    while endpoint.in_flight or endpoint.count > seen:
        seen = endpoint.count
        time.sleep(0.01)
    return seen


def stored(path: Path) -> int:
    with AnswerStore(path, read_only=True) as store:
        return len(store)


# --- SIGKILL


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_kills_change_no_byte_and_cost_only_what_was_in_flight(nursery, endpoint, tmp_path):
    spec = write_spec(
        tmp_path, splits={"train": 320, "test": 60}, attempts=12, checks={"text": {"length": [20, 900]}}
    )
    endpoint.rule = sometimes_alike
    endpoint.latency_s = 0.01
    began = time.monotonic()
    expected = calmly(nursery, endpoint, spec, tmp_path / "calm")
    whole_s = time.monotonic() - began
    needed = endpoint.count
    assert needed > 380 + 30, "this test needs rejected answers"
    endpoint.clear()
    endpoint.rule = sometimes_alike
    chance = random.Random(8)
    lost: list[int] = []
    while len(lost) < 50:
        child = begin(nursery, endpoint, spec, tmp_path / "rough")
        if endpoint.count < needed - 5:  # somewhere while it asks
            target = endpoint.count + chance.randrange(0, 24)
            while endpoint.count < target and child.running():
                time.sleep(0.0005)
            time.sleep(chance.random() * 0.01)
        else:  # somewhere while it writes
            time.sleep(chance.random() * 0.8 * whole_s)
        child.kill()
        child.wait()
        lost.append(asked(endpoint) - stored(tmp_path / "rough" / "answers.sqlite") - sum(lost))
    child = begin(nursery, endpoint, spec, tmp_path / "rough")
    assert child.wait() == 0, child.output
    assert tree(tmp_path / "rough" / "made") == expected
    assert max(lost) <= CONCURRENCY, lost
    assert endpoint.count == needed + sum(lost)
    assert sum(count > 0 for count in lost) >= 10, "this test needs requests that are in flight"
    left = [path.name for path in (tmp_path / "rough").rglob("*") if path.name.startswith(".")]
    assert not [*left, *(tmp_path / "rough").rglob("*.incomplete")]


# --- SIGINT and SIGTERM


def command(spec: Path, home: Path, endpoint: FakeEndpoint, **environment: str) -> subprocess.Popen[str]:
    """Begin `synth build` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "synth_datasets.cli", "build", str(spec), "-o", str(home / "made")],
        env={
            **os.environ,
            "OPENAI_BASE_URL": endpoint.base_url,
            "OPENAI_API_KEY": "sk-test",
            "SYNTH_STORE": str(home / "answers.sqlite"),
            "SYNTH_CONCURRENCY": str(CONCURRENCY),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def assert_stopped(process: subprocess.Popen[str], number: int) -> None:
    _, errors = process.communicate(timeout=60)
    # Python ends itself by the signal when SIGINT met code run from within C; a shell sees 130 both ways.
    assert process.returncode in (128 + number, -signal.SIGINT if number == signal.SIGINT else 143), errors
    assert "Every answer that arrived is kept; run the same command again" in errors
    assert "Traceback" not in errors
    with pytest.raises(ProcessLookupError):  # nobody is left of its group
        os.killpg(process.pid, 0)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_asking_ends_the_command_cleanly_and_it_can_go_on(endpoint, tmp_path, number):
    spec = write_spec(tmp_path, splits={"train": 60, "test": 10})
    endpoint.latency_s = 0.05
    process = command(spec, tmp_path, endpoint)
    wait_for(lambda: endpoint.count > 20, process)
    process.send_signal(number)
    assert_stopped(process, number)
    kept, count = stored(tmp_path / "answers.sqlite"), asked(endpoint)
    assert 12 <= kept <= count <= kept + CONCURRENCY
    assert not (tmp_path / "made").exists()
    again = command(spec, tmp_path, endpoint)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert endpoint.count == 70 + count - kept


def test_a_signal_while_libraries_are_imported_ends_the_command_cleanly(endpoint, tmp_path):
    spec = write_spec(tmp_path)
    process = command(spec, tmp_path, endpoint, PYTHONPROFILEIMPORTTIME="1")  # tells each import on stderr
    assert process.stderr is not None
    assert any("pyarrow.lib" in line for line in process.stderr)
    process.send_signal(signal.SIGTERM)
    assert_stopped(process, signal.SIGTERM)
    assert endpoint.count == 0


def test_a_signal_while_the_store_commits_ends_the_command_when_it_has(endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 600})
    path = tmp_path / "answers.sqlite"
    with AnswerStore(path):
        pass
    process = command(spec, tmp_path, endpoint)
    wait_for(lambda: stored(path) > 0, process)
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as other:
        other.execute("BEGIN IMMEDIATE")  # the command's next commit waits for this one's end
        (committed,) = other.execute("SELECT count(*) FROM answers").fetchone()
        # A place among those in flight is free again after its commit alone: these many are answered, and no more.
        wait_for(lambda: len(endpoint.statuses) == committed + CONCURRENCY, process)
        process.send_signal(signal.SIGTERM)
        other.execute("ROLLBACK")
    assert_stopped(process, signal.SIGTERM)
    assert 0 < committed <= stored(path) <= asked(endpoint) <= stored(path) + CONCURRENCY


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str], most_s: float = 120) -> None:
    """Look again and again until the condition holds of a process that runs."""
    end = time.monotonic() + most_s
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, f"not within {most_s:g} s"
        time.sleep(0.001)


# --- a full disk, and one that cannot be written


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A disk of its own; call it with mount options such as `size=1m` to change them."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "none", str(disk)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")

    def change(options: str) -> Path:
        subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)
        return disk

    yield change
    subprocess.run(["umount", "-l", str(disk)], check=True)


PLACES = ("store", "cache", "folder")


@pytest.fixture
def made(
    endpoint: FakeEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., dict]]:
    """Build in this process, with store, cache or folder in other places if wanted; gives the release's files."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    datasets.disable_progress_bars()

    def make(spec: Path, **places: Path) -> dict[str, str]:
        where = {place: tmp_path / "large" / place / "it" for place in PLACES} | places
        options = {"base_url": endpoint.base_url, "concurrency": CONCURRENCY, "store": str(where["store"])}
        build(spec, where["folder"], cache_dir=where["cache"], options=options)
        return tree(where["folder"])

    yield make
    datasets.enable_progress_bars()


SMALL = {"store": "size=300k", "cache": "size=300k", "folder": "size=100k"}


@pytest.mark.parametrize("place", PLACES)
def test_a_full_disk_is_told_and_nothing_is_lost_when_it_has_space_again(
    made, endpoint, tmp_path, small_disk, place
):
    spec = write_spec(tmp_path, splits={"train": 1200, "test": 100})
    disk = small_disk(SMALL[place])
    told = refused(lambda: made(spec, **{place: disk / "it"}))
    assert re.search(r"disk.* is full.*free some space, or choose another place with -", told), told
    assert "run again" in told
    assert endpoint.count < 1300 if place == "store" else endpoint.count > 0
    small_disk("size=50m")
    resumed = made(spec, **{place: disk / "it"})
    assert endpoint.count - 1300 <= CONCURRENCY, "what was in flight"
    assert resumed == made(spec, **{each: tmp_path / "calm" / each for each in PLACES})


def refused(attempt: Callable[[], object]) -> str:
    """Return what the command line would say of the error."""
    with pytest.raises((OSError, SynthError)) as caught:
        attempt()
    return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_cannot_be_written_is_named_before_anything_is_asked(
    made, endpoint, tmp_path, small_disk, place
):
    spec = write_spec(tmp_path)
    disk = small_disk("ro")
    told = refused(lambda: made(spec, **{place: disk / "it"}))
    assert str(disk) in told
    assert "choose another place with --" in told
    assert endpoint.count == 0


def test_a_finished_build_needs_its_store_no_more(made, endpoint, tmp_path, small_disk):
    spec = write_spec(tmp_path)
    disk = small_disk("rw")
    first = made(spec, store=disk / "it")
    count = endpoint.count
    small_disk("ro")
    assert made(spec, store=disk / "it") == first
    assert made(spec, store=disk / "it", folder=tmp_path / "another") == first
    assert endpoint.count == count


def test_a_cache_that_can_only_be_read_is_named(made, tmp_path, small_disk):
    """`datasets` locks its cache even to read it."""
    spec = write_spec(tmp_path)
    disk = small_disk("rw")
    made(spec, cache=disk / "it")
    small_disk("ro")
    told = refused(lambda: made(spec, cache=disk / "it"))
    assert "it cannot be written" in told.replace(str(disk / "it"), "it")
    assert "--cache-dir" in told


# --- a store that is damaged


def test_a_store_damaged_between_builds_is_mended_aloud_and_only_what_it_lost_is_asked_again(
    made, endpoint, tmp_path, caplog
):
    spec = write_spec(tmp_path, splits={"train": 300, "test": 20})
    store = tmp_path / "answers.sqlite"
    places = {"cache": tmp_path / "cache", "store": store}
    first = made(spec, **places)
    with store.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(size // 2)
        file.write(random.Random(1).randbytes(8 * 4096))
        file.truncate(size - 3 * 4096)
    shutil.rmtree(tmp_path / "cache")
    endpoint.bodies.clear()
    assert made(spec, **places) == first
    assert "answers could be read and are kept, any others will be asked again" in caplog.text
    kept = int(re.search(r"(\d+) answers could be read", caplog.text)[1])
    assert endpoint.count == 320 - kept
    assert 0 < endpoint.count < 160
    assert stored(store) == 320


def test_a_store_damaged_under_a_running_build_costs_only_what_it_lost(nursery, endpoint, tmp_path):
    spec = write_spec(tmp_path, splits={"train": 300, "test": 20})
    expected = calmly(nursery, endpoint, spec, tmp_path / "calm")
    store = tmp_path / "rough" / "answers.sqlite"
    assert begin(nursery, endpoint, spec, tmp_path / "rough").wait() == 0  # a store with pages to damage
    grown = write_spec(tmp_path / "grown", splits={"train": 600, "test": 20})
    endpoint.clear()
    endpoint.latency_s = 0.005
    child = begin(nursery, endpoint, grown, tmp_path / "rough", folder=tmp_path / "rough" / "grown")
    while endpoint.count < 100:
        assert child.running(), child.output
        time.sleep(0.001)
    with store.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(random.Random(1).randbytes(20 * 4096))
    assert child.wait() == 0, child.output
    shutil.rmtree(tmp_path / "rough" / "cache")
    shutil.rmtree(tmp_path / "rough" / "made")
    again = begin(nursery, endpoint, spec, tmp_path / "rough")
    assert again.wait() == 0, again.output
    assert tree(tmp_path / "rough" / "made") == expected
    assert endpoint.count < 300 + 320, "not everything was asked again"


# --- several at once


def test_two_builds_of_one_spec_at_once_ask_once(nursery, endpoint, tmp_path):
    """One cache: the second waits for the first and takes what it made; both replace the same folder."""
    spec = write_spec(tmp_path, splits={"train": 40, "test": 10})
    endpoint.latency_s = 0.01
    children = [begin(nursery, endpoint, spec, tmp_path) for _ in range(3)]
    for child in children:
        assert child.wait() == 0, child.output
    assert endpoint.count == 50
    expected = calmly(nursery, endpoint, spec, tmp_path / "calm")
    assert tree(tmp_path / "made") == expected
    assert not [path for path in tmp_path.iterdir() if ".synth-" in path.name]


def test_builds_with_caches_of_their_own_and_one_store_give_the_same_bytes(nursery, endpoint, tmp_path):
    """The endpoint answers each request otherwise than before: the first answer that is kept is everybody's."""
    spec = write_spec(tmp_path, splits={"train": 40, "test": 10})
    count = itertools.count()
    endpoint.rule = lambda body: default_text({**body, "top_p": next(count)})
    endpoint.latency_s = 0.005
    homes = [tmp_path / str(number) for number in range(3)]
    children = [
        begin(nursery, endpoint, spec, home, options={"store": tmp_path / "answers.sqlite"}) for home in homes
    ]
    for child in children:
        assert child.wait() == 0, child.output
    first, *others = [tree(home / "made") for home in homes]
    assert all(other == first for other in others)
    assert stored(tmp_path / "answers.sqlite") == 50


def test_different_specs_share_a_store_at_once(nursery, endpoint, tmp_path):
    store = tmp_path / "answers.sqlite"
    specs = [write_spec(tmp_path / str(seed), splits={"train": 40}, seed=seed) for seed in (1, 2, 3)]
    endpoint.latency_s = 0.005
    children = [begin(nursery, endpoint, spec, spec.parent, options={"store": store}) for spec in specs]
    for child in children:
        assert child.wait() == 0, child.output
    assert endpoint.count == stored(store) == 120
    for spec in specs:
        assert calmly(nursery, endpoint, spec, spec.parent / "alone") == tree(spec.parent / "made")


# --- what killed builds leave behind


def test_leftovers_of_killed_builds_are_swept_and_those_of_running_ones_are_not(made, tmp_path):
    spec = write_spec(tmp_path)
    folder = tmp_path / "out" / "reviews"
    expected = made(spec, folder=folder)
    for name in (".reviews.synth-new-dead1234", ".reviews.synth-old-dead1234"):
        shutil.copytree(folder, folder.with_name(name))
    stranger = folder.with_name("reviews.old-mine")
    stranger.mkdir()
    with in_place_of(folder) as running:
        (running / "data").mkdir()
        assert made(spec, folder=folder) == expected
        assert sorted(path.name for path in folder.parent.iterdir()) == sorted(
            [running.name, "reviews", "reviews.old-mine"]
        )
        shutil.copytree(folder, running, dirs_exist_ok=True)
    assert tree(folder) == expected


def test_a_release_whose_successor_never_came_is_put_back(made, endpoint, tmp_path):
    """A kill between the two renames: the old one is whole, and the next build goes on as if nothing had been."""
    spec = write_spec(tmp_path)
    folder = tmp_path / "out" / "reviews"
    expected = made(spec, folder=folder)
    folder.rename(folder.with_name(".reviews.synth-old-dead1234"))
    check_target(folder)
    assert tree(folder) == expected
    folder.rename(folder.with_name(".reviews.synth-old-dead1234"))
    count = endpoint.count
    assert made(spec, folder=folder) == expected
    assert endpoint.count == count
    assert [path.name for path in folder.parent.iterdir()] == ["reviews"]


def test_files_of_a_killed_build_in_the_cache_do_no_harm(made, tmp_path):
    spec = write_spec(tmp_path)
    expected = made(spec, cache=tmp_path / "one")
    (info,) = (tmp_path / "one").rglob("dataset_info.json")
    place = tmp_path / "two" / info.parent.relative_to(tmp_path / "one")
    left = place.with_name(place.name + ".incomplete")
    shutil.copytree(info.parent, left)
    (left / "dataset_info.json").unlink()
    (left / "synth-reviews-train.arrow").write_bytes(b"half")
    (left / "trace" / "train.parquet").write_bytes(b"half")
    (left / "trace" / "train.rejections.jsonl").write_text('{"row_id": ')
    assert made(spec, cache=tmp_path / "two", folder=tmp_path / "second") == expected
    assert not left.exists()


@pytest.mark.slow
def test_processes_that_replace_one_folder_at_once_leave_one_of_theirs_whole(tmp_path):
    """Half of them are killed on the way."""
    code = """
import sys, itertools
from pathlib import Path
from synth_datasets.publishing.placing import in_place_of, put_right
folder, mark = Path(sys.argv[1]), sys.argv[2]
for number in itertools.count():
    with in_place_of(folder) as target:
        for name in "abc":
            (target / name).write_text(f"{mark} {number}")
    if number == 0:
        print("begun", flush=True)
    if mark[0] == "e" and number == 300:
        break
"""
    folder = tmp_path / "out" / "made"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(folder), mark], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for mark in ("e1", "e2", "k1", "k2", "k3")
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n", process.communicate()
    for process in started[2:]:
        process.kill()
    for process in started:
        _, errors = process.communicate(timeout=120)
        assert errors == b""
        assert process.returncode in (0, -signal.SIGKILL)
    whole = {(folder / name).read_text() for name in "abc"}
    assert len(whole) == 1
    put_right(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["made"]
