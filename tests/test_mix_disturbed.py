"""Builds with real rows that are killed, asked at any concurrency, or read from the Hub: the same bytes."""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import yaml
from hub_standin import WRITE, HubStandin
from nursery import Nursery
from workshop import tree

from synth_datasets.spec import fingerprint, load_spec

WORDS = [
    "kelp",
    "moth",
    "brim",
    "dusk",
    "fern",
    "lark",
    "oboe",
    "pyre",
    "quay",
    "rust",
    "silk",
    "tarn",
    "vole",
    "wisp",
]


def real_rows(count):
    draw = random.Random(5)
    return [f"{' '.join(draw.sample(WORDS, 9))} {at}" for at in range(count)]


def table(count):
    return "text,mood\n" + "".join(f"{text},{'pn'[at % 2]}\n" for at, text in enumerate(real_rows(count)))


def write_spec(folder, **source):
    spec = {
        "name": "mixed",
        "model": "m",
        "columns": {
            "label": {"classes": ["n", "p"]},
            "text": {"prompt": "Write a {{ label }} review."},
        },
        "splits": {"train": 40, "test": 8},
        "attempts": 12,
        "mix": {
            **({"file": "real.csv"} | source),
            "columns": {"text": "text", "label": "mood"},
            "ratio": {"train": 0.5, "test": 0.5},
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "x.synth.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    (folder / "real.csv").write_text(table(80), encoding="utf-8")
    return path


def sometimes_a_copy(body):
    """Answer now and then with a real row or with what is too like another answer."""
    number = int(hashlib.sha256(repr(body).encode()).hexdigest(), 16)
    if number % 9 == 0:
        return real_rows(80)[number % 80]
    return "This came late and the box was torn, but it works." if number % 7 == 0 else None


def test_kills_and_concurrency_change_no_byte_of_a_mix(endpoint, tmp_path):
    spec = write_spec(tmp_path)
    endpoint.rule = sometimes_a_copy
    endpoint.latency_s = 0.005

    def begin(nursery, home, concurrency):
        where = {"base_url": endpoint.base_url, "concurrency": concurrency, "store": home / "answers.sqlite"}
        return nursery.build(
            spec,
            home / "made",
            cache_dir=home / "cache",
            options=where,
            environment={"OPENAI_API_KEY": "sk-test"},
        )

    with Nursery() as nursery:
        made = {}
        for concurrency in (1, 8, 64):
            child = begin(nursery, tmp_path / str(concurrency), concurrency)
            assert child.wait() == 0, child.output
            made[concurrency] = tree(tmp_path / str(concurrency) / "made")
        assert made[1] == made[8] == made[64]
        needed = endpoint.count // 3
        chance = random.Random(2)
        home = tmp_path / "rough"
        for _ in range(6):
            before = endpoint.count
            child = begin(nursery, home, 8)
            target = before + chance.randrange(0, needed // 4)
            while endpoint.count < target and child.running():
                time.sleep(0.0005)
            child.kill()
            child.wait()
        child = begin(nursery, home, 8)
        assert child.wait() == 0, child.output
    assert tree(home / "made") == made[1]
    named = [
        line for path in (home / "made/trace").glob("*.real.jsonl") for line in path.read_text().splitlines()
    ]
    assert len(named) == 24


BUILD = """
import huggingface_hub, json, sys
from pathlib import Path
from datasets import load_dataset
from synth_datasets.build import build

hub = huggingface_hub.HfApi()
where = {"path_in_repo": "data/real.csv", "repo_id": "org/real", "repo_type": "dataset"}
if sys.argv[1] == "first":
    hub.create_repo("org/real", repo_type="dataset")
    commit = hub.upload_file(path_or_fileobj=Path("real.csv").read_bytes(), **where).oid
    hub.upload_file(path_or_fileobj=b"text,mood\\nanother thing altogether,p\\n", **where)
    spec = Path("x.synth.yaml")
    spec.write_text(spec.read_text().replace("COMMIT", commit))
    print(commit)
made = build("x.synth.yaml", sys.argv[1], cache_dir=f"cache-{sys.argv[1]}", options={"store": "answers.sqlite"})
streamed = load_dataset("synth", data_files="x.synth.yaml", split="train", streaming=True, store="answers.sqlite")
assert list(streamed) == list(made.dataset["train"]), "a stream is the build"
"""


def test_real_rows_on_the_hub_are_those_of_the_commit_that_the_lock_pins(endpoint, tmp_path):
    write_spec(tmp_path, hub="org/real", revision="COMMIT", file="data/real.csv")
    hub = HubStandin()
    hub.start()

    def run(name, **more):
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": WRITE,
            "OPENAI_BASE_URL": endpoint.base_url,
            "OPENAI_API_KEY": "k",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            **more,
        }
        done = subprocess.run(
            [sys.executable, "-c", BUILD, name],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    try:
        (commit,) = run("first")
        reads = len([call for call in hub.calls if call.startswith("GET ") and "/resolve/" in call])
        assert reads == 1
    finally:
        hub.stop()
    asked = endpoint.count
    run("again", HF_HUB_OFFLINE="1")
    assert endpoint.count == asked
    assert tree(tmp_path / "first") == tree(tmp_path / "again")
    (spec,) = (tmp_path / "first").glob("*.synth.yaml")
    lock = json.loads((tmp_path / "first/synth.lock").read_text(encoding="utf-8"))
    assert commit in spec.read_text(encoding="utf-8")
    assert lock["fingerprint"] == fingerprint(load_spec(spec))
    spec.write_text(spec.read_text(encoding="utf-8").replace(commit, "0" * 40), encoding="utf-8")
    assert lock["fingerprint"] != fingerprint(load_spec(spec)), "another commit is another dataset"
    named = (tmp_path / "first/trace/train.real.jsonl").read_text(encoding="utf-8")
    assert len(named.splitlines()) == 20
