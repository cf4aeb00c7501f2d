"""A push that is killed anywhere, again and again, ends in one commit and one tag for each version."""

import os
import random
import signal

import datasets
import pytest
from nursery import Nursery

from synth_datasets.publishing.push import push

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")

REPO = "org/reviews"
KILLS = 30
WHERE = (*range(1, 13), "/preupload/", "/objects/batch", "PUT ", "/commit/", "/commit/", "/tag/")
"""The number of a request, or a part of it."""


@pytest.fixture
def releases(release_of, rows, spec, make_rows):
    """Four versions, each with a row more."""
    return [
        release_of(
            f"r{number}",
            version=f"1.{number}.0",
            dataset=datasets.DatasetDict(train=make_rows(spec, 6 + number), test=rows["test"]),
        )
        for number in range(4)
    ]


def test_thirty_kills_and_one_clean_push_leave_one_commit_and_one_tag_a_version(hub, releases, monkeypatch):
    """Each kill comes as a request arrives, which the Hub still answers; the next push goes on from what it finds."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    draw = random.Random(7)
    killed = version = 0
    hit = set()
    with Nursery() as nursery:
        for _ in range(2 * KILLS):
            if killed == KILLS:
                break
            where = draw.choice(WHERE)
            hub.calls.clear()
            child = nursery.push(releases[version].folder, REPO)

            def kill(number, pid=child.pid, where=where):
                if number == where or (isinstance(where, str) and where in hub.calls[-1]):
                    os.kill(pid, signal.SIGKILL)

            hub.on_call = kill
            status = child.wait()
            hub.on_call = None
            assert status in (0, -signal.SIGKILL), child.output
            killed += status != 0
            hit |= {where} if status else set()
            if REPO in hub.repos and f"v1.{version}.0" in hub.repos[REPO].tags:
                version = min(version + 1, len(releases) - 1)
    assert killed == KILLS
    assert hit > {"/commit/", "/tag/"}
    for release in releases[version:]:
        push(release.folder, REPO)
    repo = hub.repos[REPO]
    assert repo.messages == ["initial commit", *(f"customer_feedback 1.{n}.0" for n in range(len(releases)))]
    commits = list(repo.commits)[1:]
    assert repo.tags == {f"v1.{number}.0": commit for number, commit in enumerate(commits)}
    changelog = repo.at("main")["CHANGELOG.md"].decode()
    assert [line for line in changelog.splitlines() if line.startswith("## ")] == [
        f"## 1.{number}.0" for number in reversed(range(len(releases)))
    ]
