"""The command line as a person meets it: what it prints, what it leaves behind, and its exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import datasets
import pytest
from fake_endpoint import FakeEndpoint, text, unauthorized
from specs import write_spec

SYNTH = [sys.executable, "-m", "synth_datasets.cli"]
VERBS = (
    "list",
    "new",
    "check",
    "schema",
    "preview",
    "build",
    "report",
    "evaluate",
    "rejections",
    "trace",
    "answers",
    "push",
)


@pytest.fixture
def synth(endpoint: FakeEndpoint, tmp_path: Path):
    """Run `synth` in a folder of its own, against this test's endpoint."""
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": endpoint.base_url,
        "OPENAI_API_KEY": "sk-test",
        "SYNTH_STORE": str(tmp_path / "answers.sqlite"),
        "HF_DATASETS_CACHE": str(tmp_path / "cache"),
    }

    def run(*arguments: str, code: int | None = 0, **more: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [*SYNTH, *arguments],
            cwd=tmp_path,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        if code is not None:
            assert done.returncode == code, done.stderr + done.stdout
        return done

    run.environment = environment
    return run


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(synth, verb):
    shown = synth(verb, "--help").stdout
    example = next(line for line in shown.splitlines() if "Example:" in line)
    assert example.split()[:3] == ["Example:", "synth", verb]
    assert "\\b" not in shown


@pytest.mark.alone
def test_help_is_quick_and_names_every_verb(synth):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        shown = synth("--help").stdout
        times.append(time.perf_counter() - start)
    assert min(times) < 0.7
    assert all(f"  {verb} " in shown for verb in VERBS)


def test_a_mistyped_verb_gets_a_suggestion(synth):
    assert "Did you mean 'build'" in synth("biuld", code=2).stderr


def test_check_passes_a_good_spec_and_imports_nothing_heavy(synth, tmp_path):
    spec = write_spec(tmp_path)
    assert "ok: train 6, test 2; at least 8 requests" in synth("check", str(spec)).stdout
    code = (
        "import sys\nfrom synth_datasets.cli import main\n"
        "def no_socket(event, arguments):\n"
        "    if event.startswith('socket.'): raise SystemExit('a socket was opened')\n"
        "sys.addaudithook(no_socket)\n"
        f"try: main(['check', {str(spec)!r}])\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "print([name for name in ('torch', 'openai', 'datasets', 'evaluate', 'numpy') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_check_shows_every_problem_of_every_spec(synth, tmp_path):
    good = write_spec(tmp_path, "good.synth.yaml")
    bad = write_spec(tmp_path, "bad.synth.yaml", splits={"train": -3}, modle="x")
    done = synth("check", str(bad), str(good), code=2)
    assert "good.synth.yaml: ok" in done.stdout
    assert "model" in done.stderr
    assert "splits.train" in done.stderr


def test_a_spec_that_is_not_there_names_the_ready_ones(synth):
    assert "customer_feedback" in synth("check", "customer_feedbak", code=2).stderr


def test_list_shows_the_ready_datasets(synth):
    assert "customer_feedback" in synth("list").stdout


def test_new_starts_a_spec_that_passes_and_never_overwrites(synth, tmp_path):
    synth("new", "tickets")
    assert "ok" in synth("check", "tickets.synth.yaml").stdout
    written = (tmp_path / "tickets.synth.yaml").read_text()
    assert "not overwritten" in synth("new", "tickets", code=2).stderr
    assert (tmp_path / "tickets.synth.yaml").read_text() == written
    synth("new", "mine", "--from", "customer_feedback", "-o", "sub")
    assert "ok" in synth("check", "sub/mine.synth.yaml").stdout
    assert "name: mine" in (tmp_path / "sub" / "mine.synth.yaml").read_text()
    synth("new", "Bad Name", code=2)


def test_schema_is_json(synth):
    assert "columns" in json.loads(synth("schema").stdout)["properties"]


def test_preview_shows_prompts_rows_and_an_estimate_and_keeps_the_answers(synth, endpoint, tmp_path):
    write_spec(tmp_path)
    prompts = synth("preview", "reviews.synth.yaml", "--prompts-only", "--rows", "2").stdout
    assert "negative review of a" in prompts
    assert endpoint.count == 0
    shown = synth("preview", "reviews.synth.yaml", "-n", "2").stdout
    assert '"label": "negative"' in shown
    assert "A whole build: 8 rows (train 6, test 2)" in shown
    assert "2 requests, " in shown
    assert "to be asked    about 6 requests" in shown
    assert "money        unknown" in shown
    assert "as just now" in shown
    assert 2 <= endpoint.count <= 8
    synth("build", "reviews.synth.yaml")
    bodies = [repr(body) for body in endpoint.bodies]
    assert len(bodies) == len(set(bodies))


@pytest.mark.alone
def test_build_leaves_a_release_that_loads_without_us_and_a_second_run_asks_nothing(
    synth, endpoint, tmp_path
):
    write_spec(tmp_path)
    shown = synth("build", "reviews.synth.yaml").stdout
    folder = tmp_path / "build" / "reviews"
    for expected in (
        "accepted",
        'load_dataset("build/reviews")',
        "report.html",
        "README.md",
        "The first rows of train",
    ):
        assert expected in shown
    for name in ("README.md", "report.html", "quality.json", "reviews.synth.yaml", "synth.lock"):
        assert (folder / name).is_file(), name
    code = "import datasets, sys; d = datasets.load_dataset(sys.argv[1]); print(d['train'].features, len(d['train']))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env=synth.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ClassLabel(names=['negative', 'positive'])" in done.stdout
    asked = endpoint.count
    parquet = (folder / "data" / "train-00000.parquet").read_bytes()
    start = time.perf_counter()
    synth("build", "reviews.synth.yaml")
    assert time.perf_counter() - start < 10
    assert endpoint.count == asked
    assert (folder / "data" / "train-00000.parquet").read_bytes() == parquet
    synth("build", "reviews.synth.yaml", "--again")
    assert endpoint.count == asked
    assert (folder / "data" / "train-00000.parquet").read_bytes() == parquet


def test_build_does_not_touch_a_folder_that_is_not_its_own(synth, endpoint, tmp_path):
    write_spec(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert "mine" in synth("build", "reviews.synth.yaml", "-o", "mine", code=5).stderr
    assert endpoint.count == 0
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_each_row_can_be_traced_to_its_prompt_and_raw_answer(synth, tmp_path):
    write_spec(tmp_path)
    synth("build", "reviews.synth.yaml")
    made = datasets.load_dataset(str(tmp_path / "build" / "reviews"), cache_dir=str(tmp_path / "c"))["train"]
    for index in range(len(made)):
        shown = synth("trace", "build/reviews", "train", str(index)).stdout
        assert f"review of a {made[index]['product']}." in shown
        assert made[index]["text"] in shown
    assert "has no row 6" in synth("trace", "build/reviews", "train", "6", code=2).stderr
    first = synth("trace", "build/reviews", "train", "0").stdout
    assert synth("trace", "build/reviews", first.split()[0]).stdout == first
    assert "train (rows 0 to 5)" in synth("trace", "build/reviews", "train", code=2).stderr
    assert "no accepted row 'train/gone/0'" in synth("trace", "build/reviews", "train/gone/0", code=2).stderr


def test_report_is_shown_again_from_the_folder(synth, tmp_path):
    write_spec(tmp_path)
    synth("build", "reviews.synth.yaml")
    assert "acceptance" in synth("report", "build/reviews").stdout
    assert json.loads(synth("report", "build/reviews", "--json").stdout)["format"] == 1
    assert "synth build" in synth("report", "nowhere", code=5).stderr


def test_rejections_are_shown_from_a_build_and_from_a_spec_that_fell_short(synth, endpoint, tmp_path):
    write_spec(tmp_path, attempts=2, checks={"text": {"length": [20, 900]}})
    endpoint.rule = lambda body: text("Nope.") if "negative" in str(body["messages"]) else None
    failed = synth("build", "reviews.synth.yaml", code=3)
    assert "negative: 3 missing" in failed.stderr
    asked = endpoint.count
    from_spec = synth("rejections", "reviews.synth.yaml", "--split", "train").stdout
    assert "too_short" in from_spec
    assert "Nope." in from_spec
    assert endpoint.count == asked
    synth("build", "reviews.synth.yaml", "--keep-short")
    lines = synth("rejections", "build/reviews", "--json", "--reason", "too_short").stdout.splitlines()
    assert {json.loads(line)["text"] for line in lines} == {"Nope."}
    assert len(lines) == 8
    nothing = synth("rejections", "build/reviews", "--reason", "echo").stdout
    assert re.fullmatch(
        r"Nothing was rejected as asked for; there are \d+ too_short in \w+(, .*)?\n", nothing
    )


def test_a_wrong_key_ends_with_one_message_and_its_own_exit_code(synth, endpoint, tmp_path):
    write_spec(tmp_path)
    endpoint.rule = lambda body: unauthorized()
    done = synth("build", "reviews.synth.yaml", code=4)
    assert "OPENAI_API_KEY" in done.stderr
    assert "sk-test" not in done.stderr + done.stdout
    assert not (tmp_path / "build").exists()


@pytest.mark.alone
def test_a_dead_endpoint_ends_soon_and_says_how_to_go_on(synth, endpoint, tmp_path):
    write_spec(tmp_path)
    endpoint.stop()
    start = time.perf_counter()
    done = synth("build", "reviews.synth.yaml", code=4)
    assert time.perf_counter() - start < 30
    assert "again" in done.stderr


def test_interrupting_leaves_everything_resumable_and_says_so(synth, endpoint, tmp_path):
    write_spec(tmp_path, splits={"train": 200})
    endpoint.latency_s = 0.02
    child = subprocess.Popen(
        [*SYNTH, "build", "reviews.synth.yaml", "--concurrency", "4"],
        cwd=tmp_path,
        env=synth.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while endpoint.count < 40 and child.poll() is None:
        time.sleep(0.005)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130, errors
    assert "run the same command again" in errors
    assert errors.count("Every answer that arrived is kept") == 1
    assert "Traceback" not in errors
    asked = endpoint.count
    synth("build", "reviews.synth.yaml", "--concurrency", "4")
    bodies = [repr(body) for body in endpoint.bodies]
    assert len(bodies) - len(set(bodies)) <= 4, "at most what was in flight is asked again"
    assert endpoint.count >= 200 > asked


def test_a_dry_run_of_a_push_needs_a_folder_that_was_built(synth):
    assert "synth build" in synth("push", "nowhere", "me/it", "--dry-run", code=5).stderr


@pytest.mark.alone
def test_a_dry_run_opens_no_connection_and_asks_nothing(synth, endpoint, tmp_path):
    write_spec(tmp_path, "big.synth.yaml", splits={"train": 990_000, "test": 10_000})
    (tmp_path / "config.toml").write_text('currency = "USD"\n[prices.some-model]\ninput = 0.25\noutput = 2\n')
    code = (
        "import sys\nfrom synth_datasets.cli import main\n"
        "def no_socket(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.bind'): raise SystemExit(event)\n"
        "sys.addaudithook(no_socket)\n"
        "main(['build', 'big.synth.yaml', '--dry-run', '--rpm', '500'])\n"
    )
    environment = {**synth.environment, "SYNTH_CONFIG": str(tmp_path / "config.toml")}
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - start < 20
    assert "1,000,000 requests" in done.stdout
    assert "4,000 rows were looked up" in done.stdout
    assert "up to about 20" in done.stdout
    assert "at least 33.3 h" in done.stdout
    assert endpoint.connections == 0
    assert not (tmp_path / "answers.sqlite").exists()


def test_a_cap_ends_with_its_own_exit_code_and_the_next_run_goes_on(synth, endpoint, tmp_path):
    write_spec(tmp_path)
    capped = ("build", "reviews.synth.yaml", "--max-requests", "5")
    ended = synth(*capped, code=6)
    assert "--max-requests" in ended.stderr
    assert "To finish, about" in ended.stderr
    assert endpoint.count == 5
    done = synth(*capped)
    assert "answers were in the store" in done.stdout
    bodies = [repr(body) for body in endpoint.bodies]
    assert len(bodies) == len(set(bodies))
    refused = synth("build", "reviews.synth.yaml", "-o", "other", "--max-cost", "1", "--seed", "5", code=2)
    assert '[prices."some-model"]' in refused.stderr


def test_what_a_model_wrote_cannot_steer_the_terminal(synth, endpoint, tmp_path):
    write_spec(tmp_path, attempts=2, splits={"train": 2}, checks={"text": {"length": [1, 40]}})
    evil = "\x1b]0;owned\x07 \x9b31m \u202e \ud800 fine and long enough to be rejected"
    endpoint.rule = lambda body: text(f"{evil} {body['seed']}")
    failed = synth("build", "reviews.synth.yaml", code=3)
    message = failed.stderr[failed.stderr.index("Error:") :]  # before it, progress bars move the cursor
    shown = [message, synth("rejections", "reviews.synth.yaml").stdout]
    shown.append(synth("rejections", "reviews.synth.yaml", "--json").stdout)
    shown.append(synth("preview", "reviews.synth.yaml").stdout)
    endpoint.rule = lambda body: text(f"Fine \u202e and accepted, number {body['seed']}.")
    write_spec(tmp_path, splits={"train": 2}, seed=5)
    shown.append(synth("build", "reviews.synth.yaml").stdout)
    shown.append(synth("trace", "build/reviews", "train", "0").stdout)
    for text_shown in shown:
        assert not [letter for letter in text_shown if letter in "\x1b\x07\x9b\u202e"]
    assert "\\u001b]0;owned" in shown[1]
    assert "\x1b]0;owned" in json.loads(shown[2].splitlines()[0])["text"]
    assert "\\u202e" in shown[4]
    assert "\\u202e" in shown[5]
