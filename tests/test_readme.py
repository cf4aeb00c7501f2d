"""The README's own blocks, run as a reader would run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hub_standin import WRITE, HubStandin

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.embedded
def test_the_tour_runs_with_the_embedded_model(tmp_path):
    """Every command and every line of the tour, in the reader's order, in one folder."""
    (tmp_path / "reviews.synth.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    environment = {**os.environ, "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    tour = next(block for block in blocks("bash") if "synth check" in block)
    commands = [line.split("#")[0].split() for line in tour.splitlines()]
    assert [command[1] for command in commands] == ["check", "preview", "build", "rejections", "push"]
    replay = next(block for block in blocks("bash") if "--locked" in block)
    for command in [*commands[:-1], *(line.split("#")[0].split() for line in replay.splitlines())]:
        run = [sys.executable, "-m", "synth_datasets.cli", *command[1:]]
        done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert (tmp_path / "again/synth.lock").read_bytes() == (
        tmp_path / "build/reviews/synth.lock"
    ).read_bytes()
    hub = HubStandin()
    hub.start()
    try:
        online = {
            **environment,
            "HF_ENDPOINT": hub.url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": WRITE,
        }
        push = [sys.executable, "-m", "synth_datasets.cli", *commands[-1][1:]]
        done = subprocess.run(push, cwd=tmp_path, env=online, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Would publish v1.0.0" in done.stdout
        assert not hub.repos
    finally:
        hub.stop()
    code = blocks("python")[0] + "\nprint(len(ds['train']), len(few), sum(map(len, small.values())))\n"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "['negative', 'positive']"
    assert done.stdout.splitlines()[-1] == "8 4 4"


def test_the_two_commands_exist_and_can_be_run():
    first = blocks("bash")[0]
    for line in first.splitlines():
        script = ROOT / line.split()[0]
        assert script.is_file(), script
        assert os.access(script, os.X_OK)
        assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """What a link may name on a page, as GitHub makes it of the headings."""
    titles = re.findall(r"^#+ (.+)$", without_blocks(page), flags=re.MULTILINE)
    unlinked = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in unlinked}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SCALING.md", "builders/README.md"])
def test_every_file_and_heading_that_a_page_links_is_there(page):
    text = re.sub(r"`[^`]*`", "code", without_blocks(ROOT / page))
    for target, heading in re.findall(r"\]\((?!http)([^)#\s]*)#?([^)\s]*)\)", text):
        there = (ROOT / page).parent / target if target else ROOT / page
        assert there.exists(), target
        assert not heading or heading in headings(there), (target, heading)
