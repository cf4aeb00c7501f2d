"""The verb `review` on a real build: summary, export, import, and the page until Ctrl-C."""

import csv
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from codecs import BOM_UTF8

import datasets
import pytest
import yaml
from specs import review_spec, write_spec

from synth_datasets.spec.reviews import Decision, decision_line, read_decisions


@pytest.fixture
def synth(endpoint, tmp_path, monkeypatch, run):
    """Run a verb; returns its exit code, what it printed and what it said on stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("SYNTH_STORE", str(tmp_path / "answers.sqlite"))
    datasets.disable_progress_bars()

    yield run
    datasets.enable_progress_bars()


def page_of(process):
    line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/[\w-]+/)", line)
    assert found, line
    return int(found[1]), found[2]


def post(port, path, record):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", path, json.dumps(record), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


def test_a_build_is_reviewed_and_built_again(synth, endpoint, tmp_path):
    """From the page to the next build: one row rejected, one fixed, one request."""
    spec = write_spec(tmp_path)
    build = ("build", "reviews.synth.yaml", "--cache-dir", "cache")
    assert synth(*build)[0] == 0
    command = [sys.executable, "-m", "synth_datasets.cli", "review", "build/reviews", "--no-browser"]
    with subprocess.Popen(
        [*command, "--reviewer", "ann"], cwd=tmp_path, env=os.environ, stdout=subprocess.PIPE, text=True
    ) as process:
        port, path = page_of(process)
        assert post(port, f"{path}rows/0", {"verdict": "reject"})[0] == 200
        assert (
            post(port, f"{path}rows/1", {"verdict": "fix", "values": {"text": "What a person wrote."}})[0]
            == 200
        )
        assert post(port, f"{path}rows/2", {"verdict": "accept"})[1]["decided"] == 3
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "reviews: reviews.review.jsonl" in said
    assert "token" not in (tmp_path / "reviews.review.jsonl").read_text()
    code, shown, _ = synth("check", "reviews.synth.yaml")
    assert "does not name it, so no decision counts" in shown
    spec = write_spec(tmp_path, reviews="reviews.review.jsonl")
    code, shown, _ = synth("check", spec)
    assert code == 0
    assert shown.splitlines()[1] == "  reviews: reviews.review.jsonl: 1 accept, 1 reject, 1 fix"
    before = endpoint.count
    code, shown, errors = synth(*build)
    assert code == 0, errors
    assert endpoint.count == before + 1
    assert "Reviews: 1 rows accepted, 1 rejected and asked again, 1 hold what a person wrote\n" in shown
    assert "What a person wrote." in json.dumps([row["text"] for row in all_rows(tmp_path)])
    code, _, errors = synth(
        "build", "build/reviews", "--locked", "--offline", "-o", "again", "--cache-dir", "cache2"
    )
    assert code == 0, errors
    assert endpoint.count == before + 1
    assert synth("verify", "build/reviews")[0] == 0
    code, shown, _ = synth("rejections", "build/reviews", "--reason", "reviewed")
    assert "rejected by hand" in shown


def all_rows(folder):
    import pyarrow.parquet as pq

    return [
        row
        for path in sorted(folder.glob("build/reviews/data/*.parquet"))
        for row in pq.read_table(path).to_pylist()
    ]


def test_decisions_go_out_come_back_and_are_counted(synth, tmp_path):
    write_spec(tmp_path)
    assert synth("build", "reviews.synth.yaml", "--cache-dir", "cache")[0] == 0
    assert synth("review", "build/reviews", "--export", "table.csv")[0] == 0
    assert (tmp_path / "table.csv").read_bytes().startswith(BOM_UTF8)  # else spreadsheets garble letters
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 9
    head = lines[0].split(",")
    at = len(head) - 1 - head[::-1].index("verdict")

    def filled(name, verdicts):
        table = list(csv.reader(lines[1:]))
        for row, verdict in zip(table, verdicts, strict=False):
            row[at], row[at + 1] = verdict, name
        with (tmp_path / "filled.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *table])
        return synth("review", "build/reviews", "--import", "filled.csv")

    assert "6 new decisions" in filled("ann", ["accept"] * 4 + ["reject"] * 2)[1]
    assert "4 new decisions" in filled("bo", ["accept"] * 3 + ["reject"])[1]
    assert "0 new decisions" in filled("bo", ["accept"] * 3 + ["reject"])[1]
    _, shown, _ = synth("review", "build/reviews", "--summary")
    assert "10 decisions, 10 of them on rows as they are" in shown
    assert "ann: 6 of 8 rows (4 accept, 2 reject)" in shown
    assert "ann and bo: 4 rows in common, 75% alike, Cohen's kappa 0.00" in shown
    for name in ("records.json", "good.jsonl"):
        assert synth("review", "build/reviews", "--export", name, "--split", "train")[0] == 0
    assert "0 new decisions" in synth("review", "build/reviews", "--import", "records.json")[1]
    good = [json.loads(line) for line in (tmp_path / "good.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {"id", "label", "text"} <= good[0].keys()
    seeds = {"file": "good.jsonl", "text": "text", "label": "label", "id": "id"}
    write_spec(tmp_path / "seeded", "seeded.synth.yaml")
    (tmp_path / "seeded/good.jsonl").write_bytes((tmp_path / "good.jsonl").read_bytes())
    write_spec(tmp_path / "seeded", "seeded.synth.yaml", seeds=seeds)
    assert "ok:" in synth("check", "seeded/seeded.synth.yaml")[1], "what was accepted is read as seeds"
    (tmp_path / "old.csv").write_text((tmp_path / "filled.csv").read_text().replace("train/", "elsewhere/"))
    _, shown, errors = synth("review", "build/reviews", "--import", "old.csv")
    assert "left out" in errors
    assert len(read_decisions((tmp_path / "reviews.review.jsonl").read_text(encoding="utf-8"))) == 10


def test_accepted_rows_are_shown_in_the_prompts_of_the_next_version(synth, endpoint, tmp_path):
    """From the verdicts to a spec with the lines that were printed: good rows of a split are in its prompts alone."""
    write_spec(tmp_path)
    assert synth("build", "reviews.synth.yaml", "--cache-dir", "cache")[0] == 0
    assert synth("review", "build/reviews", "--export", "table.csv")[0] == 0
    lines = list(csv.DictReader((tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()))
    for line in lines:
        line["verdict"] = "accept"
    fixed = next(at for at, line in enumerate(lines) if line["row"] == "train/negative/0")
    bad = next(at for at, line in enumerate(lines) if line["row"] == "train/negative/1")
    lines[fixed] |= {"verdict": "fix", "fix.text": "What a person wrote about it."}
    lines[bad]["verdict"] = "reject"
    with (tmp_path / "table.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, lines[0].keys())
        table.writeheader()
        table.writerows(lines)
    code, _, errors = synth("review", "build/reviews", "--export-seeds")
    assert (code, "no row of build/reviews was accepted or fixed yet" in errors) == (2, True)
    assert synth("review", "build/reviews", "--import", "table.csv")[0] == 0
    code, shown, errors = synth("review", "build/reviews", "--export-seeds")
    assert code == 0, errors
    assert "reviews.seeds.jsonl: 7 rows that were accepted or fixed" in shown
    said = yaml.safe_load(shown[shown.index("seeds:") :])
    columns = review_spec()["columns"]
    texts = {"prompt": "Like these:\n{{ shown }}\nwrite one more {{ label }} review."}
    columns = {"label": columns["label"], **said["columns"], "text": texts}
    write_spec(tmp_path, "next.synth.yaml", name="next", columns=columns, seeds=said["seeds"])
    endpoint.clear()
    code, _, errors = synth("build", "next.synth.yaml", "--cache-dir", "cache2")
    assert code == 0, errors
    prompts = [body["messages"][-1]["content"] for body in endpoint.bodies]
    good = {line["text"] for at, line in enumerate(lines) if at not in (fixed, bad)}
    assert all(any(text in prompt for text in (*good, "What a person wrote about it.")) for prompt in prompts)
    assert not any(lines[at]["text"] in prompt for at in (fixed, bad) for prompt in prompts)
    trace = [
        json.loads(line) for line in (tmp_path / "build/next/trace/test.seeds.jsonl").read_text().splitlines()
    ]
    assert trace
    assert "train/" not in json.dumps(trace)


def test_real_rows_of_a_mix_are_not_asked_about(synth, tmp_path):
    words = ["kelp", "moth", "brim", "dusk", "fern", "lark", "oboe", "pyre", "quay"]
    table = "".join(f"{' '.join(words[at:] + words[:at])} {at},positive\n" for at in range(9))
    (tmp_path / "real.csv").write_text(f"text,label\n{table}", encoding="utf-8")
    columns = {"text": "text", "label": "label"}
    mix = {"file": "real.csv", "columns": columns, "rows": {"train": 4}}
    write_spec(tmp_path, mix=mix)
    assert synth("build", "reviews.synth.yaml", "--cache-dir", "cache")[0] == 0
    assert len(all_rows(tmp_path)) == 12
    assert synth("review", "build/reviews", "--export", "table.csv")[0] == 0
    lines = list(csv.DictReader((tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(lines) == 8
    assert not any(line["row"].startswith("real/") for line in lines)


def test_check_counts_decisions_that_change_nothing_by_why(synth, tmp_path):
    write_spec(tmp_path)
    assert synth("build", "reviews.synth.yaml", "--cache-dir", "cache")[0] == 0
    assert synth("review", "build/reviews", "--export", "table.csv")[0] == 0
    text = (tmp_path / "table.csv").read_text(encoding="utf-8-sig")
    decisions = [
        Decision(
            row=line["row"],
            columns=("label", "text"),
            digest=line["digest"],
            verdict="reject",
            reviewer="ann",
            at="2026-01-01T00:00:00Z",
        )
        for line in csv.DictReader(text.splitlines())
    ]
    held, other, gone = decisions[0], decisions[1], decisions[2]
    lines = [
        decision_line(held),
        decision_line(other).replace(other.digest, "0" * 32),
        decision_line(gone).replace('"train/', '"old/').replace('"test/', '"old/'),
        decision_line(decisions[3]).replace(
            '"verdict": "reject"', '"verdict": "fix", "values": {"label": "neutral"}'
        ),
    ]
    (tmp_path / "reviews.review.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_spec(tmp_path, reviews="reviews.review.jsonl")
    code, shown, _ = synth("check", "reviews.synth.yaml")
    assert code == 0
    assert (
        "reviews.review.jsonl: 3 reject; counting for nothing: 1 on rows that are not planned, 1 on other values than "
        "the rows hold, 1 with a column or class that the spec does not have"
    ) in shown
    code, shown, errors = synth("build", "reviews.synth.yaml", "--cache-dir", "cache")
    assert code == 0, errors
    assert (
        "1 rejected and asked again, 0 hold what a person wrote; 3 count for nothing: see `synth check`"
        in shown
    )
    (tmp_path / "answers.sqlite").unlink()
    _, shown, _ = synth("check", "reviews.synth.yaml")
    assert "2 not compared, as their rows' answers are not stored here" in shown


def test_what_cannot_be_reviewed_says_why(synth, tmp_path):
    write_spec(tmp_path)
    assert synth("build", "reviews.synth.yaml", "--cache-dir", "cache")[0] == 0
    code, _, errors = synth("review", "build/reviews", "--split", "none", "--summary")
    assert (code, "no row in a split 'none'" in errors) == (2, True)
    code, _, errors = synth("review", "build/reviews", "--import", "seeds.jsonl")
    assert (code, "seeds are only written" in errors) == (2, True)
    code, _, errors = synth("review", "build/reviews", "--export", "x.txt")
    assert (code, "--format" in errors) == (2, True)
