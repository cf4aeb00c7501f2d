"""A push to another home that is killed anywhere ends in the version, whole and once, when it is run again."""

import os
import signal
from itertools import count
from pathlib import Path

import pytest
from home_fixtures import needs_git
from nursery import Nursery

from synth_datasets.publishing.homes import home_at
from synth_datasets.publishing.pull import verify_at
from synth_datasets.publishing.push import push

KILLED = -signal.SIGKILL


def assert_whole(address, *releases):
    versions = home_at(address)[0].versions()
    assert list(versions) == [f"v{release.version}" for release in releases]
    for release in releases:
        assert verify_at(f"{address}@v{release.version}").release.digest == release.digest
        assert push(release.folder, address).status == "already_published"


def killed_at_each(releases, address, within, step=1):
    """Push each release again and again, killed a little later each time, until it is done; returns the kills."""
    kills = 0
    with Nursery() as nursery:
        for release in releases:
            for number in count(1, step):
                child = nursery.push(release.folder, address, killed_at=number, within=within)
                if (status := child.wait()) == 0:
                    break
                assert status == KILLED, child.output
                kills += 1
                there = home_at(address)[0].versions() if Path(within).exists() else {}
                assert set(there) <= {"v1.0.0", f"v{release.version}"}
    return kills


def test_a_push_to_a_folder_killed_at_every_third_step(first, second, tmp_path):
    home = tmp_path / "home"
    assert killed_at_each((first, second), str(home), str(home), step=3) > 20
    assert_whole(str(home), first, second)
    assert sorted(path.name for path in home.iterdir()) == ["v1.0.0", "v2.0.0", "versions.json"]


@needs_git
def test_a_push_to_git_killed_before_every_call_of_git(git, first):
    assert killed_at_each((first,), git, git.removeprefix("file://")) > 8
    assert_whole(git, first)


@pytest.fixture
def kill_at_request(s3, monkeypatch):
    """Kill a process as the store gets its nth request that writes; the store still answers it."""
    werkzeug_app = pytest.importorskip("moto.moto_server.werkzeug_app")
    answer, order = werkzeug_app.DomainDispatcherApplication.__call__, {"left": 0, "pid": 0}

    def answering(self, environ, start_response):
        if order["pid"] and environ["REQUEST_METHOD"] in ("PUT", "POST"):
            order["left"] -= 1
            if order["left"] == 0:
                os.kill(order["pid"], signal.SIGKILL)
        return answer(self, environ, start_response)

    monkeypatch.setattr(werkzeug_app.DomainDispatcherApplication, "__call__", answering)
    return lambda pid, number: order.update(pid=pid, left=number)


def test_a_push_to_a_bucket_killed_on_its_way_and_at_the_index(bucket, first, second, kill_at_request):
    kills = 0
    with Nursery() as nursery:
        for release in (first, second):
            for number in count(1, 5):
                child = nursery.push(release.folder, bucket)
                kill_at_request(child.pid, number)
                status = child.wait()
                kill_at_request(0, 0)
                if status == 0:
                    break
                assert status == KILLED, child.output
                kills += 1
                if f"v{release.version}" in home_at(bucket)[0].versions():
                    break  # killed as the index was written: it is there
                assert set(home_at(bucket)[0].versions()) <= {"v1.0.0"}
    assert kills >= 4
    assert_whole(bucket, first, second)
