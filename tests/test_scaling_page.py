"""What SCALING.md has a reader run, run: its scripts against stand-ins of what submits them, with real parts."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import submitters
from fake_endpoint import FakeEndpoint
from specs import write_spec

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SCALING.md").read_text(encoding="utf-8")
PARTS = 2
"""In place of the page's sixteen."""
EVERY = f"$(seq 1 {PARTS})"

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(title: str, language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", section(title), flags=re.MULTILINE | re.DOTALL)
    return [re.sub(r"\b16\b", str(PARTS), block) for block in found]


def often_alike(body: dict[str, Any]) -> str | None:
    """Answer so that rows repeat rows of other parts, and a second round is needed."""
    number = int(hashlib.sha256(repr(body).encode()).hexdigest(), 16)
    return (
        f"This {('phone', 'laptop')[number % 2]} came late and the box was torn." if number % 3 == 0 else None
    )


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows_of(parts: Path) -> list[dict[str, str]]:
    """Return the digests of what each part holds, but for its answers, which lie in the order of arrival."""
    records = [json.loads(path.read_text())["files"] for path in sorted(parts.glob("*/part.json"))]
    return [{name: each for name, each in files.items() if name != "answers.sqlite"} for files in records]


@pytest.fixture(scope="module")
def model() -> Iterator[FakeEndpoint]:
    server = FakeEndpoint()
    server.rule = often_alike
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def known(model: FakeEndpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the spec, the release of one build in `whole`, and what the first block of the page leaves."""
    folder = tmp_path_factory.mktemp("known")
    write_spec(folder, splits={"train": 20, "test": 4}, attempts=12)
    run = shell_in(folder, folder / "tools", model)
    done = run(
        "synth build reviews.synth.yaml -o whole --store whole.sqlite && "
        + blocks("Parts by hand", "bash")[0]
    )
    assert "Round 2" in done.stdout
    return folder


def shell_in(folder: Path, tools: Path, model: FakeEndpoint) -> Shell:
    """Return what runs a script in the folder, with the stand-ins, and with the variables that the page asks for."""
    tools.mkdir()
    path = submitters.install(tools / "bin", tools / "state")
    given = {
        name: os.environ[name]
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HF_HOME")
        if name in os.environ
    }
    own = {
        "HOME": str(tools),
        "SYNTH_BASE_URL": model.base_url,
        "SYNTH_API_KEY": "sk-page",
        "HF_HUB_OFFLINE": "1",
    }

    def run(script: str, *, succeeds: bool = True) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env={**given, **own, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def shell(known: Path, model: FakeEndpoint, tmp_path: Path) -> Shell:
    (tmp_path / "reviews.synth.yaml").write_bytes((known / "reviews.synth.yaml").read_bytes())
    return shell_in(tmp_path, tmp_path / "tools", model)


def test_parts_made_by_hand_merge_to_the_bytes_of_one_build(known):
    assert tree(known / "build/reviews") == tree(known / "whole")
    assert len(rows_of(known / "build/reviews-parts")) == PARTS


def test_a_slurm_array_and_the_job_that_depends_on_it_make_the_same_bytes(shell, known, tmp_path):
    """And a task that fails keeps the merge from running, until it is submitted again as the page says."""
    parts, merge, submit = blocks("Slurm", "bash")
    (tmp_path / "parts.sbatch").write_text(parts)
    (tmp_path / "merge.sbatch").write_text(merge)
    in_the_way = tmp_path / "stores/2.sqlite"
    in_the_way.mkdir(parents=True)
    shell(submit)
    jobs = [json.loads(path.read_text()) for path in sorted((tmp_path / "tools/state").glob("job-*.json"))]
    assert [sorted(job) for job in jobs] == [["1", "2"], ["cancelled"]]
    assert [task for task, status in jobs[0].items() if status] == ["2"]
    in_the_way.rmdir()
    again = re.search(r"`(sbatch --array=3,7 parts.sbatch)`", section("Slurm"))
    assert again is not None
    shell(f"export PARTS={PARTS}; {again[1].replace('3,7', '2')}; sbatch merge.sbatch")
    assert tree(tmp_path / "build/reviews") == tree(known / "whole")


def test_an_indexed_job_of_kubernetes_and_its_merge_make_the_same_bytes(shell, known, model, tmp_path):
    (submit,) = blocks("Kubernetes", "bash")
    for name, manifest in zip(("parts.yaml", "merge.yaml"), blocks("Kubernetes", "yaml"), strict=True):
        assert f"`{name}`:" in section("Kubernetes")
        (tmp_path / name).write_text(manifest.replace("http://models:8000/v1", model.base_url))
    shell(submit)
    assert tree(tmp_path / "build/reviews") == tree(known / "whole")


def test_a_loop_of_containers_makes_the_same_parts(shell, known, tmp_path):
    """Gone through once, for the last part."""
    (loop,) = blocks("Docker", "bash")
    *making, merge = loop.strip().splitlines()
    shell("\n".join(making).replace(EVERY, str(PARTS)))
    assert rows_of(tmp_path / "build/reviews-parts") == rows_of(known / "build/reviews-parts")[-1:]
    assert merge.endswith("synth merge build/reviews-parts")


def test_jobs_of_hugging_face_have_options_that_hf_knows_and_make_the_same_parts(
    shell, known, model, tmp_path
):
    """Gone through once, for the last part."""
    (loop,) = blocks("Hugging Face Jobs", "bash")
    bucket = tmp_path / "tools/state/your-name/reviews"
    bucket.mkdir(parents=True)
    (bucket / "reviews.synth.yaml").write_bytes((known / "reviews.synth.yaml").read_bytes())
    shell(loop.replace("https://models.example.com/v1", model.base_url).replace(EVERY, str(PARTS)))
    assert rows_of(tmp_path / "build/reviews-parts") == rows_of(known / "build/reviews-parts")[-1:]


def test_every_link_of_the_page_leads_somewhere():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", PAGE):
        path, _, anchor = target.partition("#")
        text = (ROOT / path).read_text(encoding="utf-8") if path else PAGE
        headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, target
    assert "(SCALING.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


# --- the paper plan


@pytest.fixture(scope="module")
def simulation() -> Iterator[Any]:
    folder = str(ROOT / "tests/benchmarks")
    sys.path.insert(0, folder)
    try:
        import simulate

        yield simulate
    finally:
        sys.path.remove(folder)
        sys.modules.pop("simulate", None)


def test_the_table_of_the_page_is_what_the_simulation_gives(simulation):
    assert simulation.table() in PAGE


def test_where_nothing_fails_the_simulation_takes_as_long_as_arithmetic_says(simulation):
    costs = simulation.Costs(start_s=10.0, deal_s=1e-6, walk_s=0.0, ask_s=1e-4)
    run = simulation.Run(
        rows=10_000_000, parts=100, endpoints=50, answers_a_row=1.0, costs=costs, **simulation.UNDISTURBED
    )
    told = simulation.simulate(run)
    each = 10.0 + 1e-6 * run.rows + (run.rows / run.parts) / (run.places / run.answer_s)
    assert told.wall_h == pytest.approx(2 * each / 3600)
    assert told.cpu_h == pytest.approx((100 * (10.0 + 10.0) + 1e-4 * run.rows) / 3600)
    assert (told.tail_h, told.asked_twice, told.interruptions) == (0.0, 0.0, 0)


def test_whatever_fails_all_rows_are_answered_in_the_end(simulation):
    run = simulation.Run(
        rows=2_000_000,
        parts=40,
        endpoints=20,
        worker_lasts_h=0.2,
        endpoint_lasts_h=0.5,
        driver_restarts_at_h=0.1,
    )
    told = simulation.simulate(run)
    assert told.answered == pytest.approx(run.rows * run.answers_a_row)
    assert 0 < told.asked_twice <= told.interruptions * run.places
    assert told == simulation.simulate(run)
